//! What is to be told, and when: the first change of a resource at once, those that follow within a moment together.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use tokio::time::Instant;

const MOMENT: Duration = Duration::from_millis(50);

#[derive(Default)]
pub(super) struct Due {
    waiting: BTreeMap<String, Instant>,
    told: HashMap<String, Instant>,
}

impl Due {
    pub fn add(&mut self, uri: String, now: Instant) {
        let earliest = self.told.get(&uri).map_or(now, |told| now.max(*told + MOMENT));
        self.waiting.entry(uri).or_insert(earliest);
    }

    /// What couldn't be told now.
    pub fn postpone(&mut self, uri: String, until: Instant) {
        self.waiting.entry(uri).or_insert(until);
    }

    pub fn next(&self) -> Option<Instant> {
        self.waiting.values().min().copied()
    }

    pub fn take(&mut self, now: Instant) -> Vec<String> {
        self.told.retain(|_, told| now.duration_since(*told) < MOMENT);
        let due: Vec<String> = self.waiting.extract_if(.., |_, at| *at <= now).map(|(uri, _)| uri).collect();
        self.told.extend(due.iter().map(|uri| (uri.clone(), now)));
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_at_once_and_a_burst_once_more() {
        let (mut due, start) = (Due::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        let mut told = Vec::new();
        for ms in 0..100 {
            if ms < 40 {
                due.add("a".to_owned(), at(ms));
            }
            told.extend(due.take(at(ms)).into_iter().map(|_| ms));
        }
        assert_eq!(told, [0, 50]);
        assert_eq!(due.next(), None);
        due.add("a".to_owned(), at(300));
        due.add("b".to_owned(), at(300));
        assert_eq!(due.take(at(300)), ["a", "b"]);
        assert!(due.told.len() == 2 && due.take(at(400)).is_empty() && due.told.is_empty());
    }
}
