//! Looking at what a call is about, before a person is asked and again before their yes is used. What the
//! arguments name decides what is looked at; no tool has a look of its own.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::backend::{Route, Tenant};
use crate::failure::{Code, Failure};
use crate::fence;
use crate::policy::target::{NAMES, Reach};
use crate::secrets::Sink;
use crate::text::start;
use crate::tools::approvals::{self, Approval};
use crate::tools::catalogue::Entry;
use crate::tools::effect::Effect;
use crate::tools::ids::WorkspaceId;
use crate::tools::keys::{LIST_KEYS, REVOKE_TREE, Tree, drawn, fetch_org_keys};
use crate::tools::many::each;
use crate::tools::toolset::Toolset;
use crate::tools::workspaces::wire::{Detail, Workspace, descendants};
use crate::tools::{schedules, workspaces};

/// None of them changes anything.
pub const ROUTES: &[Route] = &[workspaces::LIST, workspaces::GET, LIST_KEYS, approvals::LIST, schedules::LIST];

/// Workspaces whose schedules are looked at.
const LOOKED_INTO: usize = 50;
/// Workspaces that arguments name besides the one they are about.
const OTHERS: usize = 20;
/// Arguments that name many: these are what such a call is about.
const LISTS: [&str; 2] = ["workspace_ids", "subtree"];
/// Characters of a text of the tenant.
const LONGEST: usize = 300;

/// What there is.
#[derive(Default)]
pub struct Observation {
    pub workspace: Option<Place>,
    pub below: Vec<Place>,
    /// Names of those that are on.
    pub schedules: Vec<String>,
    pub not_looked_at: usize,
    /// Those of a list or a subtree, by their names.
    pub listed: Vec<Place>,
    /// Workspaces of the list that aren't there.
    pub not_there: usize,
    /// Each with the argument that names it.
    pub others: Vec<(&'static str, Place)>,
    pub key: Option<Key>,
    /// The org keys that go with it, drawn, one a line.
    pub key_tree: Vec<String>,
    /// Ready to be shown.
    pub approval: Option<String>,
    /// What a yes is bound to.
    pub seen: BTreeMap<String, String>,
}

pub struct Place {
    pub id: WorkspaceId,
    pub name: String,
    pub status: String,
    pub active_tasks: u32,
    pub monthly_spend: i64,
    pub budget_limit: Option<i64>,
}

pub struct Key {
    pub prefix: String,
    /// Ready to be shown.
    pub line: String,
}

impl From<Workspace> for Place {
    fn from(one: Workspace) -> Self {
        let Workspace { id, name, status, active_tasks, monthly_spend, budget_limit, .. } = one;
        Self { id, name, status, active_tasks, monthly_spend, budget_limit }
    }
}

impl From<Detail> for Place {
    fn from(one: Detail) -> Self {
        let Detail { id, name, status, active_tasks, .. } = one;
        Self { id, name, status, active_tasks, monthly_spend: 0, budget_limit: None }
    }
}

impl Place {
    /// What comes and goes by itself is the same.
    fn class(&self) -> &str {
        match self.status.as_str() {
            "provisioning" | "online" | "degraded" => "on",
            other => other,
        }
    }
}

/// Only what the asker sees, too, is looked at: it may be the asker's client that shows it. Fails with
/// NOT_FOUND where what the arguments name isn't there: nobody has to be asked about that.
pub async fn observe(
    tenant: &Tenant,
    entry: &Entry,
    effect: Effect,
    arguments: &Map<String, Value>,
    sees: impl Fn(&WorkspaceId) -> bool,
) -> Result<Observation, Failure> {
    let mut found = Observation::default();
    let about = arguments.get("workspace_id").and_then(workspace_id);
    found.look_at_workspaces(tenant, entry, about.as_ref(), effect, arguments, sees).await?;
    if let (Toolset::Keys, Some(key)) = (entry.toolset, arguments.get("key").and_then(Value::as_str)) {
        match entry.tool.name {
            REVOKE_TREE => found.look_at_key_tree(tenant, key).await?,
            _ => found.look_at_key(tenant, key).await?,
        }
    }
    if let (Some(workspace), Some(id)) = (&about, arguments.get("approval_id").and_then(Value::as_str)) {
        found.look_at_approval(tenant, workspace, id).await?;
    }
    Ok(found)
}

impl Observation {
    async fn look_at_workspaces(
        &mut self,
        tenant: &Tenant,
        entry: &Entry,
        about: Option<&WorkspaceId>,
        effect: Effect,
        arguments: &Map<String, Value>,
        sees: impl Fn(&WorkspaceId) -> bool,
    ) -> Result<(), Failure> {
        let named = others(arguments);
        let has_list = LISTS.iter().any(|name| arguments.contains_key(*name));
        if about.is_none() && named.is_empty() && !has_list {
            return Ok(());
        }
        let all: Vec<Workspace> = tenant.ask(&workspaces::LIST).fetch().await?;
        if has_list {
            self.look_at_list(&all, arguments, entry.tool.reach == Reach::NamedAndBelow, sees);
            return Ok(());
        }
        for (argument, id) in named {
            let place = find(tenant, &all, &id).await?;
            self.saw(&format!("`{argument}`'s name"), &format!("{id} {}", place.name));
            self.others.push((argument, place));
        }
        let Some(about) = about else { return Ok(()) };
        let place = find(tenant, &all, about).await?;
        // What was removed is shown for a while, and can only be purged.
        if place.status == "removed" && arguments.get("purge") != Some(&Value::Bool(true)) {
            return Err(Failure::new(Code::NotFound, "that workspace was removed already"));
        }
        self.saw("the workspace's name", &format!("{about} {}", place.name));
        self.saw("the workspace's status", place.class());
        if effect == Effect::Destroy {
            let below = descendants(&all, about).into_iter().filter(|one| sees(&one.id));
            self.below = below.cloned().map(Place::from).collect();
            let mut ids: Vec<&str> = self.below.iter().map(|one| one.id.as_str()).collect();
            ids.sort_unstable();
            let (ids, runs) =
                (ids.join(" "), place.active_tasks > 0 || self.below.iter().any(|one| one.active_tasks > 0));
            self.saw("what is below it", &ids);
            self.saw("whether tasks run there", if runs { "yes" } else { "no" });
            self.look_at_schedules(tenant, about).await;
        }
        self.workspace = Some(place);
        Ok(())
    }

