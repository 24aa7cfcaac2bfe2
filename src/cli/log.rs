//! What the operator reads, on stderr. Ours at the chosen level; other people's crates only when
//! something is wrong. No secret that we hold is written.

use std::io::{self, Write};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::secrets::held;

pub(super) fn start(level: &str) {
    let ours: LevelFilter = level.parse().unwrap_or(LevelFilter::WARN);
    let others = ours.min(LevelFilter::WARN);
    // The protocol library warns of every call that a client cancels.
    let protocol = others.min(LevelFilter::ERROR);
    // And it calls it an error when somebody stops listening to changes.
    let closed = if ours >= LevelFilter::DEBUG { protocol } else { LevelFilter::OFF };
    let targets = Targets::new()
        .with_target("molecule_org_mcp", ours)
        .with_target("rmcp", protocol)
        .with_target("rmcp::service", closed)
        .with_default(others);
    let lines = tracing_subscriber::fmt::layer().with_writer(|| Filtered(io::stderr())).with_ansi(false);
    // A second start, in a test, keeps the first.
    let _ = tracing_subscriber::registry().with(lines).with(targets).try_init();
}

/// An event is written in one piece, so a secret is never in two.
struct Filtered<W>(W);

impl<W: Write> Write for Filtered<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match held::without(bytes) {
            Some(clean) => self.0.write_all(&clean)?,
            None => self.0.write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::secrets::held::Held;

    #[test]
    fn what_is_written_has_no_secret_in_it() {
        let _held = Held::new(Arc::new("held-while-a-line-is-written".into()));
        let mut out = Vec::new();
        writeln!(Filtered(&mut out), "a held-while-a-line-is-written b").unwrap();
        Filtered(&mut out).write_all(b"plain\n").unwrap();
        assert_eq!(out, b"a [removed] b\nplain\n");
    }
}
