//! update_workspace. The tenant answers `updated` for writes that failed, so each field is read back.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};

use super::UPDATE;
use super::create::Tier;
use super::wire::{Detail, fetch_all, fetch_one};
use crate::failure::{Changed, Code, Failure};
use crate::policy::target::Reach;
use crate::tools::ids::{HostDirectory, Role, Word, WorkspaceId, WorkspaceName};
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateWorkspace {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// A new name.
    #[schemars(with = "Option<String>")]
    name: Option<WorkspaceName>,
    /// What it is for.
    #[schemars(with = "Option<String>")]
    role: Option<Role>,
    /// Size of its machine, 1 to 10.
    #[schemars(with = "Option<i64>")]
    tier: Option<Tier>,
    /// What its agent runs on, as `claude-code`.
    runtime: Option<Word>,
    /// The workspace that it goes below.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>")]
    parent_id: Option<Option<WorkspaceId>>,
    /// Make it a root, without a parent.
    #[serde(default)]
    detach: bool,
    /// Place on the canvas.
    x: Option<f64>,
    /// With `x`.
    y: Option<f64>,
    /// Whether the canvas shows its children folded away.
    collapsed: Option<bool>,
    /// The host's directory that it mounts, after a restart.
    #[schemars(with = "Option<String>")]
    workspace_dir: Option<HostDirectory>,
}

/// Tells `null` from absent: it is how users of the TypeScript server detach a workspace.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<WorkspaceId>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
struct Updated {
    #[serde(default)]
    needs_restart: bool,
}

#[derive(Serialize, JsonSchema)]
pub struct UpdatedWorkspace {
    id: WorkspaceId,
    /// The fields that were changed, as they read now.
    updated: Map<String, Value>,
    /// The change takes effect with the next restart.
    needs_restart: bool,
}

impl Act for UpdateWorkspace {
    type Answer = UpdatedWorkspace;

    /// Who makes it a root puts it beside everybody's; a directory of the host is anybody's.
    fn reach(&self) -> Option<Reach> {
        (self.parent() == Some(None) || self.workspace_dir.is_some()).then_some(Reach::Organisation)
    }

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let wanted = self.wanted()?;
        // The tenant answers for a removed workspace, too; nobody means to change one.
        let before = fetch_one(&self.workspace_id, call).await?;
        if before.status == "removed" {
            return Err(Failure::new(Code::NotFound, "that workspace was removed"));
        }
        self.refuse_self_help(call)?;
        self.refuse_leaving(call)?;
        let ask = call.tenant.ask(&UPDATE).part("workspace_id", &self.workspace_id).body(&wanted);
        let answer: Updated = match ask.fetch().await {
            Ok(answer) => answer,
            Err(failure) => return Err(self.after_refusal(failure, &wanted, call).await),
        };
        let now = self.read_back(call).await?;
        let ignored = differing(&wanted, &now);
        if !ignored.is_empty() {
            return Err(not_all(&wanted, &ignored));
        }
        Ok(UpdatedWorkspace { id: self.workspace_id, updated: wanted, needs_restart: answer.needs_restart })
    }
}

impl UpdateWorkspace {
    fn wanted(&self) -> Result<Map<String, Value>, Failure> {
        if self.x.is_some() != self.y.is_some() {
            return Err(Failure::invalid("`x` and `y` are only kept together").next("Give both, or neither."));
        }
        let fields = [
            ("name", self.name.as_ref().map(|name| json!(name))),
            ("role", self.role.as_ref().map(|role| json!(role))),
            ("tier", self.tier.map(|tier| json!(tier.get()))),
            ("runtime", self.runtime.as_ref().map(|runtime| json!(runtime))),
            ("parent_id", self.parent().map(|parent| json!(parent))),
            ("x", self.x.map(|x| json!(x))),
            ("y", self.y.map(|y| json!(y))),
            ("collapsed", self.collapsed.map(|collapsed| json!(collapsed))),
            ("workspace_dir", self.workspace_dir.as_ref().map(|dir| json!(dir))),
        ];
        let wanted: Map<String, Value> =
            fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        if wanted.is_empty() {
            return Err(
                Failure::invalid("there is nothing to change").next("Give at least one field besides `workspace_id`.")
            );
        }
        if self.detach && self.parent_id.as_ref().is_some_and(Option::is_some) {
            return Err(Failure::invalid("`detach` and `parent_id` exclude each other"));
        }
        if self.parent() == Some(Some(&self.workspace_id)) {
            return Err(Failure::invalid("a workspace can't be its own parent"));
        }
        Ok(wanted)
    }

