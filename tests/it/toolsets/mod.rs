//! Every toolset against the embedded tenant: a scene a toolset, and one play of them all, after which
//! each tool of the catalogue has been called for real.

mod agents;
mod artifacts;
mod budgets;
mod channels;
mod checkpoints;
mod files;
mod instructions;
mod memory;
mod org;
mod platform;
mod plugins;
mod schedules;
mod secrets;
mod workspaces;
