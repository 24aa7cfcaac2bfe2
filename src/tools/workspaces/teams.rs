//! expand_team and collapse_team. The tenant does both without asking: expanding again doubles the
//! children, collapsing removes them with what runs in them and leaves their own children without a
//! parent. So each is said first.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::capsule::{self, Saved};
use super::wire::{Workspace, called, fetch_everything, fetch_one};
use super::{COLLAPSE, EXPAND};
use crate::failure::{Changed, Code, Failure};
use crate::tools::ids::WorkspaceId;
use crate::tools::invocation::Invocation;
use crate::tools::many::patiently;
use crate::tools::tool::Act;

/// How many are named in a refusal.
const NAMED: usize = 10;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpandTeam {
    /// The workspace that gets children; from list_workspaces.
    workspace_id: WorkspaceId,
    /// Go ahead although it has children: its template's are added once more.
    #[serde(default)]
    again: bool,
}

#[derive(Serialize, JsonSchema)]
pub struct Expanded {
    /// The new ones.
    children: Vec<Child>,
    /// Children that it had before.
    had: usize,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Child {
    id: WorkspaceId,
    name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    role: String,
}

#[derive(Deserialize)]
struct ExpandedAnswer {
    children: Vec<Child>,
}

impl Act for ExpandTeam {
    type Answer = Expanded;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let all = fetch_everything(call).await?;
        let target = find(&self.workspace_id, &all, call).await?;
        let children = children(&all, &target.id);
        if !children.is_empty() && !self.again {
            let what = called(&target.name, &target.id);
            let message = format!("{what} has {} already: {}", children.len(), names(&children));
            return Err(Failure::new(Code::Conflict, message).next(
                "Expanding adds its template's children once more. If the person wants that, call again with `again: true`.",
            ));
        }
        let ask = call.tenant.ask(&EXPAND).part("workspace_id", &self.workspace_id).expecting(&[400]);
        let answer = ask.received().await?;
        if answer.status == 400 {
            return Err(nothing_to_expand(&target.name));
        }
        let expanded: ExpandedAnswer = answer.decode()?;
        Ok(Expanded { children: expanded.children, had: children.len() })
    }
}

fn nothing_to_expand(name: &str) -> Failure {
    let message = "the tenant holds no template of this workspace's name that lists `sub_workspaces`";
    Failure::new(Code::PreconditionFailed, message).confirmed(Changed::No).next(format!(
        "list_templates shows what there is; import_template under the name \"{}\" brings one.",
        name.chars().filter(|c| !c.is_control()).take(60).collect::<String>()
    ))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CollapseTeam {
    /// The workspace whose children are removed; from list_workspaces.
    workspace_id: WorkspaceId,
    /// Go ahead although grandchildren lose their parent.
    #[serde(default)]
    orphaning: bool,
    /// Go ahead although children run tasks; they are lost.
    #[serde(default)]
    interrupting: bool,
}

#[derive(Serialize, JsonSchema)]
pub struct Collapsed {
    removed: Vec<Named>,
    /// Still listed although the tenant said that they were removed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    still_there: Vec<Named>,
    /// Kept, and without a parent that is there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    orphaned: Vec<Named>,
    /// Absent where there were none.
    #[serde(flatten)]
    saved: Option<Saved>,
}

#[derive(Serialize, JsonSchema)]
struct Named {
    id: WorkspaceId,
    name: String,
}

impl Act for CollapseTeam {
    type Answer = Collapsed;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let all = fetch_everything(call).await?;
        let target = find(&self.workspace_id, &all, call).await?;
        let children = children(&all, &target.id);
        if children.is_empty() {
            return Ok(Collapsed { removed: vec![], still_there: vec![], orphaned: vec![], saved: None });
        }
        self.check(target, &children, &grandchildren(&all, &children))?;
        let saved = capsule::save(children.iter().map(|one| one.id.clone()).collect(), call).await?;
        // Saving takes its time, and others go on meanwhile.
        let all = patiently(call, || fetch_everything(call)).await?;
        let children = again(target, &children, &all)?;
        let grandchildren = grandchildren(&all, &children);
        self.check(target, &children, &grandchildren)?;
        call.tenant.ask(&COLLAPSE).part("workspace_id", &self.workspace_id).received().await?;
        let left: BTreeSet<WorkspaceId> = fetch_everything(call).await?.into_iter().map(|one| one.id).collect();
        let (still, gone): (Vec<_>, Vec<_>) = children.into_iter().partition(|one| left.contains(&one.id));
        Ok(Collapsed {
            removed: gone.into_iter().map(named).collect(),
            still_there: still.into_iter().map(named).collect(),
            orphaned: grandchildren.into_iter().map(named).collect(),
            saved: Some(saved),
        })
    }
}

impl CollapseTeam {
    fn check(&self, target: &Workspace, children: &[&Workspace], grandchildren: &[&Workspace]) -> Result<(), Failure> {
        let tasks: u32 = children.iter().map(|one| one.active_tasks).sum();
        let (mut missing, mut lost) = (Vec::new(), Vec::new());
        if !grandchildren.is_empty() && !self.orphaning {
            missing.push("`orphaning: true`");
            lost.push(format!("leave without a parent {}: {}", grandchildren.len(), names(grandchildren)));
        }
        if tasks > 0 && !self.interrupting {
            missing.push("`interrupting: true`");
            lost.push(format!("lose {tasks} running task(s)"));
        }
        if missing.is_empty() {
            return Ok(());
        }
        let what = called(&target.name, &target.id);
        let message = format!("collapsing {what} removes {} children and would {}", children.len(), lost.join(" and "));
        Err(Failure::new(Code::Conflict, message)
            .next(format!("Tell the person; if it should be so, call again with {}.", missing.join(" and "))))
    }
}

/// Both routes take ids that they don't know, or removed ones; the list has neither.
async fn find<'a>(id: &WorkspaceId, all: &'a [Workspace], call: &Invocation) -> Result<&'a Workspace, Failure> {
    if let Some(one) = all.iter().find(|one| one.id == *id) {
        return Ok(one);
    }
    fetch_one(id, call).await?;
    Err(Failure::new(Code::NotFound, "that workspace was removed"))
}

fn children<'a>(all: &'a [Workspace], parent: &WorkspaceId) -> Vec<&'a Workspace> {
    all.iter().filter(|one| one.parent_id.as_ref() == Some(parent)).collect()
}

/// The same as were saved, as they are now.
fn again<'a>(target: &Workspace, saved: &[&Workspace], all: &'a [Workspace]) -> Result<Vec<&'a Workspace>, Failure> {
    let now = children(all, &target.id);
    capsule::refuse_others(saved, &now)?;
    Ok(now)
}

fn grandchildren<'a>(all: &'a [Workspace], parents: &[&Workspace]) -> Vec<&'a Workspace> {
    parents.iter().flat_map(|parent| children(all, &parent.id)).collect()
}

fn names(of: &[&Workspace]) -> String {
    let named: Vec<String> = of.iter().take(NAMED).map(|one| called(&one.name, &one.id)).collect();
    format!("{}{}", named.join(", "), if of.len() > NAMED { ", …" } else { "" })
}

fn named(one: &Workspace) -> Named {
    Named { id: one.id.clone(), name: one.name.clone() }
}