    /// A yes is for exactly these. What they do by themselves meanwhile, but for the work that would be lost,
    /// doesn't matter.
    fn look_at_list(
        &mut self,
        all: &[Workspace],
        arguments: &Map<String, Value>,
        reaches_below: bool,
        sees: impl Fn(&WorkspaceId) -> bool,
    ) {
        let (named, roots) = (ids(arguments, "workspace_ids"), ids(arguments, "subtree"));
        let above = roots.iter().chain(named.iter().filter(|_| reaches_below));
        let below = above.flat_map(|root| descendants(all, root)).map(|one| &one.id);
        let wanted: BTreeSet<&WorkspaceId> = named.iter().chain(&roots).chain(below).filter(|id| sees(id)).collect();
        let found: Vec<&Workspace> = all.iter().filter(|one| wanted.contains(&one.id)).collect();
        self.not_there = wanted.len() - found.len();
        self.listed = found.into_iter().cloned().map(Place::from).collect();
        self.listed.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
        let lines: Vec<String> = self.listed.iter().map(|one| format!("{} {}", one.id, one.name)).collect();
        self.saw("the list of workspaces", &lines.join("\n"));
        let runs = self.listed.iter().any(|one| one.active_tasks > 0);
        self.saw("whether tasks run there", if runs { "yes" } else { "no" });
    }

    /// Only shown: one that doesn't answer is counted with those that weren't looked at.
    async fn look_at_schedules(&mut self, tenant: &Tenant, about: &WorkspaceId) {
        #[derive(Deserialize)]
        struct Schedule {
            #[serde(default)]
            name: String,
            enabled: bool,
        }
        let places = || std::iter::once(about).chain(self.below.iter().map(|one| &one.id));
        let asked = places().take(LOOKED_INTO).map(async |id| {
            let answer = tenant.ask(&schedules::LIST).part("workspace_id", id).fetch::<Vec<Schedule>>();
            answer.await
        });
        let answers: Vec<Vec<Schedule>> = each(asked).await.into_iter().flatten().collect();
        self.not_looked_at = places().count() - answers.len();
        let on = answers.into_iter().flatten().filter(|one| one.enabled);
        self.schedules = on.map(|one| one.name).collect();
    }

