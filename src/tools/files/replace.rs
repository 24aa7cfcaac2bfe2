//! replace_all_files. The tenant's own word for it is wrong: it replaces nothing but what is named. And
//! where no container runs it may write a template, which is then other workspaces' too.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::REPLACE;
use super::place::{Root, entries, refuse_all_credentials};
use super::write::FileText;
use crate::failure::{Code, Failure};
use crate::policy::target::Reach;
use crate::tools::container;
use crate::tools::ids::{FilePath, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;
use crate::tools::workspaces::wire::{Workspace, called};
use crate::tools::workspaces::{fetch_everything, fetch_one};

const MOST_FILES: usize = 200;
const MOST_BYTES: usize = 1 << 20;
/// As deep as the tenant lists.
const DEEPEST: i64 = 5;
/// Names in one message or answer.
const NAMED: usize = 20;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplaceAllFiles {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// Path below /configs to whole content; 1 to 200 files, 1 MiB together.
    files: BTreeMap<FilePath, FileText>,
    /// Go ahead although workspaces of the same name may get the files too.
    #[serde(default)]
    shared: bool,
}

#[derive(Serialize, JsonSchema)]
pub struct Replaced {
    /// Files that the tenant says it wrote; no others were touched.
    written: u32,
    /// `container`; `volume`, seen when the workspace starts; `template`, shared by name; `ec2-ssh`.
    place: String,
    /// Files that are listed there now with the size that was sent.
    confirmed: usize,
    /// The first of the others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unconfirmed: Vec<String>,
    /// Other workspaces of that name, where the template was written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    shared_with: Vec<Named>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

#[derive(Serialize, JsonSchema)]
struct Named {
    id: WorkspaceId,
    name: String,
}

#[derive(Deserialize)]
struct Answer {
    files: u32,
    #[serde(default)]
    source: String,
}

impl Act for ReplaceAllFiles {
    type Answer = Replaced;

    /// Others' templates are others' files.
    fn reach(&self) -> Option<Reach> {
        self.shared.then_some(Reach::Organisation)
    }

    async fn act(self, call: &Invocation) -> Result<Replaced, Failure> {
        self.check()?;
        let (target, all) = tokio::try_join!(fetch_one(&self.workspace_id, call), fetch_everything(call))?;
        let namesakes = namesakes(&target.name, &self.workspace_id, &all);
        if !container::runs(&target) && !self.shared {
            refuse_sharing(&namesakes, call)?;
        }
        let body = json!({ "files": self.files });
        let ask = call.tenant.ask(&REPLACE).part("workspace_id", &self.workspace_id).body(&body);
        let answer: Answer = ask.fetch().await.map_err(unwritten)?;
        let missing = self.unconfirmed(call).await;
        let is_template = answer.source == "template";
        let shared_with = if is_template { namesakes } else { Vec::new() };
        Ok(Replaced {
            written: answer.files,
            confirmed: self.files.len() - missing.len(),
            note: note(&answer.source, missing.len()),
            unconfirmed: missing.into_iter().take(NAMED).collect(),
            shared_with: shared_with.iter().map(|one| Named { id: one.id.clone(), name: one.name.clone() }).collect(),
            place: answer.source,
        })
    }
}

impl ReplaceAllFiles {
    fn check(&self) -> Result<(), Failure> {
        if !(1..=MOST_FILES).contains(&self.files.len()) {
            return Err(Failure::invalid(format!("`files`: expected 1 to {MOST_FILES} files")));
        }
        if self.files.values().map(|content| content.as_str().len()).sum::<usize>() > MOST_BYTES {
            return Err(
                Failure::invalid("`files`: expected at most 1 MiB together").next("Send them in several calls.")
            );
        }
        refuse_all_credentials(self.files.keys())
    }

    /// Paths that aren't listed with the size that was sent: one question for all of them. What it can't
    /// see (deeper folders, a volume that no container shows) stays unconfirmed.
    async fn unconfirmed(&self, call: &Invocation) -> Vec<String> {
        let listed = entries(&self.workspace_id, Root::Configs, None, DEEPEST, call).await.unwrap_or_default();
        let sizes: BTreeMap<&str, u64> = listed.iter().map(|entry| (entry.path.as_str(), entry.size)).collect();
        let is_there = |path: &FilePath, content: &FileText| {
            sizes.get(path.as_str()).is_some_and(|size| usize::try_from(*size) == Ok(content.as_str().len()))
        };
        let missing = self.files.iter().filter(|(path, content)| !is_there(path, content));
        missing.map(|(path, _)| path.to_string()).collect()
    }
}

/// The folder in which the tenant looks for a workspace's template.
fn folder(name: &str) -> String {
    name.to_lowercase().replace(' ', "-")
}

fn namesakes<'a>(name: &str, own: &WorkspaceId, all: &'a [Workspace]) -> Vec<&'a Workspace> {
    all.iter().filter(|one| one.id != *own && folder(&one.name) == folder(name)).collect()
}

fn refuse_sharing(namesakes: &[&Workspace], call: &Invocation) -> Result<(), Failure> {
    if namesakes.is_empty() {
        return Ok(());
    }
    if namesakes.iter().any(|one| !call.sees(&one.id)) {
        let message = "no container of it runs, so the files might become those of others with its name";
        return Err(Failure::new(Code::ForbiddenByPolicy, message).next("Start the workspace first."));
    }
    let named: Vec<String> = namesakes.iter().take(NAMED).map(|one| called(&one.name, &one.id)).collect();
    let told = format!(
        "no container of it runs, so the files may go into the template that these show and start with, too: {}",
        named.join(", ")
    );
    Err(Failure::new(Code::Conflict, told).next(
        "Start the workspace first; or tell the person, and if all may have them, call again with `shared: true`.",
    ))
}

fn unwritten(failure: Failure) -> Failure {
    if failure.code() == Code::TenantError {
        return failure.next(
            "It may have neither a container that can be reached nor a template of its name: look with get_workspace.",
        );
    }
    failure
}

fn note(place: &str, missing: usize) -> Option<&'static str> {
    match (place, missing) {
        ("template", _) => {
            Some("This went into the template of that name: every workspace that has or gets the name shows it.")
        }
        ("volume", 1..) => {
            Some("No container shows the volume now: look with list_files once the workspace is online.")
        }
        (_, 1..) => Some("Look at the unconfirmed ones with read_file."),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_share_a_template_as_the_tenant_compares_them() {
        assert_eq!(folder("ZZ Files Lab"), "zz-files-lab");
        assert_ne!(folder("ZZ Files Lab 2"), folder("zz-files-lab"));
    }

    #[test]
    fn a_shared_template_is_always_told() {
        assert!(note("template", 0).is_some_and(|note| note.contains("every workspace")));
        assert_eq!(note("container", 0), None);
        assert!(note("volume", 1).is_some_and(|note| note.contains("online")));
    }
}
