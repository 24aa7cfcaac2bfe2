//! Org keys have no events: while somebody watches them, the tenant is asked which there are.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::broadcast::Sender;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Change;
use crate::backend::{Client, Route};

static KEYS: Route = Route::get("/org/tokens");
const ROUTES: &[Route] = &[KEYS];
const BETWEEN_LOOKS: Duration = Duration::from_secs(15);

/// What makes a key another one; when it was used last doesn't.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    id: String,
    #[serde(default)]
    name: String,
}

pub(super) async fn look_after(client: Client, changes: Sender<Arc<Change>>) {
    let mut before: Option<BTreeSet<Key>> = None;
    loop {
        let tenant = client.invocation(Uuid::now_v7(), ROUTES, CancellationToken::new());
        match tenant.ask(&KEYS).fetch::<BTreeSet<Key>>().await {
            Ok(now) => {
                let is_other = before.as_ref().is_some_and(|before| *before != now);
                before = Some(now);
                if is_other {
                    let _ = changes.send(Arc::new(Change::KEYS));
                }
            }
            Err(failure) => tracing::debug!(%failure, "org keys can't be listed for those who watch them"),
        }
        sleep(BETWEEN_LOOKS).await;
    }
}
