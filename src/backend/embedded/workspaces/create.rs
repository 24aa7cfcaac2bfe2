//! POST /workspaces. Three kinds: a container that a provisioner starts, an external agent whose
//! address is known (online at once, unchecked), and one that will register with the token it's given.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::json;

use super::super::answer::{Answer, Refusal, Refuse, bad, broken, created};
use super::super::guard::Admin;
use super::super::payload::{Payload, filled};
use super::super::platform::{App, Platform};
use super::super::provisioning::{self, Start};
use super::super::{Provisioner, config, events, files, memories, secrets, templates, tokens};
use super::row::NewWorkspace;
use super::{connection, rules};

#[derive(Deserialize, Default)]
#[serde(default)]
struct Wish {
    name: Option<String>,
    role: Option<String>,
    model: Option<String>,
    runtime: Option<String>,
    template: Option<String>,
    tier: Option<i64>,
    external: Option<bool>,
    url: Option<String>,
    workspace_dir: Option<String>,
    workspace_access: Option<String>,
    parent_id: Option<String>,
    budget_limit: Option<i64>,
    secrets: Option<BTreeMap<String, String>>,
    max_concurrent_tasks: Option<i64>,
    canvas: Option<Place>,
    initial_memories: Option<Vec<memories::Initial>>,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(default)]
pub(crate) struct Place {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

pub(crate) async fn create(_: Admin, State(platform): App, headers: HeaderMap, payload: Payload) -> Answer {
    let wish: Wish = payload.json().refuse(bad("invalid workspace payload"))?;
    let name = filled(wish.name.clone()).refuse(bad("invalid workspace payload"))?;
    check(&wish, &name)?;
    let address = connection::platform_url(&headers);
    platform.write(move |rows, platform| make(rows, platform, &wish, &name, &address)).await
}

fn check(wish: &Wish, name: &str) -> Result<(), Refusal> {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    rules::name(name)
        .and_then(|()| rules::role(&text(&wish.role)))
        .and_then(|()| rules::model(&text(&wish.model)))
        .and_then(|()| rules::runtime(&text(&wish.runtime)))
        .refuse(bad("invalid workspace fields"))?;
    if let Some(template) = wish.template.as_deref().filter(|template| !template.is_empty()) {
        templates::stays_inside(template).then_some(()).refuse(bad("invalid template"))?;
    }
    let directory = wish.workspace_dir.as_deref().filter(|directory| !directory.is_empty());
    directory.map_or(Ok(()), rules::directory).refuse(bad("invalid workspace directory"))?;
    rules::access(&text(&wish.workspace_access), directory).refuse(bad("invalid workspace access"))
}

fn make(rows: &Connection, platform: &Platform, wish: &Wish, name: &str, address: &str) -> Result<Response, Refusal> {
    let asked = wish.runtime.as_deref().filter(|runtime| !runtime.is_empty());
    let external = wish.external == Some(true) || asked == Some("external");
    let url = wish.url.as_deref().filter(|url| external && !url.is_empty());
    let of_template = wish.template.as_deref().and_then(|template| templates::runtime_of(rows, platform, template));
    let runtime = asked.or(of_template.as_deref()).unwrap_or("langgraph");
    let place = wish.canvas.unwrap_or_default();
    let workspace = NewWorkspace {
        role: wish.role.as_deref(),
        tier: wish.tier.filter(|tier| *tier != 0).unwrap_or(3),
        status: if url.is_some() { "online" } else { "provisioning" },
        runtime: if url.is_some() { "external" } else { runtime },
        external,
        url: url.unwrap_or_default(),
        parent_id: wish.parent_id.as_deref(),
        workspace_dir: wish.workspace_dir.as_deref().filter(|directory| !directory.is_empty()),
        workspace_access: access_of(wish),
        budget_limit: wish.budget_limit,
        max_concurrent_tasks: wish.max_concurrent_tasks.unwrap_or(1),
        place: (place.x, place.y),
        ..NewWorkspace::named(name)
    };
    workspace.insert(rows).refuse(broken("failed to create workspace"))?;
    let told = json!({ "name": name, "tier": workspace.tier, "runtime": runtime });
    events::tell(rows, "WORKSPACE_PROVISIONING", &workspace.id, &told)?;
    furnish(rows, platform, wish, &workspace.id)?;
    match (external, url) {
        (true, Some(_)) => {
            let told = json!({ "name": name, "external": true });
            events::tell(rows, "WORKSPACE_ONLINE", &workspace.id, &told)?;
            created(&json!({ "id": workspace.id, "external": true, "status": "online" }))
        }
        (true, None) => await_agent(rows, &workspace, address),
        (false, _) => start(rows, platform, wish, &workspace),
    }
}

fn access_of(wish: &Wish) -> &str {
    wish.workspace_access.as_deref().filter(|access| !access.is_empty()).unwrap_or("none")
}

fn furnish(rows: &Connection, platform: &Platform, wish: &Wish, id: &str) -> Result<(), Refusal> {
    for (key, value) in wish.secrets.iter().flatten() {
        secrets::store(rows, platform, Some(id), key, value)?;
    }
    for memory in wish.initial_memories.iter().flatten() {
        memory.insert(rows, id)?;
    }
    if let Some(template) = wish.template.as_deref().filter(|template| !template.is_empty()) {
        files::container::fill(rows, platform, id, template)?;
    }
    Ok(())
}

/// The answer says `awaiting_agent`, the row stays `provisioning`: as on the platform.
fn await_agent(rows: &Connection, workspace: &NewWorkspace, address: &str) -> Answer {
    let id = &workspace.id;
    let told = json!({ "name": workspace.name, "external": true });
    events::tell(rows, "WORKSPACE_AWAITING_AGENT", id, &told)?;
    let token = tokens::insert(rows, id)?;
    created(&json!({
        "id": id,
        "external": true,
        "status": "awaiting_agent",
        "connection": connection::snippets(address, id, token.reveal()),
    }))
}

fn start(rows: &Connection, platform: &Platform, wish: &Wish, workspace: &NewWorkspace) -> Answer {
    if platform.settings.provisioner == Provisioner::None {
        keep_config(rows, wish, workspace)?;
    }
    provisioning::start(rows, platform, &workspace.id, Start::Configured)?;
    created(&json!({
        "id": workspace.id,
        "status": "provisioning",
        "awareness_namespace": format!("workspace:{}", workspace.id),
        "workspace_access": workspace.workspace_access,
    }))
}

/// Where nobody starts containers the platform keeps what the container would have been told.
fn keep_config(rows: &Connection, wish: &Wish, workspace: &NewWorkspace) -> Result<(), Refusal> {
    let mut kept = json!({ "name": workspace.name, "tier": workspace.tier, "runtime": workspace.runtime });
    let optional = [("model", &wish.model), ("template", &wish.template)];
    for (key, value) in optional {
        if let (Some(text), Some(kept)) = (filled(value.clone()), kept.as_object_mut()) {
            kept.insert(key.to_owned(), text.into());
        }
    }
    config::replace(rows, &workspace.id, &kept)
}
