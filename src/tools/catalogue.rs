//! All tools, by toolset, and how a client sees each.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use serde_json::json;

use super::schema::Schema;
use super::surface::Index;
use super::tool::{Place, Tool};
use super::toolset::Toolset;
use super::{
    agents, approvals, artifacts, budgets, channels, checkpoints, files, fleet, governance, instructions, keys, memory,
};
use super::{org, platform, plugins, schedules, secrets, surface, workspaces};
use crate::nearest::nearest;

/// The table of contents.
const TOOLSETS: &[(Toolset, &[Tool])] = &[
    (Toolset::Org, org::TOOLS),
    (Toolset::Workspaces, workspaces::TOOLS),
    (Toolset::Keys, keys::TOOLS),
    (Toolset::Approvals, approvals::TOOLS),
    (Toolset::Secrets, secrets::TOOLS),
    (Toolset::Budgets, budgets::TOOLS),
    (Toolset::Schedules, schedules::TOOLS),
    (Toolset::Channels, channels::TOOLS),
    (Toolset::Agents, agents::TOOLS),
    (Toolset::Memory, memory::TOOLS),
    (Toolset::Files, files::TOOLS),
    (Toolset::Plugins, plugins::TOOLS),
    (Toolset::Instructions, instructions::TOOLS),
    (Toolset::Checkpoints, checkpoints::TOOLS),
    (Toolset::Artifacts, artifacts::TOOLS),
    (Toolset::Fleet, fleet::TOOLS),
    (Toolset::Platform, platform::TOOLS),
    (Toolset::Governance, governance::TOOLS),
    (Toolset::Surface, surface::TOOLS),
];

/// A tool in its toolset.
pub struct Entry {
    pub tool: Tool,
    pub toolset: Toolset,
    listed: OnceLock<Listed>,
}

/// A tool as a client sees it.
pub struct Listed {
    pub name: &'static str,
    pub title: String,
    pub description: &'static str,
    pub input: Arc<Schema>,
    pub output: Arc<Schema>,
    pub read_only: bool,
    pub destructive: bool,
    pub idempotent: bool,
    pub open_world: bool,
    /// A client that puts tools aside shall keep this one.
    pub always_loaded: bool,
    /// As much as somebody asks for, or as another tool answers.
    pub answers_much: bool,
}

/// Of bytes, as models read JSON; a rule of thumb.
const BYTES_A_TOKEN: usize = 4;

impl Listed {
    /// About what a client's model reads of it: name, description and input schema.
    pub fn tokens(&self, outputs: bool) -> usize {
        let mut read = json!({ "name": self.name, "description": self.description, "inputSchema": &*self.input });
        if outputs && let Some(all) = read.as_object_mut() {
            all.insert("outputSchema".to_owned(), json!(&*self.output));
        }
        read.to_string().len().div_ceil(BYTES_A_TOKEN)
    }
}

impl Entry {
    /// Made when first asked for: a server that only takes calls never builds a schema.
    pub fn listed(&self) -> &Listed {
        self.listed.get_or_init(|| self.as_listed())
    }

    fn as_listed(&self) -> Listed {
        let input = self.tool.input_schema();
        let pages = input.get("properties").is_some_and(|all| all.get("cursor").is_some());
        Listed {
            name: self.tool.name,
            title: self.tool.title(),
            description: self.tool.about,
            answers_much: pages || self.tool.relays || self.tool.calls.is_some(),
            input: Arc::new(input),
            output: Arc::new(self.tool.output_schema()),
            read_only: self.tool.most.is_read(),
            destructive: self.tool.most.is_destructive(),
            idempotent: self.tool.idempotent,
            open_world: self.tool.open_world,
            always_loaded: self.tool.place == Place::AlwaysLoaded,
        }
    }
}

/// Every tool there is, found by name or alias. The order is the table's, so that a list never varies.
pub struct Catalogue {
    entries: Vec<Entry>,
    by_name: HashMap<&'static str, usize>,
    index: OnceLock<Index>,
}

impl Catalogue {
    #[expect(clippy::new_without_default, reason = "there is only one catalogue, made on purpose")]
    pub fn new() -> Self {
        let mut entries = Vec::new();
        let mut by_name = HashMap::new();
        for (toolset, tools) in TOOLSETS {
            for tool in *tools {
                for name in std::iter::once(&tool.name).chain(tool.aliases) {
                    by_name.insert(*name, entries.len());
                }
                entries.push(Entry { tool: *tool, toolset: *toolset, listed: OnceLock::new() });
            }
        }
        Self { entries, by_name, index: OnceLock::new() }
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn find(&self, name: &str) -> Option<&Entry> {
        self.by_name.get(name).and_then(|at| self.entries.get(*at))
    }

    /// The search over it, made when first asked for.
    pub fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::of(&self.entries))
    }

    pub fn nearest(&self, wrong: &str) -> Option<&'static str> {
        nearest(wrong, self.entries.iter().map(|entry| entry.tool.name))
    }
}
