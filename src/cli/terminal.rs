//! Asking the person at this terminal. What they type is read off the runtime's threads.

use std::io::{self, BufRead, IsTerminal};

use chrono::Utc;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use secrecy::SecretString;

use super::output;
use crate::consent::{Asks, Consents, Person, Question, Said};
use crate::failure::{Code, Failure};
use crate::fence;
use crate::policy::consent::Way;

/// A person who can be asked here; nobody, where this is no terminal.
pub(super) fn asks(consents: &Consents) -> Asks {
    if is_one() { Asks::Now(Box::new(Here(consents.clone()))) } else { Asks::Nobody }
}

pub(super) fn is_one() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

struct Here(Consents);

impl Person for Here {
    fn way(&self) -> Way {
        Way::Terminal
    }

    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Said, Failure>> {
        hear(&self.0, question).boxed()
    }
}

/// Shows the whole question, and hears the answer of whoever knows the operator's passphrase, where there
/// is one.
pub(super) async fn hear(consents: &Consents, question: &Question) -> Result<Said, Failure> {
    output::notice(&question.preview.text());
    let answer = match &question.preview.name {
        Some(name) => typed(format!("Type {} to agree, or nothing: ", fence::name(name))).await?,
        None => typed("Agree? [y/N] ".to_owned()).await?,
    };
    let said = match (answer, &question.preview.name) {
        (None, _) => Said::Nothing,
        (Some(text), _) if text.is_empty() => Said::No,
        (Some(text), Some(_)) => Said::Named(text),
        (Some(text), None) if matches!(text.to_lowercase().as_str(), "y" | "yes") => Said::Yes,
        (Some(_), None) => Said::No,
    };
    if matches!(said, Said::Yes | Said::Named(_)) {
        prove(consents).await?;
    }
    Ok(said)
}

/// Asks for the passphrase, where there is one.
pub(super) async fn prove(consents: &Consents) -> Result<(), Failure> {
    if consents.has_passphrase().await? {
        let given = hidden("Passphrase: ").await?;
        consents.check_passphrase(given, Utc::now()).await?;
    }
    Ok(())
}

/// A line without the blanks around it. None at the end of the input.
async fn typed(prompt: String) -> Result<Option<String>, Failure> {
    off_the_runtime(move || {
        output::prompt(&prompt);
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line)?;
        Ok((read > 0).then(|| line.trim().to_owned()))
    })
    .await
}

pub(super) async fn hidden(prompt: &'static str) -> Result<SecretString, Failure> {
    off_the_runtime(move || rpassword::prompt_password(prompt).map(SecretString::from)).await
}

async fn off_the_runtime<T: Send + 'static>(
    read: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Failure> {
    let broken = |detail: String| Failure::new(Code::Internal, "the terminal can't be read").operator(detail);
    match tokio::task::spawn_blocking(read).await {
        Ok(read) => read.map_err(|error| broken(error.to_string())),
        Err(error) => Err(broken(error.to_string())),
    }
}
