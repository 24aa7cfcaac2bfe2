//! Listing and reading a workspace's files, as text: bytes that are none are replaced.

use axum::extract::State;
use serde_json::{Value, json};

use super::super::answer::{Answer, Refusal, Refuse, bad, missing, ok};
use super::super::guard::Access;
use super::super::payload::Params;
use super::super::platform::App;
use super::super::templates::yaml;
use super::listing;
use super::paths::{self, Asked};
use super::place::{self, Place};

pub(crate) async fn list(access: Access, State(platform): App, params: Params) -> Answer {
    let root = paths::root(&params)?;
    let folder = match params.get("path").unwrap_or("") {
        "" => String::new(),
        path => paths::relative(path).refuse(paths::invalid())?,
    };
    let depth = params.get("depth").unwrap_or("1").parse().ok().filter(|depth| (1..=5).contains(depth));
    let depth = depth.refuse(bad("depth must be 1-5"))?;
    let sizes = platform
        .read(|rows| {
            let workspace = place::workspace(rows, &access)?;
            Ok::<_, Refusal>(Place::of(rows, &platform, &workspace)?.sizes(rows, &platform, root)?)
        })
        .await?;
    ok(&listing::entries(sizes, &folder, depth))
}

pub(crate) async fn read(access: Access, State(platform): App, asked: Asked, params: Params) -> Answer {
    let path = asked.relative()?;
    let root = paths::root(&params)?;
    let (content, size) = platform
        .read(|rows| {
            let workspace = place::workspace(rows, &access)?;
            let place = Place::of(rows, &platform, &workspace)?;
            let content = place.read(rows, &platform, root, &path)?;
            match (content, &place) {
                (_, Place::Nowhere) => Err(missing("file not found (container offline, no template)")),
                (None, _) => Err(missing("file not found")),
                (Some(bytes), Place::Template { .. }) => Ok((text(&bytes), bytes.len())),
                (Some(bytes), Place::Container { .. }) => Ok(trimmed(&text(&bytes))),
            }
        })
        .await?;
    ok(&json!({ "path": path, "content": content, "size": size }))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// From a container the platform gets a file through a shell, which costs the whitespace around it.
fn trimmed(text: &str) -> (String, usize) {
    let text = text.trim();
    (text.to_owned(), text.len())
}

/// The files that a workspace's configuration shares with its neighbours; those that aren't there, or lie
/// outside, are left out.
pub(crate) async fn shared_context(access: Access, State(platform): App) -> Answer {
    let shared = platform
        .read(|rows| {
            let workspace = place::workspace(rows, &access)?;
            let place = Place::of(rows, &platform, &workspace)?;
            let read = |path: &str| place.read(rows, &platform, paths::CONFIGS, path);
            let config = read("config.yaml")?.and_then(|bytes| yaml::parse::<Value>(&text(&bytes))).unwrap_or_default();
            let named = config.get("shared_context").and_then(Value::as_array).into_iter().flatten();
            let mut shared = Vec::new();
            for path in named.filter_map(Value::as_str) {
                let content = paths::relative(path).map_or(Ok(None), |inside| read(&inside))?;
                shared.extend(content.map(|bytes| json!({ "path": path, "content": text(&bytes) })));
            }
            Ok(shared)
        })
        .await?;
    ok(&shared)
}
