//! Plans, differences and imports for a person: `+` for what is to come, `-` for what is too much, `~` for what
//! differs. In colours at a terminal, unless NO_COLOR says otherwise.

use std::fmt::Write as _;
use std::io::{IsTerminal, stderr};

use serde_json::Value;

use crate::fence::{self, Given};

/// Counts, and the lists that they count.
pub(super) const COUNTED: [(&str, &str); 6] = [
    ("create_count", "creates"),
    ("complete_count", "completes"),
    ("difference_count", "differences"),
    ("schedule_count", "schedules"),
    ("missing_count", "missing"),
    ("extra_count", "extra"),
];

#[derive(Clone, Copy)]
pub(super) struct Colours(bool);

impl Colours {
    /// None where a program reads it.
    pub(super) fn of(plain: bool) -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self(!plain && !unwanted && stderr().is_terminal())
    }

    fn line(self, mark: char, text: &str) -> String {
        let colour = match mark {
            '+' => "32",
            '-' => "31",
            _ => "33",
        };
        // The tenant's text can't bring colours or lines of its own.
        let text = fence::line(text);
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        if self.0 { format!("\u{1b}[{colour}m{mark} {text}\u{1b}[0m\n") } else { format!("{mark} {text}\n") }
    }
}

pub(super) fn plan(plan: &Value, colours: Colours) -> String {
    let mut told = String::new();
    for one in list(plan, "creates") {
        let (path, runtime, tier) = (text(one, "path"), text(one, "runtime"), number(one, "tier"));
        let mount = match (one.get("workspace_dir"), one.get("workspace_access")) {
            (None, _) => String::new(),
            (Some(_), None) => format!(", mounts {}", text(one, "workspace_dir")),
            (Some(_), Some(_)) => {
                format!(", mounts {} {}", text(one, "workspace_dir"), text(one, "workspace_access"))
            }
        };
        told.push_str(&colours.line('+', &format!("{path}  ({runtime}, tier {tier}{mount})")));
    }
    for one in list(plan, "completes") {
        told.push_str(&colours.line('+', &format!("{}: {}", text(one, "path"), text(one, "sets"))));
    }
    told.push_str(&differences(plan, colours));
    for (name, words) in [
        ("missing_required", "Missing secret"),
        ("missing_recommended", "Missing secret (recommended)"),
        ("missing_templates", "Missing workspace template"),
        ("missing_plugins", "Missing plugin"),
    ] {
        for one in texts(plan, name) {
            told.push_str(&colours.line('!', &format!("{words}: {one}")));
        }
    }
    for one in list(plan, "schedules") {
        let when = match one.get("next_run").and_then(Value::as_str) {
            Some(next) => format!("first at {next}"),
            None => format!("left out by the tenant: {}", text(one, "problem")),
        };
        told.push_str(
            &colours.line('!', &format!("Schedule {} of {}: {when}", text(one, "name"), text(one, "workspace"))),
        );
    }
    notes(plan, &mut told);
    let _ = writeln!(told, "{}", budget(plan));
    let create = number(plan, "create_count");
    let _ = match is_summary(plan) {
        true => writeln!(told, "{create} to create; what of it is there already isn't known."),
        false => {
            let (exist, differ) = (number(plan, "match_count"), number(plan, "difference_count"));
            writeln!(told, "{create} to create, {exist} there already, {differ} differences left as they are.")
        }
    };
    let _ = writeln!(told, "Plan: {}", text(plan, "plan_id"));
    told
}

/// Of a template that only the tenant knows.
pub(super) fn is_summary(plan: &Value) -> bool {
    plan.get("detail").and_then(Value::as_str) == Some("summary")
}

fn budget(plan: &Value) -> String {
    let cents = |name: &str| plan.pointer(&format!("/budget/{name}/cents")).and_then(Value::as_i64).unwrap_or_default();
    let dollars = |cents: i64| format!("{}.{:02} USD", cents / 100, cents % 100);
    let added = if is_summary(plan) { "unknown".to_owned() } else { dollars(cents("added")) };
    let without = plan.pointer("/budget/without_limit").and_then(Value::as_i64).unwrap_or_default();
    format!("Budgets: {} a month now, {added} added; {without} to create without a limit.", dollars(cents("now")))
}

