//! One look at the tenant, for whoever diagnoses: a single request along a route that changes nothing. Nothing is
//! repeated, and neither breaker nor pace is asked; what the answer's head says of clock and limits comes along.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, DATE, HeaderMap, HeaderValue};
use secrecy::ExposeSecret as _;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::ask::REQUEST_ID;
use super::client::{Client, bearer};
use super::exchange::{Body, Lost, lost, read};
use super::path;
use super::refusal::{self, Circumstances};
use super::route::{Method, Route};
use super::said::Said;
use crate::failure::{Code, Failure};

/// More of an answer isn't read.
const MOST: usize = 2 << 20;

/// An answer, whatever its status.
#[derive(Clone, Debug)]
pub struct Seen {
    pub status: u16,
    /// Seconds that the tenant's clock is ahead of ours.
    pub clock_ahead: Option<i64>,
    pub rate: Rate,
    body: Bytes,
}

/// How many requests the tenant still takes, and for how long that counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    pub limit: Option<u32>,
    pub remaining: Option<u32>,
    pub reset_seconds: Option<u64>,
}

impl Client {
    /// Asks once; `parts` fill the route's placeholders.
    pub async fn look(&self, route: &Route, parts: &[(&str, String)], within: Duration) -> Result<Seen, Failure> {
        if route.method != Method::Get || route.acts() {
            return Err(Failure::new(Code::Internal, format!("{route} isn't for looking")));
        }
        let (deadline, shared) = (Instant::now() + within, self.shared());
        let url = format!("{}{}", shared.address, path::fill(route.path, parts)?);
        let key = shared.keys.now_secret();
        let id = HeaderValue::from_str(&Uuid::now_v7().to_string());
        let id = id.map_err(|_| Failure::new(Code::Internal, "an id can't be written"))?;
        let request = shared.wire.http().await?.get(url).headers(shared.headers.clone());
        let request = request.header(REQUEST_ID, id).header(AUTHORIZATION, bearer(key.expose_secret())?);
        let hidden = [key.expose_secret()];
        let unanswered = |lost| {
            let limits = &shared.limits;
            let (connect, cap) = (limits.connect, limits.answer_bytes);
            refusal::unanswered(lost, Circumstances { route: *route, hidden: &hidden, total: within, connect, cap })
        };
        let asked = SystemTime::now();
        let response = match timeout_at(deadline, request.send()).await {
            Err(_) => return Err(unanswered(Lost::Late)),
            Ok(Err(error)) => return Err(unanswered(lost(error))),
            Ok(Ok(response)) => response,
        };
        let (status, headers) = (response.status().as_u16(), response.headers());
        let (clock_ahead, rate) = (clock_ahead(headers, asked, SystemTime::now()), Rate::of(headers));
        let body = match timeout_at(deadline, read(response, MOST)).await {
            Ok(Body::Whole(body)) => body,
            Ok(Body::Cut(detail)) => return Err(unanswered(Lost::Cut(detail))),
            Err(_) | Ok(Body::Late) => return Err(unanswered(Lost::Late)),
            Ok(Body::TooLarge) => Bytes::new(),
        };
        Ok(Seen { status, clock_ahead, rate, body })
    }
}

impl Seen {
    pub fn is_fine(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub fn decode<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The guard of a tenant with an organisation of its own says 404 and nothing else.
    pub fn is_turned_away(&self) -> bool {
        self.status == 404 && self.body.is_empty()
    }

    /// What isn't routed is 404 in plain text. The handlers' own 404 says `error`.
    pub fn has_no_route(&self) -> bool {
        self.status == 404 && !self.body.is_empty() && Said::read(&Body::Whole(self.body.clone()), &[]).error.is_none()
    }
}

impl Rate {
    fn of(headers: &HeaderMap) -> Self {
        Self {
            limit: number(headers, "x-ratelimit-limit"),
            remaining: number(headers, "x-ratelimit-remaining"),
            reset_seconds: number(headers, "x-ratelimit-reset"),
        }
    }
}

fn number<T: std::str::FromStr>(headers: &HeaderMap, name: &str) -> Option<T> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

/// The header has whole seconds, and was written while we waited: only what can't be explained by that counts.
fn clock_ahead(headers: &HeaderMap, asked: SystemTime, answered: SystemTime) -> Option<i64> {
    let date = httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()?;
    let seconds = |later: SystemTime, earlier: SystemTime| {
        later.duration_since(earlier).ok().and_then(|apart| i64::try_from(apart.as_secs()).ok())
    };
    let behind = seconds(asked, date + Duration::from_secs(1)).map(|apart| -apart);
    Some(seconds(date, answered).or(behind).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_off_by_what_waiting_doesnt_explain() {
        let asked = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let answered = asked + Duration::from_secs(3);
        for (date, ahead) in [(0, 0), (2, 0), (3, 0), (63, 60), (3603, 3600), (-1, 0), (-61, -60)] {
            let date = SystemTime::UNIX_EPOCH + Duration::from_secs((1_700_000_000_i64 + date).cast_unsigned());
            let mut headers = HeaderMap::new();
            headers.insert(DATE, httpdate::fmt_http_date(date).parse().unwrap());
            assert_eq!(clock_ahead(&headers, asked, answered), Some(ahead));
        }
        assert_eq!(clock_ahead(&HeaderMap::new(), asked, answered), None);
    }

    #[test]
    fn whoever_says_404_is_told_apart() {
        let seen =
            |status, body: &'static str| Seen { status, clock_ahead: None, rate: Rate::default(), body: body.into() };
        let routed = seen(404, r#"{"error":"workspace not found"}"#);
        assert!(!routed.has_no_route() && !routed.is_turned_away());
        assert!(seen(404, "404 page not found").has_no_route());
        assert!(seen(404, "").is_turned_away() && !seen(404, "").has_no_route());
        assert!(!seen(401, "").is_turned_away() && !seen(200, "").has_no_route());
    }
}
