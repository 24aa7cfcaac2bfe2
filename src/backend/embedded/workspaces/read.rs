//! Reading workspaces: the list, one, and the state that an agent asks for about itself.

use axum::extract::{Path, State};
use serde_json::json;

use super::super::answer::{Answer, Refuse, broken, missing, ok};
use super::super::guard::{self, Access, Admin};
use super::super::ids;
use super::super::platform::App;
use super::row::{COLUMNS, Listed, Workspace};

pub(crate) async fn list(_: Admin, State(platform): App) -> Answer {
    let listed = platform
        .read(|rows| {
            let mut living = rows.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM workspaces WHERE status <> 'removed' ORDER BY created_at, rowid"
            ))?;
            let listed = living.query_map([], |row| Ok(Workspace::read(row)?.listed()))?;
            Ok(listed.collect::<Result<Vec<Listed>, _>>()?)
        })
        .await?;
    ok(&listed)
}

/// Open to anybody, removed ones included.
pub(crate) async fn show(State(platform): App, Path(raw): Path<String>) -> Answer {
    let id = ids::checked(&raw)?;
    let found = platform.read(|rows| Ok(Workspace::find(rows, &id)?)).await?;
    ok(&found.refuse(missing("workspace not found"))?.single())
}

pub(crate) async fn state(access: Access, State(platform): App) -> Answer {
    let id = access.uuid().refuse(broken("auth check failed"))?;
    guard::own_token(&platform, &id, access.bearer.as_deref()).await?;
    let gone = || missing("").without_error().with("workspace_id", id.as_str()).with("deleted", true);
    let found = platform.read(|rows| Ok(Workspace::find(rows, &id)?)).await?.refuse(gone())?;
    if found.is_removed() {
        return Err(gone().with("status", found.status));
    }
    ok(&json!({
        "workspace_id": id,
        "paused": found.status == "paused",
        "status": found.status,
        "deleted": false,
    }))
}
