//! Where a workspace's files lie at the moment, for reading.

use rusqlite::Connection;

use super::super::answer::{Refusal, Refuse, missing};
use super::super::guard::Access;
use super::super::platform::Platform;
use super::super::templates;
use super::super::workspaces::row::Workspace;
use super::container;

pub(super) enum Place {
    Container {
        workspace: String,
    },
    /// Of a template no root is looked at.
    Template {
        id: String,
    },
    Nowhere,
}

/// The workspace, which must exist: no UUID is none.
pub(super) fn workspace(rows: &Connection, access: &Access) -> Result<Workspace, Refusal> {
    let id = access.uuid().refuse(missing("workspace not found"))?;
    Workspace::find(rows, &id)?.refuse(missing("workspace not found"))
}

impl Place {
    pub(super) fn of(rows: &Connection, platform: &Platform, workspace: &Workspace) -> rusqlite::Result<Self> {
        if container::is_running(rows, platform, &workspace.id)? {
            return Ok(Self::Container { workspace: workspace.id.clone() });
        }
        let template = templates::for_workspace(rows, platform, &workspace.name)?;
        Ok(template.map_or(Self::Nowhere, |template| Self::Template { id: template.id }))
    }

    pub(super) fn sizes(
        &self,
        rows: &Connection,
        platform: &Platform,
        root: &str,
    ) -> rusqlite::Result<Vec<(String, usize)>> {
        match self {
            Self::Container { workspace } => container::sizes(rows, workspace, root),
            Self::Template { id } => {
                let files = templates::files(rows, platform, id)?;
                Ok(files.into_iter().map(|(path, content)| (path, content.len())).collect())
            }
            Self::Nowhere => Ok(Vec::new()),
        }
    }

    pub(super) fn read(
        &self,
        rows: &Connection,
        platform: &Platform,
        root: &str,
        path: &str,
    ) -> rusqlite::Result<Option<Vec<u8>>> {
        match self {
            Self::Container { workspace } => container::read(rows, workspace, root, path),
            Self::Template { id } => Ok(templates::bytes(rows, platform, id, path)),
            Self::Nowhere => Ok(None),
        }
    }
}
