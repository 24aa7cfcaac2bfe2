//! Whether a call may be made at all: one pure, total decision that listing and calling share. It denies
//! unless something allows. Read-only beats everything, and deny beats allow.
//!
//! What the operator chose is a `Rules`: the flags, with the policy file over them. What a caller was
//! given is a `Grant`. Neither can lift what the other takes away.

pub mod binding;
pub mod consent;
pub mod credentials;
pub mod file;
pub mod grant;
pub mod limits;
pub mod live;
pub mod origin;
pub mod role;
pub mod target;
pub mod watched;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::anchor::Anchor;
use crate::failure::{Code, Failure};
use crate::tools::catalogue::Entry;
use crate::tools::effect::Effect;
use crate::tools::toolset::Toolset;
use crate::transport::caller::{Caller, Door};
use crate::webhooks::Endpoint;
use consent::ConsentRules;
use credentials::CredentialRules;
use grant::Grant;
use limits::Limits;
use role::{Powers, Role};
use target::{Reach, Target};

/// What the operator chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    pub read_only: bool,
    pub toolsets: BTreeSet<Toolset>,
    /// Tools that nobody gets.
    pub denied: BTreeSet<&'static str>,
    /// The most that any caller may be.
    pub ceiling: Role,
    /// A role that isn't here may nothing.
    pub powers: BTreeMap<Role, Powers>,
    /// What somebody is who comes without a grant, by the door.
    pub without_grant: BTreeMap<Door, Role>,
    pub consent: ConsentRules,
    pub limits: Limits,
    pub credentials: CredentialRules,
    /// How many days what is deleted is kept; none: until somebody takes it away.
    pub keep_days: Option<u32>,
    /// Where the journal's checkpoints go, too.
    pub anchor: Option<Anchor>,
    /// Who is told what happens to org keys, by names that the operator chose.
    pub webhooks: BTreeMap<String, Endpoint>,
    /// Begins the digest of the policy file; none without one.
    pub digest: Option<String>,
}

impl Default for Rules {
    /// Without a policy file: whoever runs this server may everything, and a person agrees to what can't
    /// be undone or gives power.
    fn default() -> Self {
        Self {
            read_only: false,
            toolsets: BTreeSet::from(Toolset::ALL),
            denied: BTreeSet::new(),
            ceiling: Role::Admin,
            powers: Role::ALL.map(|role| (role, Powers::usual(role))).into(),
            without_grant: Door::ALL.map(|door| (door, Role::Admin)).into(),
            consent: ConsentRules::default(),
            limits: Limits::default(),
            credentials: CredentialRules::default(),
            keep_days: Some(30),
            anchor: None,
            webhooks: BTreeMap::new(),
            digest: None,
        }
    }
}

/// Why not, by its name in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    Expired,
    ReadOnly,
    Denied,
    Toolset,
    Role,
    Binding,
    Oneself,
    Unlimited,
    Arguments,
    Consent,
}

impl Rule {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::ReadOnly => "read-only",
            Self::Denied => "denied",
            Self::Toolset => "toolset",
            Self::Role => "role",
            Self::Binding => "binding",
            Self::Oneself => "oneself",
            Self::Unlimited => "unlimited",
            Self::Arguments => "arguments",
            Self::Consent => "consent",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// By what the caller is.
    Allowed(Role),
    Refused(Rule),
}

impl Rules {
    /// May this caller use this tool to this effect on this target? Without a target: is there one at all
    /// that it may be used on?
    pub fn decide(
        &self,
        caller: &Caller,
        entry: &Entry,
        effect: Effect,
        target: Option<&Target>,
        now: DateTime<Utc>,
    ) -> Decision {
        match self.first_refusal(caller, entry, effect, target, now) {
            Some(rule) => Decision::Refused(rule),
            None => Decision::Allowed(self.role(caller)),
        }
    }

    /// A tool is listed when its mildest use is allowed on something.
    pub fn lists(&self, caller: &Caller, entry: &Entry, now: DateTime<Utc>) -> bool {
        matches!(self.decide(caller, entry, entry.tool.least, None, now), Decision::Allowed(_))
    }

    /// What a caller is, before the ceiling and what a role may.
    pub fn role(&self, caller: &Caller) -> Role {
        if caller.is_itself() {
            return Role::Admin;
        }
        let without = || self.without_grant.get(&caller.door).copied().unwrap_or(Role::Viewer);
        caller.grant.as_ref().map_or_else(without, |grant| grant.role)
    }

    pub fn powers(&self, role: Role) -> &Powers {
        static NOTHING: Powers = Powers::NOTHING;
        self.powers.get(&role).unwrap_or(&NOTHING)
    }

