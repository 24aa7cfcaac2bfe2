//! Where a new credential goes: one file a kind of place. It is proved writable before anything is minted,
//! and a credential that couldn't be delivered is the caller's to revoke.

mod file;
mod page;

use std::borrow::Cow;
use std::fmt;

use futures_util::future::BoxFuture;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::{Credential, Places};
use crate::failure::Failure;
use crate::tools::ids::WorkspaceId;

/// What a policy allows or doesn't.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    File,
    Drop,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::File, Self::Drop];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Drop => "drop",
        }
    }
}

/// A place that a caller named.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Sink {
    /// `file`, or `file:NAME`.
    File(Option<String>),
    /// A one-time page.
    Drop,
}

impl Default for Sink {
    fn default() -> Self {
        Self::File(None)
    }
}

impl TryFrom<String> for Sink {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const EXPECTED: &str = "expected `file`, `file:NAME` with a file's name, or `drop`";
        match text.split_once(':') {
            None if text == "file" => Ok(Self::File(None)),
            None if text == "drop" => Ok(Self::Drop),
            Some(("file", name)) if !name.is_empty() && name.len() <= 1024 && !name.contains('\0') => {
                Ok(Self::File(Some(name.to_owned())))
            }
            _ => Err(EXPECTED),
        }
    }
}

impl fmt::Display for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(Some(name)) => write!(f, "file:{name}"),
            Self::File(None) => f.write_str("file"),
            Self::Drop => f.write_str("drop"),
        }
    }
}

impl JsonSchema for Sink {
    fn schema_name() -> Cow<'static, str> {
        "Sink".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^(drop|file(:.+)?)$" })
    }
}

/// A place that was proved writable and waits for its credential. Dropped unused, it leaves nothing behind.
pub struct Proved(Box<dyn Slot>);

/// What each kind of place is once it is proved.
trait Slot: Send + Sync {
    /// What will be delivered is a token of this workspace, and is revoked as such if nobody fetches it.
    fn for_workspace(&mut self, _: &str) {}

    /// Returns once the credential is there to stay.
    fn deliver(self: Box<Self>, credential: &Credential) -> BoxFuture<'_, Result<Delivered, Failure>>;
}

/// Where a credential is now, in words that may be told to anybody.
#[derive(Clone, Debug)]
pub struct Delivered {
    pub location: String,
}

impl Sink {
    pub fn kind(&self) -> Kind {
        match self {
            Self::File(_) => Kind::File,
            Self::Drop => Kind::Drop,
        }
    }

    pub fn file(name: &str) -> Self {
        Self::File(Some(name.to_owned()))
    }

    /// Makes sure that a credential can be put there. `usual` names the place where the caller didn't.
    pub async fn prove(&self, places: &Places<'_>, usual: &str) -> Result<Proved, Failure> {
        places.rules.sink(self.kind())?;
        Ok(Proved(match self {
            Self::File(name) => Box::new(file::prove(name.as_deref(), places.directories, usual)?),
            Self::Drop => Box::new(page::prove(places, usual).await?),
        }))
    }
}

impl Proved {
    /// For a token of this workspace; without it, for an org key.
    #[must_use]
    pub fn for_workspace(mut self, workspace: &WorkspaceId) -> Self {
        self.0.for_workspace(workspace.as_str());
        self
    }

    /// Puts the credential there and says where that is.
    pub async fn deliver(self, credential: &Credential) -> Result<Delivered, Failure> {
        self.0.deliver(credential).await
    }
}
