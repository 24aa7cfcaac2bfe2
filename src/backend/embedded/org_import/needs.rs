//! The environment variables that an org template needs, over the whole tree: names that are no names
//! are dropped, a name that must be there absorbs a group which holds it, equal groups merge.

use std::collections::BTreeSet;

use super::template::{Need, OrgTemplate, Wanted};

pub(super) struct Needs {
    pub(super) required: Vec<Need>,
    pub(super) recommended: Vec<Need>,
}

impl Needs {
    pub(super) fn of(template: &OrgTemplate) -> Self {
        let mut required = template.required_env.clone();
        let mut recommended = template.recommended_env.clone();
        for wanted in &template.workspaces {
            collect(wanted, &mut required, &mut recommended);
        }
        let required = merged(required);
        let recommended = merged(recommended).into_iter().filter(|need| !required.contains(need)).collect();
        Self { required, recommended }
    }

    pub(super) fn missing(&self, there: &[String]) -> Vec<&Need> {
        let is_met = |need: &Need| match need {
            Need::One(name) => there.contains(name),
            Need::Any { any_of } => any_of.iter().any(|name| there.contains(name)),
        };
        self.required.iter().filter(|need| !is_met(need)).collect()
    }
}

fn collect(wanted: &Wanted, required: &mut Vec<Need>, recommended: &mut Vec<Need>) {
    required.extend_from_slice(&wanted.required_env);
    recommended.extend_from_slice(&wanted.recommended_env);
    for child in &wanted.children {
        collect(child, required, recommended);
    }
}

/// Names first, then groups, each in order.
fn merged(needs: Vec<Need>) -> Vec<Need> {
    let valid: BTreeSet<Need> = needs.into_iter().filter_map(valid).collect();
    let strict: BTreeSet<String> = valid.iter().filter_map(name).collect();
    let absorbed =
        |need: &Need| matches!(need, Need::Any { any_of } if any_of.iter().any(|name| strict.contains(name)));
    valid.iter().filter(|need| !absorbed(need)).cloned().collect()
}

fn name(need: &Need) -> Option<String> {
    match need {
        Need::One(name) => Some(name.clone()),
        Need::Any { .. } => None,
    }
}

fn valid(need: Need) -> Option<Need> {
    match need {
        Need::One(name) => is_variable(&name).then_some(Need::One(name)),
        Need::Any { any_of } => {
            let mut any_of: Vec<String> = any_of.into_iter().filter(|name| is_variable(name)).collect();
            any_of.sort();
            any_of.dedup();
            (!any_of.is_empty()).then_some(Need::Any { any_of })
        }
    }
}

fn is_variable(name: &str) -> bool {
    let starts_well = name.starts_with(|first: char| first.is_ascii_uppercase());
    starts_well && name.len() <= 128 && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}
