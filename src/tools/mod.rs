//! What can be asked: one file or folder a toolset, each with its table of entries.
//!
//! Nothing in here knows a protocol or an HTTP library. `tool` is the entry type, `catalogue` the
//! table of contents, `invocation` what a running tool may use.

pub mod a2a;
pub mod act;
pub mod beside;
mod bounds;
pub mod catalogue;
mod container;
pub mod cursor;
pub mod effect;
pub(crate) mod giant;
mod given;
pub mod ids;
pub mod input;
pub mod invocation;
mod list;
pub(crate) mod many;
pub(crate) mod masking;
mod money;
pub(crate) mod prose;
mod range;
mod schema;
mod templates;
pub mod tool;
pub mod toolset;

pub mod agents;
pub mod approvals;
pub mod artifacts;
pub mod budgets;
pub mod channels;
pub mod checkpoints;
pub mod files;
pub mod fleet;
pub mod governance;
pub mod instructions;
pub mod keys;
pub mod memory;
pub mod org;
pub mod platform;
pub mod plugins;
pub mod schedules;
pub mod secrets;
pub mod surface;
pub mod workspaces;
