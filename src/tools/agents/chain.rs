//! What can be said of a ledger's chain: each agent's entries name the signature of the one before. The
//! links can be followed here; the signatures can be checked only by the tenant, which has the key.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::fence;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    Valid,
    Broken,
    Unknown,
}

/// One entry, as far as the chain goes.
pub(super) struct Link<'a> {
    pub(super) id: &'a str,
    pub(super) agent: &'a str,
    pub(super) at: DateTime<Utc>,
    /// The signature of the agent's entry before; none for its first.
    pub(super) before: Option<&'a str>,
    pub(super) own: &'a str,
}

/// Of a ledger's first entries, oldest first and not filtered by time or session, of `total` that there
/// are. `flag` is what the tenant says of them.
pub(super) fn judge(links: &[Link<'_>], total: usize, flag: Option<bool>) -> (Verdict, String) {
    let seen = links.len();
    if seen == 0 {
        return (Verdict::Unknown, "there are no entries".to_owned());
    }
    let is_all = seen >= total;
    if let Some(fault) = fault(links) {
        // What is missing may be of the same moment, and come after the cut.
        let may_follow = !is_all && links.last().is_some_and(|last| last.at == fault.at);
        let verdict = if may_follow { Verdict::Unknown } else { Verdict::Broken };
        return (verdict, fault.words);
    }
    match flag {
        Some(true) if is_all => (Verdict::Valid, VALID.to_owned()),
        Some(true) => (
            Verdict::Unknown,
            format!(
                "the first {seen} of {total} entries are whole; the tenant checks no more at once. Name an `agent_id` with fewer."
            ),
        ),
        Some(false) if is_in_order(links) => (Verdict::Broken, SIGNATURE.to_owned()),
        Some(false) => (Verdict::Unknown, ORDER.to_owned()),
        None => {
            (Verdict::Unknown, "every link is whole, but the tenant has no key to check the signatures with".to_owned())
        }
    }
}

const VALID: &str = "the tenant found every signature right, and every link is whole. That the newest entries \
    weren't removed nobody can tell.";
const SIGNATURE: &str = "every link is whole, but the tenant found a signature that doesn't fit its entry: the \
    entry was changed, or its agent signs text with <, > or & in another form than the tenant";
const ORDER: &str = "the tenant calls it broken, but entries of one moment are listed in another order than they \
    are linked, which looks the same to it";

struct Fault {
    at: DateTime<Utc>,
    words: String,
}

/// The first entry whose link doesn't hold. The order within a moment doesn't matter.
fn fault(links: &[Link<'_>]) -> Option<Fault> {
    let mut signatures: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for link in links {
        signatures.entry(link.agent).or_default().insert(link.own);
    }
    let mut followed = BTreeSet::new();
    links.iter().find_map(|link| {
        let known = |before| signatures.get(link.agent).is_some_and(|own| own.contains(before));
        let words = match link.before {
            Some(before) if !known(before) => "follows an entry that isn't there: one was removed or changed",
            _ if !followed.insert((link.agent, link.before)) => "has the same place in its agent's chain as another",
            _ => return None,
        };
        Some(Fault { at: link.at, words: format!("entry {} {words}", fence::name(link.id)) })
    })
}

fn is_in_order(links: &[Link<'_>]) -> bool {
    let mut last: BTreeMap<&str, &str> = BTreeMap::new();
    links.iter().all(|link| last.insert(link.agent, link.own) == link.before)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn links<'a>(rows: &[(&'a str, Option<&'a str>, &'a str)]) -> Vec<Link<'a>> {
        let start = DateTime::UNIX_EPOCH;
        let link = |(at, (agent, before, own)): (i64, &(&'a str, Option<&'a str>, &'a str))| Link {
            id: own,
            agent,
            at: start + TimeDelta::seconds(at),
            before: *before,
            own,
        };
        (0..).zip(rows).map(link).collect()
    }

    const TWO: [(&str, Option<&str>, &str); 4] =
        [("a", None, "1"), ("b", None, "x"), ("a", Some("1"), "2"), ("b", Some("x"), "y")];

    #[test]
    fn valid_only_when_all_of_it_was_checked() {
        let whole = links(&TWO);
        assert_eq!(judge(&whole, 4, Some(true)).0, Verdict::Valid);
        assert_eq!(judge(&whole, 9, Some(true)).0, Verdict::Unknown);
        assert_eq!(judge(&whole, 4, None).0, Verdict::Unknown);
        assert_eq!(judge(&[], 0, Some(true)).0, Verdict::Unknown);
    }

    #[test]
    fn broken_only_when_something_shows_it() {
        // The links hold: what the tenant found is a signature.
        assert_eq!(judge(&links(&TWO), 4, Some(false)).0, Verdict::Broken);
        for rows in [
            [("a", None, "1"), ("a", Some("0"), "2")],
            [("a", Some("0"), "1"), ("a", Some("1"), "2")],
            [("a", None, "1"), ("a", None, "2")],
            [("a", None, "1"), ("b", Some("1"), "2")],
        ] {
            assert_eq!(judge(&links(&rows), 2, None).0, Verdict::Broken, "{rows:?}");
        }
        // Listed the other way round, which the tenant can't tell from a broken link.
        let turned = links(&[("a", None, "1"), ("a", Some("2"), "3"), ("a", Some("1"), "2")]);
        assert_eq!(judge(&turned, 3, Some(false)).0, Verdict::Unknown);
        let cut = links(&[("a", None, "1"), ("a", Some("2"), "3")]);
        assert_eq!(judge(&cut, 3, Some(true)).0, Verdict::Unknown);
    }
}
