//! The tenant behind us: everything that is sent to it, and what its answers mean.
//!
//! Tools get a [`Tenant`], the tenant as one invocation sees it, and ask it along routes that they
//! declared. Deadlines, repeats, the breaker and the cap on calls in flight are per tenant and live
//! in [`Client`]. An act is sent once and never repeated; what became of it is said as a `Changed`.
//! This room knows no MCP.

mod address;
mod adopt;
mod answer;
mod ask;
mod breaker;
mod clean;
mod client;
pub mod embedded;
mod exchange;
mod form;
mod key;
mod key_file;
mod keyring;
mod log;
mod look;
mod path;
mod refusal;
mod retry;
mod road;
mod route;
mod said;
mod settings;
mod shape;
mod tenant;
mod wire;

pub use address::Base;
pub use answer::{Heard, Received};
pub use ask::Ask;
pub use client::Client;
pub use key::{holds_key_form, tag as key_tag};
pub use key_file::KeyFile;
pub use keyring::Keyring;
pub use log::Sent;
pub use look::{Rate, Seen};
pub use path::PathPart;
pub use route::{Method, Route};
pub use settings::{Limits, Settings};
pub use tenant::Tenant;
