//! What the data directory remembers: whether the database is sound and the journal whole, what was left open, and
//! who waits for something. It is only read, and not even SQLite's own files are made beside it.

use std::cmp::Ordering;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use rusqlite::Connection;
use secrecy::{ExposeSecret, SecretString};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::super::house;
use super::super::journal::trouble;
use super::finding::{Check, Finding, Report, State};
use super::patient::{PATIENCE, Patient};
use crate::consent::operator::passphrase_is_set;
use crate::grants;
use crate::journal::entry::stamp;
use crate::journal::resolve::unclear_since;
use crate::journal::verify::{self, Kept};
use crate::journal::{SigningKey, census};
use crate::policy::consent::Way;
use crate::policy::{Rules, grant};
use crate::store;
use crate::transport::caller::Door;
use crate::webhooks::{self, Standing};

pub(super) const CHECKS: &[Check] = &[
    Check::Database,
    Check::Processes,
    Check::Journal,
    Check::Outcomes,
    Check::Grant,
    Check::Consent,
    Check::Webhooks,
];

/// Longer than what a log grows to before it is taken into the database.
const LONG_LOG: u64 = 64 << 20;
/// Days after which what is unclear is history.
const RECENT: TimeDelta = TimeDelta::days(7);

pub(super) async fn look(patient: Arc<Patient>, mut report: Report) {
    let file = File(patient.data.clone());
    let sound = match file.is_there() {
        true => file.database().await,
        false => Check::Database.ok("none yet; the first start makes it"),
    };
    let readable = sound.state == State::Ok;
    report.tell(sound);
    report.tell(processes(census(&patient.data)));
    if !readable {
        return report.end("the database can't be read");
    }
    report.tell(file.journal().await);
    report.tell(file.outcomes().await);
    report.tell(file.grant(&patient.grant).await);
    let Ok(rules) = &patient.rules else { return report.end("the policy can't be read") };
    report.tell(file.consent(rules).await);
    report.tell(file.webhooks(rules, &patient).await);
}

/// The database, where there is one.
struct File(PathBuf);

impl File {
    fn is_there(&self) -> bool {
        self.0.join("state.db").exists()
    }

