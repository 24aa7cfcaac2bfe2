//! The order in which an org template's workspaces are made, parents before children, and the making of
//! one. Differs from POST /workspaces: tier 2 by default, names aren't checked, external ones are online
//! even without an address and keep the runtime of containers.

use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::super::answer::Refusal;
use super::super::events;
use super::super::platform::Platform;
use super::super::provisioning::{self, Start};
use super::super::schedules;
use super::super::workspaces::row::NewWorkspace;
use super::channels;
use super::template::{OrgTemplate, Wanted};

/// Children stand in two columns inside their parent's frame.
const FRAME: (f64, f64) = (16.0, 130.0);
const CARD: (f64, f64) = (254.0, 144.0);

pub(super) struct Step<'a> {
    pub(super) name: &'a str,
    /// Among the steps before.
    pub(super) parent: Option<usize>,
    wanted: &'a Wanted,
    /// Among its siblings.
    slot: usize,
}

/// What came of a step.
#[derive(Clone)]
pub(super) struct Made {
    id: String,
    place: (f64, f64),
    pub(super) told: Value,
}

pub(super) fn of(template: &OrgTemplate) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    add(&mut steps, &template.workspaces, None);
    steps
}

fn add<'a>(steps: &mut Vec<Step<'a>>, siblings: &'a [Wanted], parent: Option<usize>) {
    for (slot, wanted) in siblings.iter().enumerate() {
        let own = steps.len();
        steps.push(Step { name: &wanted.name, parent, wanted, slot });
        add(steps, &wanted.children, Some(own));
    }
}

/// The inner error is the template's fault, in the words of the answer.
pub(super) fn make(
    rows: &Connection,
    platform: &Platform,
    template: &OrgTemplate,
    index: usize,
    parent: Option<&Made>,
) -> Result<Result<Made, String>, Refusal> {
    let steps = of(template);
    let Some(step) = steps.get(index) else { return Ok(Err("no such step".to_owned())) };
    if let Err(reason) = step.wanted.check() {
        return Ok(Err(reason));
    }
    let made = insert(rows, platform, template, step, parent)?;
    if index == 0 {
        for memory in &template.global_memories {
            memory.insert_as(rows, &made.id, "GLOBAL")?;
        }
    }
    Ok(Ok(made))
}

fn insert(
    rows: &Connection,
    platform: &Platform,
    template: &OrgTemplate,
    step: &Step,
    parent: Option<&Made>,
) -> Result<Made, Refusal> {
    let (wanted, defaults) = (step.wanted, &template.defaults);
    let text = |text: &'_ Option<String>| text.clone().filter(|text| !text.is_empty());
    let runtime = text(&wanted.runtime).or_else(|| text(&defaults.runtime));
    let tier = wanted.tier.or(defaults.tier).filter(|tier| *tier != 0).unwrap_or(2);
    let workspace = NewWorkspace {
        role: wanted.role.as_deref(),
        tier,
        status: if wanted.external { "online" } else { "provisioning" },
        runtime: runtime.as_deref().unwrap_or("langgraph"),
        external: wanted.external,
        url: if wanted.external { &wanted.url } else { "" },
        parent_id: parent.map(|parent| parent.id.as_str()),
        workspace_dir: wanted.workspace_dir.as_deref().filter(|directory| !directory.is_empty()),
        workspace_access: Some(wanted.workspace_access.as_str()).filter(|access| !access.is_empty()).unwrap_or("none"),
        max_concurrent_tasks: wanted.max_concurrent_tasks.unwrap_or(1),
        place: place(step, parent),
        ..NewWorkspace::named(&wanted.name)
    };
    workspace.insert(rows)?;
    tell(rows, &workspace)?;
    let told = furnish(rows, platform, template, wanted, &workspace)?;
    if !wanted.external {
        provisioning::start(rows, platform, &workspace.id, Start::Configured)?;
    }
    Ok(Made { place: workspace.place, id: workspace.id, told })
}

fn tell(rows: &Connection, workspace: &NewWorkspace) -> rusqlite::Result<()> {
    let told = json!({
        "name": workspace.name,
        "tier": workspace.tier,
        "runtime": workspace.runtime,
        "x": workspace.place.0,
        "y": workspace.place.1,
        "parent_id": workspace.parent_id,
    });
    events::tell(rows, "WORKSPACE_PROVISIONING", &workspace.id, &told)?;
    match workspace.external {
        true => {
            let told = json!({ "name": workspace.name, "external": true });
            events::tell(rows, "WORKSPACE_ONLINE", &workspace.id, &told)
        }
        false => Ok(()),
    }
}

fn place(step: &Step, parent: Option<&Made>) -> (f64, f64) {
    let Some(parent) = parent else {
        return step.wanted.canvas.map_or((0.0, 0.0), |canvas| (canvas.x, canvas.y));
    };
    let (column, row) = ((step.slot % 2) as f64, (step.slot / 2) as f64);
    (parent.place.0 + FRAME.0 + column * CARD.0, parent.place.1 + FRAME.1 + row * CARD.1)
}

/// Memories, schedules and channels; what the answer says of the workspace.
fn furnish(
    rows: &Connection,
    platform: &Platform,
    template: &OrgTemplate,
    wanted: &Wanted,
    workspace: &NewWorkspace,
) -> Result<Value, Refusal> {
    let own = Some(&wanted.initial_memories).filter(|own| !own.is_empty());
    for memory in own.unwrap_or(&template.defaults.initial_memories) {
        memory.insert(rows, &workspace.id)?;
    }
    for schedule in &wanted.schedules {
        if schedules::insert(rows, Some(&workspace.id), schedule, "template").is_err() {
            tracing::debug!(workspace = workspace.name, "a schedule of the template was left out");
        }
    }
    let mut told = Map::from_iter([
        ("id".to_owned(), json!(workspace.id)),
        ("name".to_owned(), json!(workspace.name)),
        ("tier".to_owned(), json!(workspace.tier)),
    ]);
    let (kept, skipped) = channels::insert(rows, platform, &workspace.id, wanted);
    for (name, list) in [("channels", kept), ("channels_skipped", skipped)] {
        if !list.is_empty() {
            told.insert(name.to_owned(), list.into());
        }
    }
    Ok(told.into())
}
