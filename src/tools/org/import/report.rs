//! What has become of each workspace of a template, and how it is told: what failed first, what was there last.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Made};
use crate::failure::Failure;
use crate::fence;
use crate::text::start;
use crate::tools::ids::WorkspaceId;
use crate::tools::org::live::Live;
use crate::tools::org::plan::Plan;
use crate::tools::org::template::OrgTemplate;
use crate::tools::prose::Prose;

/// Workspaces that an answer names.
const SHOWN: usize = 200;
/// Lines of what wasn't carried.
const LINES: usize = 50;
/// Characters of a name, and of a path.
const NAME: usize = 120;
const PATH: usize = 120;
/// Channels that were left out.
const CHANNELS: usize = 60;
/// What a second import of it would do.
const REST: &str = "the rest of the tenant's template: importing it again would make twins of what was created; delete \
                    that first, or give the template itself rather than its name";
/// Whose settings would go where, nobody could say.
const STRANGE: &str = "all settings: the tenant made other workspaces than the template has, or in another order";

#[derive(Serialize, JsonSchema)]
pub struct Imported {
    org: String,
    /// `complete`, or `partial` where something was left: see `not_carried`; else plan and import again.
    status: &'static str,
    /// Why it stopped, in the tenant's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Prose>,
    /// How many were created.
    count: usize,
    /// Of 200 at most: what failed first, what existed last.
    workspaces: Vec<Outcome>,
    #[serde(skip_serializing_if = "is_zero")]
    not_shown: usize,
    /// What the template says and the organisation doesn't have after this.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_carried: Vec<String>,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Became {
    Failed,
    // Created or found as a root, and not below its parent yet.
    NotMoved,
    NotReached,
    Created,
    Existed,
}

#[derive(Serialize, JsonSchema)]
struct Outcome {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<WorkspaceId>,
    name: String,
    /// Names from the root to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    outcome: Became,
    /// Channels that were left out, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    channels_skipped: Vec<SkippedChannel>,
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub(super) struct SkippedChannel {
    #[serde(rename = "type")]
    kind: String,
    reason: String,
}

/// Of a template that only the tenant knows.
pub(super) fn as_told(answer: Answer) -> Imported {
    let count = answer.workspaces.len();
    let is_partial = answer.error.is_some();
    Imported {
        org: answer.org,
        status: if is_partial { "partial" } else { "complete" },
        problem: answer.error,
        count,
        workspaces: shown(answer.workspaces.into_iter().map(outcome).collect()),
        not_shown: count.saturating_sub(SHOWN),
        not_carried: is_partial.then(|| REST.to_owned()).into_iter().collect(),
    }
}

fn outcome(made: Made) -> Outcome {
    Outcome {
        id: Some(made.id),
        name: made.name,
        path: None,
        outcome: Became::Created,
        channels_skipped: made.channels_skipped,
    }
}

/// What an answer has room for.
fn shown(mut workspaces: Vec<Outcome>) -> Vec<Outcome> {
    workspaces.truncate(SHOWN);
    let mut left = CHANNELS;
    for one in &mut workspaces {
        one.name = start(&one.name, NAME).into_owned();
        one.path = one.path.as_deref().map(|path| start(path, PATH).into_owned());
        one.channels_skipped.truncate(left);
        left -= one.channels_skipped.len();
        for skipped in &mut one.channels_skipped {
            skipped.kind = start(&skipped.kind, NAME).into_owned();
            skipped.reason = start(&skipped.reason, PATH).into_owned();
        }
    }
    workspaces
}

fn lines(mut all: Vec<String>) -> Vec<String> {
    let more = all.len().saturating_sub(LINES);
    all.truncate(LINES);
    all.extend((more > 0).then(|| format!("and {more} more")));
    all
}

/// What has become of each workspace of the template.
pub(super) struct Report {
    org: String,
    problem: Option<Prose>,
    nodes: Vec<(String, String)>,
    pub ids: Vec<Option<WorkspaceId>>,
    pub became: Vec<Became>,
    skipped: Vec<Vec<SkippedChannel>>,
    pub not_carried: Vec<String>,
    created: usize,
    beside: Vec<Outcome>,
    not_looked_at: usize,
}

impl Report {
    pub fn new(template: &OrgTemplate, plan: &Plan, live: &Live) -> Self {
        let found = |at: usize| plan.found(at).and_then(|found| live.get(found));
        let count = plan.nodes.len();
        Self {
            org: template.name.clone(),
            problem: None,
            nodes: plan.nodes.iter().map(|node| (node.wanted.name.clone(), node.path.clone())).collect(),
            ids: (0..count).map(|at| found(at).map(|one| one.id.clone())).collect(),
            became: (0..count)
                .map(|at| if found(at).is_some() { Became::Existed } else { Became::NotReached })
                .collect(),
            skipped: vec![Vec::new(); count],
            not_carried: Vec::new(),
            created: 0,
            beside: Vec::new(),
            not_looked_at: 0,
        }
    }

