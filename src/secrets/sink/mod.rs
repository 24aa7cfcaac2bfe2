//! Where a new credential goes: one file a kind of place. It is proved writable before anything is minted,
//! and a credential that couldn't be delivered is the caller's to revoke.

mod command;
mod env_file;
mod file;
mod keyring;
mod page;
mod tenant;

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::name::{self, Name, Variable};
use super::{Credential, Places};
use crate::failure::Failure;
use crate::tools::ids::{SecretName, WorkspaceId};

/// What a policy allows or doesn't.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    File,
    EnvFile,
    Keyring,
    WorkspaceSecret,
    GlobalSecret,
    Command,
    Drop,
}

impl Kind {
    pub const ALL: [Self; 7] = [
        Self::File,
        Self::EnvFile,
        Self::Keyring,
        Self::WorkspaceSecret,
        Self::GlobalSecret,
        Self::Command,
        Self::Drop,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::EnvFile => "env_file",
            Self::Keyring => "keyring",
            Self::WorkspaceSecret => "workspace_secret",
            Self::GlobalSecret => "global_secret",
            Self::Command => "command",
            Self::Drop => "drop",
        }
    }

    /// How it is written.
    fn form(self) -> &'static str {
        match self {
            Self::File => "`file`, `file:NAME`",
            Self::EnvFile => "`env_file:FILE#VARIABLE`",
            Self::Keyring => "`keyring:NAME`",
            Self::WorkspaceSecret => "`workspace_secret:WORKSPACE_ID/NAME`",
            Self::GlobalSecret => "`global_secret:NAME`",
            Self::Command => "`command:NAME`",
            Self::Drop => "`drop`",
        }
    }
}

/// A place that a caller named.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Sink {
    /// `file`, or `file:NAME`.
    File(Option<String>),
    EnvFile {
        file: String,
        variable: Variable,
    },
    Keyring(Name),
    WorkspaceSecret {
        workspace: WorkspaceId,
        name: SecretName,
    },
    GlobalSecret(SecretName),
    Command(Name),
    /// A one-time page.
    Drop,
}

impl Default for Sink {
    fn default() -> Self {
        Self::File(None)
    }
}

impl TryFrom<String> for Sink {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let (word, rest) = text.split_once(':').map_or((text.as_str(), None), |(word, rest)| (word, Some(rest)));
        let forms = Kind::ALL.map(|kind| (kind.as_str(), kind.form()));
        let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == word);
        let kind = kind.ok_or_else(|| name::expected(word, &forms))?;
        Self::of(kind, rest).ok_or_else(|| format!("expected {}", kind.form()))
    }
}

impl Sink {
    fn of(kind: Kind, rest: Option<&str>) -> Option<Self> {
        let Some(rest) = rest else {
            return match kind {
                Kind::File => Some(Self::File(None)),
                Kind::Drop => Some(Self::Drop),
                _ => None,
            };
        };
        Some(match kind {
            Kind::Drop => return None,
            Kind::File => Self::File(Some(name::file(rest)?)),
            Kind::EnvFile => {
                let (file, variable) = rest.rsplit_once('#')?;
                Self::EnvFile { file: name::file(file)?, variable: Variable::new(variable)? }
            }
            Kind::Keyring => Self::Keyring(Name::new(rest)?),
            Kind::WorkspaceSecret => {
                let (workspace, name) = rest.split_once('/')?;
                Self::WorkspaceSecret {
                    workspace: WorkspaceId::try_from(workspace.to_owned()).ok()?,
                    name: SecretName::try_from(name.to_owned()).ok()?,
                }
            }
            Kind::GlobalSecret => Self::GlobalSecret(SecretName::try_from(rest.to_owned()).ok()?),
            Kind::Command => Self::Command(Name::new(rest)?),
        })
    }
}

impl fmt::Display for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind().as_str())?;
        match self {
            Self::File(None) | Self::Drop => Ok(()),
            Self::File(Some(name)) => write!(f, ":{name}"),
            Self::EnvFile { file, variable } => write!(f, ":{file}#{variable}"),
            Self::Keyring(name) => write!(f, ":{name}"),
            Self::WorkspaceSecret { workspace, name } => write!(f, ":{workspace}/{name}"),
            Self::GlobalSecret(name) => write!(f, ":{name}"),
            Self::Command(name) => write!(f, ":{name}"),
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
        json_schema!({ "type": "string", "pattern": "^[a-z_]+(:.+)?$" })
    }
}

