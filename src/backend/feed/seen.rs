//! Which kept events are known already. An event that arrives has no id, so those that arrived since the last look
//! are counted by kind and workspace: what the list has more of was missed.

use std::collections::{HashMap, HashSet};

use super::event::{Happening, Kept};
use super::{Missed, News};

/// So many the tenant lists: where there are fewer, there are no others.
const LISTED: usize = 100;

#[derive(Default)]
pub(super) struct Seen {
    /// None: nothing was looked at yet.
    known: Option<HashSet<String>>,
    arrived: HashMap<Happening, usize>,
}

impl Seen {
    pub fn is_empty(&self) -> bool {
        self.known.is_none()
    }

    pub fn arrived(&mut self, happening: Happening) {
        *self.arrived.entry(happening).or_default() += 1;
    }

    /// What the list says that nobody was told, the oldest first.
    pub fn compare(&mut self, listed: Vec<Kept>) -> Vec<News> {
        let mut arrived = std::mem::take(&mut self.arrived);
        let ids = listed.iter().map(|one| one.id.clone()).collect();
        let Some(known) = self.known.replace(ids) else { return Vec::new() };
        let is_whole = listed.len() < LISTED || listed.iter().any(|one| known.contains(&one.id));
        if !is_whole {
            return vec![News::Missed(Missed::Anything)];
        }
        let fresh = listed.iter().filter(|one| !known.contains(&one.id)).filter_map(Kept::happening);
        let mut missed: Vec<News> = fresh.filter(|one| !takes(&mut arrived, one)).map(News::Happened).collect();
        missed.reverse();
        missed
    }
}

fn takes(arrived: &mut HashMap<Happening, usize>, one: &Happening) -> bool {
    match arrived.get_mut(one).filter(|left| **left > 0) {
        Some(left) => {
            *left -= 1;
            true
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn kept(ids: std::ops::Range<u32>) -> Vec<Kept> {
        ids.rev().map(|n| Kept::of(&n.to_string(), "WORKSPACE_ONLINE", Uuid::from_u128(u128::from(n)))).collect()
    }

    fn happened(ids: std::ops::Range<u32>) -> Vec<News> {
        let mut all: Vec<News> = kept(ids).iter().filter_map(Kept::happening).map(News::Happened).collect();
        all.reverse();
        all
    }

    #[test]
    fn what_didnt_arrive_is_told_and_what_arrived_isnt_told_twice() {
        let mut seen = Seen::default();
        assert!(seen.is_empty() && seen.compare(kept(0..3)).is_empty());
        let arrived = kept(4..5)[0].happening().unwrap();
        seen.arrived(arrived);
        assert_eq!(seen.compare(kept(0..6)), [happened(3..4), happened(5..6)].concat());
        assert_eq!(seen.compare(kept(0..6)), []);
        // One arrival covers one event of its kind.
        seen.arrived(arrived);
        let twice = [
            Kept::of("x", "WORKSPACE_ONLINE", Uuid::from_u128(4)),
            Kept::of("y", "WORKSPACE_ONLINE", Uuid::from_u128(4)),
        ];
        assert_eq!(seen.compare(twice.into_iter().chain(kept(0..6)).collect()), happened(4..5));
    }

    #[test]
    fn a_gap_that_no_list_fills_is_told() {
        let mut seen = Seen::default();
        seen.compare(kept(0..100));
        assert_eq!(seen.compare(kept(99..199)), happened(100..199));
        assert_eq!(seen.compare(kept(199..299)), [News::Missed(Missed::Anything)]);
        // Fewer than it lists at most: all there are.
        assert_eq!(seen.compare(kept(400..499)), happened(400..499));
    }
}
