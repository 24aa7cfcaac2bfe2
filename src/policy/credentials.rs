//! Which kinds of places credentials may go to and secret values may come from.

use std::collections::BTreeSet;

use crate::failure::{Code, Failure};
use crate::secrets::{sink, source};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialRules {
    pub sinks: BTreeSet<sink::Kind>,
    pub sources: BTreeSet<source::Kind>,
}

impl Default for CredentialRules {
    fn default() -> Self {
        Self { sinks: sink::Kind::ALL.into(), sources: source::Kind::ALL.into() }
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
