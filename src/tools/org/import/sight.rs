//! What an import is, seen before anybody agrees to it: which template, how much of it, how powerful, and what of
//! the host it mounts. A person is shown this, and their yes holds for nothing else.

use serde_json::{Value, json};

use crate::digest;
use crate::failure::{Code, Failure};
use crate::tools::invocation::Invocation;
use crate::tools::org::list::Listed;
use crate::tools::org::plan::Plan;
use crate::tools::org::template::OrgTemplate;

const DIGEST: &str = "digest of the template";
/// Directories that are named.
const NAMED: usize = 10;

pub(super) fn of(template: &OrgTemplate, plan: &Plan) -> Value {
    let new = || plan.missing().map(|(_, node)| node);
    let mounts: Vec<String> = new().filter_map(|node| node.wanted.mount()).collect();
    let mut seen = json!({
        DIGEST: digest_of(template),
        "workspaces that it creates": new().count(),
        "workspaces that are there already": plan.existing(),
        "directories of the host that it mounts": mounts.len(),
    });
    if let (Some(seen), Some(highest)) = (seen.as_object_mut(), new().map(|node| node.tier()).max()) {
        seen.insert("highest tier".to_owned(), highest.into());
    }
    if let (Some(seen), false) = (seen.as_object_mut(), mounts.is_empty()) {
        let named = mounts.get(..NAMED).unwrap_or(&mounts);
        seen.insert("mounts".to_owned(), named.join(", ").into());
    }
    seen
}

/// What the tenant tells of a template of its own.
pub(super) fn of_held(listed: &Listed) -> Value {
    json!({
        DIGEST: digest_of_held(listed),
        "workspaces that it creates": listed.workspaces,
        "tiers and mounts": "only the tenant knows them",
    })
}

/// The template could be another by now.
pub(super) fn check(digest: &str, call: &Invocation) -> Result<(), Failure> {
    let seen = call.seen.as_ref().and_then(|seen| seen.get(DIGEST)).and_then(Value::as_str);
    if seen.is_none_or(|seen| seen == digest) {
        return Ok(());
    }
    Err(Failure::new(Code::Conflict, "the template has changed since it was looked at")
        .next("Look at it again with plan_org_import."))
}

pub(super) fn digest_of(template: &OrgTemplate) -> String {
    digest::sha256(json!(template).to_string())
}

pub(super) fn digest_of_held(listed: &Listed) -> String {
    let Listed { dir, name, workspaces, required_env, .. } = listed;
    digest::sha256(json!([dir, name, workspaces, required_env]).to_string())
}
