//! Which paths may be asked for: one of four roots, and inside of it a path without dots.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;

use super::super::answer::{Refusal, bad};
use super::super::payload::Params;

pub(super) const ROOTS: [&str; 4] = ["/configs", "/workspace", "/home", "/plugins"];
pub(super) const CONFIGS: &str = "/configs";

/// The rest of the request's path behind `/files/`, decoded, as it stands.
pub(crate) struct Asked(String);

impl Asked {
    pub(super) fn relative(&self) -> Result<String, Refusal> {
        relative(&self.0).ok_or_else(invalid)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let named = RawPathParams::from_request_parts(parts, state).await.map_err(|_| invalid())?;
        let path = named.iter().find(|(name, _)| *name == "path").map(|(_, path)| path.to_owned());
        Ok(Self(path.unwrap_or_default()))
    }
}

pub(super) fn root(params: &Params) -> Result<&str, Refusal> {
    let root = params.get("root").unwrap_or(CONFIGS);
    let told = || bad("root must be one of: /configs, /workspace, /home, /plugins");
    ROOTS.contains(&root).then_some(root).ok_or_else(told)
}

/// A relative path in its shortest form. Two dots are refused wherever they stand, in a name too.
pub(super) fn relative(path: &str) -> Option<String> {
    let is_inside = !(path.starts_with('/') || path.contains(".."));
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    (is_inside && !parts.is_empty()).then(|| parts.join("/"))
}

pub(super) fn invalid() -> Refusal {
    bad("invalid path")
}

/// An absolute path's root and what follows; the root alone has nothing.
pub(super) fn split(path: &str) -> Result<(&str, &str), Refusal> {
    let under = |root: &&&str| path.strip_prefix(**root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let root = ROOTS.iter().find(under);
    let root = root.ok_or_else(|| bad("path must be under /configs, /workspace, /home, or /plugins"))?;
    let rest = path.get(root.len()..).unwrap_or_default();
    let is_odd = path.contains("..") || rest.split('/').skip(1).any(|part| part.is_empty() || part == ".");
    if is_odd { Err(invalid()) } else { Ok((root, rest.trim_start_matches('/'))) }
}
