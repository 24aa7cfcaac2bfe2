//! The figures as Markdown, and which goals they meet.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;

use super::Outcome;
use super::cold::Cold;
use super::figures::{mb, median, quantile, ratio};
use super::giant::Giant;
use super::machine::Machine;
use super::memory::{IN_FLIGHT, Memory};
use super::steady::{Flight, Series};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/performance.md");
const BEGIN: &str = "<!-- figures: written by `cargo bench --bench road -- --write` -->\n";
const END: &str = "<!-- end of figures -->\n";
const PROXY: &str = "bare proxy";

pub struct Report {
    pub machine: Machine,
    /// Microseconds each.
    pub decisions: Vec<f64>,
    pub cold: Cold,
    pub memory: Vec<Memory>,
    pub reads: Vec<Series>,
    pub changes: Vec<Series>,
    pub giants: Vec<Giant>,
}

/// Something that has to stay below a limit.
struct Goal {
    what: String,
    measured: f64,
    limit: f64,
    unit: &'static str,
    /// How far it may be missed on a machine that does other things too; none for what is compared
    /// within the run, which needs more rounds than a quick look has.
    slack: Option<f64>,
}

impl Goal {
    fn row(&self) -> String {
        let Self { what, measured, limit, unit, .. } = self;
        let met = if measured <= limit { "yes" } else { "**no**" };
        let digits = if *limit <= 1.0 { 2 } else { 1 };
        format!("| {what} | {measured:.digits$}{unit} | {limit}{unit} | {met} |\n")
    }
}

impl Report {
    pub fn print(&self) -> Outcome<()> {
        Ok(std::io::stdout().lock().write_all(self.text()?.as_bytes())?)
    }

    /// In place of the figures that stand there.
    pub fn write(&self) -> Outcome<()> {
        let page = fs::read_to_string(PAGE)?;
        let (before, rest) = page.split_once(BEGIN).ok_or("docs/performance.md has no place for figures")?;
        let (_, after) = rest.split_once(END).ok_or("docs/performance.md has no end of figures")?;
        Ok(fs::write(PAGE, format!("{before}{BEGIN}\n{}\n{END}{after}", self.text()?))?)
    }

    /// Fails where a goal is missed by more than noise explains.
    pub fn check(&self) -> Outcome<()> {
        let missed = |goal: &Goal| goal.slack.is_some_and(|slack| goal.measured > goal.limit * slack);
        let missed: String = self.goals().iter().filter(|goal| missed(goal)).map(Goal::row).collect();
        if missed.is_empty() { Ok(()) } else { Err(format!("missed by far:\n{missed}").into()) }
    }

    fn text(&self) -> Outcome<String> {
        let mut text = String::new();
        for line in self.machine.lines() {
            writeln!(text, "{line}")?;
        }
        text += "\n| goal | measured | at most | met |\n|---|--:|--:|---|\n";
        text.extend(self.goals().iter().map(Goal::row));
        self.reads_table(&mut text)?;
        self.changes_table(&mut text)?;
        self.memory_table(&mut text)?;
        self.giants_table(&mut text)?;
        Ok(text)
    }

    fn goals(&self) -> Vec<Goal> {
        let goal = |what: String, measured, limit, unit, slack| Goal { what, measured, limit, unit, slack };
        let mut goals = Vec::new();
        for (what, values) in [
            ("`initialize`, new data directory", &self.cold.first),
            ("`initialize`", &self.cold.initialize),
            ("`tools/list`, after `initialize`", &self.cold.list),
            ("`tools/call`, as the first message", &self.cold.call),
        ] {
            goals.push(goal(format!("cold start to {what}"), median(values), 15.0, " ms", Some(4.0)));
        }
        goals.push(goal("a decision of the policy".into(), median(&self.decisions), 1.0, " µs", Some(4.0)));
        for one in &self.memory {
            goals.push(goal(
                format!("resident after `tools/list`, {}", one.door),
                mb(one.listed),
                20.0,
                " MB",
                Some(1.25),
            ));
            let what = format!("resident with {IN_FLIGHT} in flight, {}", one.door);
            goals.push(goal(what, mb(one.busy), 40.0, " MB", Some(1.25)));
        }
        let ours: Vec<&Series> = self.reads.iter().skip(2).collect();
        if let Some(proxy) = self.reads.iter().find(|series| series.door == PROXY) {
            for one in &ours {
                goals.push(goal(
                    format!("processor time a call, {}", one.door),
                    one.cost() / proxy.cost(),
                    2.0,
                    " × proxy",
                    None,
                ));
            }
            for one in ours.iter().filter(|one| one.door == "stdio") {
                goals.push(goal("p50 of a read, stdio".into(), ratio(&one.p50, &proxy.p50), 1.5, " × proxy", None));
            }
        }
        for giant in &self.giants {
            let what = format!("delay of others by {}, {}", giant.answer, giant.door);
            goals.push(goal(what, quantile(&giant.pings, 1.0) - giant.usual, 20.0, " ms", Some(4.0)));
        }
        goals
    }

