//! The organisation as code, against the embedded tenant: plans, imports that are resumed, exports that come
//! back as they were, the terminal, and a process that is killed in between.

mod crash;
mod export;
mod import;
mod plan;
mod terminal;

use serde_json::{Value, json};

use crate::support::{House, Plan};

fn empty() -> House {
    House::open(Plan::default())
}

/// A lead with two engineers, one of them with a schedule, a model and more.
fn team() -> Value {
    json!({
        "name": "Team",
        "defaults": { "runtime": "claude-code", "tier": 3 },
        "required_env": ["SEARCH_API_KEY"],
        "workspaces": [{
            "name": "Lead", "role": "leads", "external": true, "url": "https://lead.example",
            "children": [
                {
                    "name": "Backend", "external": true, "url": "https://backend.example", "model": "sonnet",
                    "budget_limit": 5000, "canvas": { "x": 40.0, "y": 50.0 },
                    "schedules": [{ "name": "Triage", "cron_expr": "0 9 * * 1-5", "prompt": "Triage." }],
                    "instructions": [{ "title": "Kindness", "content": "Be kind." }],
                    "children": [{ "name": "Junior", "external": true, "url": "https://junior.example" }],
                },
                { "name": "Frontend", "external": true, "url": "https://frontend.example", "tier": 1 },
            ],
        }],
    })
}

async fn plan(house: &House, template: &Value) -> Value {
    house.call("plan_org_import", json!({ "inline": template })).await
}

/// By a plan of just now.
async fn import(house: &House, template: &Value) -> Value {
    let plan = plan(house, template).await;
    house.call("import_org", json!({ "inline": template, "plan_id": plan["plan_id"], "force": true })).await
}

async fn workspaces(house: &House) -> Vec<Value> {
    let all = house.host().ask_as_owner("GET", "/workspaces", Value::Null).await.1;
    all.as_array().unwrap().clone()
}

/// Names from the root to each, sorted.
fn paths(all: &[Value]) -> Vec<String> {
    let path = |one: &Value| {
        let mut path = one["name"].as_str().unwrap().to_owned();
        let mut above = &one["parent_id"];
        while let Some(parent) = all.iter().find(|parent| !above.is_null() && parent["id"] == *above) {
            path = format!("{} / {path}", parent["name"].as_str().unwrap());
            above = &parent["parent_id"];
        }
        path
    };
    let mut paths: Vec<String> = all.iter().map(path).collect();
    paths.sort();
    paths
}

const TEAM: [&str; 4] = ["Lead", "Lead / Backend", "Lead / Backend / Junior", "Lead / Frontend"];

fn named<'a>(all: &'a [Value], name: &str) -> &'a Value {
    all.iter().find(|one| one["name"] == name).unwrap()
}
