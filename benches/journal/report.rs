//! The figures as Markdown, and whether the goals are met.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::process::Command;

use super::{Outcome, WRITERS};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/journal.md");
const BEGIN: &str = "<!-- figures: written by `cargo bench --bench journal -- --write` -->\n";
const END: &str = "<!-- end of figures -->\n";
/// Of the bare log's entries a second.
const LEAST: f64 = 0.8;
/// Milliseconds until an entry is durable, at the 99th of a hundred.
const SLOWEST: f64 = 10.0;

pub struct Series {
    what: &'static str,
    writers: usize,
    pub rounds: Vec<Round>,
}

pub struct Round {
    /// Milliseconds of each entry.
    pub took: Vec<f64>,
    pub seconds: f64,
}

impl Series {
    pub fn new(what: &'static str, writers: usize) -> Self {
        Self { what, writers, rounds: Vec::new() }
    }

    fn rates(&self) -> Vec<f64> {
        self.rounds.iter().map(|round| round.took.len() as f64 / round.seconds).collect()
    }

    fn took(&self, share: f64) -> f64 {
        quantile(&self.rounds.iter().map(|round| quantile(&round.took, share)).collect::<Vec<_>>(), 0.5)
    }
}

fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = (sorted.len().saturating_sub(1) as f64 * share).round() as usize;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

/// Entries a second against the bare log's, in the same round.
fn ratio(all: &[Series], writers: usize) -> f64 {
    let of = |what: &str| all.iter().find(|one| one.what == what && one.writers == writers).map(Series::rates);
    let (journal, log) = (of("journal").unwrap_or_default(), of("bare log").unwrap_or_default());
    quantile(&journal.iter().zip(&log).map(|(journal, log)| journal / log).collect::<Vec<_>>(), 0.5)
}

fn slowest(all: &[Series]) -> f64 {
    let many = all.iter().find(|one| one.what == "journal" && one.writers == WRITERS);
    many.map_or(f64::NAN, |one| one.took(0.99))
}

fn text(all: &[Series]) -> Outcome<String> {
    let mut text = String::new();
    let file = |path| fs::read_to_string(path).unwrap_or_default();
    let cores = std::thread::available_parallelism()?;
    let compiler = Command::new("rustc").arg("--version").output()?;
    writeln!(text, "- machine: {cores} cores, Linux {}", file("/proc/sys/kernel/osrelease").trim())?;
    writeln!(text, "- compiler: {}", String::from_utf8_lossy(&compiler.stdout).trim())?;
    writeln!(text, "- date: {}", chrono::Utc::now().format("%Y-%m-%d"))?;
    writeln!(text, "- load at the end: {}\n", file("/proc/loadavg").split(' ').next().unwrap_or_default())?;
    writeln!(text, "| goal, with {WRITERS} writers | measured | wanted | met |\n|---|--:|--:|---|")?;
    let met = |met: bool| if met { "yes" } else { "**no**" };
    let (share, slowest) = (ratio(all, WRITERS), slowest(all));
    writeln!(
        text,
        "| entries a second, chained, of the bare log's | {:.0} % | {:.0} % | {} |",
        share * 100.0,
        LEAST * 100.0,
        met(share >= LEAST)
    )?;
    writeln!(
        text,
        "| p99 until an entry is durable | {slowest:.1} ms | {SLOWEST} ms | {} |\n",
        met(slowest < SLOWEST)
    )?;
    writeln!(text, "| | writers | entries/s | p50 | p99 | worst |\n|---|--:|--:|--:|--:|--:|")?;
    for one in all {
        let [p50, p99, worst] = [0.5, 0.99, 1.0].map(|share| one.took(share));
        let rate = quantile(&one.rates(), 0.5);
        writeln!(text, "| {} | {} | {rate:.0} | {p50:.2} ms | {p99:.2} ms | {worst:.1} ms |", one.what, one.writers)?;
    }
    Ok(text)
}

pub fn print(all: &[Series]) -> Outcome<()> {
    Ok(std::io::stdout().lock().write_all(text(all)?.as_bytes())?)
}

/// In place of the figures that stand there.
pub fn write(all: &[Series]) -> Outcome<()> {
    let page = fs::read_to_string(PAGE)?;
    let (before, rest) = page.split_once(BEGIN).ok_or("docs/journal.md has no place for figures")?;
    let (_, after) = rest.split_once(END).ok_or("docs/journal.md has no end of figures")?;
    fs::write(PAGE, format!("{before}{BEGIN}\n{}\n{END}{after}", text(all)?))?;
    print(all)
}

/// Fails where a goal is missed by more than noise explains.
pub fn check(all: &[Series]) -> Outcome<()> {
    let (share, slowest) = (ratio(all, WRITERS), slowest(all));
    if share < LEAST / 2.0 || slowest > SLOWEST * 4.0 {
        return Err(format!("missed by far: {:.0} % of the bare log, p99 {slowest:.1} ms", share * 100.0).into());
    }
    Ok(())
}