/// A place that was proved writable and waits for its credential. Dropped unused, it leaves nothing behind.
pub struct Proved(Box<dyn Slot>);

/// What each kind of place is once it is proved.
trait Slot: Send + Sync {
    /// What will be delivered is a token of this workspace, and is revoked as such if nobody fetches it.
    fn for_workspace(&mut self, _: &str) {}

    /// What will be delivered is revoked then.
    fn until(&mut self, _: DateTime<Utc>) {}

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
            Self::EnvFile { .. } => Kind::EnvFile,
            Self::Keyring(_) => Kind::Keyring,
            Self::WorkspaceSecret { .. } => Kind::WorkspaceSecret,
            Self::GlobalSecret(_) => Kind::GlobalSecret,
            Self::Command(_) => Kind::Command,
            Self::Drop => Kind::Drop,
        }
    }

    pub fn file(name: &str) -> Self {
        Self::File(Some(name.to_owned()))
    }

    /// Before anybody is asked: whether a credential could go there. What shows elsewhere that it is tried (an entry
    /// of the keyring, a page) is left for later.
    pub async fn may(&self, places: &Places<'_>, usual: &str) -> Result<(), Failure> {
        match self {
            Self::Keyring(_) | Self::Drop => places.rules.sink(self.kind()),
            _ => self.prove(places, usual).await.map(drop),
        }
    }

    /// Makes sure that a credential can be put there. `usual` names the place where the caller didn't.
    pub async fn prove(&self, places: &Places<'_>, usual: &str) -> Result<Proved, Failure> {
        places.rules.sink(self.kind())?;
        Ok(Proved(match self {
            Self::File(name) => Box::new(file::prove(name.as_deref(), places.directories, usual)?),
            Self::EnvFile { file, variable } => Box::new(env_file::prove(file, variable, places.directories)?),
            Self::Keyring(name) => Box::new(keyring::prove(name).await?),
            Self::WorkspaceSecret { workspace, name } => {
                Box::new(tenant::prove_workspace(workspace, name, places).await?)
            }
            Self::GlobalSecret(name) => Box::new(tenant::prove_global(name, places).await?),
            Self::Command(name) => Box::new(command::prove(name, places.rules, usual)?),
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

    /// For a credential that has an end.
    #[must_use]
    pub fn until(mut self, end: Option<DateTime<Utc>>) -> Self {
        if let Some(end) = end {
            self.0.until(end);
        }
        self
    }

    /// Puts the credential there and says where that is.
    pub async fn deliver(self, credential: &Credential) -> Result<Delivered, Failure> {
        self.0.deliver(credential).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_read() {
        for text in [
            "file",
            "file:ci",
            "env_file:/srv/app/.env#ORG_KEY",
            "env_file:a#b#C",
            "keyring:ci-deploy",
            "workspace_secret:613fac6b-7c79-44fa-a26f-75c6ee7e1ffc/ORG_KEY",
            "global_secret:ORG_KEY",
            "command:vault",
            "drop",
        ] {
            assert_eq!(Sink::try_from(text.to_owned()).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_mistake_names_the_right_form_and_never_what_was_given() {
        for (text, told) in [
            ("flie:x", "expected `file`, `file:NAME`"),
            ("envfile:x#Y", "expected `env_file:FILE#VARIABLE`"),
            ("env_file:x", "expected `env_file:FILE#VARIABLE`"),
            ("env_file:x#9Y", "expected `env_file:FILE#VARIABLE`"),
            ("workspace_secret:x/Y", "expected `workspace_secret:WORKSPACE_ID/NAME`"),
            ("drop:x", "expected `drop`"),
            ("keyring", "expected `keyring:NAME`"),
            ("command:-x", "expected `command:NAME`"),
            ("global_secret:a/b", "expected `global_secret:NAME`"),
            ("q7RzB2ne-a-secret", "expected `file`, `file:NAME`, `env_file:"),
        ] {
            let error = Sink::try_from(text.to_owned()).unwrap_err();
            assert!(error.starts_with(told) && !error.contains("q7R"), "{text}: {error}");
        }
    }
}
