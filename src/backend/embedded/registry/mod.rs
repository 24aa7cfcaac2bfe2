//! What agents call: they register, send heartbeats, change their card, and find each other. Credentials
//! here are a workspace's own token or, while it has none, nothing at all; an org key is never one.

mod heartbeat;
pub(crate) mod neighbours;
mod presence;

pub(crate) use heartbeat::heartbeat;
pub(crate) use neighbours::{are_related, check_access, discover, peers};
pub(crate) use presence::{is_reachable, register, update_card};
