//! Where a plugin comes from: `local://name` (or only the name) is the registry, `github://owner/repo#ref`
//! a repository, which this tenant never reaches.

use axum::http::StatusCode;

use super::super::answer::{Refusal, bad, missing, refused_with};
use super::super::folder::Files;
use super::super::platform::Platform;
use super::registry;

pub(super) const SCHEMES: [&str; 2] = ["github", "local"];

const UNPINNED: &str = "unpinned github source: append a tag or commit SHA (e.g. \"github://owner/repo#v1.2.0\"). \
    Set PLUGIN_ALLOW_UNPINNED=true to override";

enum Source<'a> {
    Local(&'a str),
    GitHub { reference: Option<&'a str> },
}

pub(super) struct Fetched {
    pub(super) name: String,
    pub(super) files: Files,
}

pub(super) fn fetch(platform: &Platform, source: &str) -> Result<Fetched, Refusal> {
    match parse(source)? {
        Source::Local(name) => {
            valid_name(name).map_err(|_| bad("invalid plugin name"))?;
            let absent = || missing("failed to fetch plugin from local").with("source", source);
            let files = registry::load(platform, name).ok_or_else(absent)?;
            Ok(Fetched { name: name.to_owned(), files })
        }
        Source::GitHub { reference: None } => {
            Err(refused_with(StatusCode::UNPROCESSABLE_ENTITY, UNPINNED).with("source", source))
        }
        Source::GitHub { reference: Some(_) } => {
            let told = "failed to fetch plugin from github";
            Err(refused_with(StatusCode::BAD_GATEWAY, told).with("source", source))
        }
    }
}

fn parse(source: &str) -> Result<Source<'_>, Refusal> {
    let (scheme, rest) = source.split_once("://").unwrap_or(("local", source));
    match (scheme, rest) {
        (_, "") => Err(bad("invalid plugin source")),
        ("local", name) => Ok(Source::Local(name)),
        ("github", spec) => {
            let reference = spec.split_once('#').map(|(_, reference)| reference);
            Ok(Source::GitHub { reference: reference.filter(|reference| !reference.is_empty()) })
        }
        _ => Err(bad("failed to resolve plugin source").with("available_schemes", SCHEMES.to_vec())),
    }
}

/// Says what is wrong with a name.
pub(super) fn valid_name(name: &str) -> Result<(), &'static str> {
    match name {
        "" => Err("plugin name is required"),
        _ if name.contains(['/', '\\']) || name.contains("..") => {
            Err("invalid plugin name: must not contain path separators or '..'")
        }
        _ => Ok(()),
    }
}
