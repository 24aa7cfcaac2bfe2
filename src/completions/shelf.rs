//! Lists of names, kept for moments: whoever types asks with every letter. Each caller has their own, and it
//! holds for the grant and the policy under which it was read. What is stale is shown while it is read anew; a
//! list is read once, however many wait for it.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::names::Names;
use super::rank::Named;
use crate::policy::Rules;
use crate::policy::grant::Grant;

/// Lists of one process; with more, the one that wasn't asked for longest goes.
const MOST: usize = 32;

/// How long a list is what.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// It is shown and left alone.
    pub fresh: Duration,
    /// It is shown; after that nobody sees it.
    pub good: Duration,
    /// What couldn't be read isn't tried again.
    pub failed: Duration,
    /// How long somebody waits where there is nothing to show.
    pub patience: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            fresh: Duration::from_secs(30),
            good: Duration::from_secs(120),
            failed: Duration::from_secs(5),
            patience: Duration::from_secs(2),
        }
    }
}

/// Whose list of what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Label {
    pub caller: String,
    pub names: Names,
    pub workspace: Option<String>,
}

/// Under which it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    pub rules: Arc<Rules>,
    pub grant: Option<Arc<Grant>>,
}

pub type List = Arc<[Named]>;

pub struct Shelf {
    times: Times,
    slots: Mutex<HashMap<Label, Arc<Slot>>>,
}

struct Slot {
    terms: Terms,
    kept: watch::Sender<Option<Kept>>,
    reading: Mutex<Option<JoinHandle<()>>>,
    asked: Mutex<Instant>,
}

#[derive(Clone)]
struct Kept {
    list: List,
    fresh_until: Instant,
    good_until: Instant,
}

impl Shelf {
    pub fn new(times: Times) -> Self {
        Self { times, slots: Mutex::default() }
    }

    /// The list under this label, from the shelf or from `read`, which answers none where it can't be had.
    pub async fn list<F>(&self, label: Label, terms: Terms, read: impl FnOnce() -> F) -> List
    where
        F: Future<Output = Option<Vec<Named>>> + Send + 'static,
    {
        let slot = self.slot(label, terms);
        let now = Instant::now();
        let kept = slot.kept.borrow().clone().filter(|kept| now < kept.good_until);
        let mut news = slot.kept.subscribe();
        if kept.as_ref().is_none_or(|kept| now >= kept.fresh_until) {
            slot.read(read, self.times);
        }
        if let Some(kept) = kept {
            return kept.list;
        }
        let there = news.wait_for(|kept| kept.as_ref().is_some_and(|kept| now < kept.good_until));
        match timeout(self.times.patience, there).await {
            Ok(Ok(kept)) => kept.as_ref().map(|kept| Arc::clone(&kept.list)).unwrap_or_default(),
            _ => List::default(),
        }
    }

    fn slot(&self, label: Label, terms: Terms) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(&label).filter(|slot| slot.terms == terms) {
            *slot.asked.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
            return Arc::clone(slot);
        }
        let slot = Arc::new(Slot {
            terms,
            kept: watch::Sender::new(None),
            reading: Mutex::default(),
            asked: Mutex::new(Instant::now()),
        });
        slots.insert(label, Arc::clone(&slot));
        while slots.len() > MOST {
            let last = |slot: &Slot| *slot.asked.lock().unwrap_or_else(PoisonError::into_inner);
            let oldest = slots.iter().min_by_key(|(_, slot)| last(slot)).map(|(label, _)| label.clone());
            let Some(oldest) = oldest else { break };
            slots.remove(&oldest);
        }
        slot
    }
}

