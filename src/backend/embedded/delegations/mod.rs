//! Tasks that one workspace gives another. Handing one over answers at once; the message is sent behind
//! it. What became of it stands in the source's activity, in two rows: the request, whose status is
//! kept up to date, and the result.

mod end;
mod hand_over;
mod list;
mod report;
mod rows;

pub(crate) use end::drained;
pub(crate) use hand_over::delegate;
pub(crate) use list::list;
pub(crate) use report::{record, update};
