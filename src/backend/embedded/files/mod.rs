//! Files of workspaces. One that runs has a container, whose files are rows of their own; of one without,
//! the platform shows the template that has its name, and writes into that, so that namesakes share it.

mod chat;
pub(crate) mod container;
mod listing;
mod paths;
mod place;
mod read;
mod write;

pub(crate) use chat::{download, upload};
pub(crate) use read::{list, read, shared_context};
pub(crate) use write::{delete, write, write_many};