    fn reads_table(&self, text: &mut String) -> Outcome<()> {
        let Some(proxy) = self.reads.iter().find(|series| series.door == PROXY) else { return Ok(()) };
        let numbers: Vec<usize> = proxy.flights.iter().map(|flight| flight.in_flight).collect();
        let head: String = numbers.iter().map(|number| format!(" {number} in flight |")).collect();
        writeln!(
            text,
            "\nA read (`get_workspace`, one request to the tenant); calls a second and processor time a call by calls in flight:\n"
        )?;
        writeln!(text, "| way | p50 | p99 | p50 × proxy | processor time | × proxy |{head}")?;
        writeln!(text, "|---|--:|--:|--:|--:|--:|{}", "--:|".repeat(numbers.len()))?;
        for one in &self.reads {
            let flights: String = one.flights.iter().map(flight).collect();
            writeln!(
                text,
                "| {} | {:.0} µs | {:.0} µs | {:.2} | {:.0} µs | {:.2} |{flights}",
                one.door,
                median(&one.p50),
                median(&one.p99),
                ratio(&one.p50, &proxy.p50),
                one.cost(),
                one.cost() / proxy.cost(),
            )?;
        }
        Ok(())
    }

    fn changes_table(&self, text: &mut String) -> Outcome<()> {
        let Some(proxy) = self.changes.iter().find(|series| series.door == PROXY) else { return Ok(()) };
        writeln!(
            text,
            "\nA change (`revoke_workspace_token`, one request, after an intent that is synced to the disk):\n"
        )?;
        writeln!(text, "| way | p50 | p99 | over the proxy's p50 |\n|---|--:|--:|--:|")?;
        for one in &self.changes {
            let (p50, p99) = (median(&one.p50), median(&one.p99));
            writeln!(text, "| {} | {p50:.0} µs | {p99:.0} µs | {:+.0} µs |", one.door, p50 - median(&proxy.p50))?;
        }
        Ok(())
    }

    fn memory_table(&self, text: &mut String) -> Outcome<()> {
        writeln!(text, "\nResident memory of a process that did nothing else:\n")?;
        writeln!(
            text,
            "| door | after `tools/list` | {IN_FLIGHT} in flight | peak | a second later |\n|---|--:|--:|--:|--:|"
        )?;
        for one in &self.memory {
            let [listed, busy, peak, after] = [one.listed, one.busy, one.peak, one.after].map(mb);
            writeln!(text, "| {} | {listed:.1} MB | {busy:.1} MB | {peak:.1} MB | {after:.1} MB |", one.door)?;
        }
        Ok(())
    }

    fn giants_table(&self, text: &mut String) -> Outcome<()> {
        writeln!(text, "\nGiant answers of the tenant, one at a time, while somebody else pings every millisecond:\n")?;
        writeln!(
            text,
            "| tenant answers | door | we answer | in | memory before | peak | ping usually | p99 meanwhile | longest |"
        )?;
        writeln!(text, "|---|---|---|--:|--:|--:|--:|--:|--:|")?;
        for one in &self.giants {
            let [p99, longest] = [0.99, 1.0].map(|share| quantile(&one.pings, share));
            writeln!(
                text,
                "| {} | {} | {} | {:.0} ms | {:.1} MB | {:.1} MB | {:.2} ms | {p99:.1} ms | {longest:.1} ms |",
                one.answer,
                one.door,
                one.outcome,
                one.took,
                mb(one.before),
                mb(one.peak),
                one.usual,
            )?;
        }
        Ok(())
    }
}

fn flight(flight: &Flight) -> String {
    format!(" {:.0}/s, {:.0} µs |", median(&flight.rates), flight.cost())
}
