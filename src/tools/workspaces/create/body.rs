//! The body that goes to the tenant; the one place where secret values are written out.

use std::collections::BTreeMap;

use serde::Serialize;

use super::wish::{Access, CreateWorkspace, InitialMemory, Place, Tier};
use crate::failure::Failure;
use crate::secrets::Credential;
use crate::secrets::credential::in_the_clear;
use crate::tools::bounds::Whole;
use crate::tools::ids::{HostDirectory, Role, SecretName, TemplateName, Word, WorkspaceId, WorkspaceName};
use crate::tools::invocation::Invocation;

#[derive(Serialize)]
pub(super) struct Body<'a> {
    name: &'a WorkspaceName,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: &'a Option<Role>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: &'a Option<TemplateName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    runtime: &'a Option<Word>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tier: Option<Tier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: &'a Option<WorkspaceId>,
    external: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: &'a Option<Word>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) secrets: BTreeMap<&'a SecretName, Clear>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: &'a Option<Word>,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget_limit: Option<Whole<0, { 1 << 53 }>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_concurrent_tasks: Option<Whole<1, 1000>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace_dir: &'a Option<HostDirectory>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace_access: Option<Access>,
    #[serde(skip_serializing_if = "Option::is_none")]
    canvas: Option<Place>,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_memories: &'a Option<Vec<InitialMemory>>,
}

#[derive(Serialize)]
pub(super) struct Clear(#[serde(serialize_with = "in_the_clear")] pub(super) Credential);

impl CreateWorkspace {
    /// Whether people have typed in what they were asked for.
    pub(super) async fn ready(&self, call: &Invocation) -> Result<(), Failure> {
        for (name, source) in self.secrets.iter().flatten() {
            source.ready(&call.places().about(&self.about(name))).await?;
        }
        Ok(())
    }

    fn about(&self, secret: &SecretName) -> String {
        format!("{secret} of the new workspace {}", self.name)
    }

    pub(super) async fn read_secrets(&self, call: &Invocation) -> Result<BTreeMap<&SecretName, Clear>, Failure> {
        let mut read = BTreeMap::new();
        for (name, source) in self.secrets.iter().flatten() {
            read.insert(name, Clear(source.read(&call.places().about(&self.about(name))).await?));
        }
        Ok(read)
    }

    pub(super) fn body<'a>(&'a self, secrets: BTreeMap<&'a SecretName, Clear>) -> Body<'a> {
        Body {
            name: &self.name,
            role: &self.role,
            template: &self.template,
            runtime: &self.runtime,
            tier: self.tier,
            parent_id: &self.parent_id,
            external: self.external,
            url: &self.url,
            secrets,
            model: &self.model,
            budget_limit: self.budget_limit,
            max_concurrent_tasks: self.max_concurrent_tasks,
            workspace_dir: &self.workspace_dir,
            workspace_access: self.workspace_access,
            canvas: self.canvas,
            initial_memories: &self.initial_memories,
        }
    }
}
