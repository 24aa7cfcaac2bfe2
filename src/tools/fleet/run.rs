//! Doing it: so many at a time, each to its end. Who cancels stops it between two of them, and so does a
//! tenant that wants no more for now. What is left is written down as it shrinks.

use std::future::ready;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use futures_util::stream::{self, StreamExt};
use tokio::sync::Mutex;

use super::item::{Ended, Item, Report, report};
use super::select::{Choice, Chosen};
use crate::failure::{Changed, Code, Failure};
use crate::fleets::Whose;
use crate::tools::ids::WorkspaceId;
use crate::tools::invocation::Invocation;
use crate::tools::many::patiently;
use crate::tools::workspaces::fetch_one;
use crate::tools::workspaces::wire::Detail;

/// Whose turn comes first, where one workspace stands above another.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Any,
    TopFirst,
    BottomFirst,
}

/// What is done to each.
pub(super) trait Form: Send + Sync {
    const ORDER: Order;
    /// What is found out once for all of them.
    type Ready: Send + Sync;

    /// Before a person is asked.
    fn look(&self, _: &[Chosen], _: &Invocation) -> impl Future<Output = Result<(), Failure>> + Send {
        ready(Ok(()))
    }

    fn ready(&self, chosen: &[Chosen], call: &Invocation) -> impl Future<Output = Result<Self::Ready, Failure>> + Send;

    /// Why nothing has to be done to this one.
    fn needless(&self, _: &Detail) -> Option<String> {
        None
    }

    fn apply(
        &self,
        ready: &Self::Ready,
        one: Detail,
        call: &Invocation,
    ) -> impl Future<Output = Result<(), Failure>> + Send;
}

pub(super) async fn run<F: Form>(tool: &str, choice: Choice, form: F, call: &Invocation) -> Result<Report, Failure> {
    let chosen = choice.settled(call).await?;
    let ready = form.ready(&chosen, call).await?;
    let ids: Vec<WorkspaceId> = chosen.iter().map(|one| one.id.clone()).collect();
    let whose = Whose { caller: call.caller.identity(), tool: tool.to_owned() };
    let (id, instead) = (call.id.to_string(), choice.resume.map(|before| before.to_string()));
    call.server.fleets.begin(&id, whose, &ids, instead, call.now).await?;
    let total = u32::try_from(chosen.len()).unwrap_or(u32::MAX);
    let fleet = Fleet {
        form,
        ready,
        call,
        item: call.for_an_item(),
        id: id.clone(),
        left: Mutex::new(ids),
        stopped: AtomicBool::new(false),
        ended: AtomicU32::new(0),
        total,
    };
    let mut items = Vec::with_capacity(chosen.len());
    for wave in waves(chosen, F::ORDER) {
        let each = wave.into_iter().map(|one| fleet.one(one.id));
        items.extend(stream::iter(each).buffer_unordered(choice.at_once).collect::<Vec<Item>>().await);
    }
    report(items, &id, call.tenant.is_cancelled())
}

/// Those that may be done beside each other, in turn.
fn waves(mut chosen: Vec<Chosen>, order: Order) -> Vec<Vec<Chosen>> {
    match order {
        Order::Any => return vec![chosen],
        Order::TopFirst => chosen.sort_by_key(|one| one.depth),
        Order::BottomFirst => chosen.sort_by_key(|one| std::cmp::Reverse(one.depth)),
    }
    chosen.chunk_by(|one, next| one.depth == next.depth).map(<[Chosen]>::to_vec).collect()
}

struct Fleet<'a, F: Form> {
    form: F,
    ready: F::Ready,
    call: &'a Invocation,
    /// The call as one of them sees it: nothing breaks it off.
    item: Invocation,
    id: String,
    left: Mutex<Vec<WorkspaceId>>,
    stopped: AtomicBool,
    ended: AtomicU32,
    total: u32,
}

impl<F: Form> Fleet<'_, F> {
    async fn one(&self, id: WorkspaceId) -> Item {
        let item = self.begun(id).await;
        if !item.is_left() {
            self.settle(&item.id).await;
        }
        let ended = self.ended.fetch_add(1, Ordering::Relaxed) + 1;
        let name = if item.name.is_empty() { item.id.as_str() } else { item.name.as_str() };
        self.call.progress.step(ended, Some(self.total), format!("{name}: {}", told(item.outcome)));
        item
    }

    async fn begun(&self, id: WorkspaceId) -> Item {
        if self.is_stopped() {
            return Item::new(id, String::new(), Ended::NotReached);
        }
        let before = match patiently(self.call, || fetch_one(&id, &self.item)).await {
            Ok(before) => before,
            Err(failure) => return self.after(id, String::new(), &failure),
        };
        let name = before.name.clone();
        if let Some(why) = self.form.needless(&before) {
            return Item::new(id, name, Ended::Skipped).because(&why);
        }
        if self.is_stopped() {
            return Item::new(id, name, Ended::NotReached);
        }
        match patiently(self.call, || self.form.apply(&self.ready, before.clone(), &self.item)).await {
            Ok(()) => Item::new(id, name, Ended::Done),
            Err(failure) => self.after(id, name, &failure),
        }
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed) || self.call.tenant.is_cancelled()
    }

    /// Who may do no more for now didn't fail, and the others needn't try.
    fn after(&self, id: WorkspaceId, name: String, failure: &Failure) -> Item {
        if failure.code() == Code::RateLimited && failure.has_changed() == Changed::No {
            self.stopped.store(true, Ordering::Relaxed);
            return Item::new(id, name, Ended::NotReached).because(failure.message());
        }
        Item::after(id, name, failure)
    }

    /// One at a time, so that a longer list never overwrites a shorter one.
    async fn settle(&self, id: &WorkspaceId) {
        let mut left = self.left.lock().await;
        left.retain(|one| one != id);
        if let Err(failure) = self.call.server.fleets.leave(&self.id, &left).await {
            tracing::warn!(%failure, invocation = %self.call.id, "what is left of a call isn't written down");
        }
    }
}

fn told(ended: Ended) -> &'static str {
    match ended {
        Ended::Done => "done",
        Ended::Skipped => "skipped",
        Ended::Failed => "failed",
        Ended::Unknown => "unknown",
        Ended::NotReached => "not reached",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_stands_above_comes_before_or_after() {
        let chosen = |depth: usize| Chosen {
            id: WorkspaceId::try_from(format!("00000000-0000-4000-8000-{depth:012}")).unwrap(),
            depth,
        };
        let all = || vec![chosen(1), chosen(0), chosen(2), chosen(1)];
        let depths = |order| -> Vec<Vec<usize>> {
            waves(all(), order).into_iter().map(|wave| wave.into_iter().map(|one| one.depth).collect()).collect()
        };
        assert_eq!(depths(Order::TopFirst), [vec![0], vec![1, 1], vec![2]]);
        assert_eq!(depths(Order::BottomFirst), [vec![2], vec![1, 1], vec![0]]);
        assert_eq!(depths(Order::Any), [vec![1, 0, 2, 1]]);
    }
}
