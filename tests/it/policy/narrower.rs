//! Nothing that takes away gives: over rules and grants made at random, from a seed that a failure names.
//! `SEED=n cargo test --test it policy::narrower` tries that one alone.

use std::sync::Arc;

use chrono::TimeDelta;
use molecule_org_mcp::policy::Rules;
use molecule_org_mcp::policy::binding::Binding;
use molecule_org_mcp::policy::grant::Grant;
use molecule_org_mcp::policy::role::Role;
use molecule_org_mcp::tools::catalogue::Catalogue;
use molecule_org_mcp::tools::effect::Effect;
use molecule_org_mcp::tools::toolset::Toolset;
use molecule_org_mcp::transport::caller::{Caller, Door};

use super::world::{LEAF, Use, WORKSPACES, id, now, uses};
use crate::support::{grant, holding};

const CASES: u64 = 3000;
/// Of all ways to use a tool, so many are tried a case.
const TRIES: usize = 150;

/// Small, and the same everywhere (splitmix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.next().is_multiple_of(n)
    }

    fn of<T: Copy>(&mut self, some: &[T]) -> T {
        some[(self.next() % some.len() as u64) as usize]
    }

    /// Most of them.
    fn most<T: Copy>(&mut self, all: &[T]) -> Vec<T> {
        all.iter().copied().filter(|_| !self.one_in(4)).collect()
    }
}

fn each_case(try_one: impl Fn(&mut Chance)) {
    let seeds = match std::env::var("SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => (0..CASES).collect(),
    };
    for seed in seeds {
        let tried = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| try_one(&mut Chance(seed))));
        assert!(tried.is_ok(), "with SEED={seed}");
    }
}

fn some_rules(chance: &mut Chance, catalogue: &Catalogue) -> Rules {
    let mut rules = Rules { read_only: chance.one_in(8), ceiling: chance.of(&Role::ALL), ..Rules::default() };
    if chance.one_in(2) {
        rules.ceiling = Role::Admin;
    }
    rules.toolsets = chance.most(&Toolset::ALL).into_iter().collect();
    rules.denied = (0..chance.next() % 5).map(|_| chance.of(&names(catalogue))).collect();
    for role in Role::ALL {
        for effect in Effect::ALL.into_iter().filter(|_| chance.one_in(4)).collect::<Vec<_>>() {
            *rules.powers.get_mut(&role).unwrap().at_mut(effect) = chance.most(&Toolset::ALL).into_iter().collect();
        }
    }
    rules.without_grant = Door::ALL.map(|door| (door, chance.of(&Role::ALL))).into();
    rules
}

fn names(catalogue: &Catalogue) -> Vec<&'static str> {
    catalogue.entries().iter().map(|entry| entry.tool.name).collect()
}

/// Bindings in one chain have a workspace in common, as they have where grants are issued.
fn some_grant(chance: &mut Chance, parents: u64) -> Grant {
    Grant {
        binding: chance.one_in(2).then(|| some_binding(chance)),
        toolsets: chance.one_in(3).then(|| chance.most(&Toolset::ALL).into_iter().collect()),
        expires: chance.one_in(3).then(|| now() + TimeDelta::minutes(chance.next() as i64 % 100)),
        read_only: chance.one_in(8),
        own_workspace: chance.one_in(4).then(|| id(chance.of(&[1, 2, 3, 4, 5]))),
        parent: (parents > 0).then(|| Arc::new(some_grant(chance, parents - 1))),
        ..grant(if chance.one_in(2) { Role::Admin } else { chance.of(&Role::ALL) })
    }
}

fn some_binding(chance: &mut Chance) -> Binding {
    let mut binding = Binding::default();
    for n in WORKSPACES {
        if !chance.one_in(3) {
            continue;
        }
        let into = if chance.one_in(2) { &mut binding.workspaces } else { &mut binding.subtrees };
        into.insert(id(n));
    }
    binding.workspaces.insert(id(LEAF));
    binding
}

fn some_caller(chance: &mut Chance) -> Caller {
    if chance.one_in(5) {
        return Caller::operator("local", chance.of(&Door::ALL));
    }
    let parents = chance.next() % 3;
    holding(some_grant(chance, parents))
}

/// Takes something away from one of the two. Says what.
fn narrow(chance: &mut Chance, rules: &mut Rules, caller: &mut Caller, catalogue: &Catalogue) -> &'static str {
    if let Some(held) = &caller.grant
        && chance.one_in(2)
    {
        let mut grant = Grant::clone(held);
        let what = narrow_grant(chance, rules, &mut grant);
        caller.grant = Some(Arc::new(grant));
        return what;
    }
    match chance.next() % 5 {
        0 => {
            rules.read_only = true;
            "read-only"
        }
        1 => {
            rules.denied.insert(chance.of(&names(catalogue)));
            "one tool denied"
        }
        2 => {
            rules.toolsets.remove(&chance.of(&Toolset::ALL));
            "one toolset less"
        }
        3 => {
            let row = rules.powers.get_mut(&chance.of(&Role::ALL)).unwrap();
            row.at_mut(chance.of(&Effect::ALL)).remove(&chance.of(&Toolset::ALL));
            "a role may less"
        }
        _ => {
            rules.ceiling = lower(chance, rules, rules.ceiling);
            "a lower ceiling"
        }
    }
}

