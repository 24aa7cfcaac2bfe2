//! One client that is told. What it may hear is decided each time anew: by the rules of that moment, and by its grant
//! as it stands then.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::due::Due;
use super::outlet::{List, Outlet};
use super::roster::Roster;
use super::watched::Watched;
use crate::dispatch::{Dispatch, Shown};
use crate::events::{self, Change};
use crate::failure::{Code, Failure};
use crate::transport::caller::Caller;

/// How often it is looked whether a grant is what it was, which other processes change.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

pub(super) struct Listener {
    dispatch: Arc<Dispatch>,
    caller: Caller,
    outlet: Outlet,
    watched: Arc<Watched>,
    changes: Receiver<Arc<Change>>,
    policy: watch::Receiver<()>,
    /// What the caller was shown last.
    shown: Shown,
    roster: Roster,
    due: Due,
}

/// Nobody is there to be told, or may be told anything any more.
struct Over;

impl Listener {
    /// What changes from now on will be told.
    pub fn new(dispatch: Arc<Dispatch>, caller: Caller, outlet: Outlet) -> Self {
        let server = dispatch.server();
        let (changes, policy) = (server.events.changes(), server.policy.changes());
        let shown = dispatch.shown(&caller);
        let (watched, roster, due) = (Arc::default(), Roster::default(), Due::default());
        Self { caller, outlet, watched, changes, policy, shown, roster, due, dispatch }
    }

    pub fn wants(&self, list: List) -> bool {
        self.outlet.wants(list)
    }

    /// Which workspaces there are before any comes or goes.
    pub async fn look_around(&mut self) {
        if self.wants(List::Resources) {
            self.roster = Roster::of(self.dispatch.roster(&self.caller).await.ok());
        }
    }

    pub fn watched(&self) -> &Arc<Watched> {
        &self.watched
    }

    pub async fn run(mut self) {
        let events = self.dispatch.server().events.clone();
        tokio::select! {
            () = events.ended() => {}
            Over = self.tell() => {}
        }
    }

    async fn tell(&mut self) -> Over {
        let mut looks = interval(BETWEEN_LOOKS);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let next = self.due.next().into_iter().chain(self.roster.next()).min();
            let done = tokio::select! {
                change = self.changes.recv() => match change {
                    Ok(change) => self.note(&change).await,
                    Err(RecvError::Lagged(_)) => {
                        self.note_all();
                        Ok(())
                    }
                    Err(RecvError::Closed) => Err(Over),
                },
                changed = self.policy.changed() => match changed {
                    Ok(()) => self.compare().await,
                    Err(_) => Err(Over),
                },
                _ = looks.tick() => self.look().await,
                () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => Ok(()),
            };
            let told = match done {
                Ok(()) => self.tell_due().await.and(self.tell_roster().await),
                over => over,
            };
            if told.is_err() {
                return Over;
            }
        }
    }

    async fn note(&mut self, change: &Change) -> Result<(), Over> {
        if self.wants(List::Resources) {
            self.roster.note(change.roster, Instant::now());
        }
        let stale = self.watched.stale(Some(change));
        // Where that can't be found out, the resource itself decides.
        if !stale.is_empty() && self.dispatch.concerns(&self.caller, change).await.unwrap_or(true) {
            let now = Instant::now();
            stale.into_iter().for_each(|uri| self.due.add(uri, now));
        }
        Ok(())
    }

    fn note_all(&mut self) {
        let now = Instant::now();
        if self.wants(List::Resources) {
            self.roster.note(events::Roster::Another, now);
        }
        self.watched.stale(None).into_iter().for_each(|uri| self.due.add(uri, now));
    }

    async fn tell_due(&mut self) -> Result<(), Over> {
        for uri in self.due.take(Instant::now()) {
            let Some(place) = self.watched.place(&uri) else { continue };
            match self.dispatch.may_read(&mut self.caller, &place).await {
                Ok(()) if self.outlet.is_stale(&uri).await => {}
                Ok(()) => return Err(Over),
                Err(failure) if is_for_now(&failure) => self.due.postpone(uri, Instant::now() + BETWEEN_LOOKS),
                Err(_) => {}
            }
        }
        Ok(())
    }

    async fn tell_roster(&mut self) -> Result<(), Over> {
        let now = Instant::now();
        if self.roster.next().is_none_or(|next| next > now) {
            return Ok(());
        }
        let Ok(seen) = self.dispatch.roster(&self.caller).await else {
            self.roster.look_again(now);
            return Ok(());
        };
        if self.roster.seen(seen, now) { self.tell_list(List::Resources).await } else { Ok(()) }
    }

    /// The client may have gone, and the grant with it.
    async fn look(&mut self) -> Result<(), Over> {
        if self.outlet.is_closed() {
            return Err(Over);
        }
        if self.caller.grant.is_none() {
            return Ok(());
        }
        let held = self.dispatch.server().grants.hold(&mut self.caller, Utc::now());
        self.compare().await?;
        match held {
            Err(failure) if failure.code() == Code::Unauthenticated => Err(Over),
            _ => Ok(()),
        }
    }

    async fn compare(&mut self) -> Result<(), Over> {
        let shown = self.dispatch.shown(&self.caller);
        let before = std::mem::replace(&mut self.shown, shown);
        let now = &self.shown;
        let lists = [
            (List::Tools, before.tools != now.tools),
            (List::Prompts, before.prompts != now.prompts),
            (List::Resources, before.resources != now.resources),
        ];
        for (list, _) in lists.into_iter().filter(|(_, is_another)| *is_another) {
            self.tell_list(list).await?;
        }
        Ok(())
    }

    async fn tell_list(&self, list: List) -> Result<(), Over> {
        if self.wants(list) && !self.outlet.is_another(list).await { Err(Over) } else { Ok(()) }
    }
}

/// Whether the caller may read it can't be found out at the moment.
fn is_for_now(failure: &Failure) -> bool {
    matches!(
        failure.code(),
        Code::TenantUnreachable
            | Code::TenantTimeout
            | Code::TenantError
            | Code::RateLimited
            | Code::JournalUnavailable
    )
}
