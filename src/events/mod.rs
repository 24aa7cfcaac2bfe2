//! What changes, told to whoever watches: what the tenant says happened, what calls of this process did, and which
//! org keys there are. One feed a process, while somebody watches and no longer. Here it is decided what a change
//! makes stale; who may hear of it is `dispatch/hearing.rs`, and `transport/mcp/listen/` tells it.

mod change;
mod keys;
mod shared;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex, broadcast, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::shared::{Hold, Shared};
use crate::backend::Client;
use crate::backend::feed::{self, Kind, News};
use crate::failure::{Code, Failure};
use crate::policy::binding::Tree;
use crate::resources::{Place, Subject};
use crate::seats::{Seat, Seats};
use crate::tools::workspaces;

pub use self::change::{Change, Roster};

/// Streams of one caller, over all of its connections.
pub const MOST_STREAMS: usize = 256;
/// How far somebody may fall behind before all that they watch is stale.
const BUFFER: usize = 1024;
/// Who stands below whom is looked up again after this long: a workspace can be moved without an event.
const TREE: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub struct Events(Arc<Inner>);

struct Inner {
    client: Client,
    changes: broadcast::Sender<Arc<Change>>,
    /// The tenant's events arrive.
    is_up: watch::Sender<bool>,
    feed: Arc<Shared>,
    keys: Arc<Shared>,
    seats: Arc<Seats>,
    /// How often workspaces came or went.
    lives: AtomicU64,
    tree: Mutex<Option<(u64, Instant, Arc<Tree>)>>,
    ended: CancellationToken,
}

/// What is watched stays looked at for as long as this is held.
pub struct Line {
    _feed: Hold,
    _keys: Option<Hold>,
}

impl Events {
    pub fn new(client: Client) -> Self {
        Self(Arc::new(Inner {
            client,
            changes: broadcast::channel(BUFFER).0,
            is_up: watch::Sender::new(false),
            feed: Arc::default(),
            keys: Arc::default(),
            seats: Seats::new(MOST_STREAMS),
            lives: AtomicU64::new(0),
            tree: Mutex::default(),
            ended: CancellationToken::new(),
        }))
    }

    pub fn changes(&self) -> broadcast::Receiver<Arc<Change>> {
        self.0.changes.subscribe()
    }

    /// Has what this place depends on looked at.
    pub fn look_at(&self, place: &Place) -> Line {
        let inner = &self.0;
        let look = || keys::look_after(inner.client.clone(), inner.changes.clone());
        let keys = (place.entry.subject == Subject::Keys).then(|| inner.keys.hold(look));
        Line { _keys: keys, ..self.follow() }
    }

    /// Has the tenant's events told, whatever is watched.
    pub fn follow(&self) -> Line {
        Line { _feed: self.0.feed.hold(|| Arc::clone(&self.0).follow()), _keys: None }
    }

    /// Returns when the tenant's events arrive; false when that takes too long.
    pub async fn is_up(&self, patience: Duration) -> bool {
        let mut is_up = self.0.is_up.subscribe();
        matches!(timeout(patience, is_up.wait_for(|up| *up)).await, Ok(Ok(_)))
    }

    pub fn tell(&self, change: Change) {
        self.0.tell(change);
    }

    /// One more stream for this caller, as long as it is held.
    pub fn seat(&self, caller: &str) -> Result<Seat, Failure> {
        self.0.seats.take(caller).ok_or_else(|| {
            let message =
                format!("this caller has {MOST_STREAMS} streams of changes open, which is the most there are");
            Failure::new(Code::RateLimited, message).next("Close some, or watch several resources with one.")
        })
    }

    /// Who stands below whom, as it was a moment ago and after whatever came or went.
    pub async fn tree(&self) -> Result<Arc<Tree>, Failure> {
        let mut kept = self.0.tree.lock().await;
        let lives = self.0.lives.load(Relaxed);
        if let Some((then, at, tree)) = &*kept
            && *then == lives
            && at.elapsed() < TREE
        {
            return Ok(Arc::clone(tree));
        }
        let tenant = self.0.client.invocation(Uuid::now_v7(), &[workspaces::LIST], self.0.ended.clone());
        let tree = Arc::new(workspaces::fetch_tree(&tenant).await?);
        *kept = Some((lives, Instant::now(), Arc::clone(&tree)));
        Ok(tree)
    }

    /// Nobody is told anything any more.
    pub fn end(&self) {
        self.0.ended.cancel();
    }

    pub async fn ended(&self) {
        self.0.ended.cancelled().await;
    }

    /// How many streams are open, and whether the tenant is asked for any of them.
    pub fn watched(&self) -> (usize, bool) {
        (self.0.seats.taken(), self.0.feed.is_held())
    }
}

impl Inner {
    fn follow(self: Arc<Self>) -> impl Future<Output = ()> + Send + 'static {
        self.is_up.send_replace(false);
        async move { feed::follow(&self.client, |news| self.take(news)).await }
    }

    fn take(&self, news: News) {
        match news {
            News::Following(is_up) => drop(self.is_up.send_replace(is_up)),
            News::Missed(missed) => self.tell(Change::missed(missed)),
            News::Happened(happening) => {
                if happening.kind == Kind::Life {
                    self.lives.fetch_add(1, Relaxed);
                }
                self.tell(Change::of(happening));
            }
        }
    }

    fn tell(&self, change: Change) {
        // An error means that nobody watches.
        let _ = self.changes.send(Arc::new(change));
    }
}

fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
