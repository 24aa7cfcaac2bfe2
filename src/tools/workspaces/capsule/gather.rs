//! One workspace's parts, as the tenant gives them.

use serde::Deserialize;
use serde_json::Value;

use super::super::{CONFIG, GET, GET_MODEL, LIST, SCHEDULES, SECRETS};
use super::files::{Budget, keep_files};
use super::memories::{Exported, keep_memories};
use super::{Instruction, Kept, Missing, Place, Valued, part};
use crate::failure::Failure;
use crate::tools::ids::WorkspaceId;
use crate::tools::invocation::Invocation;
use crate::tools::many::patiently;
use crate::tools::{channels, instructions, memory, plugins};

/// Asked once for all of them.
pub(super) struct Shared {
    pub rows: Vec<Value>,
    pub exported: Result<Vec<Exported>, Failure>,
    instructions: Result<Vec<Instruction>, Failure>,
    pub budget: Budget,
}

#[derive(Deserialize)]
struct Stored {
    #[serde(default)]
    data: Value,
}

#[derive(Default, Deserialize)]
struct Model {
    #[serde(default)]
    model: String,
    #[serde(default)]
    source: String,
}

impl Shared {
    pub(super) async fn fetch(call: &Invocation) -> Result<Self, Failure> {
        let rows = patiently(call, || call.tenant.ask(&LIST).fetch()).await?;
        let exported = patiently(call, || call.tenant.ask(&memory::EXPORT).fetch()).await;
        let instructions = patiently(call, || call.tenant.ask(&instructions::LIST).fetch()).await;
        Ok(Self { rows, exported, instructions, budget: Budget::default() })
    }

    /// What was removed isn't in the list, and can still be purged.
    async fn row(&self, id: &WorkspaceId, call: &Invocation) -> Result<Place, Failure> {
        let listed = self.rows.iter().find(|row| row.get("id").and_then(Value::as_str) == Some(id.as_str()));
        if let Some(place) = listed.and_then(|row| serde_json::from_value(row.clone()).ok()) {
            return Ok(place);
        }
        patiently(call, || call.tenant.ask(&GET).part("workspace_id", id).fetch()).await
    }
}

pub(super) async fn keep(id: &WorkspaceId, shared: &Shared, call: &Invocation) -> Result<Kept, Failure> {
    let workspace = shared.row(id, call).await?;
    let ask = |route| call.tenant.ask(route).part("workspace_id", id);
    let config: Stored = patiently(call, || ask(&CONFIG).fetch()).await?;
    let mut missing = Vec::new();
    let model: Model = part("model", &mut missing, call, || ask(&GET_MODEL).fetch()).await?;
    let schedules = part("schedules", &mut missing, call, || ask(&SCHEDULES).fetch()).await?;
    let secrets = part("names of secrets", &mut missing, call, || ask(&SECRETS).fetch()).await?;
    let channels = part("channels", &mut missing, call, || channels::kept(id, call)).await?;
    let values: Vec<Valued> = part("values under keys", &mut missing, call, || ask(&memory::KEPT).fetch()).await?;
    let memories = keep_memories(&workspace, shared, &mut missing, call).await?;
    let (mut plugins, mut files) = (Vec::new(), Vec::new());
    if workspace.runs() {
        plugins = part("plugins", &mut missing, call, || ask(&plugins::INSTALLED).fetch()).await?;
        files = keep_files(id, &shared.budget, &mut missing, call).await?;
    } else if !workspace.is_external() {
        let why =
            format!("its container doesn't run (it is {}), and the tenant shows only a template's", workspace.status);
        missing.push(Missing { what: "files and plugins".to_owned(), why });
    }
    let instructions = shared.instructions_of(id, &mut missing);
    let model = Some(model.model).filter(|name| model.source != "default" && !name.is_empty());
    let config = config.data;
    Ok(Kept {
        workspace,
        config,
        model,
        files,
        schedules,
        channels,
        memories,
        values,
        secrets,
        plugins,
        instructions,
        missing,
    })
}

impl Shared {
    fn instructions_of(&self, id: &WorkspaceId, missing: &mut Vec<Missing>) -> Vec<Instruction> {
        match &self.instructions {
            Ok(all) => {
                let own = all.iter().filter(|one| one.scope_target.as_deref() == Some(id.as_str()));
                own.cloned().collect()
            }
            Err(failure) => {
                missing.push(Missing { what: "instructions".to_owned(), why: failure.message().to_owned() });
                Vec::new()
            }
        }
    }
}
