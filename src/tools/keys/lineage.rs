//! Who minted whom. The tenant only says `org-token:PREFIX` of a key that a key minted, so a tree is one
//! of prefixes: what a key minted still names it when it is gone.

use std::collections::{BTreeMap, BTreeSet};

use super::list::OrgKey;
use crate::failure::{Code, Failure};
use crate::fence;
use crate::text::start;

/// The tenant takes no longer name than this.
const LONGEST: usize = 100;

/// One line of the forest, depth first.
#[derive(Clone, Copy, Debug)]
pub struct Placed<'k> {
    pub depth: usize,
    pub of: Of<'k>,
    /// The last below its parent.
    is_last: bool,
}

#[derive(Clone, Copy, Debug)]
pub enum Of<'k> {
    Key(&'k OrgKey),
    /// One that is revoked, and minted the keys below it.
    Gone(&'k str),
}

/// Each key once: below the key that minted it, or below the name of one that is gone.
pub fn forest(keys: &[OrgKey]) -> Vec<Placed<'_>> {
    let live: BTreeSet<&str> = keys.iter().map(|key| key.prefix.as_str()).collect();
    let mut children: BTreeMap<&str, Vec<&OrgKey>> = BTreeMap::new();
    let (mut roots, mut gone) = (Vec::new(), BTreeSet::new());
    for key in keys {
        match key.minted_by().filter(|parent| *parent != key.prefix) {
            Some(parent) => {
                children.entry(parent).or_default().push(key);
                if !live.contains(parent) {
                    gone.insert(parent);
                }
            }
            None => roots.push(Of::Key(key)),
        }
    }
    roots.extend(gone.into_iter().map(Of::Gone));
    let mut placed = Vec::new();
    place(roots, &mut children, &mut placed);
    // Prefixes that came out equal can close a circle, which has no root.
    while let Some((_, left)) = children.pop_first() {
        place(left.into_iter().map(Of::Key).collect(), &mut children, &mut placed);
    }
    placed
}

fn place<'k>(roots: Vec<Of<'k>>, children: &mut BTreeMap<&str, Vec<&'k OrgKey>>, placed: &mut Vec<Placed<'k>>) {
    let stacked = |of: Vec<Of<'k>>, depth: usize| {
        let last = of.len().saturating_sub(1);
        of.into_iter().enumerate().rev().map(move |(at, of)| Placed { depth, of, is_last: at == last })
    };
    let mut open: Vec<Placed<'k>> = stacked(roots, 0).collect();
    while let Some(next) = open.pop() {
        placed.push(next);
        let below = children.remove(next.of.prefix()).unwrap_or_default();
        open.extend(stacked(below.into_iter().map(Of::Key).collect(), next.depth + 1));
    }
}

impl<'k> Of<'k> {
    pub fn prefix(self) -> &'k str {
        match self {
            Self::Key(key) => &key.prefix,
            Self::Gone(prefix) => prefix,
        }
    }
}

/// The forest as text, a line each.
pub fn drawn(forest: &[Placed<'_>], is_own: impl Fn(&str) -> bool) -> Vec<String> {
    // For each depth, whether more comes below that parent.
    let mut open: Vec<bool> = Vec::new();
    let line = |one: &Placed<'_>| {
        open.truncate(one.depth.saturating_sub(1));
        let guides: String = open.iter().map(|more| if *more { "│  " } else { "   " }).collect();
        let branch = match (one.depth, one.is_last) {
            (0, _) => "",
            (_, true) => "└─ ",
            (_, false) => "├─ ",
        };
        if one.depth > 0 {
            open.push(!one.is_last);
        }
        format!("{guides}{branch}{}", called(one.of, &is_own))
    };
    forest.iter().map(line).collect()
}

