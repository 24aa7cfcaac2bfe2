//! Addresses of repositories: those that are shown, which lose whatever opens them, and those that are
//! given, which must not hold it.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

/// An address to read, without user, password, query and fragment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Remote(String);

impl From<String> for Remote {
    fn from(text: String) -> Self {
        let (scheme, rest) = text.split_once("://").map_or(("", text.as_str()), |(scheme, rest)| (scheme, rest));
        let place = rest.split(['?', '#']).next().unwrap_or_default();
        // A password may hold a slash where nobody encoded it.
        let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
        Self(if scheme.is_empty() { place.to_owned() } else { format!("{scheme}://{place}") })
    }
}

impl<'de> Deserialize<'de> for Remote {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.unwrap_or_default().into())
    }
}

/// Where a repository is imported from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ImportUrl(String);

impl TryFrom<String> for ImportUrl {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let plain = Remote::from(text.clone()).0 == text && !text.contains(char::is_whitespace);
        let is_address = text.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
        if plain && is_address && text.len() <= 1000 {
            Ok(Self(text))
        } else {
            Err("expected an https address without user, password or query: a credential is never an argument")
        }
    }
}

impl JsonSchema for ImportUrl {
    fn schema_name() -> Cow<'static, str> {
        "ImportUrl".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "uri" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_credential() {
        for (with, without) in [
            ("https://x:tok123@h.artifacts.cloudflare.net/git/a.git", "https://h.artifacts.cloudflare.net/git/a.git"),
            ("https://x:t/k@h.net/git/a.git?token=1#x", "https://h.net/git/a.git"),
            ("git@h.net:a/b.git", "h.net:a/b.git"),
            ("https://h.net/git/a.git", "https://h.net/git/a.git"),
            ("", ""),
        ] {
            assert_eq!(Remote::from(with.to_owned()).0, without);
        }
    }

    #[test]
    fn an_import_comes_from_a_plain_address() {
        assert!(ImportUrl::try_from("https://github.com/o/r.git".to_owned()).is_ok());
        for bad in ["", "https://", "https:///x", "http://h/r", "https://u:p@h/r", "https://h/r?key=1", "https://h/a b"]
        {
            assert!(ImportUrl::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
