//! Whether the tenant takes our key, for which organisation, how powerful the key is, and whether any other text
//! would have done as well.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use tokio::join;

use super::finding::{Check, Finding, Report};
use super::patient::{PATIENCE, client};
use crate::backend::{Client, Route, Seen};
use crate::config::TenantConfig;
use crate::failure::Failure;
use crate::fence;
use crate::tools::governance::OPEN;
use crate::tools::keys::{CAP, LIST_KEYS, OrgKey, Thresholds, findings};

/// Anything of the tenant's that isn't `/health`, which answers to everybody.
const GUARDED: &Route = &LIST_KEYS;

#[derive(Deserialize)]
struct Tokens {
    tokens: Vec<OrgKey>,
}

/// Whether the key opened anything.
pub(super) async fn look(tenant: &TenantConfig, asker: &Client, report: &mut Report) -> bool {
    let nameless = async {
        match &tenant.org_id {
            // Whether the id is wanted is only seen without it.
            Some(_) => asked_without_id(tenant).await,
            None => None,
        }
    };
    let (seen, nameless, open) = join!(asker.look(GUARDED, &[], PATIENCE), nameless, asker.lets_everybody_in());
    let seen = match seen {
        Ok(seen) => seen,
        Err(failure) => {
            report.tell(Check::Key.unknown(format!("the tenant didn't answer: {}", failure.message())));
            return false;
        }
    };
    report.tell(organisation(tenant.org_id.is_some(), &seen, nameless));
    if seen.is_turned_away() {
        return false;
    }
    report.tell(stranger(open));
    let tag = asker.keys().tag().to_string();
    let listed = seen.decode::<Tokens>().filter(|_| seen.is_fine());
    let told = judged(&tag, seen.status, listed.as_ref().map(|listed| listed.tokens.as_slice()), Utc::now());
    told.into_iter().for_each(|finding| report.tell(finding));
    listed.is_some()
}

async fn asked_without_id(tenant: &TenantConfig) -> Option<bool> {
    let seen = client(tenant, None).ok()?.look(GUARDED, &[], PATIENCE).await.ok()?;
    Some(seen.is_turned_away())
}

/// `wanted`: whether the tenant turned away who didn't name it.
fn organisation(given: bool, seen: &Seen, wanted: Option<bool>) -> Finding {
    let turned_away = seen.is_turned_away();
    match (turned_away, given, wanted) {
        (true, false, _) => Check::OrganisationId.problem(
            "the tenant answers 404 and nothing else to whoever doesn't name its organisation",
            "Set MOLECULE_ORG_ID to the organisation's id, which hosted tenants want.",
        ),
        (true, true, _) => Check::OrganisationId.problem(
            "the tenant doesn't know the organisation that MOLECULE_ORG_ID names",
            "Correct MOLECULE_ORG_ID; it is the organisation's id and not its slug. It must be exact.",
        ),
        (false, false, _) => Check::OrganisationId.ok("not set, and not wanted"),
        (false, true, Some(true)) => Check::OrganisationId.ok("set, wanted and right"),
        (false, true, Some(false)) => Check::OrganisationId.ok("set; this tenant doesn't look at it"),
        (false, true, None) => Check::OrganisationId.ok("set, and not refused"),
    }
}

fn stranger(open: Result<bool, Failure>) -> Finding {
    match open {
        Ok(false) => Check::OpenTenant.ok("a made-up key is refused"),
        Ok(true) => Check::OpenTenant.problem("a made-up key opens the list of org keys", sentence(OPEN)),
        Err(failure) => Check::OpenTenant.unknown(format!("a made-up key got no clear answer: {}", failure.message())),
    }
}

/// As other tools say it, with a capital.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// `listed`: the live keys, where ours opened the list.
fn judged(tag: &str, status: u16, listed: Option<&[OrgKey]>, now: DateTime<Utc>) -> Vec<Finding> {
    let Some(keys) = listed else { return vec![refused(status)] };
    vec![own(tag, keys), others(keys, now)]
}

