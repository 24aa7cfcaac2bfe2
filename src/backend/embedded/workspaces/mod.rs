//! Workspaces: reading, making, changing, running and removing them. `row` and `rules` serve the other
//! resources too.

mod connection;
mod create;
mod delete;
mod patch;
mod read;
pub(crate) mod row;
pub(crate) mod rules;
mod runs;
mod teams;

pub(crate) use create::create;
pub(crate) use delete::delete;
pub(crate) use delete::remove_row;
pub(crate) use patch::patch;
pub(crate) use read::{list, show, state};
pub(crate) use runs::{hibernate, pause, restart, resume};
pub(crate) use teams::{collapse, expand};
