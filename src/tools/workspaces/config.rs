//! get_config and update_config: a workspace's free-form configuration. It may hold credentials in
//! clear, so it is masked when shown. The tenant merges at the top level, can't remove anything, and
//! makes a list of a configuration that isn't an object.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::refusals::living;
use super::wire::confirm_exists;
use super::{CONFIG, UPDATE_CONFIG};
use crate::failure::{Changed, Code, Failure};
use crate::tools::given::GivenData;
use crate::tools::ids::{Word, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::masking::{mask, refuse_masks};
use crate::tools::prose::Data;
use crate::tools::tool::Act;

/// Characters of JSON that are shown of all members together, and of one that was asked for.
const ALL: usize = 6_000;
const ONE: usize = 60_000;
/// The tenant's own limit.
const LARGEST: usize = 256 << 10;

#[derive(Deserialize)]
struct Stored {
    #[serde(default)]
    data: Value,
}

async fn fetch(id: &WorkspaceId, call: &Invocation) -> Result<Value, Failure> {
    let stored: Stored = call.tenant.ask(&CONFIG).part("workspace_id", id).fetch().await?;
    Ok(stored.data)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetConfig {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// Only this top-level member.
    member: Option<Word>,
}

#[derive(Serialize, JsonSchema)]
pub struct Config {
    config: Data,
    /// Its top-level members.
    members: Vec<String>,
    /// Where a credential stands in clear; it isn't shown. Better kept as a secret (set_secret).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    masked: Vec<String>,
}

impl Act for GetConfig {
    type Answer = Config;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        // A workspace that isn't there has an empty one, says the tenant.
        let (mut config, ()) =
            tokio::try_join!(fetch(&self.workspace_id, call), confirm_exists(&self.workspace_id, call))?;
        let members = config.as_object().map(|fields| fields.keys().cloned().collect()).unwrap_or_default();
        let (most, rest) = match &self.member {
            None => (ALL, "get_config with `member`"),
            Some(_) => (ONE, "not to be had here"),
        };
        if let Some(member) = &self.member {
            config = only(config, member)?;
        }
        let masked = mask(&mut config);
        Ok(Config { config: Data::from(config).excerpt(most, rest), members, masked })
    }
}

fn only(config: Value, member: &Word) -> Result<Value, Failure> {
    let found = config.get(member.as_str()).cloned();
    let found = found.ok_or_else(|| {
        Failure::new(Code::NotFound, "the configuration has no such member")
            .next("get_config without `member` names them.")
    })?;
    Ok(Value::Object(Map::from_iter([(member.to_string(), found)])))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateConfig {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// Members to set, at most 256 KiB. Each replaces the member of that name as a whole.
    #[schemars(with = "Map<String, Value>")]
    config: GivenData,
}

#[derive(Serialize, JsonSchema)]
pub struct UpdatedConfig {
    /// The members that were set, as read back.
    updated: Vec<String>,
    /// Members that were there before and are replaced.
    replaced: Vec<String>,
}

impl Act for UpdateConfig {
    type Answer = UpdatedConfig;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let wanted = self.config.into_value();
        check(&wanted)?;
        let (_, before) = tokio::try_join!(living(&self.workspace_id, call), fetch(&self.workspace_id, call))?;
        if !before.is_object() && !before.is_null() {
            return Err(Failure::new(
                Code::Conflict,
                "its configuration isn't an object; the tenant would make a list of both",
            )
            .next("It can't be mended by merging: ask the workspace's owner."));
        }
        let ask = call.tenant.ask(&UPDATE_CONFIG).part("workspace_id", &self.workspace_id);
        ask.body(&wanted).received().await?;
        let now = fetch(&self.workspace_id, call).await?;
        let names: Vec<&String> = wanted.as_object().into_iter().flat_map(Map::keys).collect();
        let ignored: Vec<&str> =
            names.iter().filter(|name| now.get(name) != wanted.get(name)).map(|name| name.as_str()).collect();
        if !ignored.is_empty() {
            let message = format!("the tenant answered `updated`, but {} didn't change", ignored.join(", "));
            return Err(Failure::new(Code::UnexpectedAnswer, message)
                .changed(Changed::Unknown)
                .next("Look with get_config."));
        }
        Ok(UpdatedConfig {
            replaced: names.iter().filter(|name| before.get(name).is_some()).map(ToString::to_string).collect(),
            updated: names.into_iter().cloned().collect(),
        })
    }
}

fn check(wanted: &Value) -> Result<(), Failure> {
    let text = wanted.to_string();
    if wanted.as_object().is_none_or(Map::is_empty) {
        return Err(Failure::invalid("`config`: expected an object with at least one member"));
    }
    if text.len() > LARGEST {
        return Err(Failure::invalid("`config` is larger than 256 KiB").next("Keep large texts in files: write_file."));
    }
    // The tenant's database can't hold it.
    if text.contains("\\u0000") {
        return Err(Failure::invalid("`config` holds a NUL character"));
    }
    refuse_masks(wanted, "config")
}
