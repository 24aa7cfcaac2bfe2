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

mod given;
mod names;
mod places;

pub use given::*;
pub use names::*;
pub use places::*;

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
    let is_whole = !text.trim().is_empty() && !text.contains(['/', '\\']) && !matches!(text, "." | "..");
    within(text, longest).filter(|_| is_whole)
}

fn of_characters(text: &str, longest: usize, extra: &str) -> Option<String> {
    let known = text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c));
    within(text, longest).filter(|_| known)
}

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
    fn an_address_carries_nothing_else() {
        for text in ["https://agent.example", "http://localhost:8000/a2a?x=1#y", "https://[::1]:80/"] {
            assert!(accepts::<WebAddress>(text), "{text}");
        }
        for text in [
            "",
            "ftp://a",
            "https://",
            "https://:80",
            "https://u:p@host",
            "https://a b",
            "https://a'b",
            "a.example",
            "https://a\nb",
        ] {
            assert!(!accepts::<WebAddress>(text), "{text}");
        }
    }

    #[test]
    fn a_mounted_directory_is_nobody_elses() {
        for (path, fits) in [
            ("/srv/team", true),
            ("/home/a/etc", true),
            ("srv", false),
            ("/etc", false),
            ("//usr/x", false),
            ("/a/../etc", false),
        ] {
            assert_eq!(accepts::<HostDirectory>(path), fits, "{path}");
        }
    }

    #[test]
    fn a_path_stays_below_its_root() {
        for good in ["a", "skills/seo/SKILL.md", "a b/ü%2e.md", ".hidden/x?y#z"] {
            assert!(accepts::<FilePath>(good), "{good}");
            assert!(accepts::<ContainerPath>(&format!("workspace:/workspace/{good}")), "{good}");
        }
        for bad in ["", ".", "..", "/a", "a/", "a//b", "./a", "a/../b", "a..b", "a\\b", "a\0b", "a\nb", "a'; rm -rf '"]
        {
            assert!(!accepts::<FilePath>(bad), "{bad:?}");
            assert!(!accepts::<ContainerPath>(&format!("/workspace/{bad}")), "{bad:?}");
            assert!(!accepts::<FileName>(bad), "{bad:?}");
        }
        for bad in ["a", "/etc/passwd", "/workspacex/a", "/workspace", "workspace:a", "//workspace/a"] {
            assert!(!accepts::<ContainerPath>(bad), "{bad:?}");
        }
        assert_eq!(ContainerPath::try_from("workspace:/home/a".to_owned()).unwrap().as_str(), "/home/a");
    }

    #[test]
    fn a_uuid_has_one_spelling() {
        let id = WorkspaceId::try_from("613FAC6B-7c79-44fa-a26f-75c6ee7e1ffc".to_owned()).unwrap();
        assert_eq!(id.as_str(), "613fac6b-7c79-44fa-a26f-75c6ee7e1ffc");
        assert!(!accepts::<WorkspaceId>("613fac6b7c7944faa26f75c6ee7e1ffc"));
        assert!(!accepts::<WorkspaceId>("{613fac6b-7c79-44fa-a26f-75c6ee7e1ffc}"));
    }
}
