//! What somebody wants a new grant to be, and what it becomes: pure, so that nothing is issued which this
//! file didn't allow. Under another grant a wish may only narrow; what it leaves open is as it is there.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use super::until::Until;
use crate::failure::{Code, Failure};
use crate::journal::entry::{Person, stamp};
use crate::policy::Rules;
use crate::policy::binding::Binding;
use crate::policy::grant::Grant;
use crate::policy::role::Role;
use crate::text;
use crate::tools::ids::WorkspaceId;
use crate::tools::toolset::Toolset;

/// How long a grant lasts where nobody says.
const USUAL: TimeDelta = TimeDelta::days(30);

#[derive(Clone, Debug)]
pub struct Wish {
    pub name: String,
    pub role: Role,
    /// None: nothing is wished. That is the whole organisation, or what the grant above is bound to.
    pub binding: Option<Binding>,
    pub toolsets: Option<BTreeSet<Toolset>>,
    pub until: Option<Until>,
    pub read_only: bool,
    pub own_workspace: Option<WorkspaceId>,
    pub person: Option<Person>,
}

impl Wish {
    /// As the operator's: anything that makes sense.
    pub(super) fn settled(self, id: String, now: DateTime<Utc>) -> Result<Grant, Failure> {
        let expires = self.until.map_or(Some(now + USUAL), |until| until.at(now));
        self.grant(id, expires, None, now)
    }

    /// Issued under another grant: no wider and no longer in anything.
    pub(super) fn settled_under(
        mut self,
        above: Arc<Grant>,
        rules: &Rules,
        id: String,
        now: DateTime<Utc>,
    ) -> Result<Grant, Failure> {
        let usual = above.expires.or(Some(now + USUAL));
        let expires = self.until.map_or(usual, |until| until.at(now));
        let wider = self.wider(&above, expires, rules);
        if !wider.is_empty() {
            let all = wider.join("; ");
            return Err(Failure::new(
                Code::ForbiddenByPolicy,
                format!("it would be wider than the grant `{}` that it is issued under: {all}", above.name),
            )
            .next("Ask for less, or ask the operator to issue it."));
        }
        self.binding = self.binding.or_else(|| above.binding.clone());
        self.toolsets = self.toolsets.or_else(|| above.toolsets.clone());
        self.read_only |= above.read_only;
        self.own_workspace = self.own_workspace.or_else(|| above.own_workspace.clone());
        self.person = self.person.or_else(|| above.person.clone());
        self.grant(id, expires, Some(above), now)
    }

    fn grant(
        self,
        id: String,
        expires: Option<DateTime<Utc>>,
        parent: Option<Arc<Grant>>,
        now: DateTime<Utc>,
    ) -> Result<Grant, Failure> {
        check_name(&self.name)?;
        if self.person.as_ref().is_some_and(|person| !is_plain(&person.subject, 200)) {
            return Err(Failure::invalid("a person's subject has 1 to 200 bytes, all of them visible"));
        }
        // As exact as the table keeps it.
        let expires = expires.map(|end| end.trunc_subsecs(6));
        if expires.is_some_and(|end| end <= now) {
            return Err(Failure::invalid("it would have expired already").next("Name a time to come."));
        }
        Ok(Grant {
            id,
            name: self.name,
            role: self.role,
            binding: self.binding,
            toolsets: self.toolsets.filter(|chosen| chosen.len() < Toolset::ALL.len()),
            expires,
            read_only: self.read_only,
            own_workspace: self.own_workspace,
            person: self.person,
            parent,
        })
    }

    /// In what it is wider, in words for whoever wished it.
    fn wider(&self, above: &Grant, expires: Option<DateTime<Utc>>, rules: &Rules) -> Vec<String> {
        let mut wider = Vec::new();
        if !rules.powers(above.role).include(rules.powers(self.role)) {
            wider.push(format!("the role `{}` may what `{}` may not", self.role.as_str(), above.role.as_str()));
        }
        if let (Some(wished), Some(own)) = (&self.binding, &above.binding) {
            wider.extend(beyond(wished, own));
        }
        if let (Some(wished), Some(own)) = (&self.toolsets, &above.toolsets) {
            let more: Vec<&str> = wished.difference(own).map(|toolset| toolset.as_str()).collect();
            if !more.is_empty() {
                wider.push(format!("it hasn't the toolsets {}", more.join(", ")));
            }
        }
        match (expires, above.expires) {
            (None, _) => wider.push("only the operator issues what never expires".to_owned()),
            (Some(end), Some(limit)) if end > limit => wider.push(format!("it expires at {}", stamp(limit))),
            _ => {}
        }
        if self.person.is_some() && self.person != above.person {
            wider.push("only the operator says which person stands behind a grant".to_owned());
        }
        wider
    }
}

/// Where the workspaces of a subtree are only the tenant knows, and it may change its mind: what is bound to
/// must be named above by the same id.
fn beyond(wished: &Binding, own: &Binding) -> Vec<String> {
    let beyond_lists =
        wished.workspaces.iter().filter(|id| !own.workspaces.contains(*id) && !own.subtrees.contains(*id));
    let beyond_trees = wished.subtrees.iter().filter(|id| !own.subtrees.contains(*id));
    let told = |kind: &'static str| {
        move |id: &WorkspaceId| match own.subtrees.is_empty() {
            true => format!("it isn't bound to the {kind} {id}"),
            false => format!("it doesn't name the {kind} {id}, and whether that lies in its subtrees isn't known here"),
        }
    };
    beyond_lists.map(told("workspace")).chain(beyond_trees.map(told("subtree"))).collect()
}

fn is_plain(text: &str, longest: usize) -> bool {
    let hidden = |c: char| c.is_control() || text::is_invisible(c);
    !text.trim().is_empty() && text.len() <= longest && !text.chars().any(hidden)
}

fn check_name(name: &str) -> Result<(), Failure> {
    if !is_plain(name, 100) {
        return Err(Failure::invalid("a grant's name has 1 to 100 bytes, all of them visible"));
    }
    if matches!(name, "local" | "owner") {
        return Err(Failure::invalid(format!("`{name}` is what the operator is called")).next("Choose another name."));
    }
    Ok(())
}
