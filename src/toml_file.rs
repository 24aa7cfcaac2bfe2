//! Files that the operator writes: the configuration and the policy. A mistake is told with line and
//! column, what was expected and the nearest right name, and never with the value that stands there: a
//! key may have been pasted by mistake.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeOwned, Error, Visitor};

use crate::nearest;

/// What the text says, or "line 2, column 13: expected a boolean".
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    toml::from_str(text).map_err(|error| match error.span() {
        Some(span) => format!("{}: {}", place(text, span.start), told(error.message())),
        None => told(error.message()),
    })
}

/// A text that `check` makes something of. In a list, a mistake is told with the place of the text, where
/// serde's `try_from` would tell that of the list.
pub fn word<'de, D, T>(deserializer: D, check: impl FnOnce(&str) -> Result<T, String>) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
{
    deserializer.deserialize_str(Word(check))
}

struct Word<C>(C);

impl<T, C: FnOnce(&str) -> Result<T, String>> Visitor<'_> for Word<C> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).map_err(E::custom)
    }
}

pub fn place(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {line}, column {column}")
}

/// "invalid type: string \"…\", expected a boolean" is told as "expected a boolean", and of many names
/// that were expected only the nearest is.
fn told(message: &str) -> String {
    let unknown = |what, said: &str| {
        let (wrong, expected) = said.split_once("`, expected ")?;
        let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
        Some(nearest::unknown(what, wrong, known))
    };
    let found = match (message.strip_prefix("unknown field `"), message.strip_prefix("unknown variant `")) {
        (Some(said), _) => unknown("key", said),
        (_, Some(said)) => unknown("word", said),
        _ if message.starts_with("invalid") => {
            message.rfind("expected ").and_then(|at| message.get(at..)).map(Into::into)
        }
        _ => None,
    };
    found.unwrap_or_else(|| message.to_owned())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only the mistakes are looked at")]
    struct File {
        read_only: Option<bool>,
        listen: Option<Word>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Word {
        Person,
        Waived,
    }

    #[test]
    fn a_mistake_has_a_place_and_the_right_name_and_no_value() {
        for (text, told) in [
            ("\nread_only = \"a-secret\"", "line 2, column 13: expected a boolean"),
            ("read-only = true", "line 1, column 1: unknown key `read-only`; did you mean `read_only`?"),
            ("listen = \"persn\"", "line 1, column 10: unknown word `persn`; did you mean `person`?"),
            ("zzz = 1", "line 1, column 1: unknown key `zzz`; there are: read_only, listen"),
        ] {
            assert_eq!(parse::<File>(text).unwrap_err(), told);
        }
        assert!(parse::<File>("read_only = true\nread_only = true").unwrap_err().starts_with("line 2, column 1"));
    }
}
