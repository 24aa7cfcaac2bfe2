//! `command:NAME`: what a program prints that the operator set up for it.

use super::LONGEST;
use crate::failure::{Code, Failure};
use crate::policy::credentials::CredentialRules;
use crate::secrets::Credential;
use crate::secrets::command::Program;
use crate::secrets::name::Name;

pub(super) async fn read(name: &Name, rules: &CredentialRules) -> Result<Credential, Failure> {
    let command = rules.command(name, "source", |command| command.source.is_some())?;
    let printed = Program::find(command.source.as_deref().unwrap_or_default(), &command.environment)?.prints().await?;
    if printed.len() as u64 > LONGEST {
        return Err(Failure::new(Code::TooLarge, format!("the command printed more than {} KiB", LONGEST >> 10)));
    }
    let text =
        String::from_utf8(printed).map_err(|_| super::missing("the command printed something else than text"))?;
    super::line(&text)
}
