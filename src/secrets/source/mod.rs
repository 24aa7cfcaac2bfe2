//! Where a secret value comes from: one file a kind of place. The value goes from there to the tenant and
//! nowhere else.

mod command;
mod keyring;
mod page;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::name::{self, Name};
use super::{Credential, Directories, Places};
use crate::failure::{Code, Failure};

/// Longer values are files, not secrets.
const LONGEST: u64 = 64 * 1024;

/// What a policy allows or doesn't.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    File,
    Env,
    Keyring,
    Command,
    Drop,
}

impl Kind {
    pub const ALL: [Self; 5] = [Self::Env, Self::File, Self::Keyring, Self::Command, Self::Drop];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Env => "env",
            Self::Keyring => "keyring",
            Self::Command => "command",
            Self::Drop => "drop",
        }
    }

    /// How it is written.
    fn form(self) -> &'static str {
        match self {
            Self::File => "`file:NAME`",
            Self::Env => "`env:NAME`",
            Self::Keyring => "`keyring:NAME`",
            Self::Command => "`command:NAME`",
            Self::Drop => "`drop`",
        }
    }
}

/// A place that a caller named.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Source {
    File(String),
    Variable(String),
    Keyring(Name),
    Command(Name),
    /// A one-time page.
    Drop,
}

impl TryFrom<String> for Source {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let (word, rest) = text.split_once(':').map_or((text.as_str(), None), |(word, rest)| (word, Some(rest)));
        let place = |form: String| format!("{form}, the place of the value on the server and not the value");
        let forms = Kind::ALL.map(|kind| (kind.as_str(), kind.form()));
        let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == word);
        let kind = kind.ok_or_else(|| place(name::expected(word, &forms)))?;
        Self::of(kind, rest).ok_or_else(|| place(format!("expected {}", kind.form())))
    }
}

impl Source {
    fn of(kind: Kind, rest: Option<&str>) -> Option<Self> {
        let Some(rest) = rest else { return (kind == Kind::Drop).then_some(Self::Drop) };
        Some(match kind {
            Kind::Drop => return None,
            Kind::File => Self::File(name::file(rest)?),
            Kind::Env => Self::Variable(Some(rest).filter(|name| is_variable(name))?.to_owned()),
            Kind::Keyring => Self::Keyring(Name::new(rest)?),
            Kind::Command => Self::Command(Name::new(rest)?),
        })
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.len() <= 256 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

impl JsonSchema for Source {
    fn schema_name() -> Cow<'static, str> {
        "Source".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[a-z_]+(:.+)?$" })
    }
}

impl Source {
    pub fn kind(&self) -> Kind {
        match self {
            Self::File(_) => Kind::File,
            Self::Variable(_) => Kind::Env,
            Self::Keyring(_) => Kind::Keyring,
            Self::Command(_) => Kind::Command,
            Self::Drop => Kind::Drop,
        }
    }

    /// Before anybody is asked or anything begun: whether the value is there, as far as that can be told without
    /// the keyring or a program.
    pub async fn ready(&self, places: &Places<'_>) -> Result<(), Failure> {
        places.rules.source(self.kind())?;
        match self {
            Self::Variable(name) => variable(name).map(drop),
            Self::File(name) => file(name, places.directories).map(drop),
            Self::Keyring(_) => Ok(()),
            Self::Command(name) => places.rules.command(name, "source", |one| one.source.is_some()).map(drop),
            Self::Drop => page::ready(places).await,
        }
    }

    pub async fn read(&self, places: &Places<'_>) -> Result<Credential, Failure> {
        places.rules.source(self.kind())?;
        match self {
            Self::Variable(name) => variable(name),
            Self::File(name) => file(name, places.directories),
            Self::Keyring(name) => keyring::read(name).await,
            Self::Command(name) => command::read(name, places.rules).await,
            Self::Drop => page::read(places).await,
        }
    }
}

fn variable(name: &str) -> Result<Credential, Failure> {
    // The server's own credentials give power over everything; they are nobody's secret value.
    if name.to_ascii_uppercase().starts_with("MOLECULE_") {
        return Err(Failure::new(Code::ForbiddenByPolicy, "this server's own variables are no source"));
    }
    match std::env::var(name) {
        Ok(text) if !text.is_empty() => Ok(Credential::new(text)),
        _ => Err(missing(&format!("the server has no variable {name}, or it is empty"))),
    }
}

fn file(name: &str, directories: &Directories) -> Result<Credential, Failure> {
    line(&directories.read(name, LONGEST)?)
}

/// The value without the line's end that programs and editors put behind it.
fn line(text: &str) -> Result<Credential, Failure> {
    let value = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    if value.is_empty() { Err(missing("the source is empty")) } else { Ok(Credential::new(value.to_owned())) }
}

fn missing(message: &str) -> Failure {
    Failure::new(Code::PreconditionFailed, message)
        .next("Ask the operator to put the value there; never pass a secret as an argument.")
}