fn called(one: Of<'_>, is_own: impl Fn(&str) -> bool) -> String {
    let Of::Key(key) = one else { return format!("{} (revoked)", fence::name(one.prefix())) };
    let name = shown_name(key);
    let by = key.minted_by().map_or_else(
        || format!(", by {}", fence::name(key.created_by.as_deref().unwrap_or("unknown"))),
        |_| String::new(),
    );
    let own = if is_own(&key.prefix) { ", this server's own" } else { "" };
    format!("{} {name}{by}{own}", fence::name(&key.prefix))
}

fn shown_name(key: &OrgKey) -> String {
    key.name.as_deref().map_or_else(|| "(unnamed)".to_owned(), |name| fence::quoted(&start(name, LONGEST)))
}

/// A key with everything below it.
#[derive(Clone, Debug)]
pub struct Tree {
    /// Of the key at its root, which may be gone already.
    pub prefix: String,
    /// Live, each after the one that minted it.
    pub keys: Vec<OrgKey>,
}

impl Tree {
    /// By the root's id or prefix.
    pub fn find(keys: &[OrgKey], named: &str) -> Result<Self, Failure> {
        let mut roots = keys.iter().filter(|key| key.id.as_str() == named || key.prefix == named);
        let prefix = match (roots.next(), roots.next()) {
            (Some(root), None) => root.prefix.clone(),
            (Some(_), Some(_)) => return Err(ambiguous(named)),
            (None, _) => named.to_owned(),
        };
        let below = below(keys, &mut BTreeSet::from([prefix.clone()]));
        if below.is_empty() {
            return Err(Failure::new(Code::NotFound, "there is no such live org key, and none that it minted").next(
                "If the key is gone and keys that it minted are left, name it by its prefix; inspect_org_keys shows \
                 them.",
            ));
        }
        let mut prefixes = BTreeSet::new();
        let listed_twice = |key: &&OrgKey| keys.iter().filter(|other| other.prefix == key.prefix).count() > 1;
        if let Some(twice) = below.iter().copied().filter(|key| prefixes.insert(&key.prefix)).find(listed_twice) {
            return Err(ambiguous(&twice.prefix));
        }
        Ok(Self { prefix, keys: below.into_iter().cloned().collect() })
    }

    /// As a forest: what stands above the root is no part of it.
    pub fn placed(&self) -> Vec<Placed<'_>> {
        let mut children: BTreeMap<&str, Vec<&OrgKey>> = BTreeMap::new();
        let (root, rest): (Vec<&OrgKey>, Vec<&OrgKey>) = self.keys.iter().partition(|key| key.prefix == self.prefix);
        for (parent, key) in rest.into_iter().filter_map(|key| Some((key.minted_by()?, key))) {
            children.entry(parent).or_default().push(key);
        }
        let root = root.first().map_or(Of::Gone(&self.prefix), |key| Of::Key(key));
        let mut placed = Vec::new();
        place(vec![root], &mut children, &mut placed);
        placed
    }

    pub fn ids(&self) -> Vec<&str> {
        let mut ids: Vec<&str> = self.keys.iter().map(|key| key.id.as_str()).collect();
        ids.sort_unstable();
        ids
    }
}

fn ambiguous(prefix: &str) -> Failure {
    let message = format!("several keys are listed as {prefix}, so what each of them minted can't be told apart");
    Failure::new(Code::Conflict, message).next("Revoke them one by one with revoke_key, each by its id.")
}

