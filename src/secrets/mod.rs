//! Where new credentials go (sinks) and where secret values come from (sources), so that neither
//! passes through a model. The operator says which directories, kinds and commands; a caller only names a
//! place among them.

mod aside;
pub mod command;
pub mod credential;
mod keyring;
pub mod name;
pub mod place;
pub mod sink;
pub mod source;

pub use credential::Credential;
pub use place::Directories;
pub use sink::Sink;
pub use source::Source;

use crate::backend::Tenant;
use crate::policy::credentials::CredentialRules;
use crate::transport::caller::Caller;

/// What a call may use of all that: the directories, the kinds of places that the policy allows, and the
/// tenant, which keeps secrets too.
#[derive(Clone, Copy)]
pub struct Places<'a> {
    pub directories: &'a Directories,
    pub rules: &'a CredentialRules,
    pub tenant: &'a Tenant,
    pub caller: &'a Caller,
}
