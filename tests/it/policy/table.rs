//! Every decision over role, tool, effect and binding, where it can be read and a change be seen.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use molecule_org_mcp::policy::grant::Grant;
use molecule_org_mcp::policy::role::Role;
use molecule_org_mcp::policy::{Decision, Rule, Rules};
use molecule_org_mcp::tools::catalogue::Catalogue;

use super::world::{LEAF, Use, bound_to, effects, uses};
use crate::snapshot;
use crate::support::{grant, holding};

const HEAD: &str = "\
# What a grant of each role may do under the built-in rules; written by `UPDATE=1 cargo test --test it policy`.
# Three letters a role: not bound to any workspace; bound, on a workspace inside; bound, on one outside.
# y allowed; refused by: r the role, b the binding.
";

#[test]
fn every_decision_is_the_one_that_was_read() {
    let (rules, catalogue) = (Rules::default(), Catalogue::new());
    let mut text = format!("{HEAD}tool\teffect\t{}\n", Role::ALL.map(Role::as_str).join("\t"));
    for entry in catalogue.entries() {
        for effect in effects(entry) {
            write!(text, "{}\t{}", entry.tool.name, effect.as_str()).unwrap();
            for role in Role::ALL {
                let letter = |inside, binding| {
                    let caller = holding(Grant { binding, ..grant(role) });
                    letter(Use::of(entry, effect, if inside { LEAF } else { 4 }).decide(&rules, &caller))
                };
                let bound = || bound_to([LEAF]);
                write!(text, "\t{}{}{}", letter(true, None), letter(true, bound()), letter(false, bound())).unwrap();
            }
            text.push('\n');
        }
    }
    snapshot::is("tests/fixtures/decisions.tsv", &text);
}

fn letter(decision: Decision) -> char {
    match decision {
        Decision::Allowed(_) => 'y',
        Decision::Refused(Rule::Role) => 'r',
        Decision::Refused(Rule::Binding) => 'b',
        Decision::Refused(rule) => panic!("{} has no letter", rule.as_str()),
    }
}

/// The bound is for a debug build on a busy machine: what this finds is work that grows. `benches/road`
/// measures a release.
#[test]
fn a_decision_costs_next_to_nothing() {
    let (rules, catalogue) = (Rules::default(), Catalogue::new());
    let parent = Arc::new(grant(Role::Admin));
    let child = Grant { binding: bound_to([LEAF]), parent: Some(parent), ..grant(Role::Owner) };
    let caller = holding(child);
    let mut took: Vec<_> = uses(&catalogue)
        .iter()
        .map(|one| {
            let begun = Instant::now();
            std::hint::black_box(one.decide(&rules, &caller));
            begun.elapsed().as_nanos()
        })
        .collect();
    took.sort_unstable();
    let median = took[took.len() / 2];
    println!("{} decisions, the median in {median} ns", took.len());
    assert!(median < 20_000, "{median} ns");
}
