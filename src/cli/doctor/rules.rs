//! What the policy says, and whether what it names is there: programs, a keyring, an anchor. And what the chosen
//! surface costs a client.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::super::tools::listed;
use super::finding::{Check, Finding, Report};
use super::patient::Patient;
use crate::anchor::Anchor;
use crate::policy::Rules;
use crate::policy::credentials::CredentialRules;
use crate::secrets::{keyring, sink, source};
use crate::tools::catalogue::Catalogue;
use crate::transport::caller::{Caller, Door};

pub(super) const CHECKS: &[Check] = &[Check::Policy, Check::Commands, Check::Keyring, Check::Anchor, Check::Surface];

/// A keyring that waits for a person to unlock it answers nobody.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) async fn look(patient: Arc<Patient>, mut report: Report) {
    let rules = match &patient.rules {
        Ok(rules) => rules,
        Err(error) => {
            report.tell(
                Check::Policy.problem(error, "Correct it: no server starts like this. docs/policy.md has each key."),
            );
            return report.end("the policy can't be read");
        }
    };
    report.tell(policy(patient.origin.file.as_deref(), rules));
    report.tell(commands(&rules.credentials));
    report.tell(of_keyring(&rules.credentials).await);
    report.tell(anchor(rules.anchor.as_ref()));
    report.tell(surface(&patient, rules));
}

fn policy(file: Option<&Path>, rules: &Rules) -> Finding {
    let waives = rules.consent.waives();
    let waives = match waives.is_empty() {
        true => String::new(),
        false => format!("; nobody is asked before: {}", waives.join(", ")),
    };
    let read_only = if rules.read_only { "; read-only" } else { "" };
    let whose = match (file, &rules.digest) {
        (Some(file), Some(digest)) => format!("{}, {digest}", file.display()),
        _ => "the built-in rules".to_owned(),
    };
    Check::Policy.ok(format!("{whose}{read_only}{waives}"))
}

fn commands(rules: &CredentialRules) -> Finding {
    let missing = rules.commands.iter().flat_map(|(name, command)| {
        command.missing().into_iter().map(move |program| format!("{}: {program}", name.as_str()))
    });
    let missing: Vec<String> = missing.collect();
    match (rules.commands.len(), missing.is_empty()) {
        (0, _) => Check::Commands.ok("none"),
        (count, true) => Check::Commands.ok(format!("{count}, all there")),
        (_, false) => Check::Commands.problem(
            format!("not there, or not to be run: {}", missing.join("; ")),
            "Correct [credentials.commands] in the policy file, or install the program.",
        ),
    }
}

async fn of_keyring(rules: &CredentialRules) -> Finding {
    if !rules.sinks.contains(&sink::Kind::Keyring) && !rules.sources.contains(&source::Kind::Keyring) {
        return Check::Keyring.ok("the policy doesn't use one");
    }
    match keyring::answers(PATIENCE).await {
        Ok(()) => Check::Keyring.ok("it answers"),
        // Machines without a desktop have none, and most miss nothing.
        Err(failure) => Check::Keyring.unknown(format!("{}: `keyring:NAME` won't work", failure.message())),
    }
}

fn anchor(anchor: Option<&Anchor>) -> Finding {
    match anchor {
        None => Check::Anchor.ok("none"),
        Some(Anchor::Http(_)) => Check::Anchor.ok("an endpoint; only a checkpoint would show whether it takes one"),
        Some(Anchor::File(path)) => match takes_lines(path) {
            Ok(()) => Check::Anchor.ok(format!("{}", path.display())),
            Err(error) => Check::Anchor.problem(
                format!("{}: {error}", path.display()),
                "Let this server's user append to it, or name another place ([journal] anchor).",
            ),
        },
    }
}

/// Whether a line could be appended; none is.
fn takes_lines(path: &Path) -> io::Result<()> {
    match path.metadata() {
        Ok(found) if found.is_file() => OpenOptions::new().append(true).open(path).map(drop),
        Ok(_) => Err(io::Error::other("it isn't a file")),
        Err(_) => path.parent().map_or(Ok(()), |above| above.metadata().map(drop)),
    }
}

fn surface(patient: &Patient, rules: &Rules) -> Finding {
    let catalogue = Catalogue::new();
    let shown = listed(&catalogue, patient.surface, rules, &Caller::operator("local", Door::Stdio));
    let tokens: usize = shown.iter().map(|entry| entry.listed().tokens(patient.output_schemas)).sum();
    Check::Surface.ok(format!("{} tools are listed, about {tokens} tokens of a client's context", shown.len()))
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn a_file_of_checkpoints_must_take_lines() {
        let home = tempfile::tempdir().unwrap();
        let file = |path: &str| anchor(Some(&Anchor::File(home.path().join(path)))).state;
        assert_eq!(file("new"), State::Ok);
        std::fs::write(home.path().join("there"), "").unwrap();
        assert_eq!((file("there"), file("no/where")), (State::Ok, State::Problem));
        assert_eq!(file(""), State::Problem, "a directory takes none");
        assert!(!home.path().join("new").exists());
    }
}
