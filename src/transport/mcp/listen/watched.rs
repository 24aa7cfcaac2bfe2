//! The resources that one client watches.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::dispatch::Dispatch;
use crate::events::{Change, Line};
use crate::failure::{Code, Failure};
use crate::resources::Place;
use crate::transport::caller::Caller;

/// For one stream or session.
const MOST: usize = 100;
/// So long it may take until the tenant's events arrive. After that, what was missed is told when they do.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Default)]
pub(super) struct Watched(Mutex<BTreeMap<String, (Place, Line)>>);

impl Watched {
    /// A resource that the caller may read.
    pub async fn add(&self, dispatch: &Dispatch, caller: &mut Caller, uri: String) -> Result<(), Failure> {
        let place = Place::at(&uri)?;
        dispatch.may_read(caller, &place).await?;
        let line = dispatch.server().events.look_at(&place);
        self.put(uri, place, line)
    }

    /// The same; what happens from the moment on that this returns is told.
    pub async fn add_at_once(&self, dispatch: &Dispatch, caller: &mut Caller, uri: String) -> Result<(), Failure> {
        let place = Place::at(&uri)?;
        dispatch.may_read(caller, &place).await?;
        let events = &dispatch.server().events;
        let line = events.look_at(&place);
        events.is_up(PATIENCE).await;
        self.put(uri, place, line)
    }

    fn put(&self, uri: String, place: Place, line: Line) -> Result<(), Failure> {
        let mut all = self.all();
        if all.len() >= MOST && !all.contains_key(&uri) {
            let message = format!("{MOST} resources are watched already, which is the most there are");
            return Err(Failure::new(Code::TooLarge, message).next("Watch a list instead of each of what is in it."));
        }
        all.insert(uri, (place, line));
        Ok(())
    }

    pub fn remove(&self, uri: &str) {
        self.all().remove(uri);
    }

    pub fn place(&self, uri: &str) -> Option<Place> {
        self.all().get(uri).map(|(place, _)| place.clone())
    }

    /// Those that a change makes stale; without one, all.
    pub fn stale(&self, change: Option<&Change>) -> Vec<String> {
        let all = self.all();
        let stale = all.iter().filter(|(_, (place, _))| change.is_none_or(|change| change.makes_stale(place)));
        stale.map(|(uri, _)| uri.clone()).collect()
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, (Place, Line)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
