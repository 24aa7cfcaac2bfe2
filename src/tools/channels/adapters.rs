//! list_channel_adapters, and what the other tools ask of the kinds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ADAPTERS;
use crate::failure::Failure;
use crate::nearest;
use crate::tools::invocation::Invocation;
use crate::tools::list::List;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListChannelAdapters {}

#[derive(Deserialize)]
struct Told {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    display_name: String,
    #[serde(default)]
    config_schema: Vec<Field>,
}

#[derive(Serialize, JsonSchema)]
pub struct Adapter {
    pub channel_type: String,
    display_name: String,
    pub fields: Vec<Field>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Field {
    pub key: String,
    #[serde(default)]
    label: String,
    #[serde(default)]
    pub required: bool,
    /// Given by `sources`, never in `config`.
    #[serde(default)]
    pub sensitive: bool,
    #[serde(default)]
    help: String,
}

impl List for ListChannelAdapters {
    type Item = Adapter;

    fn mark(adapter: &Adapter) -> String {
        adapter.channel_type.clone()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<Adapter>, Failure> {
        fetch(call).await
    }
}

pub async fn fetch(call: &Invocation) -> Result<Vec<Adapter>, Failure> {
    let told: Vec<Told> = call.tenant.ask(&ADAPTERS).fetch().await?;
    let adapter =
        |one: Told| Adapter { channel_type: one.kind, display_name: one.display_name, fields: one.config_schema };
    Ok(told.into_iter().map(adapter).collect())
}

pub fn find<'a>(all: &'a [Adapter], kind: &str) -> Result<&'a Adapter, Failure> {
    all.iter().find(|one| one.channel_type == kind).ok_or_else(|| {
        let kinds: Vec<&str> = all.iter().map(|one| one.channel_type.as_str()).collect();
        let hint = nearest::nearest(kind, kinds.iter().copied());
        let hint = hint.map(|near| format!("Did you mean `{near}`? ")).unwrap_or_default();
        Failure::invalid("`channel_type`: the tenant has no such kind of channel")
            .next(format!("{hint}There are: {}.", kinds.join(", ")))
    })
}