impl Slot {
    /// In a task of its own, because whoever asked first may give up; unless one is under way.
    fn read<F>(self: &Arc<Self>, read: impl FnOnce() -> F, times: Times)
    where
        F: Future<Output = Option<Vec<Named>>> + Send + 'static,
    {
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        if reading.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        let (slot, list) = (Arc::clone(self), read());
        *reading = Some(tokio::spawn(async move {
            let list = list.await;
            let now = Instant::now();
            let before = slot.kept.borrow().clone().filter(|kept| now < kept.good_until);
            let kept = match (list, before) {
                (Some(list), _) => {
                    Kept { list: list.into(), fresh_until: now + times.fresh, good_until: now + times.good }
                }
                // What was good a moment ago is better than nothing.
                (None, Some(kept)) => Kept { fresh_until: now + times.failed, ..kept },
                (None, None) => {
                    Kept { list: List::default(), fresh_until: now + times.failed, good_until: now + times.failed }
                }
            };
            slot.kept.send_replace(Some(kept));
        }));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;

    fn label(caller: &str) -> Label {
        Label { caller: caller.to_owned(), names: Names::Workspaces, workspace: None }
    }

    fn terms() -> Terms {
        Terms { rules: Arc::default(), grant: None }
    }

    fn shelf(fresh: Duration) -> Shelf {
        Shelf::new(Times { fresh, patience: Duration::from_millis(200), ..Times::default() })
    }

    /// Answers how often it was read.
    fn counted(count: &Arc<AtomicUsize>) -> impl Future<Output = Option<Vec<Named>>> + Send + 'static {
        let count = Arc::clone(count);
        async move { Some(vec![Named::plain(&(count.fetch_add(1, Ordering::Relaxed) + 1).to_string())]) }
    }

    #[tokio::test]
    async fn a_list_is_read_once_for_all_who_wait_and_for_each_caller_apart() {
        let (shelf, count, go) = (shelf(Duration::from_secs(60)), Arc::default(), Arc::new(Notify::new()));
        let slow = || {
            let (count, go) = (Arc::clone(&count), Arc::clone(&go));
            async move {
                go.notified().await;
                counted(&count).await
            }
        };
        let waiting = futures_util::future::join_all((0..50).map(|_| shelf.list(label("a"), terms(), slow)));
        let (lists, ()) = tokio::join!(waiting, async { go.notify_one() });
        assert!(lists.iter().all(|list| list.first().is_some_and(|one| one.id == "1")));
        assert_eq!(shelf.list(label("a"), terms(), || counted(&count)).await[0].id, "1");
        assert_eq!(shelf.list(label("b"), terms(), || counted(&count)).await[0].id, "2");
        let narrower = Rules { read_only: true, ..Rules::default() };
        let narrower = Terms { rules: Arc::new(narrower), grant: None };
        assert_eq!(shelf.list(label("a"), narrower, || counted(&count)).await[0].id, "3");
    }

    #[tokio::test]
    async fn what_is_stale_is_shown_while_it_is_read_anew() {
        let (shelf, count) = (shelf(Duration::ZERO), Arc::default());
        assert_eq!(shelf.list(label("a"), terms(), || counted(&count)).await[0].id, "1");
        let mut news = shelf.slot(label("a"), terms()).kept.subscribe();
        assert_eq!(shelf.list(label("a"), terms(), || counted(&count)).await[0].id, "1");
        news.changed().await.unwrap();
        assert_eq!(shelf.list(label("a"), terms(), || counted(&count)).await[0].id, "2");
    }

    #[tokio::test]
    async fn nobody_waits_for_long_and_what_failed_isnt_tried_at_once() {
        let (shelf, count) = (shelf(Duration::from_secs(60)), Arc::new(AtomicUsize::new(0)));
        let begun = Instant::now();
        assert!(shelf.list(label("slow"), terms(), std::future::pending).await.is_empty());
        assert!(begun.elapsed() < Duration::from_secs(2));
        let failing = || {
            count.fetch_add(1, Ordering::Relaxed);
            async { None }
        };
        for _ in 0..3 {
            assert!(shelf.list(label("failing"), terms(), failing).await.is_empty());
        }
        assert_eq!(count.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn the_shelf_is_no_longer_than_it_may_be() {
        let (shelf, count) = (shelf(Duration::from_secs(60)), Arc::default());
        for n in 0..MOST + 5 {
            shelf.list(label(&n.to_string()), terms(), || counted(&count)).await;
        }
        let slots = shelf.slots.lock().unwrap();
        assert!(slots.len() == MOST && !slots.contains_key(&label("0")) && slots.contains_key(&label("36")));
    }
}
