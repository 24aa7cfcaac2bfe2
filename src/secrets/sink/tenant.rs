//! `workspace_secret:ID/NAME` and `global_secret:NAME`: straight into the tenant's own secrets, so that the
//! credential never leaves the pair of servers. Whatever runs there can read it, and restarts for it.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::{Delivered, Slot};
use crate::backend::{Ask, Tenant};
use crate::failure::{Code, Failure};
use crate::secrets::credential::in_the_clear;
use crate::secrets::{Credential, Places};
use crate::tools::ids::{SecretName, WorkspaceId};
use crate::tools::secrets::{LIST, LIST_GLOBAL, SET, SET_GLOBAL, SecretLine};
use crate::tools::workspaces::GET;

/// A secret that may be set. One of that name is replaced: it is a place with a name, not a file.
pub(super) struct Named {
    tenant: Tenant,
    workspace: Option<WorkspaceId>,
    name: SecretName,
    replaces: bool,
}

#[derive(Deserialize)]
struct Standing {
    status: String,
}

pub(super) async fn prove_workspace(
    workspace: &WorkspaceId,
    name: &SecretName,
    places: &Places<'_>,
) -> Result<Named, Failure> {
    refuse_limited(places)?;
    if places.caller.runs_in(workspace) {
        return Err(not_to_oneself());
    }
    let one: Standing = places.tenant.ask(&GET).part("workspace_id", workspace).fetch().await?;
    if one.status == "removed" {
        return Err(Failure::new(Code::NotFound, "the workspace of that sink was removed"));
    }
    let there: Vec<SecretLine> = places.tenant.ask(&LIST).part("workspace_id", workspace).fetch().await?;
    let replaces = there.iter().any(|line| line.scope == "workspace" && line.key == name.as_str());
    Ok(Named { tenant: places.tenant.clone(), workspace: Some(workspace.clone()), name: name.clone(), replaces })
}

pub(super) async fn prove_global(name: &SecretName, places: &Places<'_>) -> Result<Named, Failure> {
    refuse_limited(places)?;
    if places.caller.grants().any(|grant| grant.own_workspace.is_some()) {
        return Err(not_to_oneself());
    }
    let there: Vec<SecretLine> = places.tenant.ask(&LIST_GLOBAL).fetch().await?;
    let replaces = there.iter().any(|line| line.key == name.as_str());
    Ok(Named { tenant: places.tenant.clone(), workspace: None, name: name.clone(), replaces })
}

/// Whoever runs there can read it, and it gives more than a limited caller has.
fn refuse_limited(places: &Places<'_>) -> Result<(), Failure> {
    if !places.is_limited {
        return Ok(());
    }
    Err(Failure::new(Code::ForbiddenByPolicy, "a limited caller puts no new credential into the tenant's secrets")
        .next("Name another kind of sink, or ask the operator."))
}

fn not_to_oneself() -> Failure {
    Failure::new(Code::ForbiddenByPolicy, "the caller's own workspace could read a credential from there")
        .next("Name another kind of sink.")
}

#[derive(Serialize)]
struct Body<'a> {
    key: &'a SecretName,
    #[serde(serialize_with = "in_the_clear")]
    value: &'a Credential,
}

impl Slot for Named {
    fn deliver(self: Box<Self>, credential: &Credential) -> BoxFuture<'_, Result<Delivered, Failure>> {
        async move {
            let ask = self.ask().hiding(credential.expose()).body(&Body { key: &self.name, value: credential });
            // Cancelled in between, nobody would know whether it is there.
            ask.regardless().received().await?;
            Ok(Delivered { location: self.location() })
        }
        .boxed()
    }
}

impl Named {
    fn ask(&self) -> Ask {
        match &self.workspace {
            Some(workspace) => self.tenant.ask(&SET).part("workspace_id", workspace),
            None => self.tenant.ask(&SET_GLOBAL),
        }
    }

    fn location(&self) -> String {
        let replaced = if self.replaces { " (replaced)" } else { "" };
        match &self.workspace {
            Some(workspace) => format!("secret {}{replaced} of workspace {workspace}, which restarts", self.name),
            None => format!("secret {}{replaced} of the organisation; workspaces that inherit it restart", self.name),
        }
    }
}
