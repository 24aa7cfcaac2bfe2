//! hibernate_workspace. Some versions of the tenant answer `hibernated` and do nothing, so it is looked
//! at afterwards.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::HIBERNATE;
use super::lifecycle::{Moved, moved};
use super::refusals::{living, refuse_external, refuse_running};
use crate::failure::{Changed, Code, Failure};
use crate::tools::effect::Effect;
use crate::tools::ids::WorkspaceId;
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;

/// A tenant that hibernates in the background shows it by then.
const SETTLING: Duration = Duration::from_millis(500);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HibernateWorkspace {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// Go ahead although tasks run; they are lost.
    #[serde(default)]
    interrupting: bool,
}

impl Act for HibernateWorkspace {
    type Answer = Moved;

    fn effect(&self) -> Option<Effect> {
        self.interrupting.then_some(Effect::Destroy)
    }

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let before = living(&self.workspace_id, call).await?;
        if !matches!(before.status.as_str(), "online" | "degraded") {
            return Err(Failure::new(Code::Conflict, format!("it is {}, not running", before.status))
                .next("Only an online or degraded workspace can hibernate."));
        }
        refuse_external(&before, "hibernating")?;
        refuse_running(&before, before.active_tasks, self.interrupting, "hibernating")?;
        let mut ask = call.tenant.ask(&HIBERNATE).part("workspace_id", &self.workspace_id);
        if self.interrupting {
            ask = ask.query("force", true);
        }
        ask.received().await?;
        let status = before.status.clone();
        let after = moved(before.clone(), None, call).await?;
        if after.status != status {
            return Ok(after);
        }
        tokio::time::sleep(SETTLING).await;
        let after = moved(before, None, call).await?;
        if after.status == status { Err(unchanged(&status)) } else { Ok(after) }
    }
}

fn unchanged(status: &str) -> Failure {
    let message = format!("the tenant answered `hibernated`, but it is still {status}: this version can't hibernate");
    Failure::new(Code::NotSupported, message)
        .confirmed(Changed::No)
        .next("pause_workspace stops it instead; a paused workspace doesn't wake by itself.")
}
