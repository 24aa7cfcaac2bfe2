//! Where a secret value comes from: a file in an allowed directory, or a variable of this server's
//! environment, by name. The value goes from there to the tenant and nowhere else.

mod page;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::{Credential, Directories, Places};
use crate::failure::{Code, Failure};

/// Longer values are files, not secrets.
const LONGEST: u64 = 64 * 1024;

/// What a policy allows or doesn't.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    File,
    Env,
    Drop,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::File, Self::Env, Self::Drop];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Env => "env",
            Self::Drop => "drop",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Source {
    File(String),
    Variable(String),
    /// A one-time page.
    Drop,
}

impl TryFrom<String> for Source {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const EXPECTED: &str =
            "expected `env:NAME`, `file:NAME` or `drop`, the place of the value on the server and not the value";
        match text.split_once(':') {
            Some(("file", name)) if !name.is_empty() && !name.contains('\0') => Ok(Self::File(name.to_owned())),
            Some(("env", name)) if is_variable(name) => Ok(Self::Variable(name.to_owned())),
            None if text == "drop" => Ok(Self::Drop),
            _ => Err(EXPECTED),
        }
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
        json_schema!({ "type": "string", "pattern": "^(drop|(env|file):.+)$" })
    }
}

impl Source {
    pub fn kind(&self) -> Kind {
        match self {
            Self::File(_) => Kind::File,
            Self::Variable(_) => Kind::Env,
            Self::Drop => Kind::Drop,
        }
    }

    /// Before anybody is asked or anything begun: whether the value is there, where that depends on a person.
    pub async fn ready(&self, places: &Places<'_>) -> Result<(), Failure> {
        match self {
            Self::Drop => {
                places.rules.source(self.kind())?;
                page::ready(places).await
            }
            _ => Ok(()),
        }
    }

    pub async fn read(&self, places: &Places<'_>) -> Result<Credential, Failure> {
        places.rules.source(self.kind())?;
        match self {
            Self::Variable(name) => variable(name),
            Self::File(name) => file(name, places.directories),
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
    let text = directories.read(name, LONGEST)?;
    let value = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    if value.is_empty() { Err(missing("the source is empty")) } else { Ok(Credential::new(value.to_owned())) }
}

fn missing(message: &str) -> Failure {
    Failure::new(Code::PreconditionFailed, message)
        .next("Ask the operator to put the value there; never pass a secret as an argument.")
}
