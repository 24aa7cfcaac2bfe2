//! Whose session it is. rmcp takes a session id from anyone who knows it; here it opens only to the
//! bearer that began it. Sessions are bounded in number and end when nobody uses them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rmcp::transport::streamable_http_server::session::local::{LocalSessionManager, SessionConfig};

use super::bearer::Principal;

/// Of all,
const MOST: usize = 1000;
/// and of one bearer, so that nobody keeps others out.
const MOST_OF_ONE: usize = 256;
/// Long, because an idle client is a person thinking, and older clients don't begin anew by
/// themselves.
const IDLE: Duration = Duration::from_secs(60 * 60);

pub(super) struct Sessions {
    manager: Arc<LocalSessionManager>,
    owners: Mutex<HashMap<String, Principal>>,
}

impl Sessions {
    pub(super) fn new() -> Self {
        let mut config = SessionConfig::default();
        config.keep_alive = Some(IDLE);
        let mut manager = LocalSessionManager::default();
        manager.session_config = config;
        Self { manager: Arc::new(manager), owners: Mutex::default() }
    }

    pub(super) fn manager(&self) -> Arc<LocalSessionManager> {
        Arc::clone(&self.manager)
    }

    pub(super) async fn full(&self, of: Principal) -> bool {
        let open = self.manager.sessions.read().await;
        let owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        let own = owners.iter().filter(|(id, owner)| **owner == of && open.contains_key(id.as_str()));
        open.len() >= MOST || own.count() >= MOST_OF_ONE
    }

    /// Sessions that ended are forgotten on this occasion.
    pub(super) async fn begun(&self, id: &str, by: Principal) {
        let open = self.manager.sessions.read().await;
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        if owners.len() > open.len() {
            owners.retain(|id, _| open.contains_key(id.as_str()));
        }
        owners.insert(id.to_owned(), by);
    }

    /// Nobody may use a session that we haven't seen begin.
    pub(super) fn belongs(&self, id: &str, to: Principal) -> bool {
        let owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        owners.get(id) == Some(&to)
    }
}

#[cfg(test)]
mod tests {
    use rmcp::transport::streamable_http_server::session::SessionManager as _;

    use super::*;

    #[tokio::test]
    async fn a_session_opens_to_its_own_bearer_only() {
        let sessions = Sessions::new();
        let (one, other) = (Principal::of("one"), Principal::of("other"));
        sessions.begun("s", one).await;
        assert!(sessions.belongs("s", one));
        assert!(!sessions.belongs("s", other));
        assert!(!sessions.belongs("t", one));
    }

    #[tokio::test]
    async fn one_bearer_keeps_nobody_out() {
        let sessions = Sessions::new();
        let (one, other) = (Principal::of("one"), Principal::of("other"));
        for _ in 0..MOST_OF_ONE {
            assert!(!sessions.full(one).await);
            let (id, _transport) = sessions.manager.create_session().await.unwrap();
            sessions.begun(&id, one).await;
        }
        assert!(sessions.full(one).await && !sessions.full(other).await);
    }

    #[tokio::test]
    async fn ended_sessions_are_forgotten() {
        let sessions = Sessions::new();
        for n in 0..10 {
            sessions.begun(&n.to_string(), Principal::of("one")).await;
        }
        assert_eq!(sessions.owners.lock().unwrap().len(), 1);
    }
}
