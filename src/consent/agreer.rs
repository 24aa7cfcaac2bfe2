//! Who agrees, and whether they may: never the one who asked.

use std::fmt;

use crate::failure::{Code, Failure};
use crate::policy::consent::Way;
use crate::policy::grant::Grant;
use crate::policy::role::Role;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Agreer {
    /// A person at the operator's terminal.
    Terminal { user: String },
    /// Whoever holds a grant, at a terminal.
    Grant {
        id: String,
        /// Its own id and those above it.
        chain: Vec<String>,
        role: Role,
    },
    /// The person in front of the caller's client, as the client says.
    Elicitation { client: String },
}

impl Agreer {
    /// Whoever sits at the terminal of this process.
    pub fn here() -> Self {
        let name = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| std::env::var(name).ok());
        let user = name.map(|name| name.chars().filter(|letter| !letter.is_control()).take(64).collect());
        Self::Terminal { user: user.unwrap_or_else(|| "unknown".to_owned()) }
    }

    pub fn holding(grant: &Grant) -> Self {
        let chain = grant.chain().map(|one| one.id.clone()).collect();
        Self::Grant { id: grant.id.clone(), chain, role: grant.role }
    }

    pub fn way(&self) -> Way {
        match self {
            Self::Terminal { .. } | Self::Grant { .. } => Way::Terminal,
            Self::Elicitation { .. } => Way::Elicitation,
        }
    }

    /// `asker` is the asking grant and those above it; empty where the operator's own process asked.
    pub(super) fn may_answer(&self, asker: &[String]) -> Result<(), Failure> {
        let Self::Grant { id, chain, role } = self else { return Ok(()) };
        if asker.contains(id) || asker.first().is_some_and(|asking| chain.contains(asking)) {
            return Err(Failure::new(Code::ForbiddenByPolicy, "whoever asks can't be the one who agrees")
                .next("Have somebody else answer, or answer without the grant."));
        }
        if !matches!(role, Role::Approver | Role::Owner | Role::Admin) {
            let message = format!("the role `{}` may not answer for a person", role.as_str());
            return Err(Failure::new(Code::ForbiddenByPolicy, message)
                .next("An approver, an owner or an admin may, and the operator at a terminal."));
        }
        Ok(())
    }
}

/// As the journal names them.
impl fmt::Display for Agreer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Terminal { user } => write!(f, "terminal:{user}"),
            Self::Grant { id, .. } => write!(f, "grant:{id}"),
            Self::Elicitation { client } => write!(f, "client:{client}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(id: &str, above: &[&str], role: Role) -> Agreer {
        let chain = [id].iter().chain(above).map(|one| (*one).to_owned()).collect();
        Agreer::Grant { id: id.to_owned(), chain, role }
    }

    #[test]
    fn nobody_agrees_to_what_they_asked_for() {
        let asker = ["asker".to_owned(), "parent".to_owned()];
        let says = |agreer: &Agreer| agreer.may_answer(&asker).is_ok();
        assert!(!says(&grant("asker", &["parent"], Role::Admin)), "itself");
        assert!(!says(&grant("parent", &[], Role::Admin)), "who issued it");
        assert!(!says(&grant("child", &["asker", "parent"], Role::Admin)), "whom it issued");
        for (role, may) in [
            (Role::Viewer, false),
            (Role::Operator, false),
            (Role::Approver, true),
            (Role::Owner, true),
            (Role::Admin, true),
        ] {
            assert_eq!(says(&grant("other", &[], role)), may, "{role:?}");
        }
        assert!(says(&Agreer::Terminal { user: "ada".to_owned() }));
    }
}
