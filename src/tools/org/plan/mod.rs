//! What importing a template would come to, against the organisation as it is: the pure part. `facts` is what
//! was looked at, `held` what there is to see of the tenant's own templates, `needs` what is missing, `id` what a
//! plan is known by, `answer` and `compare` what is told.

pub mod answer;
pub mod compare;
pub mod facts;
pub mod held;
pub mod id;
pub mod needs;

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value, json};

use facts::{Detail, Facts};

use super::live::{Found, Live, place};
use super::template::tree::{Node, below};
use super::template::{OrgTemplate, Rule, Spot, Timed};
use crate::tools::schedules::wire::Schedule;
use crate::tools::workspaces::wire::Workspace;

pub struct Plan<'a> {
    pub nodes: Vec<Node<'a>>,
    /// For each node, what is there of it.
    pub found: Vec<Option<Found>>,
    pub differences: Vec<Difference>,
    /// By node.
    pub settings: Vec<(usize, Setting<'a>)>,
}

/// What the tenant's import ignores, and a call of its own brings about. Where a workspace is there already,
/// only what it lacks: nothing that is set is changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Setting<'a> {
    Model(&'a str),
    Budget(i64),
    Rule(&'a Rule),
    Place(Spot),
}

impl Setting<'_> {
    pub fn words(&self) -> String {
        match self {
            Self::Model(_) => "model".to_owned(),
            Self::Budget(_) => "budget_limit".to_owned(),
            Self::Rule(rule) => format!("instruction {}", crate::fence::quoted(&crate::text::start(&rule.title, 60))),
            Self::Place(_) => "canvas".to_owned(),
        }
    }
}

/// Where a workspace isn't as the template has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    pub path: String,
    pub field: String,
    pub live: Value,
    pub template: Value,
}

impl<'a> Plan<'a> {
    pub fn new(template: &'a OrgTemplate, live: &Live, facts: &Facts) -> Self {
        let nodes = template.tree();
        let found = live.find(&nodes);
        let mut plan = Self { nodes, found, differences: Vec::new(), settings: Vec::new() };
        for at in 0..plan.nodes.len() {
            let (differences, settings) = plan.look_at(at, live, facts);
            plan.differences.extend(differences);
            plan.settings.extend(settings.into_iter().map(|setting| (at, setting)));
        }
        plan
    }

    fn look_at(&self, at: usize, live: &Live, facts: &Facts) -> (Vec<Difference>, Vec<Setting<'a>>) {
        let Some(node) = self.nodes.get(at) else { return Default::default() };
        match self.found(at) {
            Some(found) => match live.get(found) {
                Some(one) => compared(node, one, found, facts),
                None => Default::default(),
            },
            None => (Vec::new(), settings_of_new(node)),
        }
    }

    pub fn found(&self, at: usize) -> Option<Found> {
        self.found.get(at).copied().flatten()
    }

    /// Those that aren't there, with where they stand among the nodes.
    pub fn missing(&self) -> impl Iterator<Item = (usize, &Node<'a>)> {
        self.nodes.iter().enumerate().filter(|(at, _)| self.found(*at).is_none())
    }

    /// The topmost ones of those.
    pub fn missing_roots(&self) -> impl Iterator<Item = (usize, &Node<'a>)> {
        let is_topmost = |node: &Node| node.parent.is_none_or(|parent| self.found(parent).is_some());
        self.missing().filter(move |(_, node)| is_topmost(node))
    }

    /// What an earlier import left somewhere else than where it belongs.
    pub fn unsettled(&self) -> Vec<usize> {
        let found = self.found.iter().enumerate();
        found.filter(|(_, found)| found.is_some_and(|found| found.unsettled)).map(|(at, _)| at).collect()
    }

    pub fn existing(&self) -> usize {
        self.found.iter().flatten().count()
    }

    /// Live workspaces that stand below one of the template's and aren't in it, and how many roots stand
    /// beside the template's.
    pub fn extra<'l>(&self, live: &'l Live) -> (Vec<(String, &'l Workspace)>, usize) {
        let known: BTreeSet<usize> = self.found.iter().flatten().map(|one| one.at).collect();
        let mut extra = Vec::new();
        for (node, found) in self.nodes.iter().zip(&self.found) {
            let Some(one) = found.and_then(|found| live.get(found)) else { continue };
            let mut open: Vec<(String, &Workspace)> = vec![(node.path.clone(), one)];
            while let Some((path, above)) = open.pop() {
                // A circle of parents hangs below no root, so this ends.
                for (_, child) in live.below(Some(&above.id)).filter(|(at, _)| !known.contains(at)) {
                    let path = below(Some(&path), &child.name);
                    open.push((path.clone(), child));
                    extra.push((path, child));
                }
            }
        }
        let beside = live.below(None).filter(|(at, _)| !known.contains(at)).count();
        (extra, beside)
    }
}

