//! Workspace ids as they come in paths. The platform checks them unevenly: some routes refuse what is
//! no UUID with 400, some with 404, most leave it to their database and answer 500. So a raw id is
//! asked for its UUID by each handler, which says what its absence means.

use uuid::Uuid;

use super::answer::{Refusal, bad};

/// The canonical form, from any spelling that parses: upper case, braces, no dashes.
pub(crate) fn canonical(raw: &str) -> Option<String> {
    Some(Uuid::try_parse(raw).ok()?.to_string())
}

pub(crate) fn checked(raw: &str) -> Result<String, Refusal> {
    canonical(raw).ok_or_else(|| bad("invalid workspace ID"))
}

/// The canonical form and no other: what the secrets routes take.
pub(crate) fn strict(raw: &str) -> Result<String, Refusal> {
    canonical(raw).filter(|id| id == raw).ok_or_else(|| bad("invalid workspace ID"))
}

pub(crate) fn fresh() -> String {
    Uuid::new_v4().to_string()
}
