//! A grant issues narrower grants and no others: by a table of wishes, and over wishes at random, where
//! whatever was accepted is held against every tool.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use molecule_org_mcp::failure::Code;
use molecule_org_mcp::grants::{By, Until, Wish};
use molecule_org_mcp::journal::entry::Person;
use molecule_org_mcp::policy::binding::{Binding, Lineage};
use molecule_org_mcp::policy::grant::Grant;
use molecule_org_mcp::policy::role::Role;
use molecule_org_mcp::policy::target::{Reach, Target};
use molecule_org_mcp::policy::{Decision, Rules};
use molecule_org_mcp::tools::catalogue::Catalogue;
use molecule_org_mcp::tools::ids::WorkspaceId;
use molecule_org_mcp::tools::toolset::Toolset;
use molecule_org_mcp::transport::caller::{Caller, Door};

use super::{Room, operator, wish};

fn id(n: u64) -> WorkspaceId {
    WorkspaceId::try_from(format!("00000000-0000-4000-8000-{n:012}")).unwrap()
}

fn bound(workspaces: &[u64], subtrees: &[u64]) -> Option<Binding> {
    let ids = |all: &[u64]| all.iter().copied().map(id).collect();
    Some(Binding { workspaces: ids(workspaces), subtrees: ids(subtrees) })
}

fn person(subject: &str) -> Option<Person> {
    Some(Person { issuer: "https://issuer.example".into(), subject: subject.into() })
}

#[tokio::test]
async fn a_wider_wish_is_refused_with_what_is_wider() {
    let room = Room::open().await;
    let (rules, now) = (Rules::default(), Utc::now());
    let above = Wish {
        binding: bound(&[1, 2], &[3]),
        toolsets: Some(BTreeSet::from([Toolset::Workspaces, Toolset::Memory])),
        until: Some(Until::After(TimeDelta::days(2))),
        read_only: true,
        own_workspace: Some(id(1)),
        person: person("ada"),
        ..wish("above", Role::Operator)
    };
    let above = room.grants.issue(above, operator(), &rules, now).await.unwrap();
    let by = || By::Grant(Arc::clone(&above.grant));
    let plain = wish("below", Role::Viewer);

    // What a wish leaves open is as it is above.
    let like = room.grants.issue(plain.clone(), by(), &rules, now).await.unwrap().grant;
    let expected = Grant {
        id: like.id.clone(),
        name: "below".into(),
        role: Role::Viewer,
        parent: Some(Arc::clone(&above.grant)),
        ..(*above.grant).clone()
    };
    assert_eq!(*like, expected);

    let wider = [
        (Wish { role: Role::Approver, ..plain.clone() }, "role `approver`"),
        (Wish { role: Role::Admin, ..plain.clone() }, "role `admin`"),
        (Wish { binding: bound(&[1, 4], &[]), ..plain.clone() }, "workspace 00000000-0000-4000-8000-000000000004"),
        (Wish { binding: bound(&[], &[1]), ..plain.clone() }, "subtree 00000000-0000-4000-8000-000000000001"),
        (Wish { toolsets: Some(BTreeSet::from([Toolset::Keys])), ..plain.clone() }, "toolsets keys"),
        (Wish { toolsets: Some(BTreeSet::from(Toolset::ALL)), ..plain.clone() }, "toolsets org"),
        (Wish { until: Some(Until::Never), ..plain.clone() }, "never expires"),
        (Wish { until: Some(Until::After(TimeDelta::days(3))), ..plain.clone() }, "expires at"),
        (Wish { person: person("eve"), ..plain.clone() }, "which person"),
    ];
    for (wish, words) in wider {
        let refused = room.grants.issue(Wish { name: words.into(), ..wish }, by(), &rules, now).await.unwrap_err();
        assert_eq!(refused.code(), Code::ForbiddenByPolicy, "{words}");
        assert!(refused.message().contains(words), "{refused}");
    }
    for (n, narrow) in [
        Wish { role: Role::Operator, ..plain.clone() },
        Wish { binding: bound(&[2], &[]), ..plain.clone() },
        Wish { binding: bound(&[3], &[3]), ..plain.clone() },
        Wish { toolsets: Some(BTreeSet::from([Toolset::Memory])), ..plain.clone() },
        Wish { until: Some(Until::After(TimeDelta::days(2))), ..plain.clone() },
        Wish { person: person("ada"), ..plain.clone() },
        Wish { own_workspace: Some(id(2)), ..plain.clone() },
    ]
    .into_iter()
    .enumerate()
    {
        let issued = room.grants.issue(Wish { name: format!("n{n}"), ..narrow }, by(), &rules, now).await.unwrap();
        assert!(issued.grant.read_only, "{n}");
    }
    // Under one that is bound to a list alone, nobody can hope for a subtree.
    let list = Wish { binding: bound(&[1], &[]), ..wish("list", Role::Admin) };
    let list = By::Grant(room.grants.issue(list, operator(), &rules, now).await.unwrap().grant);
    let tree = Wish { binding: bound(&[], &[1]), ..wish("tree", Role::Admin) };
    let refused = room.grants.issue(tree, list, &rules, now).await.unwrap_err();
    assert!(refused.message().contains("isn't bound to the subtree"), "{refused}");
}

