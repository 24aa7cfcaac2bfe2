//! What an agent answered: a message, a task with what it made, an error, or anything else.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::refusal::quoted;
use crate::backend::Heard;
use crate::failure::{Changed, Code, Failure};
use crate::tools::prose::Prose;

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Reply {
    /// `answered`; `queued`: nobody answered, and the message goes out again when the agent has room, so that it may come twice.
    pub status: ReplyStatus,
    /// What the agent said.
    #[serde(skip_serializing_if = "Prose::is_empty")]
    pub text: Prose,
    /// Where the agent made a task of it: the task's id and state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_state: Option<String>,
    /// Parts that aren't text, which aren't shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_parts: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_id: Option<String>,
    /// Why there is no text, where the agent did answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'static str>,
}

/// Such an answer may hold anything, so that nothing of it is passed on as if it had been said.
const OTHER_FORM: &str =
    "The agent answered, but not in the form of A2A. list_activity (type a2a_receive, with `long`) keeps what it sent.";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReplyStatus {
    Answered,
    Queued,
}

#[derive(Deserialize)]
struct Queued {
    queue_id: Option<String>,
}

impl Reply {
    /// An agent's error inside a success is a failure all the same.
    pub(super) fn read(heard: &Heard) -> Result<Self, Failure> {
        let Ok(body) = serde_json::from_str::<Value>(&heard.text) else {
            return Ok(Self::of(heard.text.clone()));
        };
        if heard.status == 202 {
            let queued = Queued::deserialize(&body).ok().and_then(|queued| queued.queue_id);
            return Ok(Self { status: ReplyStatus::Queued, queue_id: queued, ..Self::of(String::new()) });
        }
        match (body.get("error"), body.get("result")) {
            (Some(error), None) if !error.is_null() => Err(failed(error)),
            (_, Some(result)) => Ok(Self::of_result(result)),
            _ => Ok(Self { note: Some(OTHER_FORM), ..Self::of(String::new()) }),
        }
    }

    fn of(text: String) -> Self {
        Self {
            status: ReplyStatus::Answered,
            text: text.into(),
            task_id: None,
            task_state: None,
            other_parts: None,
            queue_id: None,
            note: None,
        }
    }

    fn of_result(result: &Value) -> Self {
        if let Some(text) = result.as_str() {
            return Self::of(text.to_owned());
        }
        let mut said = Said::default();
        for artifact in list(result, "artifacts") {
            said.parts(artifact);
        }
        said.parts(result);
        // A task that made nothing says in its status why, or what it still needs.
        let status = result.get("status");
        if said.texts.is_empty()
            && let Some(message) = status.and_then(|status| status.get("message"))
        {
            said.parts(message);
        }
        let is_task = result.get("kind").and_then(Value::as_str) == Some("task");
        let word = |value: Option<&Value>| value.and_then(Value::as_str).map(|word| word.chars().take(100).collect());
        Self {
            task_id: word(result.get("id").filter(|_| is_task)),
            task_state: word(status.and_then(|status| status.get("state"))),
            other_parts: (said.others > 0).then_some(said.others),
            note: (said.is_empty() && !is_task).then_some(OTHER_FORM),
            ..Self::of(said.texts.join("\n"))
        }
    }
}

#[derive(Default)]
struct Said<'a> {
    texts: Vec<&'a str>,
    others: usize,
}

impl<'a> Said<'a> {
    fn parts(&mut self, of: &'a Value) {
        for part in list(of, "parts") {
            match part.get("text").and_then(Value::as_str) {
                Some(text) => self.texts.push(text),
                None => self.others += 1,
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.texts.is_empty() && self.others == 0
    }
}

fn list<'a>(of: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    of.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn failed(error: &Value) -> Failure {
    let words = error.get("message").and_then(Value::as_str).or(error.as_str()).unwrap_or("no reason given");
    Failure::new(Code::TenantError, format!("the agent took the message and answered with an error: {}", quoted(words)))
        .changed(Changed::Unknown)
        .next("The agent may have done part of it: ask it, or look at list_activity, before you send it again.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(status: u16, body: &Value) -> Result<Reply, Failure> {
        Reply::read(&Heard { status, text: body.to_string() })
    }

    fn text(result: Value) -> String {
        read(200, &json!({ "jsonrpc": "2.0", "id": 1, "result": result })).unwrap().text.as_str().to_owned()
    }

    #[test]
    fn the_text_is_found_wherever_agents_put_it() {
        let part = |text: &str| json!({ "kind": "text", "text": text });
        assert_eq!(text(json!({ "kind": "message", "parts": [part("a"), part("b")] })), "a\nb");
        assert_eq!(text(json!({ "parts": [{ "type": "text", "text": "old form" }] })), "old form");
        assert_eq!(text(json!({ "kind": "task", "artifacts": [{ "parts": [part("made")] }] })), "made");
        let waits = json!({ "state": "input-required", "message": { "parts": [part("which one?")] } });
        assert_eq!(text(json!({ "kind": "task", "id": "t", "status": waits })), "which one?");
        assert_eq!(text(json!("plain")), "plain");
        assert_eq!(Reply::read(&Heard { status: 200, text: "no JSON".into() }).unwrap().text.as_str(), "no JSON");
    }

    #[test]
    fn an_error_inside_a_success_is_a_failure_and_a_queue_isnt_an_answer() {
        let failure = read(200, &json!({ "error": { "code": -32603, "message": "agent failed" } })).unwrap_err();
        assert!(failure.text().contains("\"agent failed\"") && failure.has_changed() == Changed::Unknown);
        let queued = read(202, &json!({ "queued": true, "queue_id": "q-1" })).unwrap();
        assert_eq!((queued.status, queued.queue_id.as_deref()), (ReplyStatus::Queued, Some("q-1")));
        // Only the tenant can say 202 here.
        assert_eq!(read(200, &json!({ "queued": true })).unwrap().status, ReplyStatus::Answered);
    }

    #[test]
    fn what_has_no_known_form_isnt_shown() {
        for odd in [json!({ "result": { "x": 1 } }), json!({ "auth": "x" }), json!([1]), json!({ "result": null })] {
            let reply = read(200, &odd).unwrap();
            assert!(reply.text.is_empty() && reply.note.is_some(), "{odd}");
        }
    }
}