    /// Nobody gives itself a larger machine, another place in the hierarchy, or a directory.
    fn refuse_self_help(&self, call: &Invocation) -> Result<(), Failure> {
        let gains = self.tier.is_some() || self.runtime.is_some() || self.workspace_dir.is_some();
        if !(gains || self.parent().is_some()) || !call.caller.runs_in(&self.workspace_id) {
            return Ok(());
        }
        let message = "`tier`, `runtime`, `workspace_dir` and the parent of the workspace that you run in aren't yours";
        Err(Failure::new(Code::ForbiddenByPolicy, message).next("Tell a person what you wanted to do."))
    }

    /// What hangs below a workspace outside of the binding is that one's, too.
    fn refuse_leaving(&self, call: &Invocation) -> Result<(), Failure> {
        let above = call.tree.parent(&self.workspace_id);
        if self.parent().is_none() || above.is_none_or(|above| call.sees(above)) {
            return Ok(());
        }
        Err(Failure::new(Code::ForbiddenByPolicy, "it would leave a parent that this grant isn't bound to")
            .next("Ask the operator to move it."))
    }

    /// The parent it shall have; `None` leaves it as it is.
    fn parent(&self) -> Option<Option<&WorkspaceId>> {
        if self.detach { Some(None) } else { self.parent_id.as_ref().map(Option::as_ref) }
    }

    /// The tenant writes field by field, and may refuse one after it has written others.
    async fn after_refusal(&self, failure: Failure, wanted: &Map<String, Value>, call: &Invocation) -> Failure {
        if failure.code() != Code::InvalidInput || wanted.len() < 2 {
            return failure;
        }
        match self.read_back(call).await {
            Ok(now) if differing(wanted, &now).len() == wanted.len() => failure.confirmed(Changed::No),
            Ok(_) => failure
                .changed(Changed::Unknown)
                .next("Some of the other fields may have been written: look with get_workspace, then mend the value."),
            Err(_) => failure.changed(Changed::Unknown),
        }
    }

    /// The fields as they stand now. The directory is only in the list.
    async fn read_back(&self, call: &Invocation) -> Result<Map<String, Value>, Failure> {
        let now: Detail = fetch_one(&self.workspace_id, call).await?;
        let directory = match &self.workspace_dir {
            Some(_) => {
                let all = fetch_all(call).await?;
                all.into_iter().find(|one| one.id == self.workspace_id).and_then(|one| one.workspace_dir)
            }
            None => None,
        };
        let fields = json!({
            "name": now.name, "role": now.role, "tier": now.tier, "runtime": now.runtime,
            "parent_id": now.parent_id, "x": now.x, "y": now.y, "collapsed": now.collapsed,
            "workspace_dir": directory,
        });
        Ok(fields.as_object().cloned().unwrap_or_default())
    }
}

/// The fields that don't read as they were wanted.
fn differing<'a>(wanted: &'a Map<String, Value>, now: &Map<String, Value>) -> Vec<&'a str> {
    let differs = |(field, value): &(&String, &Value)| now.get(*field) != Some(*value);
    wanted.iter().filter(differs).map(|(field, _)| field.as_str()).collect()
}

fn not_all(wanted: &Map<String, Value>, ignored: &[&str]) -> Failure {
    let changed = if ignored.len() == wanted.len() { Changed::No } else { Changed::Yes };
    let message = format!("the tenant answered `updated`, but {} did not change", ignored.join(", "));
    Failure::new(Code::UnexpectedAnswer, message)
        .confirmed(changed)
        .next("Check the value (does the parent exist?) and look with get_workspace.")
}
