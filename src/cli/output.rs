//! The only place that prints. Everything else goes through the protocol or the log.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

/// A command's result, as JSON on stdout: indented for a person, on one line for a program.
pub(super) fn json(value: &impl Serialize) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let written = if out.is_terminal() {
        serde_json::to_writer_pretty(&mut out, value)
    } else {
        serde_json::to_writer(&mut out, value)
    };
    enough(written.map_err(io::Error::from).and_then(|()| out.write_all(b"\n")))
}

/// One of several: a line each, whoever reads it.
pub(super) fn compact(value: &impl Serialize) -> io::Result<()> {
    line(&serde_json::to_string(value)?)
}

pub(super) fn line(text: &str) -> io::Result<()> {
    enough(writeln!(io::stdout().lock(), "{text}"))
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
    // Nobody reads it: nothing is lost.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// What a person answers on the same line.
pub(super) fn prompt(text: &str) {
    let mut err = io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

pub(super) fn problem(text: &str) {
    notice(&format!("molecule-org-mcp: {text}"));
}
