//! Making one workspace, once: who was there before is written down first, so that after a call that broke
//! off the one it made can be told from the others.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::CREATE;
use super::super::capsule::Place;
use super::super::wire::{Workspace, fetch_everything};
use super::steps::Steps;
use crate::failure::{Changed, Code, Failure};
use crate::tools::ids::WorkspaceId;
use crate::tools::invocation::Invocation;
use crate::tools::many::patiently;

/// What was about to be made.
const BEGUN: &str = "begun";

/// Name and place of the one to be made, and who had them before.
#[derive(Debug, Serialize, Deserialize)]
struct Begun {
    name: String,
    parent: Option<WorkspaceId>,
    alike: BTreeSet<WorkspaceId>,
}

#[derive(Deserialize)]
struct Created {
    id: WorkspaceId,
}

pub(super) async fn make(
    old: &Place,
    name: &str,
    parent: Option<&WorkspaceId>,
    steps: &Steps,
    call: &Invocation,
) -> Result<WorkspaceId, Failure> {
    if let Some(made) = steps.made_of(&old.id) {
        return Ok(made);
    }
    let earlier = steps.get(&old.id, BEGUN).and_then(|text| serde_json::from_str::<Begun>(&text).ok());
    let begun = match earlier {
        Some(begun) => {
            let now = alike(&begun.name, begun.parent.as_ref(), call).await?;
            if let Some(found) = begun.made(&now)? {
                steps.set_made(&old.id, &found, call).await?;
                return Ok(found);
            }
            begun
        }
        None => {
            let alike = alike(name, parent, call).await?;
            let begun = Begun { name: name.to_owned(), parent: parent.cloned(), alike };
            steps.set(&old.id, BEGUN, json!(begun), call).await?;
            begun
        }
    };
    let body = body(old, &begun.name, begun.parent.as_ref());
    let created: Created = patiently(call, || call.tenant.ask(&CREATE).body(&body).fetch()).await?;
    call.made(&created.id);
    steps.set_made(&old.id, &created.id, call).await.map_err(|failure| failure.changed(Changed::Yes))?;
    Ok(created.id)
}

/// Those of that name in that place.
async fn alike(name: &str, parent: Option<&WorkspaceId>, call: &Invocation) -> Result<BTreeSet<WorkspaceId>, Failure> {
    let all: Vec<Workspace> = patiently(call, || fetch_everything(call)).await?;
    let is_alike = |one: &Workspace| one.name == name && one.parent_id.as_ref() == parent;
    Ok(all.into_iter().filter(is_alike).map(|one| one.id).collect())
}

impl Begun {
    /// What an earlier call made, of which it is only known that it was begun.
    fn made(&self, now: &BTreeSet<WorkspaceId>) -> Result<Option<WorkspaceId>, Failure> {
        let new: Vec<&WorkspaceId> = now.difference(&self.alike).collect();
        match new.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some((*one).clone())),
            _ => Err(Failure::new(Code::Conflict, "which of several new workspaces an earlier try made isn't clear")
                .next("Remove or rename those that it didn't make, then call again with the same capsule.")),
        }
    }
}

fn body(old: &Place, name: &str, parent: Option<&WorkspaceId>) -> Value {
    // A container's address is the tenant's own.
    let url = Some(&old.url).filter(|url| old.is_external() && !url.is_empty());
    let fields = [
        ("name", json!(name)),
        ("role", json!(old.role)),
        ("tier", json!(Some(old.tier).filter(|tier| *tier > 0))),
        ("runtime", json!(Some(&old.runtime).filter(|runtime| !runtime.is_empty()))),
        ("external", json!(old.is_external())),
        ("url", json!(url)),
        ("parent_id", json!(parent)),
        ("workspace_dir", json!(old.workspace_dir)),
        ("budget_limit", json!(old.budget_limit)),
        ("max_concurrent_tasks", json!(Some(old.max_concurrent_tasks).filter(|most| *most > 0))),
        ("canvas", json!({ "x": old.x, "y": old.y })),
    ];
    let given = fields.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(given.map(|(field, value)| (field.to_owned(), value)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_earlier_try_made_is_who_wasnt_there_before() {
        let id = |n: u8| WorkspaceId::try_from(format!("00000000-0000-4000-8000-{n:012}")).unwrap();
        let begun = Begun { name: "x".to_owned(), parent: None, alike: BTreeSet::from([id(1)]) };
        assert_eq!(begun.made(&BTreeSet::from([id(1)])).unwrap(), None);
        assert_eq!(begun.made(&BTreeSet::from([id(1), id(2)])).unwrap(), Some(id(2)));
        assert!(begun.made(&BTreeSet::from([id(2), id(3)])).is_err());
    }
}
