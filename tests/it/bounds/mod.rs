//! How far a caller reaches who is bound to some workspaces: what each tool's entry says, what such a caller
//! is shown and may do, and what nobody may do to itself.

mod entries;
mod fleets;
mod imports;
mod kept;
pub mod leaks;
mod limited;
mod oneself;
pub mod organisation;