    fn set(&mut self, at: usize, became: Became) {
        if let Some(place) = self.became.get_mut(at) {
            *place = became;
        }
    }

    /// The tenant made the first of those that were sent; the one after them is what it failed at. What it made
    /// besides is told, too. Under other names they aren't ours, and nothing is set on them.
    pub fn made(&mut self, sent: &[usize], answer: Answer) {
        let count = answer.workspaces.len();
        self.created = count;
        self.org = answer.org;
        self.problem = answer.error;
        let is_planned = |(at, made): (&usize, &Made)| self.nodes.get(*at).is_some_and(|(name, _)| *name == made.name);
        if !sent.iter().zip(&answer.workspaces).all(is_planned) {
            self.not_carried.push(STRANGE.to_owned());
            self.beside = answer.workspaces.into_iter().map(outcome).collect();
            return;
        }
        let mut all = answer.workspaces.into_iter();
        for (at, made) in sent.iter().zip(all.by_ref()) {
            self.set(*at, Became::Created);
            if let Some(id) = self.ids.get_mut(*at) {
                *id = Some(made.id);
            }
            if let Some(skipped) = self.skipped.get_mut(*at) {
                *skipped = made.channels_skipped;
            }
        }
        if let Some(failed) = sent.get(count) {
            self.set(*failed, Became::Failed);
        }
        self.beside = all.map(outcome).collect();
    }

    pub fn moved(&mut self, at: usize, result: Result<(), Failure>) {
        if let Err(failure) = result {
            self.set(at, Became::NotMoved);
            self.lost(at, "its place below its parent", &failure);
        }
    }

    pub fn not_looked_at(&mut self, count: usize) {
        self.not_looked_at = count;
    }

    pub fn lost(&mut self, at: usize, what: &str, failure: &Failure) {
        let path = self.nodes.get(at).map(|(_, path)| fence::quoted(&start(path, PATH))).unwrap_or_default();
        self.not_carried.push(format!("{path}: {what} ({})", failure.code().as_str()));
    }

    pub fn answer(mut self) -> Imported {
        if self.not_looked_at > 0 {
            let count = self.not_looked_at;
            self.not_carried
                .push(format!("models and schedules of {count} workspaces that are there weren't looked at"));
        }
        let is_whole =
            self.not_looked_at == 0 && self.became.iter().all(|one| matches!(one, Became::Created | Became::Existed));
        let rows = self.nodes.into_iter().zip(self.ids).zip(self.became).zip(self.skipped);
        let outcome = |((((name, path), id), outcome), channels_skipped)| Outcome {
            id,
            name,
            path: Some(path),
            outcome,
            channels_skipped,
        };
        let mut workspaces: Vec<Outcome> = rows.map(outcome).chain(self.beside).collect();
        workspaces.sort_by_key(|one| one.outcome);
        let not_shown = workspaces.len().saturating_sub(SHOWN);
        Imported {
            org: self.org,
            status: if is_whole && self.problem.is_none() { "complete" } else { "partial" },
            problem: self.problem,
            count: self.created,
            workspaces: shown(workspaces),
            not_shown,
            not_carried: lines(self.not_carried),
        }
    }
}