fn refused(status: u16) -> Finding {
    match status {
        401 => Check::Key.problem(
            "the tenant refuses the key (401)",
            "Check MOLECULE_ORG_TOKEN, or its file: the key was revoked, is another organisation's, or wasn't copied \
             whole. `keys bootstrap` mints a new one.",
        ),
        403 => Check::Key.problem(
            "the tenant knows the key, and doesn't let it list org keys (403)",
            "An org key is wanted, and not a workspace's token.",
        ),
        429 => Check::Key.unknown("the tenant was asked too often to say"),
        200..=299 => Check::Key.problem(
            "the list of org keys isn't in the form that this version reads",
            "Check MOLECULE_URL; if it is right, this program may be older than the platform.",
        ),
        status => Check::Key.unknown(format!("the tenant answered {status}")),
    }
}

fn own(tag: &str, keys: &[OrgKey]) -> Finding {
    if tag.starts_with("other:") {
        return Check::Key.warning(
            format!("accepted; it is no org key but the tenant's admin token or the like ({tag})"),
            "Mint an org key with `keys bootstrap` and use that: it can be revoked, and the tenant says who used it.",
        );
    }
    match keys.iter().find(|key| key.prefix == tag) {
        Some(key) => {
            let name = key.name.as_deref().map_or_else(|| "unnamed".to_owned(), fence::quoted);
            Check::Key.ok(format!("accepted: org key {tag}, {name}; it may do everything"))
        }
        None => Check::Key.warning(
            format!("accepted, and no live org key begins with {tag}"),
            "See `open_tenant`; the list ends at 500 keys, or it is another kind of token.",
        ),
    }
}

fn others(keys: &[OrgKey], now: DateTime<Utc>) -> Finding {
    let doubtful = findings(keys, Thresholds::default(), now).len();
    let count = keys.len();
    let told = format!("{count} live, {doubtful} of them old, unused, unnamed or the like");
    if count * 10 >= CAP * 9 {
        let next = format!("The tenant lists {CAP} at most, and what is beyond can't be seen: revoke some.");
        return Check::OrgKeys.warning(told, next);
    }
    match doubtful {
        0 => Check::OrgKeys.ok(format!("{count} live")),
        _ => {
            Check::OrgKeys.warning(told, "`call inspect_org_keys` says which and why; revoke those that nobody needs.")
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::json;

    use super::super::finding::State;
    use super::*;

    fn key(prefix: &str, days: i64, now: DateTime<Utc>) -> OrgKey {
        let (id, at) = (uuid::Uuid::new_v4(), now - TimeDelta::days(days));
        let key = json!({ "id": id, "prefix": prefix, "name": prefix, "created_at": at, "last_used_at": now });
        serde_json::from_value(key).unwrap()
    }

    #[test]
    fn what_kind_of_key_it_is_is_told() {
        let now = Utc::now();
        let keys = [key("q7RzB2ne", 1, now)];
        assert_eq!(own("q7RzB2ne", &keys).state, State::Ok);
        assert!(own("other:5e884898", &keys).found.contains("admin token"));
        assert_eq!(own("zzzzzzzz", &keys).state, State::Warning);
        assert_eq!((refused(401).state, refused(403).state), (State::Problem, State::Problem));
        assert_eq!((refused(500).state, refused(429).state), (State::Unknown, State::Unknown));
        assert_eq!(judged("q7RzB2ne", 200, Some(&keys), now).len(), 2);
    }

    #[test]
    fn old_keys_and_a_full_list_are_told() {
        let now = Utc::now();
        assert_eq!(others(&[key("a", 1, now)], now).state, State::Ok);
        assert!(others(&[key("a", 1, now), key("b", 400, now)], now).found.contains("2 live, 1 of them"));
        let many: Vec<OrgKey> = (0..450).map(|n| key(&n.to_string(), 1, now)).collect();
        assert!(others(&many, now).next.unwrap().contains("500"));
    }
}
