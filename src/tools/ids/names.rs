//! Names, words and lines: as long as the tenant takes them, and of characters that it takes.

use super::*;

checked_text!(
    /// The tenant can't address one with a slash.
    MemoryKey, "a key of 1 to 255 bytes without slashes or line breaks",
    |text| one_piece(text, 255), { "type": "string", "maxLength": 255 });
checked_text!(Namespace, "a namespace of 1 to 50 bytes", |text| within(text, 50), { "type": "string", "maxLength": 50 });
checked_text!(KeyName, "a name of 1 to 100 bytes without control characters",
    |text| within(text, 100).filter(|text| !text.trim().is_empty()),
    { "type": "string", "minLength": 1, "maxLength": 100 });
checked_text!(JobId, "a job's id, as start_job gave it",
    |text| of_characters(text, 24, "_-").filter(|text| text.len() == 24), { "type": "string" });
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
checked_text!(FieldName, "a field's name: 1 to 64 small letters, digits or `_`",
    |text| within(text, 64).filter(|text| text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')),
    { "type": "string" });
