//! Values that a person is offered while they fill in a prompt or choose a resource. They come from the same
//! read tools that an agent would ask, on the same road, and are kept for moments, for each caller apart.

mod names;

pub use names::{Listing, Names};
