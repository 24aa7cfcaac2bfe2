//! GET /workspaces/{id}/events/stream: the events of one workspace as they happen, as server-sent events
//! without names or ids. Nothing is replayed, and whoever reads too slowly misses some. `socket` has those of all.

pub(crate) mod socket;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use chrono::Utc;
use futures_util::{StreamExt, stream};
use serde_json::json;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::answer::{Answer, Refuse, broken, missing};
use super::events::Told;
use super::guard::Access;
use super::platform::{App, Platform};
use super::workspaces::row;

/// What would happen by itself on the platform happens here when somebody looks: so a watcher looks.
const LOOK: Duration = Duration::from_millis(250);

struct Watch {
    platform: Arc<Platform>,
    events: Receiver<Arc<Told>>,
    until: CancellationToken,
}

pub(crate) async fn stream(
    access: Access,
    State(platform): App,
    until: Option<Extension<CancellationToken>>,
) -> Answer {
    let workspace = access.uuid().refuse(broken("failed to verify workspace"))?;
    let exists = platform.read(|rows| Ok(row::exists(rows, &workspace)?)).await?;
    exists.then_some(()).refuse(missing("workspace not found"))?;
    let watch = Watch::new(platform, until);
    let began = stream::once(async { Ok::<_, Infallible>(Bytes::from(": ping\n\n")) });
    let follows = stream::unfold((watch, workspace), async |(mut watch, workspace)| {
        loop {
            let told = watch.next().await?;
            if told.workspace == workspace {
                return Some((Ok(frame(&told)), (watch, workspace)));
            }
        }
    });
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    let body = Body::from_stream(began.chain(follows));
    Ok((headers, [("x-accel-buffering", "no")], body).into_response())
}

impl Watch {
    fn new(platform: Arc<Platform>, until: Option<Extension<CancellationToken>>) -> Self {
        let events = platform.store.watchers.watch();
        Self { platform, events, until: until.map(|Extension(until)| until).unwrap_or_default() }
    }

    /// None when the server stops.
    async fn next(&mut self) -> Option<Arc<Told>> {
        loop {
            let received = tokio::select! {
                () = self.until.cancelled() => return None,
                () = tokio::time::sleep(LOOK) => {
                    self.look().await;
                    continue;
                }
                received = self.events.recv() => received,
            };
            match received {
                Ok(told) => return Some(told),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    }

    async fn look(&self) {
        if self.platform.read(|_| Ok(())).await.is_err() {
            tracing::debug!("a watcher could not look at the rows");
        }
    }
}

fn frame(told: &Told) -> Bytes {
    let shown = json!({ "type": told.event, "timestamp": Utc::now().timestamp_millis(), "data": told.payload });
    format!("data: {shown}\n\n").into()
}
