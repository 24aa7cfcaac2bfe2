//! What agents did and said, as they report it themselves and as the platform notes it: one table, read
//! as a list and by searching. The transcript is the agent's own account, asked of the agent.

mod entry;
mod list;
mod notify;
mod report;
mod search;
mod transcript;

pub(crate) use entry::Entry;
pub(crate) use list::list;
pub(crate) use notify::notify;
pub(crate) use report::report;
pub(crate) use search::search;
pub(crate) use transcript::{traces, transcript};