pub(super) fn diff(compared: &Value, colours: Colours) -> String {
    let mut told = String::new();
    for path in texts(compared, "missing") {
        told.push_str(&colours.line('+', &format!("{path}  (in the template only)")));
    }
    for one in list(compared, "extra") {
        told.push_str(&colours.line('-', &format!("{}  (in the organisation only)", text(one, "path"))));
    }
    told.push_str(&differences(compared, colours));
    notes(compared, &mut told);
    let count = |name| number(compared, name);
    let _ = match compared.get("in_sync") {
        Some(Value::Bool(true)) => writeln!(told, "In sync: {} workspaces.", count("match_count")),
        _ => writeln!(
            told,
            "{} missing, {} extra, {} differences.",
            count("missing_count"),
            count("extra_count"),
            count("difference_count")
        ),
    };
    if count("beside_count") > 0 {
        let _ = writeln!(told, "Not compared: {} at the top that the template doesn't have.", count("beside_count"));
    }
    told
}

pub(super) fn imported(imported: &Value, colours: Colours) -> String {
    let mut told = String::new();
    for one in list(imported, "workspaces") {
        let path = one.get("path").map_or_else(|| text(one, "name"), |_| text(one, "path"));
        let (outcome, id) = (text(one, "outcome"), text(one, "id"));
        let mark = match outcome.as_str() {
            "created" => '+',
            "existed" => '~',
            _ => '-',
        };
        told.push_str(&colours.line(mark, format!("{path}  {outcome} {id}").trim_end()));
    }
    for one in texts(imported, "not_carried") {
        told.push_str(&colours.line('!', &format!("Not carried: {one}")));
    }
    if let Some(Value::String(_)) = imported.get("problem") {
        told.push_str(&colours.line('-', &text(imported, "problem")));
    }
    let _ = writeln!(told, "{}: {} created.", text(imported, "status"), number(imported, "count"));
    told
}

fn differences(answer: &Value, colours: Colours) -> String {
    let line = |one: &Value| {
        let (path, field) = (text(one, "path"), text(one, "field"));
        colours.line('~', &format!("{path}: {field}: {} → {}", text(one, "live"), text(one, "template")))
    };
    list(answer, "differences").map(line).collect()
}

fn notes(answer: &Value, told: &mut String) {
    for one in texts(answer, "notes") {
        let _ = writeln!(told, "{one}");
    }
}

fn list<'a>(answer: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    answer.get(name).and_then(Value::as_array).into_iter().flatten()
}

pub(super) fn texts(answer: &Value, name: &str) -> Vec<String> {
    list(answer, name).map(plain).collect()
}

fn number(answer: &Value, name: &str) -> i64 {
    answer.get(name).and_then(Value::as_i64).unwrap_or_default()
}

fn text(answer: &Value, name: &str) -> String {
    answer.get(name).map(plain).unwrap_or_default()
}

/// A person reads no fences.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => match fence::given(text) {
            Given::Fenced(inner) => inner.to_owned(),
            Given::Plain(_) | Given::Cut => text.clone(),
        },
        Value::Null => "nothing".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_differs_is_marked_and_in_colours_only_where_they_are_wanted() {
        let compared = json!({
            "in_sync": false, "missing_count": 1, "missing": ["A / B"], "extra_count": 1,
            "extra": [{ "path": "A / \u{1b}[2JC", "id": "x" }], "difference_count": 1,
            "differences": [{ "path": "A", "field": "tier", "live": 2, "template": 3 }], "notes": [],
        });
        let told = diff(&compared, Colours(false));
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines[0], "+ A / B  (in the template only)");
        assert_eq!(lines[1], "- A / [2JC  (in the organisation only)");
        assert_eq!(lines[2..], ["~ A: tier: 2 → 3", "1 missing, 1 extra, 1 differences."]);
        let told = diff(&compared, Colours(true));
        assert!(told.starts_with("\u{1b}[32m+ A / B") && !told.contains("\u{1b}[2J"), "{told:?}");
    }
}
