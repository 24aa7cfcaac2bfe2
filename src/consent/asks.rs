//! How a person can be reached through the door that a call came by.

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::Question;
use crate::failure::Failure;
use crate::policy::consent::Way;

/// What a person said to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    Yes,
    /// Yes, with the name that was asked for.
    Named(String),
    No,
    /// The question was put aside, or never reached anybody.
    Nothing,
}

/// Somebody who can answer while the call waits.
pub trait Person: Send + Sync {
    fn way(&self) -> Way;

    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Said, Failure>>;
}

#[derive(Default)]
pub enum Asks {
    #[default]
    Nobody,
    Now(Box<dyn Person>),
    /// A client that shows the form when this call is over, and brings the answer with its next one.
    Later(Option<Brought>),
}

/// What a client brings along with a call: our sealed word, and what it says that the person answered.
pub struct Brought {
    pub state: String,
    pub said: Option<Said>,
}

impl Said {
    /// From what a client sends back for a form. None: it isn't an answer.
    pub fn of_form(answer: &Value) -> Option<Self> {
        let content = |name: &str| answer.get("content").and_then(|content| content.get(name));
        match answer.get("action")?.as_str()? {
            "accept" => Some(match (content("name"), content("agree")) {
                (Some(name), _) => Self::Named(name.as_str()?.to_owned()),
                (None, Some(Value::Bool(true))) => Self::Yes,
                (None, Some(Value::Bool(false))) => Self::No,
                _ => return None,
            }),
            "decline" => Some(Self::No),
            "cancel" => Some(Self::Nothing),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_a_clear_yes_is_one() {
        let said = |answer| Said::of_form(&answer);
        assert_eq!(said(json!({ "action": "accept", "content": { "agree": true } })), Some(Said::Yes));
        assert_eq!(said(json!({ "action": "accept", "content": { "agree": false } })), Some(Said::No));
        assert_eq!(said(json!({ "action": "decline", "content": { "agree": true } })), Some(Said::No));
        assert_eq!(said(json!({ "action": "cancel" })), Some(Said::Nothing));
        let named = json!({ "action": "accept", "content": { "name": "SEO", "agree": true } });
        assert_eq!(said(named), Some(Said::Named("SEO".to_owned())));
        for unclear in [
            json!({ "action": "accept" }),
            json!({ "action": "accept", "content": { "agree": "true" } }),
            json!({ "action": "accept", "content": { "name": 7 } }),
            json!({ "action": "Accept", "content": { "agree": true } }),
            json!({ "content": { "agree": true } }),
            json!(true),
        ] {
            assert_eq!(said(unclear.clone()), None, "{unclear}");
        }
    }
}
