//! `resume` stands for the workspaces that an earlier call left. They are put in its place before anything
//! else looks at the arguments, so that policy, consent and journal see what is meant.

use serde_json::{Map, Value, json};

use crate::failure::{Code, Failure};
use crate::fleets::{Fleets, Whose};

const RESUME: &str = "resume";
const WORKSPACES: &str = "workspace_ids";

pub async fn recall(
    tool: &str,
    arguments: &mut Map<String, Value>,
    caller: String,
    fleets: &Fleets,
) -> Result<(), Failure> {
    let Some(before) = arguments.get(RESUME).filter(|before| !before.is_null()) else { return Ok(()) };
    if [WORKSPACES, "subtree"].iter().any(|name| arguments.contains_key(*name)) {
        return Err(Failure::invalid("`resume` stands for the workspaces, so none are given beside it"));
    }
    // What isn't a text is refused by the tool's own types.
    let Some(before) = before.as_str().map(ToOwned::to_owned) else { return Ok(()) };
    let left = fleets.left(&before, &Whose { caller, tool: tool.to_owned() }).await?;
    let left = left.ok_or_else(|| {
        Failure::new(Code::NotFound, format!("nothing is left of a call of {tool} of yours under that `resume`"))
            .next("Name the workspaces themselves.")
    })?;
    arguments.insert(WORKSPACES.to_owned(), json!(left));
    Ok(())
}
