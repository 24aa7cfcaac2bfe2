//! get_canvas_viewport. Setting it is refused to organisation keys, so a call by the other server's
//! name for that, or with its arguments, says so.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::VIEWPORT;
use crate::failure::{Code, Failure};
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
pub struct GetCanvasViewport {
    // Arguments of set_canvas_viewport.
    #[schemars(skip)]
    x: Value,
    #[schemars(skip)]
    y: Value,
    #[schemars(skip)]
    zoom: Value,
}

#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Viewport {
    #[serde(default)]
    x: f64,
    #[serde(default)]
    y: f64,
    #[serde(default)]
    zoom: f64,
}

impl Act for GetCanvasViewport {
    type Answer = Viewport;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        if [&self.x, &self.y, &self.zoom].into_iter().any(|given| !given.is_null()) {
            return Err(Failure::new(
                Code::NotSupported,
                "the tenant lets no organisation key set the canvas viewport",
            )
            .next("Move the canvas in the browser; update_workspace with `x` and `y` moves one workspace."));
        }
        call.tenant.ask(&VIEWPORT).fetch().await
    }
}