fn settings_of_new<'a>(node: &Node<'a>) -> Vec<Setting<'a>> {
    let wanted = node.wanted;
    let place = wanted.canvas.filter(|_| node.parent.is_some()).map(Setting::Place);
    let model = wanted.model.as_deref().filter(|model| !model.is_empty()).map(Setting::Model);
    let budget = wanted.budget_limit.map(Setting::Budget);
    let rules = wanted.instructions.iter().map(Setting::Rule);
    place.into_iter().chain(model).chain(budget).chain(rules).collect()
}

/// What is said in the template and is otherwise, and what is said there and lacking.
fn compared<'a>(node: &Node<'a>, one: &Workspace, found: Found, facts: &Facts) -> (Vec<Difference>, Vec<Setting<'a>>) {
    let wanted = node.wanted;
    let mut differences = Differences { path: &node.path, found: Vec::new() };
    let mut settings = Vec::new();
    differences.add("runtime", json!(one.runtime), Some(json!(node.runtime())));
    differences.add("tier", json!(one.tier), Some(json!(node.tier())));
    let said = |text: &'a Option<String>| text.as_ref().filter(|text| !text.is_empty()).map(|text| json!(text));
    differences.add("role", json!(one.role), said(&wanted.role));
    differences.add("workspace_dir", json!(one.workspace_dir), said(&wanted.workspace_dir));
    let most = wanted.max_concurrent_tasks.map(|most| json!(most.max(1)));
    differences.add("max_concurrent_tasks", json!(one.max_concurrent_tasks), most);
    let url = Some(&wanted.url).filter(|url| wanted.external && !url.is_empty());
    differences.add("url", json!(one.url), url.map(|url| json!(url)));
    if !found.unsettled {
        differences.add("canvas", json!(place(one)), wanted.canvas.map(|canvas| json!(canvas)));
    }
    match (wanted.budget_limit, one.budget_limit) {
        (Some(cents), None) => settings.push(Setting::Budget(cents)),
        (wanted, live) => differences.add("budget_limit", json!(live), wanted.map(|cents| json!(cents))),
    }
    let detail = facts.details.get(&one.id);
    let model = wanted.model.as_deref().filter(|model| !model.is_empty());
    match (model, detail.and_then(|detail| detail.model.as_deref())) {
        (Some(wanted), Some("")) => settings.push(Setting::Model(wanted)),
        (wanted, Some(live)) => differences.add("model", json!(live), wanted.map(|model| json!(model))),
        (_, None) => {}
    }
    for rule in &wanted.instructions {
        match facts.rules.iter().find(|there| there.title == rule.title && there.target().as_ref() == Some(&one.id)) {
            None => settings.push(Setting::Rule(rule)),
            Some(there) => {
                let field = format!("instructions.{}", rule.title);
                differences.add(&field, json!(there.content.as_str()), Some(json!(rule.content)));
            }
        }
    }
    if let Some(Detail { schedules: Some(there), .. }) = detail {
        differences.add_schedules(&wanted.schedules, there);
    }
    (differences.found, settings)
}

struct Differences<'a> {
    path: &'a str,
    found: Vec<Difference>,
}

impl Differences<'_> {
    /// Where the template says nothing, nothing differs.
    fn add(&mut self, field: &str, live: Value, template: Option<Value>) {
        if let Some(template) = template.filter(|template| *template != live) {
            self.found.push(Difference { path: self.path.to_owned(), field: field.to_owned(), live, template });
        }
    }

    fn add_schedules(&mut self, wanted: &[Timed], there: &[Schedule]) {
        for timed in wanted {
            let field = |part: &str| format!("schedules.{}{part}", timed.name);
            match there.iter().find(|one| one.name == timed.name) {
                None => self.add(&field(""), Value::Null, Some(json!(timed.cron_expr))),
                Some(one) => {
                    self.add(&field(".cron_expr"), json!(one.cron_expr), Some(json!(timed.cron_expr)));
                    let zone = if timed.timezone.is_empty() { "UTC" } else { &timed.timezone };
                    self.add(&field(".timezone"), json!(one.timezone), Some(json!(zone)));
                    self.add(&field(".prompt"), json!(one.prompt.as_str()), Some(json!(timed.prompt)));
                    self.add(&field(".enabled"), json!(one.enabled), Some(json!(timed.is_on())));
                }
            }
        }
        for one in there.iter().filter(|one| !wanted.iter().any(|timed| timed.name == one.name)) {
            self.add(&format!("schedules.{}", one.name), json!(one.cron_expr), Some(Value::Null));
        }
    }
}
