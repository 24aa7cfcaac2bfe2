//! A message that wasn't answered with a success: the tenant's own refusals, of which the message
//! didn't leave, and the agent's, which has it.

use std::time::Duration;

use serde::Deserialize;

use crate::backend::Heard;
use crate::failure::{Changed, Code, Failure};
use crate::fence;
use crate::text::start;

/// What is read here; the others mean what they mean on every route.
pub(super) const STATUSES: &[u16] = &[400, 401, 403, 404, 405, 406, 409, 415, 422, 500, 501, 502, 503, 504];

/// As much of an agent's words as a message of ours repeats.
const LONGEST: usize = 300;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    error: String,
    status: Option<String>,
    waking: bool,
    retry_after: Option<u64>,
    delivery_confirmed: bool,
}

pub(super) fn meaning(heard: &Heard) -> Failure {
    let said: Said = serde_json::from_str(&heard.text).unwrap_or_default();
    match (heard.status, said.error.as_str()) {
        (404, "workspace not found") => Failure::new(Code::NotFound, "there is no such workspace")
            .confirmed(Changed::No)
            .next("Use an id from list_workspaces."),
        (503, "workspace has no URL") => nowhere(said.status.as_deref().unwrap_or("not running")),
        (503, _) if said.waking => later("it is waking from hibernation", said.retry_after.unwrap_or(15)),
        (503, "busy") => later("its agent is busy", said.retry_after.unwrap_or(30)),
        (502, "failed to reach workspace agent") => {
            Failure::new(Code::PreconditionFailed, "nobody listens at the agent's address")
                .confirmed(Changed::No)
                .next("Look at its status with get_workspace; restart it, or start it where it runs.")
        }
        (502, "workspace URL is not publicly routable") => {
            Failure::new(Code::PreconditionFailed, "the tenant doesn't send to the agent's address, which isn't public")
                .confirmed(Changed::No)
                .next("The agent has to register again with an address that the tenant can reach.")
        }
        _ if said.delivery_confirmed => {
            Failure::new(Code::OutcomeUnknown, "the agent took the message, and its answer broke off")
                .changed(Changed::Unknown)
                .next("Look for what it did with list_activity before you send it again.")
        }
        (status, error) => of_the_agent(status, error),
    }
}

fn nowhere(status: &str) -> Failure {
    Failure::new(Code::PreconditionFailed, format!("the workspace has no agent to talk to: it is {}", quoted(status)))
        .confirmed(Changed::No)
        .next("Resume or restart it, or wait until it is online, then send again.")
}

fn later(why: &str, seconds: u64) -> Failure {
    Failure::new(Code::TenantError, format!("the message wasn't delivered: {why}"))
        .confirmed(Changed::No)
        .retry_after(Duration::from_secs(seconds.min(3600)))
        .next("Send it again then.")
}

/// Its status goes through the tenant unchanged, so that a 401 or 404 says nothing about our key or route.
fn of_the_agent(status: u16, error: &str) -> Failure {
    let words = if error.is_empty() { String::new() } else { format!(": {}", quoted(error)) };
    Failure::new(Code::TenantError, format!("the agent, or the way to it, answered {status}{words}"))
        .changed(Changed::Unknown)
        .next("The agent may have done part of it: ask it, or look at list_activity, before you send it again.")
}

/// Somebody else's words in a message of ours.
pub(super) fn quoted(words: &str) -> String {
    fence::quoted(&start(words, LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, text: &str) -> Failure {
        meaning(&Heard { status, text: text.to_owned() })
    }

    #[test]
    fn the_tenants_refusals_changed_nothing_and_the_agents_may_have() {
        for (status, text, code) in [
            (404, r#"{"error":"workspace not found"}"#, Code::NotFound),
            (503, r#"{"error":"workspace has no URL","status":"provisioning"}"#, Code::PreconditionFailed),
            (503, r#"{"error":"wakes","waking":true,"retry_after":15}"#, Code::TenantError),
            (502, r#"{"error":"failed to reach workspace agent"}"#, Code::PreconditionFailed),
            (502, r#"{"error":"workspace URL is not publicly routable"}"#, Code::PreconditionFailed),
        ] {
            let failure = of(status, text).after(Changed::Unknown);
            assert_eq!((failure.code(), failure.has_changed()), (code, Changed::No), "{text}");
        }
        for (status, text) in [
            (404, r#"{"error":"agent says 404"}"#),
            (401, r#"{"error":"Unauthorized"}"#),
            (500, "plain"),
            (502, r#"{"error":"failed to read agent response","delivery_confirmed":true}"#),
        ] {
            assert_eq!(of(status, text).has_changed(), Changed::Unknown, "{text}");
        }
    }

    #[test]
    fn an_agents_words_are_short_and_in_quotes() {
        let text = of(418, &format!(r#"{{"error":"no\n\" {}"}}"#, "x".repeat(1000))).text();
        assert!(text.contains(r#"answered 418: "no ' xxx"#) && text.len() < 700, "{text}");
    }
}
