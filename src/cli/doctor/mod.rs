//! `molecule-org-mcp doctor`: everything that can be wrong, and what to do about it. It changes nothing: no
//! directory is made, no key minted, no entry written. Groups of checks run side by side and are told in a fixed
//! order as they come; what asks anybody else has a deadline.

mod clients;
mod data;
mod finding;
mod key;
mod patient;
mod reach;
mod routes;
mod rules;
mod shown;
mod state;
mod tenant;
mod trial;

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use super::{Choices, Ending, output};
use finding::{Check, Finding, Report, State};
use patient::Patient;
use shown::Colours;

/// For a group; the whole takes no longer, because they run side by side.
const ENOUGH: Duration = Duration::from_secs(18);

#[derive(Args)]
pub(super) struct Flags {
    /// One JSON object, for programs
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Verdict {
    /// Nothing is a problem.
    ok: bool,
    version: &'static str,
    findings: Vec<Finding>,
}

pub(super) async fn run(choices: Choices, flags: Flags) -> Result<(), Ending> {
    let colours = Colours::of_stdout();
    let mut findings = Vec::new();
    let (first, patient) = Patient::of(choices);
    let groups = begin(first, patient);
    for mut group in groups {
        while let Some(found) = group.recv().await {
            if !flags.json {
                output::line(&shown::finding(&found, colours))?;
            }
            findings.push(found);
        }
    }
    let problems = findings.iter().filter(|found| found.state == State::Problem).count();
    if flags.json {
        output::json(&Verdict { ok: problems == 0, version: env!("CARGO_PKG_VERSION"), findings })?;
    }
    match problems {
        0 => Ok(()),
        1 => Err(Ending::Failed("doctor found a problem".to_owned())),
        count => Err(Ending::Failed(format!("doctor found {count} problems"))),
    }
}

/// What each group tells, in the order in which it is shown.
fn begin(first: Finding, patient: Option<Patient>) -> Vec<UnboundedReceiver<Finding>> {
    let mut groups = Vec::new();
    let mut group = |checks| {
        let (listener, told) = unbounded_channel();
        groups.push(told);
        Report::new(checks, listener)
    };
    group(&[Check::Configuration]).tell(first);
    let (tenant, data) = (group(tenant::CHECKS), group(data::CHECKS));
    let (state, rules, clients) = (group(state::CHECKS), group(rules::CHECKS), group(clients::CHECKS));
    let Some(patient) = patient.map(Arc::new) else {
        [tenant, data, state, rules, clients]
            .into_iter()
            .for_each(|report| report.end("the configuration can't be read"));
        return groups;
    };
    in_time(tenant::look(Arc::clone(&patient), tenant));
    in_time(data::look(Arc::clone(&patient), data));
    in_time(state::look(Arc::clone(&patient), state));
    in_time(rules::look(Arc::clone(&patient), rules));
    in_time(clients::look(patient, clients));
    groups
}

/// Whatever isn't told by then is told as unknown, when the report is dropped.
fn in_time(look: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(timeout(ENOUGH, look));
}
