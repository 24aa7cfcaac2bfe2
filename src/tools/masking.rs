//! Credentials that somebody wrote into a configuration, a bundle or a template, found by the names of
//! their fields: masked before they are shown, and refused where they would be passed through here.

use serde_json::Value;

use crate::failure::Failure;

pub const MASK: &str = "(masked)";

/// A name with one of these words is a secret's; with one of `LAST`, where that is its last word.
const ANYWHERE: [&str; 7] = ["password", "passwd", "passphrase", "secret", "secrets", "credential", "credentials"];
const LAST: [&str; 11] =
    ["token", "tokens", "key", "keys", "apikey", "bearer", "authorization", "cookie", "dsn", "pat", "pwd"];

/// `bot_token`, `apiKey`, `db-password`; not `max_token_count`, `key_name`.
pub fn is_secret_name(name: &str) -> bool {
    let words = words(name);
    words.iter().any(|word| ANYWHERE.contains(&word.as_str()))
        || words.last().is_some_and(|word| LAST.contains(&word.as_str()))
        || words.ends_with(&["webhook".to_owned(), "url".to_owned()])
}

fn is_password(name: &str) -> bool {
    words(name).last().is_some_and(|word| ANYWHERE.contains(&word.as_str()))
}

fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        let begins = !c.is_alphanumeric() || (c.is_uppercase() && was_lower);
        was_lower = c.is_lowercase() || c.is_ascii_digit();
        if begins {
            words.push(String::new());
        }
        if let (true, Some(word)) = (c.is_alphanumeric(), words.last_mut()) {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Takes credentials out, and says where they were.
pub fn mask(value: &mut Value) -> Vec<String> {
    let mut masked = Vec::new();
    walk(value, &mut String::new(), false, &mut masked);
    masked
}

fn walk(value: &mut Value, path: &mut String, secret: bool, masked: &mut Vec<String>) {
    let here = path.len();
    match value {
        Value::String(text) => {
            if let Some(without) = without_credentials(text, secret) {
                masked.push(path.clone());
                *text = without;
            }
        }
        Value::Array(items) => {
            for (at, inner) in items.iter_mut().enumerate() {
                path.push_str(&format!("[{at}]"));
                walk(inner, path, secret, masked);
                path.truncate(here);
            }
        }
        Value::Object(fields) => {
            for (name, inner) in fields.iter_mut() {
                // `max_tokens: 4096` is none, `password: 123456` is one.
                if inner.is_number() && is_password(name) {
                    *inner = MASK.into();
                    masked.push(if here == 0 { name.clone() } else { format!("{path}.{name}") });
                    continue;
                }
                path.push_str(if here == 0 { "" } else { "." });
                path.push_str(name);
                walk(inner, path, secret || is_secret_name(name), masked);
                path.truncate(here);
            }
        }
        _ => {}
    }
}

/// The text as it may be shown, where it may not be shown as it is.
fn without_credentials(text: &str, secret: bool) -> Option<String> {
    if secret {
        return (!is_reference(text)).then(|| MASK.to_owned());
    }
    if has_password_in_address(text) {
        return Some(MASK.to_owned());
    }
    // A text of several lines may be a configuration itself.
    let lines: Vec<String> = text.lines().map(without_value).collect();
    let shown = lines.join("\n");
    (shown != text.lines().collect::<Vec<_>>().join("\n")).then_some(shown)
}

/// `name: value` and `NAME=value`, as configurations have them, one a line.
fn without_value(line: &str) -> String {
    if has_marked(line) {
        return MASK.to_owned();
    }
    let split = line.find([':', '=']).and_then(|at| line.split_at_checked(at + 1));
    let Some((before, value)) = split else { return line.to_owned() };
    let name = before.trim_end_matches([':', '=']).trim().trim_start_matches("- ").trim_matches(['"', '\'']);
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
    let value = value.trim();
    // A list or a block that follows has lines of its own.
    let is_plain = !value.starts_with(['[', '{', '|', '>', '&', '#']);
    if is_name && is_plain && is_secret_name(name) && !is_reference(value.trim_matches(['"', '\''])) {
        return format!("{before} {MASK}");
    }
    if has_password_in_address(value) { format!("{before} {MASK}") } else { line.to_owned() }
}

/// Nothing, `${NAME}`, or what we put in a secret's place.
fn is_reference(text: &str) -> bool {
    let name = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    text.is_empty() || text == MASK || name.is_some_and(is_name)
}

/// As some who give credentials out begin them, so that they are known anywhere.
const MARKED: [&str; 12] =
    ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "xapp-", "sk-ant-", "AIza"];
/// Characters that follow in a real one.
const FOLLOWING: usize = 16;

