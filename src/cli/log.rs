//! What the operator reads, on stderr. Ours at the chosen level; other people's crates only when
//! something is wrong. No secret that we hold is written.

use std::io;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::filtered::Filtered;

pub(super) fn start(level: &str) {
    let ours: LevelFilter = level.parse().unwrap_or(LevelFilter::WARN);
    let others = ours.min(LevelFilter::WARN);
    // The protocol library warns of every call that a client cancels.
    let protocol = others.min(LevelFilter::ERROR);
    let targets =
        Targets::new().with_target("molecule_org_mcp", ours).with_target("rmcp", protocol).with_default(others);
    let lines = tracing_subscriber::fmt::layer().with_writer(|| Filtered(io::stderr())).with_ansi(false);
    // A second start, in a test, keeps the first.
    let _ = tracing_subscriber::registry().with(lines).with(targets).try_init();
}
