//! How long a key that is minted shall live.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::failure::Failure;
use crate::journal::entry::KeyMark;
use crate::leases::Holder;
use crate::length;
use crate::tools::ids::KeyId;
use crate::tools::invocation::Invocation;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Lifetime(TimeDelta);

impl TryFrom<String> for Lifetime {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        length::parse(&text)
            .map(Self)
            .map_err(|_| "expected a length of time like 90s, 30m, 12h, 7d or 4w, up to ten years")
    }
}

impl JsonSchema for Lifetime {
    fn schema_name() -> Cow<'static, str> {
        "Lifetime".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[1-9][0-9]*[smhdw]$" })
    }
}

/// Before anybody gets the key: from now on it ends, whatever happens to this process.
pub(super) async fn lease(
    key: &KeyMark,
    lifetime: Option<Lifetime>,
    call: &Invocation,
) -> Result<Option<DateTime<Utc>>, Failure> {
    let Some(Lifetime(length)) = lifetime else { return Ok(None) };
    let until = Utc::now() + length;
    begin(key, until, call).await.map(|()| Some(until))
}

/// The same for a key that takes the place of one with an end: it has the same.
pub(super) async fn pass_on(old: &KeyId, key: &KeyMark, call: &Invocation) -> Result<(), Failure> {
    match call.server.leases.running(&call.server.tenant)?.get(old.as_str()) {
        Some(until) => begin(key, *until, call).await,
        None => Ok(()),
    }
}

async fn begin(key: &KeyMark, until: DateTime<Utc>, call: &Invocation) -> Result<(), Failure> {
    let holder = Holder {
        tenant: call.server.tenant.clone(),
        invocation: call.id,
        caller: call.caller.name.clone().into_owned(),
    };
    call.server.leases.begin(holder, key.clone(), until).await
}
