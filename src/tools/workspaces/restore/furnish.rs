//! What was in a workspace, put into the new one part by part. Each part is remembered once it is done; one
//! that fails is told, and comes with the next call. What the tenant would make twice is looked for first.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::capsule::{Instruction, Kept};
use super::super::patience::Patience;
use super::super::wire::fetch_one;
use super::super::{SET_MODEL, UPDATE, UPDATE_CONFIG};
use super::answer::{Back, Lost, lost_for_good};
use super::shared::{GLOBAL, shared_memories};
use super::steps::Steps;
use crate::backend::Route;
use crate::failure::{Code, Failure};
use crate::tools::container::{not_running, runs};
use crate::tools::ids::{FilePath, InstructionId, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::many::patiently;
use crate::tools::{files, instructions, memory, schedules};

/// Seconds that a container may take to come up; the files come with another call otherwise.
const STARTS: u64 = 60;

pub(super) async fn furnish(
    kept: &Kept,
    id: &WorkspaceId,
    steps: &Steps,
    call: &Invocation,
) -> Result<(Back, Vec<Lost>), Failure> {
    let (old, name) = (kept.workspace.id.clone(), kept.workspace.name.clone());
    let enabled = kept.schedules.iter().filter(|one| one.enabled).map(|one| one.name.clone());
    let schedules_on = enabled.collect();
    let mut there = Back { id: id.clone(), was: old, name, restored: Vec::new(), schedules_on };
    let mut lost = lost_for_good(kept, id);
    let room = Room { kept, id, steps, call };
    for part in PARTS {
        let count = part.count(kept);
        if count == 0 {
            continue;
        }
        match room.bring(part).await {
            Ok(refused) => {
                there.restored.push(format!("{}: {}", part.name(), count.saturating_sub(refused.len())));
                lost.extend(Lost::refused(id, part.name(), refused));
            }
            Err(failure) if failure.code() == Code::Cancelled => return Err(failure),
            Err(failure) => lost.push(Lost::this_time(id, part.name(), &failure)),
        }
    }
    Ok((there, lost))
}

#[derive(Clone, Copy)]
enum Part {
    Folded,
    Config,
    Values,
    Memories,
    Instructions,
    Model,
    Files,
    Schedules,
}

/// The model restarts the workspace, so files come after it; what runs by itself comes last.
const PARTS: [Part; 8] = [
    Part::Folded,
    Part::Config,
    Part::Values,
    Part::Memories,
    Part::Instructions,
    Part::Model,
    Part::Files,
    Part::Schedules,
];

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Folded => "collapsed",
            Self::Config => "config",
            Self::Values => "values under keys",
            Self::Memories => "memories",
            Self::Instructions => "instructions",
            Self::Model => "model",
            Self::Files => "files",
            Self::Schedules => "schedules",
        }
    }

    fn count(self, kept: &Kept) -> usize {
        match self {
            Self::Folded => usize::from(kept.workspace.collapsed),
            Self::Config => kept.config.as_object().map_or(0, serde_json::Map::len),
            Self::Values => kept.values.len(),
            Self::Memories => kept.memories.len(),
            Self::Instructions => kept.instructions.len(),
            Self::Model => usize::from(kept.model.is_some()),
            Self::Files => kept.files.len(),
            Self::Schedules => kept.schedules.len(),
        }
    }
}

/// A new workspace, and what belongs into it.
struct Room<'a> {
    kept: &'a Kept,
    id: &'a WorkspaceId,
    steps: &'a Steps,
    call: &'a Invocation,
}

