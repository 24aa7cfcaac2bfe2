//! Which kinds of places credentials may go to and secret values may come from.

use std::collections::{BTreeMap, BTreeSet};

use crate::failure::{Code, Failure};
use crate::secrets::command::Command;
use crate::secrets::name::Name;
use crate::secrets::{sink, source};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialRules {
    pub sinks: BTreeSet<sink::Kind>,
    pub sources: BTreeSet<source::Kind>,
    /// Programs of the operator's, by the names that callers know.
    pub commands: BTreeMap<Name, Command>,
}

impl Default for CredentialRules {
    fn default() -> Self {
        Self { sinks: sink::Kind::ALL.into(), sources: source::Kind::ALL.into(), commands: BTreeMap::new() }
    }
}

impl CredentialRules {
    pub fn sink(&self, kind: sink::Kind) -> Result<(), Failure> {
        let named = self.sinks.iter().map(|one| one.as_str()).collect::<Vec<_>>();
        allowed(self.sinks.contains(&kind), "sink", kind.as_str(), &named)
    }

    pub fn source(&self, kind: source::Kind) -> Result<(), Failure> {
        let named = self.sources.iter().map(|one| one.as_str()).collect::<Vec<_>>();
        allowed(self.sources.contains(&kind), "source", kind.as_str(), &named)
    }

    /// The command of this name, where it is one for that.
    pub fn command(&self, name: &Name, what: &str, fits: impl Fn(&Command) -> bool) -> Result<&Command, Failure> {
        self.commands.get(name).filter(|command| fits(command)).ok_or_else(|| {
            let there = self.commands.iter().filter(|(_, command)| fits(command)).map(|(name, _)| name.as_str());
            let next = match there.collect::<Vec<_>>().as_slice() {
                [] => format!("Ask the operator; their policy sets up no command as a {what}."),
                names => format!("Use one of these: {}.", names.join(", ")),
            };
            Failure::new(Code::ForbiddenByPolicy, format!("the policy has no command of that name for a {what}"))
                .next(next)
        })
    }
}

fn allowed(allowed: bool, what: &str, kind: &str, others: &[&str]) -> Result<(), Failure> {
    if allowed {
        return Ok(());
    }
    let next = match others {
        [] => format!("Ask the operator; their policy allows no {what}."),
        others => format!("Use another {what}: {}.", others.join(", ")),
    };
    Err(Failure::new(Code::ForbiddenByPolicy, format!("the policy allows no {what} of the kind `{kind}`")).next(next))
}
