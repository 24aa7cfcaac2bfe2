//! `[credentials.commands]`: programs that take credentials or print secret values, by the names that callers
//! know. A caller chooses among them and can't change a word of one.

use serde::{Deserialize, Deserializer};

use crate::secrets::command::{Command, SUGGESTED};
use crate::secrets::name::{Name, Variable};
use crate::toml_file;

/// A command's name.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Callable(pub(super) Name);

impl<'de> Deserialize<'de> for Callable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = |text: &str| Name::new(text).ok_or_else(|| format!("a command's name is {}", Name::EXPECTED));
        toml_file::word(deserializer, name).map(Self)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    sink: Option<Vec<String>>,
    source: Option<Vec<String>>,
    #[serde(default)]
    environment: Vec<String>,
}

#[derive(Deserialize)]
#[serde(try_from = "Table")]
pub(super) struct Programs(pub(super) Command);

impl TryFrom<Table> for Programs {
    type Error = &'static str;

    fn try_from(table: Table) -> Result<Self, Self::Error> {
        let Table { sink, source, environment } = table;
        if sink.is_none() && source.is_none() {
            return Err("a command has a `sink`, a `source`, or both: a list of a program and its arguments");
        }
        if ![&sink, &source].into_iter().flatten().all(|arguments| arguments.first().is_some_and(|one| is_program(one)))
        {
            return Err("a program is named by its whole path, or by a name that is found on PATH");
        }
        if source.iter().flatten().any(|argument| argument.contains(SUGGESTED)) {
            return Err("only a sink has a `{name}`: that of the credential");
        }
        let passed =
            |name: &String| Variable::new(name).is_some() && !name.to_ascii_uppercase().starts_with("MOLECULE_");
        if !environment.iter().all(passed) {
            return Err("`environment` lists names of variables, and none of this server's own (MOLECULE_…)");
        }
        Ok(Self(Command { sink, source, environment }))
    }
}

fn is_program(word: &str) -> bool {
    let plain = !word.contains(['/', '\\']);
    !word.is_empty() && !word.contains(SUGGESTED) && (plain || std::path::Path::new(word).is_absolute())
}
