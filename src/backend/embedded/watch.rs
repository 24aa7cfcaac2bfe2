//! GET /workspaces/{id}/events/stream: the events of one workspace as they happen, as server-sent events
//! without names or ids. Nothing is replayed, and whoever reads too slowly misses some.

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
    workspace: String,
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
    let events = platform.store.watchers.watch();
    let until = until.map(|Extension(until)| until).unwrap_or_default();
    let watch = Watch { platform, workspace, events, until };
    let began = stream::once(async { Ok::<_, Infallible>(Bytes::from(": ping\n\n")) });
    let follows = stream::unfold(watch, async |mut watch| {
        let frame = watch.next().await?;
        Some((Ok(frame), watch))
    });
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    let body = Body::from_stream(began.chain(follows));
    Ok((headers, [("x-accel-buffering", "no")], body).into_response())
}

impl Watch {
    /// None when the server stops.
    async fn next(&mut self) -> Option<Bytes> {
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
                Ok(told) if told.workspace == self.workspace => return Some(frame(&told)),
                Ok(_) | Err(RecvError::Lagged(_)) => {}
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
