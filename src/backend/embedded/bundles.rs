//! A workspace and what is below it as one document, out and in. An export without a template of its own
//! carries the server's first one; an import answers 201 once it parses, and says in `status` whether it
//! worked.

use axum::extract::{Path, State};
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Refusal, Refuse, bad, created, missing, ok};
use super::guard::Admin;
use super::payload::{Payload, filled, or_default};
use super::platform::{App, Platform};
use super::provisioning::{self, Start};
use super::templates::{self, Template, yaml};
use super::workspaces::row::{self, NewWorkspace, Workspace};
use super::{events, ids};

/// A patch may have made a workspace its own ancestor.
const DEEPEST: usize = 32;

#[derive(Deserialize, Default)]
#[serde(default)]
struct Bundle {
    #[serde(deserialize_with = "or_default")]
    name: String,
    id: Option<String>,
    description: Option<String>,
    #[serde(deserialize_with = "or_default")]
    tier: i64,
    #[serde(deserialize_with = "or_default")]
    prompts: Map<String, Value>,
    #[serde(deserialize_with = "or_default")]
    sub_workspaces: Vec<Bundle>,
}

pub(crate) async fn export(_: Admin, State(platform): App, Path(raw): Path<String>) -> Answer {
    let id = ids::canonical(&raw).refuse(missing("bundle not found"))?;
    let bundle = platform
        .read(|rows| {
            let workspace = Workspace::find(rows, &id)?.refuse(missing("bundle not found"))?;
            packed(rows, &platform, &workspace, DEEPEST)
        })
        .await?;
    ok(&bundle)
}

fn packed(rows: &Connection, platform: &Platform, workspace: &Workspace, depth: usize) -> Result<Value, Refusal> {
    let template = templates::for_workspace(rows, platform, &workspace.name)?;
    let template = match template {
        Some(own) => Some(own),
        None => templates::all(rows, platform)?.into_iter().next(),
    };
    let children = if depth > 0 { children(rows, &workspace.id)? } else { Vec::new() };
    let below: Result<Vec<Value>, Refusal> =
        children.iter().map(|child| packed(rows, platform, child, depth - 1)).collect();
    let prompts = template.as_ref().map(|Template { config_text, .. }| json!({ "config.yaml": config_text }));
    Ok(json!({
        "schema": "1.0",
        "id": workspace.id,
        "name": workspace.name,
        "description": workspace.role.as_deref().unwrap_or_default(),
        "tier": workspace.tier,
        "model": "",
        "system_prompt": "",
        "skills": [],
        "tools": [],
        "prompts": prompts.unwrap_or_else(|| json!({})),
        "sub_workspaces": below?,
        "agent_card": workspace.agent_card,
        "author": "",
        "version": "1.0.0",
    }))
}

fn children(rows: &Connection, id: &str) -> Result<Vec<Workspace>, Refusal> {
    let children = row::living_children(rows, id)?;
    let found: Result<Vec<_>, _> = children.iter().map(|(id, _)| Workspace::find(rows, id)).collect();
    Ok(found?.into_iter().flatten().collect())
}

pub(crate) async fn import(_: Admin, State(platform): App, payload: Payload) -> Answer {
    let bundle: Bundle = payload.json().refuse(bad("invalid bundle"))?;
    let told = platform.write(move |rows, platform| unpack(rows, platform, &bundle, None)).await?;
    created(&told)
}

fn unpack(rows: &Connection, platform: &Platform, bundle: &Bundle, parent: Option<&str>) -> Result<Value, Refusal> {
    let config = bundle.prompts.get("config.yaml").and_then(Value::as_str).and_then(yaml::parse::<Value>);
    let runtime = config.and_then(|config| filled(config.get("runtime")?.as_str().map(str::to_owned)));
    let workspace = NewWorkspace {
        role: bundle.description.as_deref(),
        tier: bundle.tier,
        runtime: runtime.as_deref().unwrap_or("langgraph"),
        parent_id: parent,
        ..NewWorkspace::named(&bundle.name)
    };
    workspace.insert(rows)?;
    let told = json!({ "name": bundle.name, "tier": bundle.tier, "source_bundle_id": bundle.id });
    events::tell(rows, "WORKSPACE_PROVISIONING", &workspace.id, &told)?;
    provisioning::start(rows, platform, &workspace.id, Start::Configured)?;
    let mut told = json!({ "workspace_id": workspace.id, "name": bundle.name, "status": "provisioning" });
    let below: Result<Vec<Value>, Refusal> =
        bundle.sub_workspaces.iter().map(|child| unpack(rows, platform, child, Some(&workspace.id))).collect();
    let below = below?;
    if let (false, Some(told)) = (below.is_empty(), told.as_object_mut()) {
        told.insert("children".to_owned(), below.into());
    }
    Ok(told)
}