    /// Nothing without a database.
    async fn read<T: Send + 'static>(
        &self,
        query: impl Fn(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<Option<T>, String> {
        if !self.is_there() {
            return Ok(None);
        }
        let data = self.0.clone();
        let read = spawn_blocking(move || query(&store::open_without_trace(&data)?));
        match timeout(PATIENCE, read).await {
            Err(_) => Err(format!("it takes more than {} s to look through", PATIENCE.as_secs())),
            Ok(Err(_)) => Err("it couldn't be looked through".to_owned()),
            Ok(Ok(found)) => found.map(Some).map_err(|error| error.to_string()),
        }
    }

    async fn database(&self) -> Finding {
        let log = std::fs::metadata(self.0.join("state.db-wal")).map_or(0, |found| found.len());
        // A server that starts meanwhile may make a sound file look broken once.
        let mut found = self.read(soundness).await;
        if !matches!(&found, Ok(Some((said, _))) if said == "ok") {
            found = self.read(soundness).await;
        }
        soundly(found, log)
    }

    async fn journal(&self) -> Finding {
        let mut report = self.whole().await;
        if matches!(&report, Ok(Some(report)) if !report.ok) {
            report = self.whole().await;
        }
        match report {
            Ok(None) => Check::Journal.ok("nothing is recorded yet"),
            Ok(Some(report)) if report.ok => {
                let entries: u64 = report.chains.iter().map(|chain| chain.count).sum();
                let signed = report.chains.iter().filter_map(|chain| chain.last_checkpoint.as_ref());
                let signed: u64 = signed.map(|covered| covered.count).sum();
                Check::Journal.ok(format!("{entries} entries, as they were; signed checkpoints cover {signed}"))
            }
            Ok(Some(report)) => Check::Journal.problem(
                trouble(&report),
                "Somebody changed the record, or the disk did: keep a copy, and see docs/journal.md.",
            ),
            Err(why) => Check::Journal.unknown(format!("{why}; `journal verify` takes its time")),
        }
    }

    async fn whole(&self) -> Result<Option<verify::Report>, String> {
        let key = SigningKey::find(&self.0).map_err(|failure| failure.message().to_owned())?.map(|key| key.public());
        self.read(move |open| Ok(verify::database::all(open, key, &Kept::default()))).await
    }

    async fn outcomes(&self) -> Finding {
        let since = stamp(Utc::now() - RECENT);
        match self.read(move |open| unclear_since(open, &since)).await {
            Ok(None | Some(0)) => Check::Outcomes.ok("all known, in the last 7 days"),
            Ok(Some(count)) => Check::Outcomes.warning(
                format!("{count} calls of the last 7 days may or may not have taken effect"),
                "`journal query --outcome unknown` names them: see at the tenant what became of each.",
            ),
            Err(why) => Check::Outcomes.unknown(why),
        }
    }

    async fn grant(&self, given: &Result<Option<Arc<SecretString>>, String>) -> Finding {
        let credential = match given {
            Ok(None) => return Check::Grant.ok("none is given: stdio and `call` act for the operator"),
            Ok(Some(credential)) => Arc::clone(credential),
            Err(error) => return Check::Grant.problem(error, "Correct it, or ask the operator for a new grant."),
        };
        let now = Utc::now();
        let known = self.read(move |open| grants::recognise(open, credential.expose_secret(), now)).await;
        match known.map(|known| house::opening(known.flatten())) {
            Ok(Ok(grant)) => Check::Grant.ok(held(&grant)),
            Ok(Err(why)) => Check::Grant.problem(why, "Ask the operator for a new one (`grants create`)."),
            Err(why) => Check::Grant.unknown(why),
        }
    }

    async fn consent(&self, rules: &Rules) -> Finding {
        match self.read(passphrase_is_set).await {
            Ok(set) => asked(rules, set.unwrap_or(false)),
            Err(why) => Check::Consent.unknown(why),
        }
    }

    async fn webhooks(&self, rules: &Rules, patient: &Patient) -> Finding {
        if rules.webhooks.is_empty() {
            return Check::Webhooks.ok("none");
        }
        let secrets =
            rules.webhooks.iter().filter_map(|(name, one)| Some(format!("{name}: {}", one.secret.read().err()?)));
        let secrets: Vec<String> = secrets.collect();
        if !secrets.is_empty() {
            return Check::Webhooks.problem(secrets.join("; "), "Put the secret there: nothing is sent unsigned.");
        }
        let tenant = match &patient.tenant {
            Ok(Some(tenant)) => tenant.base.as_str().to_owned(),
            _ => "embedded".to_owned(),
        };
        match self.read(move |open| webhooks::standing(open, &tenant)).await {
            Ok(standing) => told(rules.webhooks.len(), standing.unwrap_or_default()),
            Err(why) => Check::Webhooks.unknown(why),
        }
    }
}

/// What SQLite says, and how old the tables are.
fn soundness(open: &Connection) -> rusqlite::Result<(String, Ordering)> {
    let said = open.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    Ok((said, store::age_of_tables(open)?))
}

fn soundly(found: Result<Option<(String, Ordering)>, String>, log: u64) -> Finding {
    let (said, age) = match found {
        Ok(Some(found)) => found,
        Ok(None) => return Check::Database.ok("none yet; the first start makes it"),
        Err(error) => {
            let next = "See whether the disk is sound and this user may read it; keep a copy, then put a backup there.";
            return Check::Database.problem(format!("state.db can't be read: {error}"), next);
        }
    };
    if said != "ok" {
        let next = "Keep a copy, then put a backup in its place; `journal verify` says what of the journal is left.";
        return Check::Database.problem(format!("state.db isn't sound: {said}"), next);
    }
    match age {
        Ordering::Greater => Check::Database.problem(
            "state.db was made by a newer version of this program",
            "Use that version, or another data directory.",
        ),
        Ordering::Less => Check::Database.ok("sound; the next start brings its tables up to date"),
        Ordering::Equal if log > LONG_LOG => Check::Database.warning(
            format!("sound; its write-ahead log has grown to {} MiB", log >> 20),
            "Stop what has been reading for long: the log is taken in when nobody reads old state.",
        ),
        Ordering::Equal => Check::Database.ok("sound"),
    }
}

fn processes((living, dead): (usize, usize)) -> Finding {
    match dead {
        0 => Check::Processes.ok(format!("{living} at work here")),
        _ => Check::Processes.warning(
            format!("{dead} died here; {living} at work"),
            "The next start closes what they left open, as unknown.",
        ),
    }
}

fn held(grant: &grant::Grant) -> String {
    let until = grant.chain().filter_map(|one| one.expires).min();
    let until = until.map_or_else(|| "for good".to_owned(), |end| format!("until {}", stamp(end)));
    format!("`{}`, {}, {until}", grant.name, grant.role.as_str())
}

fn asked(rules: &Rules, passphrase: bool) -> Finding {
    let consent = &rules.consent;
    let trusted: Vec<&str> = Door::ALL.iter().filter(|door| consent.trusts(**door)).map(|door| door.as_str()).collect();
    let way = |way: &Way| match way {
        Way::Elicitation if trusted.is_empty() => None,
        Way::Elicitation => Some(format!("in the client's form ({})", trusted.join(", "))),
        Way::Terminal => Some("at the operator's terminal".to_owned()),
    };
    let ways: Vec<String> = consent.ways.iter().filter_map(way).collect();
    let told = format!("people are asked {}", ways.join(", then "));
    match (ways.is_empty(), passphrase || !consent.ways.contains(&Way::Terminal)) {
        (true, _) => Check::Consent.problem(
            "nobody can be asked, so what needs a person is always refused",
            "Name a way in the policy file ([consent] ways), or trust a door's forms.",
        ),
        (false, true) => Check::Consent
            .ok(format!("{told}; {}", if passphrase { "a passphrase is set" } else { "none at a terminal" })),
        (false, false) => Check::Consent.warning(
            format!("{told}; no passphrase is set, so whoever has a shell of this user can agree"),
            "Set one: `consents passphrase`.",
        ),
    }
}

fn told(count: usize, Standing { waiting, dead }: Standing) -> Finding {
    match dead {
        0 => Check::Webhooks
            .ok(format!("{count} set up, {waiting} events waiting; nobody was asked whether they answer")),
        _ => Check::Webhooks.warning(
            format!("{count} set up, {waiting} events waiting, {dead} given up"),
            "See whether the endpoints answer; docs/webhooks.md says how events are sent again.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_file_and_an_unsound_one_are_problems() {
        let of = |said: &str, age, log| soundly(Ok(Some((said.to_owned(), age))), log).state;
        assert_eq!(of("ok", Ordering::Equal, 0), State::Ok);
        assert_eq!(of("ok", Ordering::Less, 0), State::Ok);
        assert_eq!(of("ok", Ordering::Greater, 0), State::Problem);
        assert_eq!(of("row 7 missing", Ordering::Equal, 0), State::Problem);
        assert_eq!(of("ok", Ordering::Equal, 1 << 30), State::Warning);
        assert_eq!(soundly(Err("no".to_owned()), 0).state, State::Problem);
    }

    #[test]
    fn how_people_can_be_asked_is_told() {
        let mut rules = Rules::default();
        assert_eq!((asked(&rules, true).state, asked(&rules, false).state), (State::Ok, State::Warning));
        assert!(asked(&rules, true).found.contains("form (stdio), then at the operator's terminal"));
        rules.consent.ways = vec![Way::Elicitation];
        assert_eq!(asked(&rules, false).state, State::Ok);
        rules.consent.trusted.clear();
        assert_eq!(asked(&rules, true).state, State::Problem);
    }

    #[test]
    fn what_died_and_what_was_given_up_is_told() {
        assert_eq!((processes((1, 0)).state, processes((0, 2)).state), (State::Ok, State::Warning));
        assert_eq!(told(1, Standing { waiting: 3, dead: 0 }).state, State::Ok);
        assert_eq!(told(1, Standing { waiting: 0, dead: 1 }).state, State::Warning);
    }
}