fn is_marked(word: &str) -> bool {
    let rest = MARKED.iter().find_map(|mark| word.strip_prefix(mark));
    let is_part = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    rest.is_some_and(|rest| rest.chars().take_while(is_part).count() >= FOLLOWING)
}

fn has_marked(text: &str) -> bool {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))).any(is_marked)
}

/// `postgres://user:password@host`
fn has_password_in_address(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#', ' ', '\n']).next().unwrap_or_default();
    let user = authority.rsplit_once('@').map(|(user, _)| user);
    user.and_then(|user| user.split_once(':')).is_some_and(|(_, password)| !is_reference(password))
}

/// Where something stands that we wouldn't show.
pub fn literal_credential(value: &Value, path: &str) -> Option<String> {
    let place = mask(&mut value.clone()).into_iter().next()?;
    Some(if place.starts_with('[') || place.is_empty() { format!("{path}{place}") } else { format!("{path}.{place}") })
}

/// A mask written back would take the place of the credential.
pub fn refuse_masks(value: &Value, argument: &str) -> Result<(), Failure> {
    match find_mask(value, argument) {
        None => Ok(()),
        Some(place) => Err(Failure::invalid(format!("{place} is masked here, and would be written as it is shown"))
            .next("Leave out what shall stay as it is.")),
    }
}

fn find_mask(value: &Value, path: &str) -> Option<String> {
    match value {
        Value::String(text) => text.contains(MASK).then(|| path.to_owned()),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(at, inner)| find_mask(inner, &format!("{path}[{at}]")))
        }
        Value::Object(fields) => fields.iter().find_map(|(name, inner)| find_mask(inner, &format!("{path}.{name}"))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_of_secrets_are_told_from_names_of_other_things() {
        for name in
            ["token", "bot_token", "apiKey", "API_KEY", "db-password", "clientSecretValue", "webhook_url", "secrets"]
        {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["token_limit", "max_token_count", "key_name", "keyboard", "monkey", "url", "tokenizer", "model"] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn what_looks_like_a_credential_is_masked_and_told() {
        let mut config = json!({
            "model": "sonnet", "max_tokens": 4096, "api_key": "sk-1", "bot_token": "${BOT}", "empty_token": "",
            "channels": [{ "config": { "botToken": "123:abc" } }],
            "secrets": { "A": "plain", "n": 1 },
            "database": "postgres://app:hunter2@db/x",
            "file": "name: Lead\napi_key: sk-2\nkeys: [A, B]\nmodel: sonnet\nPASSWORD=x\ntoken: ${T}\n",
        });
        let masked = mask(&mut config);
        let paths = ["api_key", "channels[0].config.botToken", "database", "file", "secrets.A"];
        assert_eq!(masked, paths);
        let shown = config.to_string();
        for secret in ["sk-1", "123:abc", "plain", "hunter2", "sk-2", "PASSWORD=x"] {
            assert!(!shown.contains(secret), "{secret}: {shown}");
        }
        for kept in ["${BOT}", "4096", "keys: [A, B]", "model: sonnet", "token: ${T}"] {
            assert!(shown.contains(kept), "{kept}: {shown}");
        }
        assert!(mask(&mut config).is_empty(), "once is enough");
    }

    #[test]
    fn a_credential_in_clear_is_found_wherever_it_is() {
        let inline = json!({ "workspaces": [{ "channels": [{ "config": { "bot_token": "123:abc" } }] }] });
        let place = literal_credential(&inline, "inline");
        assert_eq!(place.as_deref(), Some("inline.workspaces[0].channels[0].config.bot_token"));
        let referred = json!({ "workspaces": [{ "channels": [{ "config": { "bot_token": "${BOT}" } }] }] });
        assert_eq!(literal_credential(&referred, "inline"), None);
        let marked = format!("with ghp_{}", "a1".repeat(18));
        for clear in [
            json!({ "tokens": ["123:abc"] }),
            json!({ "secrets": { "A": "x" } }),
            json!({ "db": { "password": 123_456 } }),
            json!({ "token": "$ecret" }),
            json!({ "url": "https://u:pw@h" }),
            json!({ "note": marked }),
            json!([{ "token": "${A} and more" }]),
        ] {
            assert!(literal_credential(&clear, "inline").is_some(), "{clear}");
        }
        assert_eq!(literal_credential(&json!([{ "token": "x" }]), "inline").as_deref(), Some("inline[0].token"));
        assert_eq!(literal_credential(&json!({ "max_tokens": 4096, "role": "asks for ghp_ tokens" }), "inline"), None);
    }

    #[test]
    fn a_mask_is_not_written_back() {
        assert!(refuse_masks(&json!({ "a": [{ "token": MASK }] }), "config").is_err());
        assert!(refuse_masks(&json!({ "a": ["plain", 1, null] }), "config").is_ok());
    }
}
