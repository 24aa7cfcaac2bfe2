//! Which workspaces a client knows of, so that their list is told to be another only where it is.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use crate::events;
use crate::tools::ids::WorkspaceId;

const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct Roster {
    /// None: nobody has looked yet.
    known: Option<BTreeSet<WorkspaceId>>,
    looked: Option<Instant>,
    next: Option<Instant>,
    /// Some came or went since.
    is_another: bool,
}

impl Roster {
    pub fn of(known: Option<BTreeSet<WorkspaceId>>) -> Self {
        Self { known, ..Self::default() }
    }

    pub fn note(&mut self, roster: events::Roster, now: Instant) {
        if roster != events::Roster::Same {
            self.is_another |= roster == events::Roster::Another;
            let earliest = self.looked.map_or(now, |looked| now.max(looked + BETWEEN_LOOKS));
            self.next.get_or_insert(earliest);
        }
    }

    /// When to look.
    pub fn next(&self) -> Option<Instant> {
        self.next
    }

    pub fn look_again(&mut self, now: Instant) {
        self.next = Some(now + BETWEEN_LOOKS);
    }

    /// Whether it is another now.
    pub fn seen(&mut self, now: BTreeSet<WorkspaceId>, at: Instant) -> bool {
        self.looked = Some(at);
        self.next = None;
        let may_be = std::mem::take(&mut self.is_another);
        let is_another = self.known.as_ref().map_or(may_be, |known| *known != now);
        self.known = Some(now);
        is_another
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(count: u8) -> BTreeSet<WorkspaceId> {
        (0..count).map(|n| WorkspaceId::try_from(format!("00000000-0000-4000-8000-{n:012}")).unwrap()).collect()
    }

    #[test]
    fn only_another_one_is_told() {
        let now = Instant::now();
        let mut roster = Roster::of(Some(ids(1)));
        roster.note(events::Roster::Same, now);
        assert_eq!(roster.next(), None);
        roster.note(events::Roster::Another, now);
        assert!(roster.next() == Some(now) && !roster.seen(ids(1), now));
        roster.note(events::Roster::Unknown, now);
        assert!(roster.next() == Some(now + BETWEEN_LOOKS) && roster.seen(ids(2), now) && roster.next().is_none());
    }

    #[test]
    fn who_never_looked_is_told_where_one_came_or_went() {
        let now = Instant::now();
        let mut roster = Roster::default();
        roster.note(events::Roster::Unknown, now);
        assert!(!roster.seen(ids(1), now));
        let mut roster = Roster::default();
        roster.note(events::Roster::Another, now);
        assert!(roster.seen(ids(1), now));
    }
}