    /// Whether anything is taken from what the caller may do, or ends: by its grants, by the door that it came
    /// through, or by the ceiling.
    pub fn is_limited(&self, caller: &Caller) -> bool {
        let everything = self.roles(caller).all(|role| role == Role::Admin) && caller.grants().all(Grant::is_unlimited);
        !everything && !caller.is_itself()
    }

    fn first_refusal(
        &self,
        caller: &Caller,
        entry: &Entry,
        effect: Effect,
        target: Option<&Target>,
        now: DateTime<Utc>,
    ) -> Option<Rule> {
        // It was decided when somebody had it promise this; what only reads keeps no promise.
        if caller.is_itself() {
            return (!effect.is_read() && self.read_only).then_some(Rule::ReadOnly);
        }
        let grants = || caller.grants();
        if grants().any(|grant| grant.expires.is_some_and(|end| end <= now)) {
            return Some(Rule::Expired);
        }
        if !effect.is_read() && (self.read_only || grants().any(|grant| grant.read_only)) {
            return Some(Rule::ReadOnly);
        }
        if self.denied.contains(entry.tool.name) {
            return Some(Rule::Denied);
        }
        // What finds and calls others is nobody's privilege: each call it makes is decided by itself.
        if entry.toolset != Toolset::Surface {
            let offered = |grant: &Grant| grant.toolsets.as_ref().is_none_or(|own| own.contains(&entry.toolset));
            if !self.toolsets.contains(&entry.toolset) || !grants().all(offered) {
                return Some(Rule::Toolset);
            }
            if !self.roles(caller).all(|role| self.powers(role).at(effect).contains(&entry.toolset)) {
                return Some(Rule::Role);
            }
        }
        if grants().any(|grant| grant.binding.as_ref().is_some_and(|own| !reaches(own, entry, target))) {
            return Some(Rule::Binding);
        }
        if entry.tool.gives_everything && self.is_limited(caller) {
            return Some(Rule::Unlimited);
        }
        // What can give power is refused where it does; what stops or destroys, in its mildest form too.
        let heavy = effect.is_destructive() || entry.tool.most == Effect::Destroy;
        let oneself = |own| target.is_some_and(|target| target.includes(own));
        (heavy && entry.tool.not_to_oneself && grants().filter_map(|grant| grant.own_workspace.as_ref()).any(oneself))
            .then_some(Rule::Oneself)
    }

    /// All that the caller has to be allowed as: a grant never does more than those above it, and nobody
    /// more than the ceiling.
    fn roles<'a>(&'a self, caller: &'a Caller) -> impl Iterator<Item = Role> + 'a {
        [self.role(caller), self.ceiling].into_iter().chain(caller.grants().map(|grant| grant.role))
    }
}

fn reaches(binding: &binding::Binding, entry: &Entry, target: Option<&Target>) -> bool {
    target.map_or(entry.tool.reach != Reach::Organisation, |target| target.is_within(binding))
}

/// What the caller reads.
pub fn refused(rule: Rule, entry: &Entry, role: Role, effect: Effect) -> Failure {
    let (name, toolset) = (entry.tool.name, entry.toolset.as_str());
    let (message, next) = match rule {
        Rule::Expired => ("this grant has expired".to_owned(), "Ask the operator for a new grant."),
        Rule::ReadOnly => (
            format!("{name} changes something, and only reading is allowed here"),
            "Tell the operator what you wanted to do; read-only is theirs to lift.",
        ),
        Rule::Denied => (format!("{name} is denied to everybody"), "Ask the operator; their policy says so."),
        Rule::Toolset => (
            format!("{name} belongs to the toolset `{toolset}`, which is off"),
            "Ask the operator to add the toolset, to --toolsets or to your grant.",
        ),
        Rule::Role => (
            format!("{name} is `{}` in `{toolset}`, which the role `{}` may not", effect.as_str(), role.as_str()),
            "Ask the operator to do it, or for another role.",
        ),
        Rule::Binding if entry.tool.reach == Reach::Organisation => (
            format!("{name} is about the whole organisation, and this grant is bound to some workspaces"),
            "Ask the operator to do it.",
        ),
        Rule::Binding => (
            format!("{name} would reach beyond the workspaces that this grant is bound to"),
            "Name a workspace of your binding; whoami lists it.",
        ),
        Rule::Oneself => (
            format!("{name} would be done to the workspace that you run in yourself"),
            "Tell a person what you wanted to do.",
        ),
        Rule::Unlimited => (
            format!("{name} gives more power than the caller has"),
            "Ask the operator to do it; no grant gives more than itself.",
        ),
        Rule::Arguments => (format!("the arguments of {name} don't fit"), "Correct the arguments and call again."),
        Rule::Consent => (format!("{name} needs a person's yes"), "Ask the operator; a person has to agree to this."),
    };
    Failure::new(Code::ForbiddenByPolicy, message).next(next)
}
