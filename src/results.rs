//! Texts that answers showed only the start of, whole, for a quarter of an hour: where a tool has no range of its
//! own, read_result gives the rest. In memory, for whoever got the answer and nobody else; the oldest go first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

const KEPT_FOR: TimeDelta = TimeDelta::minutes(15);
/// Bytes of all together.
const MOST: usize = 32 << 20;
/// Of one caller, who pushes out nobody else's.
const MOST_OF_ONE: usize = MOST / 4;

#[derive(Clone, Default)]
pub struct Results(Arc<Mutex<Shelf>>);

#[derive(Default)]
struct Shelf {
    /// The oldest first.
    kept: VecDeque<Kept>,
    bytes: usize,
}

/// One text.
#[derive(Clone)]
pub struct Kept {
    pub id: Uuid,
    /// The tool whose answer it is of.
    pub tool: &'static str,
    /// The identity of the caller who got that.
    pub owner: String,
    pub text: Arc<str>,
    pub since: DateTime<Utc>,
}

impl Results {
    /// A text larger than all of one caller's may be isn't kept.
    pub fn keep(&self, one: Kept) {
        let mut shelf = self.shelf();
        while shelf.bytes_of(&one.owner) + one.text.len() > MOST_OF_ONE && shelf.drop_oldest_of(&one.owner) {}
        if one.text.len() > MOST_OF_ONE {
            return;
        }
        shelf.bytes += one.text.len();
        shelf.kept.push_back(one);
        while shelf.bytes > MOST {
            shelf.drop_oldest();
        }
    }

    pub fn find(&self, id: Uuid, owner: &str, now: DateTime<Utc>) -> Option<Kept> {
        let mut shelf = self.shelf();
        while shelf.kept.front().is_some_and(|oldest| now - oldest.since > KEPT_FOR) {
            shelf.drop_oldest();
        }
        shelf.kept.iter().find(|one| one.id == id && one.owner == owner).cloned()
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    fn bytes_of(&self, owner: &str) -> usize {
        self.kept.iter().filter(|one| one.owner == owner).map(|one| one.text.len()).sum()
    }

    /// False: it has none.
    fn drop_oldest_of(&mut self, owner: &str) -> bool {
        let oldest = self.kept.iter().position(|one| one.owner == owner).and_then(|at| self.kept.remove(at));
        self.bytes = self.bytes.saturating_sub(oldest.as_ref().map_or(0, |one| one.text.len()));
        oldest.is_some()
    }

    fn drop_oldest(&mut self) {
        let gone = self.kept.pop_front().map_or(self.bytes, |oldest| oldest.text.len());
        self.bytes = self.bytes.saturating_sub(gone);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(owner: &str, length: usize, since: DateTime<Utc>) -> Kept {
        Kept { id: Uuid::now_v7(), tool: "t", owner: owner.to_owned(), text: "x".repeat(length).into(), since }
    }

    fn is_empty(results: &Results) -> bool {
        let shelf = results.shelf();
        shelf.kept.is_empty() && shelf.bytes == 0
    }

    #[test]
    fn a_text_is_its_callers_and_for_a_while() {
        let (results, now) = (Results::default(), Utc::now());
        let one = kept("a", 3, now);
        results.keep(one.clone());
        assert!(results.find(one.id, "b", now).is_none() && results.find(Uuid::now_v7(), "a", now).is_none());
        assert_eq!(&*results.find(one.id, "a", now + KEPT_FOR).unwrap().text, "xxx");
        assert!(results.find(one.id, "a", now + KEPT_FOR + TimeDelta::seconds(1)).is_none());
        assert!(is_empty(&results));
    }

    #[test]
    fn the_oldest_go_first() {
        let (results, now) = (Results::default(), Utc::now());
        let others = kept("b", 9, now);
        results.keep(others.clone());
        let all: Vec<Kept> = (0..5).map(|_| kept("a", MOST_OF_ONE / 4, now)).collect();
        all.iter().for_each(|one| results.keep(one.clone()));
        let there: Vec<bool> = all.iter().map(|one| results.find(one.id, "a", now).is_some()).collect();
        assert_eq!(there, [false, true, true, true, true]);
        results.keep(kept("a", MOST_OF_ONE + 1, now));
        assert_eq!(results.shelf().bytes, 9, "what is too long for anybody pushes out its owner's alone");
        assert!(results.find(others.id, "b", now).is_some());
    }
}
