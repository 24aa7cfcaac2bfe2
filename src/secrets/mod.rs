//! Where new credentials go (sinks) and where secret values come from (sources), so that neither
//! passes through a model. The operator says which directories, kinds and commands; a caller only names a
//! place among them. What is held meanwhile is taken out of all that leaves (`held`).

mod aside;
pub mod command;
pub mod credential;
pub mod held;
pub mod keyring;
pub mod name;
pub mod place;
pub mod sink;
pub mod source;

pub use credential::Credential;
pub use place::Directories;
pub use sink::Sink;
pub use source::Source;

use crate::backend::Tenant;
use crate::drops::{Drops, Purpose};
use crate::policy::credentials::CredentialRules;
use crate::transport::caller::Caller;

/// What a call may use of all that: the directories, the kinds of places that the policy allows, and the
/// tenant, which keeps secrets too.
#[derive(Clone, Copy)]
pub struct Places<'a> {
    pub directories: &'a Directories,
    pub rules: &'a CredentialRules,
    pub tenant: &'a Tenant,
    pub drops: &'a Drops,
    pub caller: &'a Caller,
    /// The caller is held to less than everything.
    pub is_limited: bool,
    pub tool: &'a str,
    /// The tenant, as it is called in what is kept.
    pub organisation: &'a str,
    /// What a value is for, in a person's words.
    pub about: &'a str,
}

impl<'a> Places<'a> {
    #[must_use]
    pub fn about(self, about: &'a str) -> Self {
        Self { about, ..self }
    }

    /// What a one-time page of this call is for.
    fn purpose(&self, about: &str) -> Purpose {
        Purpose {
            tenant: self.organisation.to_owned(),
            caller: self.caller.identity(),
            tool: self.tool.to_owned(),
            about: about.to_owned(),
        }
    }
}

/// On the one answer that carries a credential on purpose: the page that reveals it.
#[derive(Clone, Copy, Debug)]
pub struct Revealed;
