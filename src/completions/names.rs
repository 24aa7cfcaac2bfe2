//! What a value is a name of. Whoever declares an argument of a prompt or a variable of a resource says it
//! with this, and completion knows from it which tool lists the values.

use serde_json::{Map, Value, json};

/// What there are names of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Names {
    Workspaces,
    OrgKeys,
    OrgTemplates,
    WorkspaceTemplates,
    /// Of one workspace, as are those that follow.
    Schedules,
    Channels,
    /// Paths below /configs, as are those that follow.
    Files,
    Folders,
    /// Days of the journal, UTC: `today`, or `2026-11-21`.
    Days,
    /// What a grant makes somebody.
    Roles,
}

/// The read tool that a list of names comes from, and where they stand in its items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listing {
    pub tool: &'static str,
    /// What tools take.
    pub id: &'static str,
    /// What people say, the usual first.
    pub said: &'static [&'static str],
    /// Nobody says the id: it is a UUID.
    pub unspoken: bool,
}

impl Names {
    /// None: they are known without asking.
    pub fn listing(self) -> Option<Listing> {
        let (tool, id, said, unspoken): (_, _, &[_], _) = match self {
            Self::Workspaces => ("list_workspaces", "id", &["name"], true),
            Self::OrgKeys => ("list_org_keys", "id", &["name", "prefix"], true),
            Self::OrgTemplates => ("list_org_templates", "template", &["name"], false),
            Self::WorkspaceTemplates => ("list_templates", "template", &["name"], false),
            Self::Schedules => ("list_schedules", "id", &["name"], true),
            Self::Channels => ("list_channels", "id", &["channel_type"], true),
            Self::Files | Self::Folders => ("list_files", "path", &[], false),
            Self::Days | Self::Roles => return None,
        };
        Some(Listing { tool, id, said, unspoken })
    }

    /// Whether an item of the listing is one of them.
    pub fn hold(self, item: &Value) -> bool {
        let is_folder = || item.get("folder") == Some(&Value::Bool(true));
        match self {
            Self::Files => !is_folder(),
            Self::Folders => is_folder(),
            _ => true,
        }
    }

    /// Whether there are only names within one workspace.
    pub fn is_within_a_workspace(self) -> bool {
        matches!(self, Self::Schedules | Self::Channels | Self::Files | Self::Folders)
    }
}

impl Listing {
    /// What the tool is asked with.
    pub fn arguments(&self, workspace: Option<&str>) -> Map<String, Value> {
        let mut arguments = Map::new();
        if let Some(workspace) = workspace {
            arguments.insert("workspace_id".to_owned(), json!(workspace));
        }
        if self.tool == "list_files" {
            arguments.insert("depth".to_owned(), json!(5));
        } else {
            let columns: Vec<&str> = [self.id].iter().chain(self.said).copied().collect();
            arguments.insert("fields".to_owned(), json!(columns));
        }
        arguments
    }
}
