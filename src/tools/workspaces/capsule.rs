//! What is kept of workspaces before they are deleted: enough to make them again by hand or by a tool.
//! Secret values aren't in it, because nobody can read them; a configuration may hold anything, so the
//! file is its owner's alone.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::wire::Workspace;
use super::{CONFIG, LIST, SCHEDULES, SECRETS};
use crate::failure::{Code, Failure};
use crate::secrets::place::{create_private, write_private};
use crate::tools::ids::WorkspaceId;
use crate::tools::invocation::Invocation;
use crate::tools::many::each;

#[derive(Serialize)]
struct Capsule {
    version: u32,
    tenant: String,
    invocation: String,
    at: DateTime<Utc>,
    workspaces: Vec<Kept>,
}

/// Each part as the tenant gave it, but for the secrets.
#[derive(Serialize)]
struct Kept {
    workspace: Value,
    config: Value,
    secrets: Vec<KeptSecret>,
    schedules: Value,
}

/// All that is kept of a secret, whatever else the tenant says of it.
#[derive(Serialize, Deserialize)]
struct KeptSecret {
    key: String,
    #[serde(default)]
    scope: String,
}

/// Saves `target` and what is below it, and says where. Without a capsule nothing is deleted.
pub(super) async fn save(target: &WorkspaceId, below: &[&Workspace], call: &Invocation) -> Result<String, Failure> {
    let ids: Vec<&WorkspaceId> = std::iter::once(target).chain(below.iter().map(|one| &one.id)).collect();
    let rows: Vec<Value> = call.tenant.ask(&LIST).fetch().await?;
    let kept: Result<Vec<Kept>, Failure> =
        each(ids.into_iter().map(|id| keep(id, &rows, call))).await.into_iter().collect();
    let capsule = Capsule {
        version: 1,
        tenant: call.server.address.clone(),
        invocation: call.id.to_string(),
        at: call.now,
        workspaces: kept?,
    };
    write(&capsule, call)
}

async fn keep(id: &WorkspaceId, rows: &[Value], call: &Invocation) -> Result<Kept, Failure> {
    let row = rows.iter().find(|row| row.get("id").and_then(Value::as_str) == Some(id.as_str()));
    let part = |route| call.tenant.ask(route).part("workspace_id", id);
    let (config, secrets, schedules) =
        tokio::try_join!(part(&CONFIG).fetch(), part(&SECRETS).fetch(), part(&SCHEDULES).fetch())?;
    Ok(Kept { workspace: row.cloned().unwrap_or_default(), config, secrets, schedules })
}

fn write(capsule: &Capsule, call: &Invocation) -> Result<String, Failure> {
    let directory = &call.server.capsules;
    let path = directory.join(format!("{}.json", call.id));
    let written = serde_json::to_string_pretty(capsule).map_err(std::io::Error::from).and_then(|text| {
        create_private(directory)?;
        write_private(&path, &text)
    });
    match written {
        Ok(()) => Ok(path.display().to_string()),
        Err(error) => Err(Failure::new(Code::PreconditionFailed, "what would be deleted couldn't be saved first")
            .next("Ask the operator to look at the data directory; nothing was deleted.")
            .operator(format!("{}: {error}", path.display()))),
    }
}
