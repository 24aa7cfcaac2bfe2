//! Names and ids that go into a path, checked before any request. What isn't one is refused with
//! what was expected; the words never repeat the value.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::backend::PathPart;

/// A checked text: what it may be, and how a client sees it.
macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $accepts:expr, $schema:tt) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = &'static str;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                let accepts: fn(&str) -> Option<String> = $accepts;
                accepts(&text).map(Self).ok_or(concat!("expected ", $expected))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl PathPart for $name {
            fn part(&self) -> Cow<'_, str> {
                Cow::Borrowed(&self.0)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

/// The tenant takes several spellings of a UUID in some routes and refuses them in others; one
/// spelling, lower case with dashes, is right everywhere.
fn uuid(text: &str) -> Option<String> {
    let plain = text.len() == 36;
    Uuid::try_parse(text).ok().filter(|_| plain).map(|id| id.hyphenated().to_string())
}

fn within(text: &str, longest: usize) -> Option<String> {
    let fits = !text.is_empty() && text.len() <= longest && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

/// What people and agents chose freely, and stands between two slashes.
fn one_piece(text: &str, longest: usize) -> Option<String> {
    let is_whole = !text.trim().is_empty() && !text.contains('/') && !matches!(text, "." | "..");
    within(text, longest).filter(|_| is_whole)
}

fn of_characters(text: &str, longest: usize, extra: &str) -> Option<String> {
    let known = text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c));
    within(text, longest).filter(|_| known)
}

checked_text!(WorkspaceId, "a workspace's id, a UUID as list_workspaces gives it", uuid,
    { "type": "string", "format": "uuid" });
checked_text!(KeyId, "a key's id, a UUID", uuid, { "type": "string", "format": "uuid" });
checked_text!(TokenId, "a token's id, a UUID as list_workspace_tokens gives it", uuid,
    { "type": "string", "format": "uuid" });
checked_text!(ApprovalId, "an approval's id, a UUID as the approval lists give it", uuid,
    { "type": "string", "format": "uuid" });
checked_text!(InvocationId, "an invocation's id, a UUID", uuid, { "type": "string", "format": "uuid" });
checked_text!(MemoryId, "a memory's id, a UUID as search_memory gives it", uuid, { "type": "string", "format": "uuid" });
checked_text!(
    /// Agents make them up.
    DelegationId, "a delegation's id as list_delegations gives it: 1 to 200 bytes without `/`",
    |text| one_piece(text, 200), { "type": "string", "maxLength": 200 });
checked_text!(
    /// The tenant can't address one with a slash.
    MemoryKey, "a key of 1 to 255 bytes without `/` or line breaks",
    |text| one_piece(text, 255), { "type": "string", "maxLength": 255 });
checked_text!(Namespace, "a namespace of 1 to 50 bytes", |text| within(text, 50), { "type": "string", "maxLength": 50 });
checked_text!(
    /// An org key by its id or by the eight characters it is listed under.
    KeyRef,
    "an org key's id (a UUID) or its eight-character prefix",
    |text| uuid(text).or_else(|| of_characters(text, 8, "-_").filter(|text| text.len() == 8)),
    { "type": "string", "minLength": 8, "maxLength": 36 });
checked_text!(KeyName, "a name of 1 to 100 bytes without control characters",
    |text| within(text, 100).filter(|text| !text.trim().is_empty()),
    { "type": "string", "minLength": 1, "maxLength": 100 });
checked_text!(SecretName, "a secret's name: 1 to 128 letters, digits, `_`, `-` or `.`, not only dots",
    |text| of_characters(text, 128, "_-.").filter(|text| text.chars().any(|c| c != '.')),
    { "type": "string", "pattern": "^[\\w.-]{1,128}$" });
checked_text!(TemplateName, "a template's directory name as the lists give it",
    |text| of_characters(text, 100, "_-.").filter(|text| text.chars().any(|c| c != '.')),
    { "type": "string", "pattern": "^[\\w.-]{1,100}$" });
checked_text!(
    /// The tenant refuses these characters in names and roles with one vague word; said here, the
    /// agent can mend it.
    WorkspaceName,
    "a name of 1 to 255 bytes without line breaks or any of {}[]|>*&!",
    |text| within(text, 255).filter(|text| !text.contains(['{', '}', '[', ']', '|', '>', '*', '&', '!'])),
    { "type": "string", "maxLength": 255 });
checked_text!(Role, "a role of 1 to 1000 bytes without line breaks or any of {}[]|>*&!",
    |text| within(text, 1000).filter(|text| !text.contains(['{', '}', '[', ']', '|', '>', '*', '&', '!'])),
    { "type": "string", "maxLength": 1000 });
checked_text!(Line, "1 to 1000 bytes on one line", |text| within(text, 1000),
    { "type": "string", "maxLength": 1000 });
checked_text!(
    /// What is compared with something known: a runtime, a tool's name, an outcome.
    Word, "a word of 1 to 100 bytes", |text| within(text, 100), { "type": "string" });

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts<T: TryFrom<String>>(text: &str) -> bool {
        T::try_from(text.to_owned()).is_ok()
    }

    #[test]
    fn nothing_that_could_change_a_path_is_an_id() {
        let long = "a".repeat(10_000);
        for text in ["", ".", "..", "../x", "%2e%2e", "a/b", "a?b", "a#b", "a\\b", "a\0b", "\u{2024}\u{2024}", &long] {
            assert!(!accepts::<WorkspaceId>(text), "{text:?}");
            assert!(!accepts::<KeyRef>(text), "{text:?}");
            assert!(!accepts::<SecretName>(text), "{text:?}");
            assert!(!accepts::<TemplateName>(text), "{text:?}");
        }
    }

    #[test]
    fn a_uuid_has_one_spelling() {
        let id = WorkspaceId::try_from("613FAC6B-7c79-44fa-a26f-75c6ee7e1ffc".to_owned()).unwrap();
        assert_eq!(id.as_str(), "613fac6b-7c79-44fa-a26f-75c6ee7e1ffc");
        assert!(!accepts::<WorkspaceId>("613fac6b7c7944faa26f75c6ee7e1ffc"));
        assert!(!accepts::<WorkspaceId>("{613fac6b-7c79-44fa-a26f-75c6ee7e1ffc}"));
    }
}
