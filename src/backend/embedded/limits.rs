//! The two rate limits: requests a minute and minted org keys an hour, each by TCP address in a fixed
//! window that begins with the first request. In memory, as on the platform: a restart clears them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::answer::refused_with;

/// How many addresses are remembered before those whose window is over are forgotten.
const SWEEP_ABOVE: usize = 1024;

pub(crate) struct Limiter {
    limit: u32,
    window: Duration,
    windows: Mutex<HashMap<IpAddr, (Instant, u32)>>,
}

/// Where an address stands after the request that was just counted.
pub(crate) struct Standing {
    limit: u32,
    remaining: u32,
    reset: u64,
    pub(crate) exceeded: bool,
}

impl Limiter {
    pub(crate) fn new(limit: u32, window: Duration) -> Self {
        Self { limit, window, windows: Mutex::default() }
    }

    pub(crate) fn count(&self, address: IpAddr) -> Standing {
        let now = Instant::now();
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() > SWEEP_ABOVE {
            windows.retain(|_, (began, _)| now.duration_since(*began) < self.window);
        }
        let (began, used) = windows.entry(address).or_insert((now, 0));
        if now.duration_since(*began) >= self.window {
            (*began, *used) = (now, 0);
        }
        *used = used.saturating_add(1);
        Standing {
            limit: self.limit,
            remaining: self.limit.saturating_sub(*used),
            reset: self.window.saturating_sub(now.duration_since(*began)).as_secs(),
            exceeded: *used > self.limit,
        }
    }
}

impl Standing {
    pub(crate) fn refusal(&self) -> Response {
        let refusal = refused_with(StatusCode::TOO_MANY_REQUESTS, "rate limit exceeded");
        let mut response = refusal.with("retry_after", self.reset).into_response();
        response.headers_mut().insert(header::RETRY_AFTER, self.reset.into());
        response
    }

    /// Doesn't replace what is there: the mint limit's own numbers stand before the general ones.
    pub(crate) fn show(&self, headers: &mut HeaderMap) {
        show(headers, "x-ratelimit-limit", self.limit.into());
        show(headers, "x-ratelimit-remaining", self.remaining.into());
        show(headers, "x-ratelimit-reset", self.reset.into());
    }
}

/// Development mode has no limits and says so.
pub(crate) fn show_unlimited(headers: &mut HeaderMap) {
    show(headers, "x-ratelimit-limit", HeaderValue::from_static("unlimited"));
}

fn show(headers: &mut HeaderMap, name: &'static str, value: HeaderValue) {
    headers.entry(HeaderName::from_static(name)).or_insert(value);
}
