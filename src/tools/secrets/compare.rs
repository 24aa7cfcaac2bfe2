//! compare_secrets: which workspaces hold, inherit or miss which names. One request a workspace, so only
//! so many are looked at; the others are listed as not looked at.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{LOOKED_INTO, SecretLine, fetch};
use crate::failure::{Code, Failure};
use crate::tools::ids::{SecretName, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::list::List;
use crate::tools::many::each_told;
use crate::tools::workspaces::fetch_all;
use crate::tools::workspaces::wire::Workspace;

/// More than these make no table that anybody reads.
const NAMES: usize = 50;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompareSecrets {
    /// Only these secrets, 50 at most; default: all that any of them holds.
    names: Option<BTreeSet<SecretName>>,
    /// Only these workspaces; default: all, of which the oldest 100 are looked at.
    workspace_ids: Option<BTreeSet<WorkspaceId>>,
}

#[derive(Serialize, JsonSchema)]
pub struct Compared {
    id: WorkspaceId,
    name: String,
    /// Its own, with no global one of that name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    holds: Vec<String>,
    /// Its own, in place of a global one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    overrides: Vec<String>,
    /// From the organisation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    inherits: Vec<String>,
    /// Neither its own nor global.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    misses: Vec<String>,
    /// Why nothing is known of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_looked_at: Option<String>,
}

/// One workspace with its own names, or why they aren't known.
struct Looked {
    one: Workspace,
    own: Result<BTreeSet<String>, String>,
}

impl List for CompareSecrets {
    type Item = Compared;
    const USUAL: u32 = 50;

    fn mark(one: &Compared) -> String {
        one.id.to_string()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<Compared>, Failure> {
        if self.names.as_ref().is_some_and(|names| names.len() > NAMES) {
            return Err(Failure::invalid(format!("`names`: expected at most {NAMES}")));
        }
        let wanted = self.wanted(fetch_all(call).await?)?;
        let global: Vec<SecretLine> = call.tenant.ask(&super::LIST_GLOBAL).fetch().await?;
        let global: BTreeSet<String> = global.into_iter().map(|line| line.key).collect();
        let asked = wanted.into_iter().enumerate().map(|(at, one)| look(at, one, call));
        let looked = each_told(call, "the secrets of each workspace", asked).await;
        let names = match self.names {
            Some(names) => names.iter().map(ToString::to_string).collect(),
            None => all_names(&global, &looked),
        };
        Ok(looked.into_iter().map(|one| compare(one, &names, &global)).collect())
    }
}

impl CompareSecrets {
    fn wanted(&self, all: Vec<Workspace>) -> Result<Vec<Workspace>, Failure> {
        let Some(ids) = &self.workspace_ids else { return Ok(all) };
        let found: Vec<Workspace> = all.into_iter().filter(|one| ids.contains(&one.id)).collect();
        match ids.iter().find(|id| !found.iter().any(|one| one.id == **id)) {
            None => Ok(found),
            Some(id) => Err(Failure::new(Code::NotFound, format!("there is no workspace {id}"))),
        }
    }
}

async fn look(at: usize, one: Workspace, call: &Invocation) -> Looked {
    if at >= LOOKED_INTO {
        let why = format!("more than {LOOKED_INTO} workspaces; name it in `workspace_ids`");
        return Looked { one, own: Err(why) };
    }
    let own = fetch(&one.id, call).await;
    let own =
        own.map(|lines| lines.into_iter().filter(|line| line.scope == "workspace").map(|line| line.key).collect());
    Looked { one, own: own.map_err(|failure| failure.to_string()) }
}

fn all_names(global: &BTreeSet<String>, looked: &[Looked]) -> BTreeSet<String> {
    let own = looked.iter().filter_map(|looked| looked.own.as_ref().ok()).flatten();
    own.chain(global).cloned().collect()
}

fn compare(looked: Looked, names: &BTreeSet<String>, global: &BTreeSet<String>) -> Compared {
    let (own, not_looked_at) = match looked.own {
        Ok(own) => (own, None),
        Err(why) => (BTreeSet::new(), Some(why)),
    };
    let with = |is_own: bool, is_global: bool| {
        let fits = |name: &&String| own.contains(*name) == is_own && global.contains(*name) == is_global;
        let fitting = names.iter().filter(fits).cloned();
        if not_looked_at.is_some() { Vec::new() } else { fitting.collect() }
    };
    Compared {
        holds: with(true, false),
        overrides: with(true, true),
        inherits: with(false, true),
        misses: with(false, false),
        id: looked.one.id,
        name: looked.one.name,
        not_looked_at,
    }
}
