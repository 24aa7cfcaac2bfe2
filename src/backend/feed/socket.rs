//! The tenant's WebSocket, over the connection that an HTTP request opened: the same address, TLS and headers as
//! for every other request, no redirects. A peer that went away without a word is noticed by what it doesn't answer.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use reqwest::header::{AUTHORIZATION, CONNECTION, HeaderMap, HeaderName, HeaderValue, UPGRADE};
use reqwest::{StatusCode, Upgraded};
use tokio::time::{Instant, Interval, interval_at, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocketConfig};

use crate::backend::client::Shared;

const OPENING: Duration = Duration::from_secs(10);
/// One that said nothing between two pings is gone.
const BETWEEN_PINGS: Duration = Duration::from_secs(20);
const SENDING: Duration = Duration::from_secs(5);
/// No event is larger: a tenant that sends more is cut off.
const LARGEST: usize = 1024 * 1024;

const KEY: &str = "sec-websocket-key";
const ACCEPT: &str = "sec-websocket-accept";
const VERSION: &str = "sec-websocket-version";

pub(super) struct Socket {
    frames: WebSocketStream<Upgraded>,
    pings: Interval,
    /// Since the last ping.
    is_heard: bool,
}

pub(super) enum NoSocket {
    /// Another attempt is worth it, after this long.
    Now(Duration),
    /// This tenant, or what stands before it, has none.
    Never,
}

impl Socket {
    pub async fn open(tenant: &Shared) -> Result<Self, NoSocket> {
        // Dropped without a word where it comes to nothing: that we follow is no reason to leave a tenant alone.
        let pass = tenant.pass().map_err(NoSocket::Now)?;
        tenant.pace().map_err(NoSocket::Now)?;
        let opened = timeout(OPENING, upgrade(tenant)).await.unwrap_or(Err(NoSocket::Now(Duration::ZERO)))?;
        pass.answered();
        let limits = WebSocketConfig::default().max_message_size(Some(LARGEST)).max_frame_size(Some(LARGEST));
        let frames = WebSocketStream::from_raw_socket(opened, Role::Client, Some(limits)).await;
        let pings = interval_at(Instant::now() + BETWEEN_PINGS, BETWEEN_PINGS);
        Ok(Self { frames, pings, is_heard: true })
    }

    /// The next text; none when the connection is over.
    pub async fn next(&mut self) -> Option<Utf8Bytes> {
        loop {
            tokio::select! {
                frame = self.frames.next() => match frame?.ok()? {
                    Message::Text(text) => {
                        self.is_heard = true;
                        return Some(text);
                    }
                    Message::Close(_) => return None,
                    _ => self.is_heard = true,
                },
                _ = self.pings.tick() => {
                    if !std::mem::take(&mut self.is_heard) {
                        return None;
                    }
                    let ping = self.frames.send(Message::Ping(Default::default()));
                    timeout(SENDING, ping).await.ok()?.ok()?;
                }
            }
        }
    }
}

async fn upgrade(tenant: &Shared) -> Result<Upgraded, NoSocket> {
    let later = || NoSocket::Now(Duration::ZERO);
    let http = tenant.wire.upgradable().await.map_err(|_| NoSocket::Never)?;
    let key = generate_key();
    let request = http.get(format!("{}/ws", tenant.address)).headers(headers(tenant, &key));
    let response = request.send().await.map_err(|_| later())?;
    match response.status() {
        StatusCode::SWITCHING_PROTOCOLS => {}
        status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => return Err(later()),
        _ => return Err(NoSocket::Never),
    }
    let accepted = response.headers().get(ACCEPT);
    if accepted.is_none_or(|accepted| *accepted != derive_accept_key(key.as_bytes())) {
        return Err(NoSocket::Never);
    }
    response.upgrade().await.map_err(|_| later())
}

/// The route asks for no credential; one that begins to finds ours.
fn headers(tenant: &Shared, key: &str) -> HeaderMap {
    let mut headers = tenant.headers.clone();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(VERSION, HeaderValue::from_static("13"));
    headers.extend(HeaderValue::from_str(key).ok().map(|key| (HeaderName::from_static(KEY), key)));
    headers.insert(AUTHORIZATION, tenant.keys.now().bearer.clone());
    headers
}