/// The live keys with one of these prefixes or below them, each after the one that minted it. The prefixes
/// found are added.
pub fn below<'k>(keys: &'k [OrgKey], prefixes: &mut BTreeSet<String>) -> Vec<&'k OrgKey> {
    let mut found: Vec<&OrgKey> = keys.iter().filter(|key| prefixes.contains(&key.prefix)).collect();
    let mut rest: Vec<&OrgKey> = keys.iter().filter(|key| !prefixes.contains(&key.prefix)).collect();
    loop {
        let is_below = |key: &&OrgKey| key.minted_by().is_some_and(|parent| prefixes.contains(parent));
        let (next, left): (Vec<&OrgKey>, Vec<&OrgKey>) = rest.into_iter().partition(is_below);
        if next.is_empty() {
            return found;
        }
        prefixes.extend(next.iter().map(|key| key.prefix.clone()));
        found.extend(next);
        rest = left;
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use chrono::{TimeDelta, Utc};

    pub fn key(prefix: &str, name: Option<&str>, by: &str, used_days_ago: Option<i64>) -> OrgKey {
        let now = Utc::now();
        let ago = |days| (now - TimeDelta::days(days)).to_rfc3339();
        serde_json::from_value(serde_json::json!({
            "id": uuid::Uuid::new_v4().to_string(), "prefix": prefix, "name": name, "created_by": by,
            "created_at": ago(200), "last_used_at": used_days_ago.map(ago),
        }))
        .unwrap()
    }

    fn some(pairs: &[(&str, &str)]) -> Vec<OrgKey> {
        pairs.iter().map(|(prefix, by)| key(prefix, None, by, None)).collect()
    }

    #[test]
    fn a_forest_is_drawn_with_orphans_below_who_is_gone() {
        let keys = [
            key("root0000", Some("root"), "admin-token", None),
            key("child000", Some("child"), "org-token:root0000", None),
            key("grandchi", None, "org-token:child000", None),
            key("child001", Some("b"), "org-token:root0000", None),
            key("orphan00", Some("o"), "org-token:gonegone", None),
        ];
        assert_eq!(
            drawn(&forest(&keys), |prefix| prefix == "child000"),
            [
                "root0000 \"root\", by admin-token",
                "├─ child000 \"child\", this server's own",
                "│  └─ grandchi (unnamed)",
                "└─ child001 \"b\"",
                "gonegone (revoked)",
                "└─ orphan00 \"o\"",
            ]
        );
    }

    #[test]
    fn every_key_is_placed_once_even_in_circles() {
        for pairs in [
            &[("selfself", "org-token:selfself")][..],
            &[("aaaaaaaa", "org-token:bbbbbbbb"), ("bbbbbbbb", "org-token:aaaaaaaa")],
            &[("twintwin", "admin-token"), ("twintwin", "admin-token"), ("cccccccc", "org-token:twintwin")],
        ] {
            let keys = some(pairs);
            assert_eq!(forest(&keys).len(), keys.len(), "{pairs:?}");
        }
    }

    #[test]
    fn a_tree_is_found_by_its_root_and_by_a_root_that_is_gone() {
        let keys = some(&[
            ("grandchi", "org-token:child000"),
            ("other000", "admin-token"),
            ("child000", "org-token:root0000"),
            ("root0000", "admin-token"),
        ]);
        let found = |keys: &[OrgKey], named: &str| {
            let tree = Tree::find(keys, named)?;
            Ok(tree.keys.iter().map(|key| key.prefix.clone()).collect::<Vec<_>>().join(" "))
        };
        let id = keys[3].id.as_str();
        for named in ["root0000", id] {
            assert_eq!(
                found(&keys, named).map_err(|failure: Failure| failure.code()),
                Ok("root0000 child000 grandchi".into())
            );
        }
        let middle = drawn(&Tree::find(&keys, "child000").unwrap().placed(), |_| false);
        assert_eq!(middle, ["child000 (unnamed)", "└─ grandchi (unnamed)"], "who minted the root isn't revoked");
        let orphans = &keys[..3];
        let code = |named| found(orphans, named).map_err(|failure| failure.code());
        assert_eq!(code("root0000"), Ok("child000 grandchi".to_owned()));
        assert_eq!(code(id), Err(Code::NotFound), "an id that is gone names nothing");
        assert_eq!(code("nobody00"), Err(Code::NotFound));
        let twins = some(&[("twintwin", "admin-token"), ("twintwin", "admin-token")]);
        assert_eq!(found(&twins, twins[0].id.as_str()).map_err(|failure| failure.code()), Err(Code::Conflict));
    }
}
