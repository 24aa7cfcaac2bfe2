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
checked_text!(AgentId, "an agent's id, a UUID", uuid, { "type": "string", "format": "uuid" });
checked_text!(EventId, "an event's id, a UUID as list_events gives it", uuid, { "type": "string", "format": "uuid" });
checked_text!(
    /// A plain name, or a whole path where the operator allows its directory; `file:` before it is
    /// how sinks and sources write it.
    BundleFile, "a file's name, or its whole path in a directory that the operator allows",
    |text| within(text.strip_prefix("file:").unwrap_or(text), 1024), { "type": "string" });
checked_text!(
    /// The tenant refuses others, and for an update only after it has written the other fields.
    HostDirectory, "an absolute path without `..` and outside the system's own directories",
    |text| within(text, 1024).filter(|text| is_own_directory(text)), { "type": "string" });
checked_text!(WebAddress, "an http or https address without a user name, blanks or quotes",
    |text| within(text, 2048).filter(|text| is_address(text)), { "type": "string", "format": "uri" });
checked_text!(InvocationId, "an invocation's id, a UUID", uuid, { "type": "string", "format": "uuid" });
checked_text!(MemoryId, "a memory's id, a UUID as search_memory gives it", uuid, { "type": "string", "format": "uuid" });
checked_text!(DelegationId, "a delegation's id as list_delegations gives it: 1 to 200 bytes without `/`",
    |text| within(text, 200).filter(|text| !text.contains('/')), { "type": "string", "maxLength": 200 });
checked_text!(
    /// The tenant can't address one with a slash.
    MemoryKey, "a key of 1 to 255 bytes without `/` or line breaks",
    |text| within(text, 255).filter(|text| !text.contains('/') && !matches!(text.as_str(), "." | "..")),
    { "type": "string", "maxLength": 255 });
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

/// One that a shell, a header and a log can carry: no credentials and nothing to be quoted in it.
fn is_address(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let plain = |c: char| c.is_ascii_graphic() && !"\"'<>\\^`{|}".contains(c);
    !authority.is_empty() && !authority.starts_with(':') && !authority.contains('@') && text.chars().all(plain)
}

fn is_own_directory(path: &str) -> bool {
    const SYSTEM: [&str; 10] = ["etc", "var", "proc", "sys", "dev", "boot", "sbin", "bin", "lib", "usr"];
    let mut pieces = path.split('/').skip(1).filter(|piece| !piece.is_empty());
    let inside = path.starts_with('/') && !path.split('/').any(|piece| piece == "..");
    inside && pieces.next().is_none_or(|first| !SYSTEM.contains(&first))
}
// Files, plugins, instructions, checkpoints and repositories.
checked_text!(InstructionId, "an instruction's id, a UUID as list_instructions gives it", uuid,
    { "type": "string", "format": "uuid" });
checked_text!(
    /// Below one of a workspace's roots. A quote would end the one in which the tenant's shell has it.
    FilePath, "a path like `skills/seo/SKILL.md`: relative, no `..`, no empty piece, no quote, at most 1000 bytes",
    |text| within(text, 1000).filter(|text| is_relative(text)),
    { "type": "string", "maxLength": 1000 });
checked_text!(
    /// In a container; `workspace:` before it, as an upload's address has it, is taken off.
    ContainerPath, "a whole path below /workspace, /configs, /home or /plugins, without `..` or empty pieces",
    |text| {
        let path = text.strip_prefix("workspace:").unwrap_or(text);
        let (root, rest) = path.strip_prefix('/')?.split_once('/')?;
        let known = matches!(root, "workspace" | "configs" | "home" | "plugins");
        within(path, 1000).filter(|_| known && is_relative(rest))
    },
    { "type": "string", "maxLength": 1000 });
checked_text!(FileName, "a file's plain name of 1 to 100 bytes, without slashes or quotes",
    |text| within(text, 100).filter(|text| !text.contains(['/', '\\', '"']) && is_relative(text)),
    { "type": "string", "maxLength": 100 });
checked_text!(PluginName, "a plugin's name: 1 to 100 letters, digits, `_`, `-` or `.`, no `..`",
    |text| of_characters(text, 100, "_-.").filter(|text| text != "." && !text.contains("..")),
    { "type": "string", "maxLength": 100 });
checked_text!(Sha256, "a SHA-256 as 64 hexadecimal digits",
    |text| Some(text.to_ascii_lowercase()).filter(|text| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit())),
    { "type": "string", "pattern": "^[0-9a-fA-F]{64}$" });
checked_text!(WorkflowName, "a workflow's name of 1 to 200 bytes without slashes",
    |text| within(text, 200).filter(|text| !text.contains(['/', '\\']) && !matches!(text.as_str(), "." | "..")),
    { "type": "string", "maxLength": 200 });
checked_text!(Heading, "a title of 1 to 200 bytes on one line",
    |text| within(text, 200).filter(|text| !text.trim().is_empty()),
    { "type": "string", "maxLength": 200 });
checked_text!(RepoName, "a name of 1 to 63 letters, digits, `-` or `_`, beginning with a letter or digit",
    |text| of_characters(text, 63, "_-").filter(|text| text.starts_with(|c: char| c.is_ascii_alphanumeric())),
    { "type": "string", "maxLength": 63 });

/// The tenant refuses two dots wherever they stand, in a name too.
fn is_relative(path: &str) -> bool {
    !path.contains("..") && !path.contains(['\'', '\\']) && path.split('/').all(|piece| !matches!(piece, "" | "."))
}
checked_text!(ScheduleId, "a schedule's id, a UUID as list_schedules gives it", uuid,
    { "type": "string", "format": "uuid" });
checked_text!(ScheduleName, "a name of 1 to 100 bytes on one line",
    |text| within(text, 100).filter(|text| !text.trim().is_empty()),
    { "type": "string", "maxLength": 100 });
checked_text!(
    /// Its fields are looked at together with the zone.
    CronExpr, "a cron expression of five fields", |text| within(text, 200), { "type": "string" });
checked_text!(
    /// Some clients send an empty one where nobody named any.
    ZoneName, "an IANA time zone like Europe/Berlin",
    |text| if text.is_empty() { Some("UTC".to_owned()) } else { within(text, 64) },
    { "type": "string" });
checked_text!(ChannelId, "a channel's id, a UUID as list_channels gives it", uuid,
    { "type": "string", "format": "uuid" });
checked_text!(FieldName, "a field's name: 1 to 64 small letters, digits or `_`",
    |text| within(text, 64).filter(|text| text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')),
    { "type": "string" });

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
