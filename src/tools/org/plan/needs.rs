//! What a template needs and isn't there: secrets, workspace templates, plugins. And what it would start:
//! schedules.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::Plan;
use super::facts::Facts;
use crate::fence;
use crate::timetable::Timetable;
use crate::tools::org::template::OrgTemplate;
use crate::tools::templates::Required;

#[derive(Default, Serialize)]
pub struct Needs {
    pub required: Vec<String>,
    pub recommended: Vec<String>,
    pub templates: Vec<String>,
    pub plugins: Vec<String>,
}

/// A schedule that starts with the import.
#[derive(Serialize, JsonSchema)]
pub struct Start {
    workspace: String,
    name: String,
    /// Absent: the tenant would leave this one out, because of `problem`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_run: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl Needs {
    /// Of the template and the workspaces that it would create.
    pub fn of(template: &OrgTemplate, plan: &Plan, facts: &Facts) -> Self {
        let mut required: Vec<&Required> = template.required_env.iter().collect();
        let mut recommended: Vec<&Required> = template.recommended_env.iter().collect();
        let (mut templates, mut plugins) = (BTreeSet::new(), BTreeSet::new());
        for (_, node) in plan.missing() {
            required.extend(&node.wanted.required_env);
            recommended.extend(&node.wanted.recommended_env);
            templates.extend(node.wanted.template.as_deref());
            plugins.extend(node.plugins());
        }
        Self {
            required: missing(&required, facts.secrets.as_ref()),
            recommended: missing(&recommended, facts.secrets.as_ref()),
            templates: absent(&templates, facts.templates.as_ref()),
            plugins: absent(&plugins, facts.plugins.as_ref()),
        }
    }
}

fn absent(named: &BTreeSet<&str>, there: Option<&BTreeSet<String>>) -> Vec<String> {
    let Some(there) = there else { return Vec::new() };
    named.iter().filter(|name| !there.contains(**name)).map(|name| fence::name(name)).collect()
}

/// As the tenant reckons: what is no variable's name doesn't count, and a name that is needed by itself covers
/// a group which holds it.
pub fn missing(needed: &[&Required], there: Option<&BTreeSet<String>>) -> Vec<String> {
    let Some(there) = there else { return Vec::new() };
    let valid: Vec<Vec<&String>> =
        needed.iter().map(|one| one.names().iter().filter(|name| is_variable(name)).collect()).collect();
    let alone: BTreeSet<&String> = valid.iter().filter(|names| names.len() == 1).flatten().copied().collect();
    let mut missing = BTreeSet::new();
    for names in valid.iter().filter(|names| !names.is_empty()) {
        let is_covered = names.len() > 1 && names.iter().any(|name| alone.contains(name));
        if !is_covered && !names.iter().any(|name| there.contains(*name)) {
            missing.insert(names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(" or "));
        }
    }
    missing.into_iter().collect()
}

fn is_variable(name: &str) -> bool {
    let starts_well = name.starts_with(|first: char| first.is_ascii_uppercase());
    starts_well && name.len() <= 128 && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// The schedules of what would be created, but for those that are off.
pub fn starting(plan: &Plan, now: DateTime<Utc>) -> Vec<Start> {
    let timed = plan.missing().flat_map(|(_, node)| node.wanted.schedules.iter().map(|timed| (&node.path, timed)));
    let start = |(path, timed): (&String, &super::Timed)| {
        let next = Timetable::parse(&timed.cron_expr, &timed.timezone).map_err(|wrong| wrong.to_string());
        let next = next.and_then(|times| times.next(now).ok_or_else(|| "that date never comes".to_owned()));
        let (next_run, problem) = match next {
            Ok(next) => (Some(next), None),
            Err(problem) => (None, Some(problem)),
        };
        Start { workspace: path.clone(), name: timed.name.clone(), next_run, problem }
    };
    timed.filter(|(_, timed)| timed.is_on()).map(start).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_covers_its_groups_and_what_is_no_name_doesnt_count() {
        let one = |name: &str| Required::One(name.to_owned());
        let any = |names: &[&str]| Required::AnyOf { any_of: names.iter().map(|name| (*name).to_owned()).collect() };
        let needed = [one("A"), any(&["A", "B"]), any(&["C", "D"]), one("lower"), one("E"), any(&["C", "D"])];
        let needed: Vec<&Required> = needed.iter().collect();
        let there = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(missing(&needed, Some(&there(&[]))), ["A", "C or D", "E"]);
        assert_eq!(missing(&needed, Some(&there(&["A", "D"]))), ["E"]);
        assert!(missing(&needed, None).is_empty());
    }
}
