//! `command:NAME`: a program that the operator set up reads the credential from its standard input.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{Delivered, Slot};
use crate::failure::{Code, Failure};
use crate::policy::credentials::CredentialRules;
use crate::secrets::Credential;
use crate::secrets::command::{Program, SUGGESTED};
use crate::secrets::name::Name;

/// A program that is there and may be run.
pub(super) struct Ready {
    name: Name,
    program: Program,
}

/// `usual` goes to the program where its arguments say `{name}`.
pub(super) fn prove(name: &Name, rules: &CredentialRules, usual: &str) -> Result<Ready, Failure> {
    let command = rules.command(name, "sink", |command| command.sink.is_some())?;
    let arguments = filled(command.sink.as_deref().unwrap_or_default(), usual)?;
    Ok(Ready { name: name.clone(), program: Program::find(&arguments, &command.environment)? })
}

fn filled(arguments: &[String], usual: &str) -> Result<Vec<String>, Failure> {
    if !arguments.iter().any(|argument| argument.contains(SUGGESTED)) {
        return Ok(arguments.to_vec());
    }
    let usual = Name::new(usual).ok_or_else(|| {
        Failure::new(Code::InvalidInput, format!("this command takes the key's name, so it must be {}", Name::EXPECTED))
            .next("Name the key otherwise.")
    })?;
    Ok(arguments.iter().map(|argument| argument.replace(SUGGESTED, usual.as_str())).collect())
}

impl Slot for Ready {
    fn deliver(self: Box<Self>, credential: &Credential) -> BoxFuture<'_, Result<Delivered, Failure>> {
        async move {
            self.program.reads(credential).await?;
            Ok(Delivered { location: format!("where the operator's command {} puts it", self.name) })
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(all: &[&str]) -> Vec<String> {
        all.iter().map(|one| (*one).to_owned()).collect()
    }

    #[test]
    fn a_keys_name_can_be_part_of_an_argument_and_never_an_option() {
        let wanted = arguments(&["vault", "kv", "put", "secret/{name}", "key=-"]);
        assert_eq!(filled(&wanted, "ci").unwrap(), arguments(&["vault", "kv", "put", "secret/ci", "key=-"]));
        for usual in ["-x", "a b", "../a", "a/b", ""] {
            assert!(filled(&wanted, usual).is_err(), "{usual}");
        }
        assert_eq!(filled(&arguments(&["pass"]), "a b").unwrap(), arguments(&["pass"]));
    }
}
