//! Org templates: whole teams in one document. Importing is additive (every call makes a new set) and
//! not atomic: it makes one workspace after the other, parents first, and what was made before one
//! fails stays. The simulated tenant takes its time for each below the root, as the platform does.

mod channels;
mod needs;
mod plan;
mod shelf;
mod template;

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Provisioner;
use super::answer::{Answer, Refusal, Refuse, bad, ok, refused_with, reply};
use super::guard::Admin;
use super::payload::{Payload, filled};
use super::platform::{App, Platform};
use super::secrets;
use needs::Needs;
use plan::Made;
use template::OrgTemplate;

#[derive(Deserialize)]
struct Wish {
    dir: Option<String>,
    template: Option<OrgTemplate>,
    force: Option<bool>,
}

pub(crate) async fn list(_: Admin, State(platform): App) -> Answer {
    let listed = |(dir, template): (String, OrgTemplate)| {
        let needs = Needs::of(&template);
        json!({
            "dir": dir,
            "name": template.name,
            "description": template.description,
            "workspaces": template.workspaces.iter().map(template::Wanted::count).sum::<usize>(),
            "required_env": needs.required,
            "recommended_env": needs.recommended,
        })
    };
    ok(&shelf::all(&platform).into_iter().map(listed).collect::<Vec<Value>>())
}

pub(crate) async fn import(_: Admin, State(platform): App, payload: Payload) -> Answer {
    let wish: Wish = payload.json().refuse(bad("invalid request body"))?;
    let template = match filled(wish.dir) {
        Some(dir) => shelf::load(&platform, &dir)?,
        None => {
            wish.template.filter(|template| !template.name.is_empty()).refuse(bad("provide 'dir' or 'template'"))?
        }
    };
    if wish.force != Some(true) {
        check_needs(&platform, &template).await?;
    }
    Ok(make(&platform, Arc::new(template)).await)
}

async fn check_needs(platform: &Platform, template: &OrgTemplate) -> Result<(), Refusal> {
    let needs = Needs::of(template);
    let there = platform.read(|rows| Ok(secrets::global_keys(rows)?)).await?;
    let missing = needs.missing(&there);
    if missing.is_empty() {
        return Ok(());
    }
    Err(refused_with(StatusCode::PRECONDITION_FAILED, "missing required environment variables")
        .with("missing_env", json!(missing))
        .with("required_env", json!(needs.required))
        .with("template", template.name.as_str())
        .with("suggestion", "set these as global secrets (POST /settings/secrets) or pass force=true to override"))
}

/// One transaction a workspace, so that others see them come, and a client that goes away leaves whole
/// ones behind.
async fn make(platform: &Arc<Platform>, template: Arc<OrgTemplate>) -> Response {
    let mut made: Vec<Made> = Vec::new();
    for (index, step) in plan::of(&template).into_iter().enumerate() {
        if step.parent.is_some() && platform.settings.provisioner == Provisioner::Simulated {
            tokio::time::sleep(platform.settings.pace).await;
        }
        let parent = step.parent.and_then(|parent| made.get(parent)).cloned();
        let wanted = Arc::clone(&template);
        let one = platform.write(move |rows, platform| plan::make(rows, platform, &wanted, index, parent.as_ref()));
        match one.await {
            Ok(Ok(one)) => made.push(one),
            Ok(Err(reason)) => return partial(&template, &made, &format!("workspace {}: {reason}", step.name)),
            Err(_) => return partial(&template, &made, &format!("workspace {}: database error", step.name)),
        }
    }
    let body = told(&template, &made);
    reply(StatusCode::CREATED, &body)
}

fn told(template: &OrgTemplate, made: &[Made]) -> Value {
    let workspaces: Vec<&Value> = made.iter().map(|made| &made.told).collect();
    json!({ "org": template.name, "count": made.len(), "workspaces": workspaces })
}

fn partial(template: &OrgTemplate, made: &[Made], error: &str) -> Response {
    let mut body = told(template, made);
    if let Some(body) = body.as_object_mut() {
        body.insert("error".to_owned(), error.into());
    }
    reply(StatusCode::MULTI_STATUS, &body)
}
