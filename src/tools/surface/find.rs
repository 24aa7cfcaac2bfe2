//! find_tools: the tools that fit a question, with what is needed to call them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Way;
use crate::failure::Failure;
use crate::tools::bounds::Whole;
use crate::tools::catalogue::Entry;
use crate::tools::ids::Line;
use crate::tools::invocation::Invocation;
use crate::tools::tool::{Act, Place};
use crate::tools::toolset::Toolset;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindTools {
    /// What is to be done, or a tool's name.
    query: Line,
    /// Default 5.
    limit: Option<Whole<1, 15>>,
}

#[derive(Serialize, JsonSchema)]
pub struct FoundTools {
    /// Best first.
    items: Vec<FoundTool>,
    /// Tools that were searched: those that you may use.
    searched: usize,
}

#[derive(Serialize, JsonSchema)]
struct FoundTool {
    name: &'static str,
    description: &'static str,
    effect: String,
    /// The tool to call it with, or its own name where it is listed.
    call_with: &'static str,
    /// The JSON Schema of its arguments.
    input: Value,
}

impl Act for FindTools {
    type Answer = FoundTools;

    async fn act(self, call: &Invocation) -> Result<FoundTools, Failure> {
        let server = &call.server;
        let rules = server.policy.now();
        let usable = |entry: &&Entry| entry.toolset != Toolset::Surface && rules.lists(&call.caller, entry, call.now);
        let limit = self.limit.map_or(5, |limit| usize::try_from(limit.get()).unwrap_or(5));
        let ranked = server.catalogue.index().rank(self.query.as_str());
        let entries = ranked.into_iter().filter_map(|at| server.catalogue.entries().get(at));
        Ok(FoundTools {
            items: entries.filter(usable).take(limit).map(found).collect(),
            searched: server.catalogue.entries().iter().filter(usable).count(),
        })
    }
}

fn found(entry: &Entry) -> FoundTool {
    let tool = &entry.tool;
    let (least, most) = (tool.least.as_str(), tool.most.as_str());
    // What it calls decides; as the worst it may always be called.
    let way = Way::of(if tool.calls.is_some() { tool.most } else { tool.least });
    FoundTool {
        name: tool.name,
        description: tool.about,
        effect: if least == most { least.to_owned() } else { format!("{least}, up to {most}") },
        call_with: if tool.place == Place::Found { way.tool() } else { tool.name },
        input: Value::Object((*entry.listed().input).clone()),
    }
}
