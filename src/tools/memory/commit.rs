//! commit_memory. The tenant blacks out what looks like a secret without saying so: what it kept is read
//! back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::COMMIT;
use super::search::{Memory, Scope, newest};
use crate::failure::Failure;
use crate::policy::target::Reach;
use crate::tools::bounds::Text;
use crate::tools::effect::Effect;
use crate::tools::ids::{MemoryId, Namespace, WorkspaceId};
use crate::tools::input::unless_blank;
use crate::tools::invocation::Invocation;
use crate::tools::prose::Prose;
use crate::tools::tool::Act;
use crate::tools::workspaces::confirm_exists;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommitMemory {
    /// Whose memory; from list_workspaces.
    workspace_id: WorkspaceId,
    /// What to remember.
    content: Text<100_000>,
    /// Who sees it: LOCAL (default), TEAM, or GLOBAL, everybody, which only root workspaces may.
    #[serde(default, deserialize_with = "unless_blank")]
    scope: Option<Scope>,
    /// A shelf for it; default general.
    #[serde(default, deserialize_with = "unless_blank")]
    namespace: Option<Namespace>,
}

#[derive(Serialize, JsonSchema)]
pub struct Committed {
    id: MemoryId,
    scope: Scope,
    namespace: String,
    /// Whether the tenant was seen to keep it as it was given; absent: it couldn't be read back.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept_as_given: Option<bool>,
    /// What it kept, where that differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<Prose>,
}

#[derive(Deserialize)]
struct Answer {
    id: MemoryId,
    scope: Scope,
    #[serde(default)]
    namespace: String,
}

impl Act for CommitMemory {
    type Answer = Committed;

    /// Every agent of the organisation reads a GLOBAL one.
    fn effect(&self) -> Option<Effect> {
        (self.scope == Some(Scope::Global)).then_some(Effect::Escalate)
    }

    fn reach(&self) -> Option<Reach> {
        (self.scope == Some(Scope::Global)).then_some(Reach::Organisation)
    }

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        confirm_exists(&self.workspace_id, call).await?;
        let mut body = json!({ "content": self.content, "scope": self.scope.unwrap_or(Scope::Local) });
        if let (Some(namespace), Some(body)) = (&self.namespace, body.as_object_mut()) {
            body.insert("namespace".to_owned(), namespace.as_str().into());
        }
        let ask = call.tenant.ask(&COMMIT).part("workspace_id", &self.workspace_id);
        let made: Answer = ask.body(&body).fetch().await?;
        // Kept is kept, whether or not it can be read now.
        call.made(&made.id);
        let listed: Vec<Memory> = newest(&self.workspace_id, call).fetch().await.unwrap_or_default();
        let seen = listed.into_iter().find(|one| one.id == made.id).map(|one| one.content);
        let as_given = seen.as_ref().map(|seen| seen.as_str() == self.as_shown(&made));
        Ok(Committed {
            kept: seen
                .filter(|_| as_given == Some(false))
                .map(|seen| seen.excerpt(2_000, "export_memories with `memory_id`")),
            kept_as_given: as_given,
            id: made.id,
            scope: made.scope,
            namespace: made.namespace,
        })
    }
}

impl CommitMemory {
    /// A GLOBAL one is shown in a line that says whose it is, which nothing in it may look like.
    fn as_shown(&self, made: &Answer) -> String {
        let content = self.content.as_str();
        match made.scope {
            Scope::Global => format!(
                "[MEMORY id={} scope=GLOBAL from={}]: {}",
                made.id,
                self.workspace_id,
                content.replace("[MEMORY", "[_MEMORY")
            ),
            _ => content.to_owned(),
        }
    }
}
