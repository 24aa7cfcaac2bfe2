//! Sessions of the older revisions: each has one listener for as long as it lasts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use axum::http::request::Parts;
use rmcp::ErrorData;
use rmcp::model::Extensions;
use rmcp::service::{Peer, RoleServer};

use super::listener::Listener;
use super::outlet::Outlet;
use super::refused;
use super::watched::Watched;
use crate::dispatch::Dispatch;
use crate::failure::{Code, Failure};
use crate::transport::caller::Caller;

const SESSION: &str = "mcp-session-id";

/// A caller's identity, and the id of a session.
type Whose = (String, String);

#[derive(Default)]
pub(in crate::transport::mcp) struct Sessions(Mutex<HashMap<Whose, Weak<Watched>>>);

/// Who listens in which session.
pub(in crate::transport::mcp) struct Party<'a> {
    pub caller: Caller,
    pub peer: &'a Peer<RoleServer>,
    pub extensions: &'a Extensions,
}

impl Sessions {
    /// From here on it is told when a list is another.
    pub fn begun(&self, dispatch: &Arc<Dispatch>, party: Party<'_>) {
        if let Err(failure) = self.listening(dispatch, party) {
            tracing::debug!(%failure, "a session isn't told of changes");
        }
    }

    pub async fn subscribe(&self, dispatch: &Arc<Dispatch>, party: Party<'_>, uri: String) -> Result<(), ErrorData> {
        let mut caller = party.caller.clone();
        let watched = self.listening(dispatch, party).map_err(refused)?;
        watched.add_at_once(dispatch, &mut caller, uri).await.map_err(refused)
    }

    pub fn unsubscribe(&self, party: &Party<'_>, uri: &str) {
        let sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let watched = session(party).and_then(|session| sessions.get(&session)?.upgrade());
        if let Some(watched) = watched {
            watched.remove(uri);
        }
    }

    /// What the session's listener watches; it begins where there is none yet.
    fn listening(&self, dispatch: &Arc<Dispatch>, party: Party<'_>) -> Result<Arc<Watched>, Failure> {
        let session = session(&party).ok_or_else(|| {
            Failure::new(Code::NotSupported, "this endpoint keeps no session that a change could be told to")
                .next("Use /mcp instead of /mcp/json.")
        })?;
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(watched) = sessions.get(&session).and_then(Weak::upgrade) {
            return Ok(watched);
        }
        let seat = dispatch.server().events.seat(&party.caller.identity())?;
        let listener = Listener::new(Arc::clone(dispatch), party.caller, Outlet::Session(party.peer.clone()));
        let watched = Arc::clone(listener.watched());
        tokio::spawn(async move {
            let _seat = seat;
            listener.run().await;
        });
        sessions.retain(|_, watched| watched.strong_count() > 0);
        sessions.insert(session, Arc::downgrade(&watched));
        Ok(watched)
    }
}

/// A process of one caller is one session.
fn session(party: &Party<'_>) -> Option<Whose> {
    let id = match party.extensions.get::<Parts>() {
        Some(parts) => parts.headers.get(SESSION)?.to_str().ok()?,
        None => "",
    };
    Some((party.caller.identity(), id.to_owned()))
}
