//! The only place that prints. Everything else goes through the protocol or the log. No secret that we hold is
//! printed, but by what says so in its name.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use crate::secrets::held;

/// A command's result, as JSON on stdout: indented for a person, on one line for a program.
pub(super) fn json(value: &impl Serialize) -> io::Result<()> {
    line(&as_json(value)?)
}

/// The same with a new credential in it, which is what the command is for.
pub(super) fn json_on_purpose(value: &impl Serialize) -> io::Result<()> {
    line_on_purpose(&as_json(value)?)
}

fn as_json(value: &impl Serialize) -> io::Result<String> {
    let written = match io::stdout().is_terminal() {
        true => serde_json::to_string_pretty(value),
        false => serde_json::to_string(value),
    };
    Ok(written?)
}

/// One of several: a line each, whoever reads it.
pub(super) fn compact(value: &impl Serialize) -> io::Result<()> {
    line(&serde_json::to_string(value)?)
}

pub(super) fn line(text: &str) -> io::Result<()> {
    line_on_purpose(&held::clean_text(text.to_owned()))
}

/// A line with a new credential in it, which is shown this once.
pub(super) fn line_on_purpose(text: &str) -> io::Result<()> {
    enough(writeln!(io::stdout().lock(), "{text}"))
}

/// Bytes as they are, which nobody keeps a secret in: what packagers put into files.
pub(super) fn bytes(content: &[u8]) -> io::Result<()> {
    enough(io::stdout().lock().write_all(content))
}

/// A reader who has seen enough, `head` for one, isn't a failure.
fn enough(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// What a person or a script waits for while stdout belongs to something else.
pub(super) fn notice(text: &str) {
    notice_on_purpose(&held::clean_text(text.to_owned()));
}

/// A notice with a credential that a person has to take from here.
pub(super) fn notice_on_purpose(text: &str) {
    // Nobody reads it: nothing is lost.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// What a person answers on the same line.
pub(super) fn prompt(text: &str) {
    let text = held::clean_text(text.to_owned());
    let mut err = io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

pub(super) fn problem(text: &str) {
    notice(&format!("molecule-org-mcp: {text}"));
}
