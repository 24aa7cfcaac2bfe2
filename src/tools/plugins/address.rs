//! Where a plugin comes from. It is code that runs with all that its workspace may do, so it must be named
//! exactly: a repository by a tag or a commit, not by a branch that moves.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::tools::ids::PluginName;

/// In the tenant's spelling.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Address(String);

impl TryFrom<String> for Address {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const EXPECTED: &str = "expected a name from list_plugin_registry, or `github://OWNER/REPO#TAG` with a tag or commit that doesn't move";
        let is_name = |name: &str| PluginName::try_from(name.to_owned()).is_ok();
        let fits = match text.split_once("://") {
            None => is_name(&text),
            Some(("local", name)) => is_name(name),
            Some(("github", repository)) => is_pinned(repository),
            Some((scheme, rest)) => is_other(scheme, rest),
        };
        if fits && text.len() <= 300 { Ok(Self(text)) } else { Err(EXPECTED) }
    }
}

/// `OWNER/REPO#TAG`: what a branch holds may be another tomorrow.
fn is_pinned(repository: &str) -> bool {
    const MOVING: [&str; 7] = ["main", "master", "develop", "dev", "trunk", "head", "latest"];
    let Some((place, pin)) = repository.split_once('#') else { return false };
    let is_name = |name: &str| PluginName::try_from(name.to_owned()).is_ok();
    let moves = MOVING.contains(&pin.to_ascii_lowercase().as_str());
    place.split('/').count() == 2 && place.split('/').all(is_name) && pin.split('/').all(is_name) && !moves
}

/// A scheme that we don't know. Nothing that a password could stand in.
fn is_other(scheme: &str, rest: &str) -> bool {
    let of = |text: &str, extra: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c))
    };
    of(scheme, "+-.") && of(rest, "._/@#+-") && !rest.contains("..")
}

impl JsonSchema for Address {
    fn schema_name() -> Cow<'static, str> {
        "Address".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "maxLength": 300 })
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn a_source_says_exactly_what_it_means() {
        for good in [
            "code-review",
            "local://code-review",
            "github://molecule-ai/code-review#v1.2.0",
            "github://o/r#release/2026-04",
            "github://o/r#d81ec9d9ee3b72ca05aa7b495dd82278c0f32cda",
            "clawhub://seo@1.0",
        ] {
            assert!(Address::try_from(good.to_owned()).is_ok(), "{good}");
        }
        for bad in [
            "",
            "local://",
            "local://../secrets",
            "local://code-review/skills",
            "github://o/r",
            "github://o/r#",
            "github://o/r#main",
            "github://o/r#HEAD",
            "github://o#v1",
            "github://user:pass@o/r#v1",
            "git://user:pass@host/r",
            "https://host/x?key=1",
            "a b",
        ] {
            assert!(Address::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
