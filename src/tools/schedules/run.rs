//! run_schedule. The tenant's own route for it runs nothing and answers the prompt: it is sent here.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RUN;
use crate::failure::{Code, Failure};
use crate::tools::a2a::{self, Reply};
use crate::tools::bounds::Whole;
use crate::tools::ids::{ScheduleId, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::prose::Prose;
use crate::tools::tool::Act;

/// As long as the tenant's own scheduler waits.
const USUAL_SECONDS: i64 = 300;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunSchedule {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// From list_schedules.
    schedule_id: ScheduleId,
    /// Seconds to wait for the agent; default 300. It works on after them.
    deadline_seconds: Option<Whole<1, 1_800>>,
}

#[derive(Deserialize)]
struct Fired {
    prompt: String,
}

#[derive(Serialize, JsonSchema)]
pub struct Ran {
    /// What was sent.
    prompt: Prose,
    reply: Reply,
}

impl Act for RunSchedule {
    type Answer = Ran;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let ask = call.tenant.ask(&RUN).part("workspace_id", &self.workspace_id);
        let fired: Fired = ask.part("schedule_id", &self.schedule_id).fetch().await?;
        if fired.prompt.trim().is_empty() {
            return Err(Failure::new(Code::PreconditionFailed, "the schedule's prompt is empty: nothing was sent")
                .next("Give it a prompt with update_schedule."));
        }
        let seconds = self.deadline_seconds.map_or(USUAL_SECONDS, Whole::get);
        let within = Duration::from_secs(seconds.unsigned_abs());
        let reply = a2a::send(call, &self.workspace_id, &fired.prompt, within).await?;
        Ok(Ran {
            prompt: Prose::from(fired.prompt).excerpt(200, "list_schedules with `schedule_id`"),
            reply: Reply { text: reply.text.excerpt(8_000, "list_activity, type a2a_receive"), ..reply },
        })
    }
}