#[tokio::test]
async fn only_the_operator_issues_what_never_ends() {
    let room = Room::open().await;
    let now = Utc::now();
    let forever = room.issue("forever", Role::Admin).await;
    let by = By::Grant(forever.grant);
    let never = Wish { until: Some(Until::Never), ..wish("a", Role::Admin) };
    let refused = room.grants.issue(never, by.clone(), &Rules::default(), now).await.unwrap_err();
    assert_eq!(refused.code(), Code::ForbiddenByPolicy);
    let usual = room.grants.issue(wish("b", Role::Admin), by, &Rules::default(), now).await.unwrap();
    let left = usual.grant.expires.unwrap() - now;
    assert!(left <= TimeDelta::days(30) && left > TimeDelta::days(29), "{left}");
}

/// Numbers that are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }

    fn yes(&mut self) -> bool {
        self.below(2) == 0
    }

    fn some<T: Copy + Ord>(&mut self, of: &[T]) -> BTreeSet<T> {
        of.iter().copied().filter(|_| self.below(3) == 0).collect()
    }

    fn wish(&mut self, name: String) -> Wish {
        let role = Role::ALL[self.below(5) as usize];
        let numbers = [1, 2, 3, 4];
        let binding = self.yes().then(|| Binding {
            workspaces: self.some(&numbers).into_iter().map(id).collect(),
            subtrees: self.some(&numbers).into_iter().map(id).collect(),
        });
        let toolsets = (self.below(3) == 0).then(|| self.some(&Toolset::ALL));
        let hours = 1 + i64::try_from(self.below(100)).unwrap();
        let until = self.yes().then(|| Until::After(TimeDelta::hours(hours)));
        Wish { binding, toolsets, until, read_only: self.below(4) == 0, ..wish(&name, role) }
    }

    /// 1 to 4 are in the tree: 2 and 3 below 1, 4 below 3; 5 stands alone.
    fn target(&mut self) -> Target {
        let place = |n| Lineage {
            id: id(n),
            above: match n {
                2 | 3 => vec![id(1)],
                4 => vec![id(3), id(1)],
                _ => Vec::new(),
            },
        };
        let places = (0..self.below(3)).map(|_| place(1 + self.below(5))).collect();
        Target { reach: Reach::Named, places }
    }
}

#[tokio::test]
async fn whatever_is_issued_under_a_grant_may_nothing_that_the_grant_may_not() {
    let room = Room::open().await;
    let (rules, now) = (Rules::default(), Utc::now());
    let catalogue = Catalogue::new();
    let mut dice = Dice(0x5eed_1234_5678_9abc);
    let (mut accepted, mut refused, mut told) = (0, 0, 0);
    for n in 0..400 {
        let above = dice.wish(format!("above {n}"));
        let above = room.grants.issue(above, operator(), &rules, now).await.unwrap().grant;
        let below = dice.wish(format!("below {n}"));
        let Ok(below) = room.grants.issue(below, By::Grant(Arc::clone(&above)), &rules, now).await else {
            refused += 1;
            continue;
        };
        accepted += 1;
        // By itself, without the chain that the decision looks at as well: the wish alone was narrow.
        let alone = Arc::new(Grant { parent: None, ..(*below.grant).clone() });
        let callers = [alone, below.grant].map(|grant| Caller::holding(grant, Door::Http));
        let above = Caller::holding(above, Door::Http);
        for _ in 0..100 {
            let entry = &catalogue.entries()[dice.below(catalogue.entries().len() as u64) as usize];
            let effect = if dice.yes() { entry.tool.least } else { entry.tool.most };
            let target = dice.yes().then(|| dice.target());
            let at: DateTime<Utc> = now + TimeDelta::hours(i64::try_from(dice.below(110)).unwrap());
            let decide = |caller: &Caller| rules.decide(caller, entry, effect, target.as_ref(), at);
            if let Decision::Refused(rule) = decide(&above) {
                told += 1;
                for caller in &callers {
                    let allowed = decide(caller);
                    assert!(
                        matches!(allowed, Decision::Refused(_)),
                        "{n}: {} {effect:?} {target:?}: {rule:?} above, {caller:?}",
                        entry.tool.name
                    );
                }
            }
        }
    }
    assert!(accepted > 30 && refused > 100 && told > 1000, "{accepted} {refused} {told}");
}
