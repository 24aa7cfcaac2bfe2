//! `molecule-org-mcp` administers a Molecule AI organisation for MCP clients.
//!
//! One road leads from every door to the tenant and back:
//!
//! ```text
//! transport -> caller -> dispatch -> policy     may this caller do this?
//! (stdio, http, cli)              -> consent    does a person agree, where one must?
//!                                 -> journal    the intent is durable before anything is sent
//!                                 -> tool -> backend -> tenant (remote, or embedded)
//!                                 -> journal    the outcome
//! ```
//!
//! The rooms: `tools` says what can be asked, `policy` whether, `grants` what a caller holds, `consent` asks
//! a person, `journal` writes it down in `store`, `secrets` keeps credentials out of answers, `drops` shows
//! one to a person, `backend` speaks to the tenant and carries one of its own, `transport` and `cli` are the
//! doors, `config` is what the operator chose.
//! ARCHITECTURE.md has the whole map.

pub mod anchor;
pub mod backend;
pub mod capsules;
pub mod cli;
pub mod completions;
pub mod config;
pub mod consent;
pub mod deliveries;
pub mod digest;
pub mod dispatch;
pub mod draft;
pub mod drops;
pub mod events;
pub mod failure;
pub mod fence;
pub mod fleets;
pub mod grants;
pub mod imports;
pub mod jobs;
pub mod journal;
pub mod leases;
pub mod length;
pub mod media;
pub mod nearest;
pub mod outside;
pub mod pace;
pub mod policy;
pub mod progress;
pub mod prompts;
pub mod repeats;
pub mod resources;
pub mod results;
pub mod seats;
pub mod secrets;
pub mod shell;
pub mod store;
pub mod text;
pub mod timetable;
pub mod toml_file;
pub mod tools;
pub mod transport;
pub mod turn;
pub mod webhooks;
