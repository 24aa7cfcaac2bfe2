//! Where new credentials go (sinks) and where secret values come from (sources), so that neither
//! passes through a model. The operator says which directories; a caller only names a place in them. What is
//! held meanwhile is taken out of all that leaves (`held`).

pub mod credential;
pub mod held;
pub mod place;
pub mod sink;
pub mod source;

pub use credential::Credential;
pub use place::Directories;
pub use sink::Sink;
pub use source::Source;

use crate::policy::credentials::CredentialRules;

/// What a call may use of all that: the directories, and the kinds of places that the policy allows.
#[derive(Clone, Copy)]
pub struct Places<'a> {
    pub directories: &'a Directories,
    pub rules: &'a CredentialRules,
}