impl Room<'_> {
    fn old(&self) -> &WorkspaceId {
        &self.kept.workspace.id
    }

    /// What of it the tenant refused for good.
    async fn bring(&self, part: Part) -> Result<Vec<String>, Failure> {
        let done = format!("{} done", part.name());
        if let Some(refused) = self.steps.get(self.old(), &done) {
            return Ok(serde_json::from_str(&refused).unwrap_or_default());
        }
        let refused = match part {
            Part::Folded => self.send(&UPDATE, &json!({ "collapsed": true })).await.map(|()| Vec::new())?,
            Part::Config => self.send(&UPDATE_CONFIG, &self.kept.config).await.map(|()| Vec::new())?,
            Part::Model => self.send(&SET_MODEL, &json!({ "model": self.kept.model })).await.map(|()| Vec::new())?,
            Part::Values => self.values().await?,
            Part::Memories => self.memories().await?,
            Part::Instructions => self.instructions().await.map(|()| Vec::new())?,
            Part::Files => self.files().await?,
            Part::Schedules => self.schedules().await?,
        };
        self.steps.set(self.old(), &done, json!(refused), self.call).await?;
        Ok(refused)
    }

    async fn send(&self, route: &'static Route, body: &Value) -> Result<(), Failure> {
        let ask = || self.call.tenant.ask(route).part("workspace_id", self.id).body(body).received();
        patiently(self.call, ask).await.map(|_| ())
    }

    /// Writing one again only makes another version of it. What is over stays away.
    async fn values(&self) -> Result<Vec<String>, Failure> {
        let mut refused = Vec::new();
        for one in &self.kept.values {
            let left = one.expires_at.map(|end| (end - self.call.now).num_seconds());
            if left.is_some_and(|seconds| seconds <= 0) {
                continue;
            }
            let body = json!({ "key": one.key, "value": one.value, "ttl_seconds": left });
            note(self.send(&memory::KEEP, &body).await, &one.key, &mut refused)?;
        }
        Ok(refused)
    }

    /// In their order. Of the one that an earlier try broke off at, the tenant's newest tell.
    async fn memories(&self) -> Result<Vec<String>, Failure> {
        const DONE: &str = "memories kept";
        let mut refused = Vec::new();
        let begun = self.steps.count(self.old(), DONE);
        let mut unsure = self.steps.get(self.old(), DONE).is_some();
        if begun == 0 && !unsure {
            self.steps.set(self.old(), DONE, 0, self.call).await?;
        }
        let shared = shared_memories(&self.kept.memories, self.call).await?;
        for (at, one) in self.kept.memories.iter().enumerate().skip(begun) {
            let is_shared = one.scope == GLOBAL && shared.contains(&one.content);
            let is_there = std::mem::take(&mut unsure) && self.has_memory(&one.content).await?;
            if !(is_shared || is_there) {
                let mut body = json!({ "content": one.content, "scope": one.scope });
                if let (false, Some(fields)) = (one.namespace.is_empty(), body.as_object_mut()) {
                    fields.insert("namespace".to_owned(), json!(one.namespace));
                }
                note(self.send(&memory::COMMIT, &body).await, &format!("a {} one", one.scope), &mut refused)?;
            }
            self.steps.set(self.old(), DONE, at + 1, self.call).await?;
        }
        Ok(refused)
    }

    async fn has_memory(&self, content: &str) -> Result<bool, Failure> {
        #[derive(Deserialize)]
        struct Shown {
            content: String,
        }
        let ask = || self.call.tenant.ask(&memory::MEMORIES).part("workspace_id", self.id).query("limit", 50).fetch();
        let shown: Vec<Shown> = patiently(self.call, ask).await?;
        // A GLOBAL one stands behind a line of the tenant's.
        Ok(shown.iter().any(|one| one.content == content || one.content.ends_with(&format!("]: {content}"))))
    }

    async fn instructions(&self) -> Result<(), Failure> {
        #[derive(Deserialize)]
        struct Created {
            id: InstructionId,
        }
        for one in &self.kept.instructions {
            let there = self.instruction(one).await?;
            let id = match there {
                Some(id) => id,
                None => {
                    let body = json!({
                        "scope": "workspace", "scope_target": self.id, "title": one.title, "content": one.content,
                        "priority": one.priority,
                    });
                    let ask = || self.call.tenant.ask(&instructions::CREATE).body(&body).fetch();
                    let created: Created = patiently(self.call, ask).await?;
                    created.id
                }
            };
            if !one.enabled {
                let body = json!({ "enabled": false });
                let ask = || {
                    let ask = self.call.tenant.ask(&instructions::UPDATE).part("instruction_id", &id);
                    ask.body(&body).received()
                };
                patiently(self.call, ask).await?;
            }
        }
        Ok(())
    }

    async fn instruction(&self, wanted: &Instruction) -> Result<Option<InstructionId>, Failure> {
        #[derive(Deserialize)]
        struct Listed {
            id: InstructionId,
            #[serde(flatten)]
            one: Instruction,
        }
        let ask = || self.call.tenant.ask(&instructions::LIST).fetch();
        let all: Vec<Listed> = patiently(self.call, ask).await?;
        let is_it = |listed: &Listed| {
            listed.one.scope_target.as_deref() == Some(self.id.as_str())
                && (&listed.one.title, &listed.one.content) == (&wanted.title, &wanted.content)
        };
        Ok(all.into_iter().find(is_it).map(|listed| listed.id))
    }

    async fn files(&self) -> Result<Vec<String>, Failure> {
        self.come_up().await?;
        let mut refused = Vec::new();
        for file in &self.kept.files {
            let Ok(path) = FilePath::try_from(file.path.clone()) else { continue };
            let body = json!({ "content": file.content });
            let ask = || {
                let ask = self.call.tenant.ask(&files::WRITE).part("workspace_id", self.id).part("path", &path);
                ask.body(&body).received()
            };
            note(patiently(self.call, ask).await.map(|_| ()), &file.path, &mut refused)?;
        }
        Ok(refused)
    }

    /// Without a running container the tenant would write into a template.
    async fn come_up(&self) -> Result<(), Failure> {
        let mut patience = Patience::of(STARTS);
        loop {
            let now = patiently(self.call, || fetch_one(self.id, self.call)).await?;
            if runs(&now) {
                return Ok(());
            }
            if now.status == "failed" || !patience.rest().await {
                return Err(not_running(&now));
            }
        }
    }

    /// A name is one schedule's in a workspace.
    async fn schedules(&self) -> Result<Vec<String>, Failure> {
        let mut refused = Vec::new();
        let there = patiently(self.call, || schedules::names(self.id, self.call)).await?;
        for one in self.kept.schedules.iter().filter(|one| !there.contains(&one.name)) {
            note(self.send(&schedules::CREATE, &json!(one)).await, &one.name, &mut refused)?;
        }
        Ok(refused)
    }
}

/// One that the tenant refuses doesn't keep the others away; another try wouldn't bring it.
fn note(sent: Result<(), Failure>, name: &str, refused: &mut Vec<String>) -> Result<(), Failure> {
    match sent {
        Err(failure) if matches!(failure.code(), Code::InvalidInput | Code::ForbiddenByTenant | Code::TooLarge) => {
            refused.push(format!("{name}: {}", failure.message()));
            Ok(())
        }
        sent => sent,
    }
}
