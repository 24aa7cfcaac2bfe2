//! Expanding a workspace into the sub-workspaces of its template, and collapsing it again. Neither asks
//! for confirmation; expanding twice doubles the children, collapsing orphans the grandchildren.

use axum::extract::State;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::super::answer::{Answer, Refusal, Refuse, bad, broken, missing, ok};
use super::super::guard::Access;
use super::super::platform::{App, Platform};
use super::super::provisioning::{self, Start};
use super::super::{Provisioner, events, templates};
use super::remove_row;
use super::row::{self, NewWorkspace, Workspace};

pub(crate) async fn expand(access: Access, State(platform): App) -> Answer {
    let id = access.uuid().refuse(broken("lookup failed"))?;
    platform
        .write(move |rows, platform| {
            let parent = Workspace::find(rows, &id)?.refuse(missing("workspace not found"))?;
            let template = templates::for_workspace(rows, platform, &parent.name)?;
            let template = template.refuse(bad("no config found for workspace"))?;
            let wanted = template.config.get("sub_workspaces").and_then(Value::as_array);
            let wanted = wanted.filter(|list| !list.is_empty());
            let wanted = wanted.refuse(bad("workspace has no sub_workspaces defined in config"))?;
            let children: Result<Vec<Value>, Refusal> =
                wanted.iter().map(|wish| add_child(rows, platform, &id, wish)).collect();
            let children = children?;
            events::tell(rows, "WORKSPACE_EXPANDED", &id, &json!({ "children": children }))?;
            ok(&json!({ "status": "expanded", "children": children }))
        })
        .await
}

/// On the platform as recorded these children stay `provisioning` for good.
fn add_child(rows: &Connection, platform: &Platform, parent: &str, wish: &Value) -> Result<Value, Refusal> {
    let text = |name: &str| wish.get(name).and_then(Value::as_str).unwrap_or("");
    let name = if text("name").is_empty() { text("config") } else { text("name") };
    let child = NewWorkspace { role: Some(text("role")), parent_id: Some(parent), ..NewWorkspace::named(name) };
    child.insert(rows)?;
    let told = json!({ "name": name, "tier": child.tier, "runtime": child.runtime });
    events::tell(rows, "WORKSPACE_PROVISIONING", &child.id, &told)?;
    if platform.settings.provisioner == Provisioner::Simulated {
        provisioning::start(rows, platform, &child.id, Start::Configured)?;
    }
    Ok(json!({ "id": child.id, "name": name, "role": text("role") }))
}

pub(crate) async fn collapse(access: Access, State(platform): App) -> Answer {
    let id = access.uuid().refuse(broken("failed to query children"))?;
    platform
        .write(move |rows, _| {
            let children = row::living_children(rows, &id)?;
            for (child, _) in &children {
                remove_row(rows, child)?;
                events::tell(rows, "WORKSPACE_REMOVED", child, &json!({}))?;
            }
            let names: Vec<&String> = children.iter().map(|(_, name)| name).collect();
            events::tell(rows, "WORKSPACE_COLLAPSED", &id, &json!({ "removed_children": names }))?;
            ok(&json!({ "status": "collapsed", "removed": names }))
        })
        .await
}
