//! refresh_workspace_images. The tenant recreates running containers unless it is told not to, so it is
//! always told.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::REFRESH_IMAGES;
use crate::failure::{Changed, Code, Failure};
use crate::tools::effect::Effect;
use crate::tools::ids::Word;
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;

/// Images are large.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshWorkspaceImages {
    /// This runtime's image.
    runtime: Option<Word>,
    /// Or those of all runtimes.
    #[serde(default)]
    everywhere: bool,
    /// Remove running containers of those images by force, so that they start anew.
    #[serde(default)]
    recreate: bool,
}

#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Refreshed {
    pulled: Vec<String>,
    /// Images that couldn't be pulled: they are as old as before.
    failed: Vec<String>,
    /// Containers that were removed to start anew.
    recreated: Vec<String>,
}

#[derive(Deserialize)]
struct Stopped {
    #[serde(default)]
    partial_result: Refreshed,
}

impl Act for RefreshWorkspaceImages {
    type Answer = Refreshed;

    fn effect(&self) -> Option<Effect> {
        self.recreate.then_some(Effect::Destroy)
    }

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let ask = call.tenant.ask(&REFRESH_IMAGES).query("recreate", self.recreate);
        let ask = match (&self.runtime, self.everywhere) {
            (Some(runtime), false) => ask.query("runtime", runtime),
            (None, true) => ask,
            _ => {
                return Err(Failure::invalid(
                    "refresh_workspace_images needs `runtime` or `everywhere: true`, one of them",
                ));
            }
        };
        call.progress.step(0, None, "pulling images, which takes minutes");
        let answer = ask.within(PATIENCE).expecting(&[500]).received().await?;
        if answer.status == 500 {
            return Err(stopped(answer.decode()?));
        }
        answer.decode()
    }
}

/// What was done before the tenant stopped is in its answer.
fn stopped(Stopped { partial_result: done }: Stopped) -> Failure {
    let message = format!(
        "the tenant stopped on the way: {} images pulled, {} failed, {} containers recreated",
        done.pulled.len(),
        done.failed.len(),
        done.recreated.len()
    );
    let anything = !done.pulled.is_empty() || !done.recreated.is_empty();
    Failure::new(Code::TenantError, message).confirmed(if anything { Changed::Yes } else { Changed::No }).next(
        "Ask the operator whether the tenant's container service runs; look at the workspaces with list_workspaces.",
    )
}
