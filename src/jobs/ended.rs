//! How a job ended, as it is kept: what the call gave back, cleaned like everything that leaves.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::failure::{Changed, Code, Failure};
use crate::secrets::held;
use crate::tools::effect::Effect;
use crate::tools::giant::{LARGEST, length};

/// Room in an answer for what is said around it.
const AROUND: usize = 2_000;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// `untrusted`: some of it comes from the tenant.
    Done {
        content: Value,
        untrusted: bool,
    },
    Failed(Told),
    /// On somebody's wish, with nothing changed.
    Cancelled(Told),
    /// The process that ran it is gone, and with it the answer.
    Lost(Told),
}

/// A failure, in words and as fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told {
    pub text: String,
    pub fields: Value,
}

impl From<&Failure> for Told {
    fn from(failure: &Failure) -> Self {
        Self { text: failure.text(), fields: failure.fields() }
    }
}

impl Ended {
    pub fn of(outcome: Result<Value, Failure>, untrusted: bool, effect: Effect) -> Self {
        match outcome {
            Ok(content) if length(&content) > LARGEST - AROUND => Self::Failed(Told::from(&too_large(effect))),
            Ok(content) => Self::Done { content, untrusted },
            // What was cancelled and may have taken effect all the same has to be read as a failure.
            Err(failure) if failure.code() == Code::Cancelled && failure.has_changed() == Changed::No => {
                Self::Cancelled(Told::from(&failure))
            }
            Err(failure) => Self::Failed(Told::from(&failure)),
        }
    }

    /// Its process died. What was going on then nobody knows, but that a read changes nothing.
    pub(super) fn died(tool: &str, invocation: &str, effect: &str) -> Self {
        let message = "the process that ran this job ended before the outcome was known";
        if effect == Effect::Read.as_str() {
            let failure = Failure::new(Code::OutcomeUnknown, message).next("It only read: call it again.");
            return Self::Lost(Told::from(&failure));
        }
        let failure = Failure::new(Code::OutcomeUnknown, message).confirmed(Changed::Unknown).next(format!(
            "Look before you repeat anything. A fleet tool goes on where it stopped: call {tool} again with `resume` \
             \"{invocation}\". An import: plan it again, then import that plan. Else list what exists; query_journal \
             shows invocation {invocation}."
        ));
        Self::Lost(Told::from(&failure))
    }

    /// Its process died between the outcome, of which the journal tells, and the answer.
    pub(super) fn unheard(invocation: &str, result: &str, changed: &str) -> Self {
        let changed = match changed {
            "no" => Changed::No,
            "yes" => Changed::Yes,
            _ => Changed::Unknown,
        };
        let message = format!("it ended ({result}), and its answer was lost with the process that ran it");
        let failure = Failure::new(Code::OutcomeUnknown, message)
            .confirmed(changed)
            .next(format!("Look at the present state; query_journal shows invocation {invocation}."));
        Self::Lost(Told::from(&failure))
    }

    pub fn status(&self) -> &'static str {
        match self {
            Self::Done { .. } => "completed",
            Self::Failed(_) | Self::Lost(_) => "failed",
            Self::Cancelled(_) => "cancelled",
        }
    }

    pub(super) fn text(&self) -> String {
        held::clean_text(json!(self).to_string())
    }
}

fn too_large(effect: Effect) -> Failure {
    Failure::new(Code::TooLarge, "it is done, and its answer is larger than what is kept of a job (98 kB)")
        .confirmed(if effect.is_read() { Changed::No } else { Changed::Yes })
        .next("Look at the present state; of a read ask for less: a smaller `limit`, fewer `fields`, a range.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_cancelled_and_may_have_taken_effect_is_a_failure() {
        let cancelled =
            |changed| Ended::of(Err(Failure::new(Code::Cancelled, "cancelled").changed(changed)), false, Effect::Write);
        assert_eq!(cancelled(Changed::No).status(), "cancelled");
        assert_eq!(cancelled(Changed::Unknown).status(), "failed");
        assert_eq!(cancelled(Changed::Yes).status(), "failed");
    }

    #[test]
    fn what_is_larger_than_an_answer_isnt_kept() {
        let of = |bytes: usize| Ended::of(Ok(json!({ "text": "x".repeat(bytes) })), false, Effect::Read);
        assert_eq!(of(90_000).status(), "completed");
        let Ended::Failed(told) = of(99_000) else { panic!("kept") };
        assert!(told.text.starts_with("TOO_LARGE: it is done"), "{}", told.text);
    }

    #[test]
    fn what_is_written_is_read_again() {
        for ended in [
            Ended::of(Ok(json!({ "a": 1 })), true, Effect::Read),
            Ended::of(Err(Failure::invalid("no")), true, Effect::Write),
            Ended::died("restart_workspaces", "i", "write"),
            Ended::unheard("i", "done", "yes"),
        ] {
            assert_eq!(serde_json::from_str::<Ended>(&ended.text()).unwrap(), ended);
        }
    }
}
