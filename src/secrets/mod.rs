//! Where new credentials go (sinks) and where secret values come from (sources), so that neither
//! passes through a model. The operator says which directories; a caller only names a place in them.

pub mod credential;
pub mod place;
pub mod sink;
pub mod source;

pub use credential::Credential;
pub use place::Directories;
pub use sink::Sink;
pub use source::Source;

use crate::drops::{Drops, Purpose};
use crate::policy::credentials::CredentialRules;
use crate::transport::caller::Caller;

/// What a call may use of all that: the directories, and the kinds of places that the policy allows.
#[derive(Clone, Copy)]
pub struct Places<'a> {
    pub directories: &'a Directories,
    pub rules: &'a CredentialRules,
    pub drops: &'a Drops,
    pub asker: Asker<'a>,
}

/// For whom and what a place is needed, as a one-time page shows it and is bound to it.
#[derive(Clone, Copy)]
pub struct Asker<'a> {
    pub tenant: &'a str,
    pub caller: &'a Caller,
    pub tool: &'a str,
    /// What the value is for, where it isn't the tool's only one.
    pub about: &'a str,
}

impl<'a> Places<'a> {
    #[must_use]
    pub fn about(mut self, about: &'a str) -> Self {
        self.asker.about = about;
        self
    }

    /// Who a page is made for.
    fn purpose(&self, about: &str) -> Purpose {
        let Asker { tenant, caller, tool, .. } = self.asker;
        Purpose { tenant: tenant.to_owned(), caller: caller.identity(), tool: tool.to_owned(), about: about.to_owned() }
    }
}

/// On the one answer that carries a credential on purpose: the page that reveals it.
#[derive(Clone, Copy, Debug)]
pub struct Revealed;
