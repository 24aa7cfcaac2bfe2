//! The doors to one-time pages: `/drops/ID` shows what a page is for, and a POST uses it. GET and HEAD use
//! nothing up, because programs follow links before people do. A POST comes from the page itself or from no
//! page at all.

mod form;
mod html;
mod loopback;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, Uri};
use axum::routing::get;
use chrono::Utc;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::timeout;

use self::form::Form;
use super::bearer::Bearers;
use super::hosts::Hosts;
use crate::drops::{Brought, Drops, Kind, Page, Shows, Standing, Tried, Wants};
use crate::failure::Failure;
use crate::secrets::{Credential, Revealed};

pub use loopback::Loopback;

/// A value of 64 KiB with every byte written as three.
const LARGEST_FORM: usize = 200 * 1024;
const LARGEST_VALUE: usize = 64 * 1024;
const SLOWEST_FORM: Duration = Duration::from_secs(30);

pub(super) struct Pages {
    pub(super) drops: Drops,
    pub(super) hosts: Arc<Hosts>,
    /// None: no page here can be opened with a bearer.
    pub(super) bearers: Option<Arc<Bearers>>,
}

pub(super) fn router(pages: Pages) -> Router {
    Router::new().route("/drops/{id}", get(landing).post(used)).with_state(Arc::new(pages))
}

/// Pages behind a door that is open anyhow, below this address.
pub(super) struct Mounted {
    pub(super) base: String,
    pub(super) wants: Wants,
}

impl Shows for Mounted {
    fn wants(&self) -> Wants {
        self.wants
    }

    fn show<'a>(&'a self, _: &'a Drops, _: chrono::DateTime<Utc>) -> BoxFuture<'a, Result<String, Failure>> {
        async { Ok(format!("{}/drops/", self.base)) }.boxed()
    }
}

async fn landing(State(pages): State<Arc<Pages>>, uri: Uri, headers: HeaderMap, id: Path<String>) -> Response<Body> {
    if !pages.hosts.addressed(&uri, &headers) {
        return plain(StatusCode::FORBIDDEN, "The Host isn't one of this server's names.\n");
    }
    match pages.find(&id) {
        Ok(page) => answer(StatusCode::OK, html::landing(&page, None)),
        Err(refused) => *refused,
    }
}

async fn used(State(pages): State<Arc<Pages>>, id: Path<String>, request: Request) -> Response<Body> {
    let (uri, headers) = (request.uri(), request.headers());
    if !pages.hosts.addressed(uri, headers) {
        return plain(StatusCode::FORBIDDEN, "The Host isn't one of this server's names.\n");
    }
    if !pages.hosts.welcome(uri, headers) || !is_sent_from_here(headers) {
        return plain(StatusCode::FORBIDDEN, "Open the page itself and send its form.\n");
    }
    let read = timeout(SLOWEST_FORM, axum::body::to_bytes(request.into_body(), LARGEST_FORM)).await;
    let Ok(Ok(body)) = read else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "The form is too long, or took too long to arrive.\n");
    };
    match pages.find(&id) {
        Ok(page) => pages.used(&page, &body).await.unwrap_or_else(|failure| broken(&failure)),
        Err(refused) => *refused,
    }
}

/// Browsers say where a request comes from; programs don't.
fn is_sent_from_here(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin")
}

impl Pages {
    /// The page that waits under this id; otherwise what is said instead.
    fn find(&self, id: &str) -> Result<Page, Box<Response<Body>>> {
        match self.drops.look(id, Utc::now()) {
            Ok(Some(page)) if page.standing != Standing::Waiting => {
                Err(Box::new(answer(StatusCode::GONE, html::gone(page.kind))))
            }
            Ok(Some(page)) if page.wants == Wants::Bearer && self.bearers.is_none() => Err(Box::new(unknown())),
            Ok(Some(page)) => Ok(page),
            Ok(None) => Err(Box::new(unknown())),
            Err(failure) => Err(Box::new(broken(&failure))),
        }
    }

    async fn used(&self, page: &Page, body: &Bytes) -> Result<Response<Body>, Failure> {
        let form = Form::read(body);
        let brought = match page.wants {
            Wants::Code => Brought::Code(form.get("code").unwrap_or_default()),
            Wants::Bearer => {
                let given = form.get("bearer").unwrap_or_default().trim();
                Brought::Bearer(self.bearers.as_ref().is_some_and(|bearers| bearers.is_owner(given)))
            }
        };
        match page.kind {
            Kind::Sink => self.reveal(page, brought).await,
            Kind::Source => self.fill(page, brought, form.take("value")).await,
        }
    }

    async fn reveal(&self, page: &Page, brought: Brought<'_>) -> Result<Response<Body>, Failure> {
        Ok(match self.drops.reveal(&page.id, brought, Utc::now()).await? {
            Tried::Done(credential) => {
                tracing::info!(tool = page.purpose.tool, "a credential was revealed on its one-time page");
                let mut response = answer(StatusCode::OK, html::revealed(page, &credential));
                response.extensions_mut().insert(Revealed);
                response
            }
            other => refused(page, &other),
        })
    }

    async fn fill(&self, page: &Page, brought: Brought<'_>, value: String) -> Result<Response<Body>, Failure> {
        if value.is_empty() || value.len() > LARGEST_VALUE {
            let why = if value.is_empty() { "The value is missing." } else { "The value is longer than 64 KiB." };
            return Ok(answer(StatusCode::UNPROCESSABLE_ENTITY, html::landing(page, Some(why))));
        }
        Ok(match self.drops.fill(&page.id, brought, &Credential::new(value), Utc::now()).await? {
            Tried::Done(()) => answer(StatusCode::OK, html::filled()),
            other => refused(page, &other),
        })
    }
}

fn refused<T>(page: &Page, tried: &Tried<T>) -> Response<Body> {
    match tried {
        Tried::Wrong { left } => {
            let what = match page.wants {
                Wants::Code => "code",
                Wants::Bearer => "bearer",
            };
            let tries = if *left == 1 { "try" } else { "tries" };
            let why = format!("That {what} isn't right; {left} {tries} left.");
            answer(StatusCode::FORBIDDEN, html::landing(page, Some(&why)))
        }
        Tried::Done(_) | Tried::Gone => answer(StatusCode::GONE, html::gone(page.kind)),
    }
}

fn unknown() -> Response<Body> {
    answer(StatusCode::NOT_FOUND, html::unknown())
}

fn broken(failure: &Failure) -> Response<Body> {
    tracing::error!(%failure, detail = failure.for_operator(), "a one-time page failed");
    answer(StatusCode::SERVICE_UNAVAILABLE, html::broken())
}

fn answer(status: StatusCode, page: String) -> Response<Body> {
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_SECURITY_POLICY, html::security_policy());
    // Without a referrer at all, a browser would call the origin of our own form `null`.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex, nofollow"));
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