    async fn look_at_key(&mut self, tenant: &Tenant, named: &str) -> Result<(), Failure> {
        let keys = fetch_org_keys(tenant).await?;
        let Some(key) = keys.into_iter().find(|key| key.id.as_str() == named || key.prefix == named) else {
            return Err(Failure::new(Code::NotFound, "there is no such live org key")
                .next("It may be revoked already; look at list_org_keys."));
        };
        let name = key.name.as_deref().map_or("without a name".to_owned(), |name| fence::quoted(&start(name, LONGEST)));
        let by = fence::name(key.created_by.as_deref().unwrap_or("unknown"));
        let used =
            key.last_used_at.map_or("never used".to_owned(), |at| format!("last used {}", at.format("%F %R UTC")));
        self.saw("the org key", &format!("{} {name}", key.id));
        let line = format!("Org key {} ({name}), minted by {by}, {used}.", fence::name(&key.prefix));
        self.key = Some(Key { prefix: key.prefix, line });
        Ok(())
    }

    /// All that would be revoked; whoever minted them may be gone.
    async fn look_at_key_tree(&mut self, tenant: &Tenant, named: &str) -> Result<(), Failure> {
        let tree = Tree::find(&fetch_org_keys(tenant).await?, named)?;
        self.saw("the keys of the tree", &tree.ids().join(" "));
        self.key_tree = drawn(&tree.placed(), |_| false);
        Ok(())
    }

    async fn look_at_approval(&mut self, tenant: &Tenant, workspace: &WorkspaceId, id: &str) -> Result<(), Failure> {
        let all: Vec<Approval> = tenant.ask(&approvals::LIST).part("workspace_id", workspace).fetch().await?;
        let Some(found) = all.into_iter().find(|one| one.id.as_str() == id) else {
            return Err(Failure::new(Code::NotFound, "that workspace has no such request")
                .next("Look at list_workspace_approvals."));
        };
        let short = |text: &str| fence::quoted(&start(text, LONGEST));
        let (action, reason) = (found.action.as_str(), found.reason.as_str());
        self.saw("the request", &format!("{id} {action}\n{reason}"));
        self.saw("whether it is decided", &found.status);
        let status = fence::name(&found.status);
        self.approval = Some(format!("The request, {status}: {}; its reason: {}.", short(action), short(reason)));
        Ok(())
    }

    fn saw(&mut self, what: &str, fact: &str) {
        let facts = self.seen.entry(what.to_owned()).or_default();
        facts.push_str(fact);
        facts.push('\n');
    }
}

fn workspace_id(value: &Value) -> Option<WorkspaceId> {
    WorkspaceId::try_from(value.as_str()?.to_owned()).ok()
}

fn ids(arguments: &Map<String, Value>, name: &str) -> Vec<WorkspaceId> {
    let given = arguments.get(name);
    given.into_iter().flat_map(each_of).filter_map(workspace_id).collect()
}

/// The values of a list, or the only one.
fn each_of(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

fn others(arguments: &Map<String, Value>) -> Vec<(&'static str, WorkspaceId)> {
    let named = NAMES.into_iter().filter(|name| *name != "workspace_id" && !LISTS.contains(name));
    let given = named.filter_map(|name| Some((name, arguments.get(name)?)));
    let each = given
        .flat_map(|(name, value)| each_of(value).iter().filter_map(move |value| Some((name, workspace_id(value)?))));
    each.chain(fed(arguments)).take(OTHERS).collect()
}

/// The workspace that a new credential would go into.
fn fed(arguments: &Map<String, Value>) -> Option<(&'static str, WorkspaceId)> {
    let sink = arguments.get("sink")?.as_str()?.to_owned();
    match Sink::try_from(sink) {
        Ok(Sink::WorkspaceSecret { workspace, .. }) => Some(("sink", workspace)),
        _ => None,
    }
}

/// The list leaves out what was removed.
async fn find(tenant: &Tenant, all: &[Workspace], id: &WorkspaceId) -> Result<Place, Failure> {
    if let Some(found) = all.iter().find(|one| one.id == *id) {
        return Ok(found.clone().into());
    }
    let one: Detail = tenant.ask(&workspaces::GET).part("workspace_id", id).fetch().await?;
    Ok(one.into())
}