fn narrow_grant(chance: &mut Chance, rules: &Rules, grant: &mut Grant) -> &'static str {
    match chance.next() % 7 {
        0 => {
            grant.read_only = true;
            "a grant is read-only"
        }
        1 => {
            let own = grant.binding.take().map(|mut own| {
                own.subtrees.pop_first();
                own
            });
            grant.binding = own.or_else(|| Some(some_binding(chance)));
            "a grant is bound"
        }
        2 => {
            let sooner = now() - TimeDelta::minutes(1) + TimeDelta::minutes(chance.next() as i64 % 3);
            grant.expires = Some(grant.expires.map_or(sooner, |end| end.min(sooner)));
            "a grant expires sooner"
        }
        3 => {
            let own = grant.toolsets.get_or_insert_with(|| Toolset::ALL.into());
            own.remove(&chance.of(&Toolset::ALL));
            "a grant has one toolset less"
        }
        4 => {
            grant.role = lower(chance, rules, grant.role);
            "a grant has a lesser role"
        }
        5 => {
            grant.own_workspace = grant.own_workspace.take().or(Some(id(LEAF)));
            "a grant's holder runs in a workspace"
        }
        _ => {
            let above = Arc::new(some_grant(chance, 0));
            *topmost(grant) = Some(above);
            "a grant above all others"
        }
    }
}

fn topmost(grant: &mut Grant) -> &mut Option<Arc<Grant>> {
    match &mut grant.parent {
        Some(parent) => topmost(Arc::make_mut(parent)),
        end => end,
    }
}

/// A role that may nothing that this one may not. Only admins give out power over everything, whatever
/// their row says.
fn lower(chance: &mut Chance, rules: &Rules, role: Role) -> Role {
    let lesser = |one: &Role| rules.powers(role).include(rules.powers(*one)) && (*one != Role::Admin || role == *one);
    let lesser = Role::ALL.into_iter().filter(lesser);
    chance.of(&lesser.collect::<Vec<_>>())
}

#[test]
fn a_restriction_never_allows_what_was_refused() {
    let catalogue = Catalogue::new();
    let all = uses(&catalogue);
    each_case(|chance| {
        let (rules, caller) = (some_rules(chance, &catalogue), some_caller(chance));
        let (mut less, mut lesser) = (rules.clone(), caller.clone());
        let what = narrow(chance, &mut less, &mut lesser, &catalogue);
        for one in some(chance, &all) {
            let gained = one.may(&less, &lesser) && !one.may(&rules, &caller);
            assert!(!gained, "{what}: {} is allowed now", one.entry.tool.name);
        }
    });
}

#[test]
fn a_grant_never_does_more_than_the_one_that_issued_it() {
    let catalogue = Catalogue::new();
    let all = uses(&catalogue);
    each_case(|chance| {
        let rules = some_rules(chance, &catalogue);
        let child = some_grant(chance, 1);
        let parent = Grant::clone(child.parent.as_ref().unwrap());
        let (child, parent) = (holding(child), holding(parent));
        for one in some(chance, &all) {
            let more = one.may(&rules, &child) && !one.may(&rules, &parent);
            assert!(!more, "{} is allowed to the child alone", one.entry.tool.name);
        }
    });
}

/// Where a holder may do nothing to the workspace it runs in, and is bound to that one alone, a tool can be
/// listed that has no target left; so nobody here runs in a workspace.
#[test]
fn what_is_hidden_is_refused_and_what_is_listed_is_good_for_something() {
    let catalogue = Catalogue::new();
    let mildest = |entry| WORKSPACES.map(|n| Use::of(entry, entry.tool.least, n)).collect();
    let by_tool: Vec<Vec<Use<'_>>> = catalogue.entries().iter().map(mildest).collect();
    each_case(|chance| {
        let rules = some_rules(chance, &catalogue);
        let parents = chance.next() % 3;
        let mut grant = some_grant(chance, parents);
        nowhere(&mut grant);
        let caller = holding(grant);
        for tool in &by_tool {
            let entry = tool[0].entry;
            let listed = rules.lists(&caller, entry, now());
            assert_eq!(listed, tool.iter().any(|one| one.may(&rules, &caller)), "{}", entry.tool.name);
        }
    });
}

fn nowhere(grant: &mut Grant) {
    grant.own_workspace = None;
    if let Some(parent) = &mut grant.parent {
        nowhere(Arc::make_mut(parent));
    }
}

fn some<'a>(chance: &mut Chance, all: &'a [Use<'a>]) -> Vec<&'a Use<'a>> {
    (0..TRIES).map(|_| &all[(chance.next() % all.len() as u64) as usize]).collect()
}
