//! What an answer that isn't the wanted one, or none at all, means for the caller: a stable code,
//! whether anything changed, what to do next.

use std::time::Duration;

use super::clean;
use super::exchange::{Answered, Body, Lost, NoConnection};
use super::route::Route;
use super::said::Said;
use crate::failure::{Changed, Code, Failure};
use crate::fence;

const REDIRECTED: &str = "Redirects aren't followed, because the key would go along. Ask the operator to set \
    MOLECULE_URL to the tenant's own address.";
const UNAUTHENTICATED: &str = "Ask the operator to check the org key (MOLECULE_ORG_TOKEN, or its file); don't retry with the same key. Some \
    routes refuse organisation keys altogether, so this needn't mean that the key was revoked.";

/// What is known of the call that failed.
#[derive(Clone, Copy)]
pub(super) struct Circumstances<'a> {
    pub(super) route: Route,
    /// What a message never repeats: our key, and the secrets that were sent.
    pub(super) hidden: &'a [&'a str],
    pub(super) total: Duration,
    pub(super) connect: Duration,
    pub(super) cap: usize,
}

/// No answer came.
pub(super) fn unanswered(lost: Lost, of: Circumstances<'_>) -> Failure {
    match lost {
        Lost::NeverLeft { why, detail } => no_connection(why, of.connect).operator(detail),
        Lost::Cut(detail) if of.route.acts() => {
            unknown("the connection was lost before the tenant answered").operator(detail)
        }
        Lost::Cut(detail) => Failure::new(Code::UnexpectedAnswer, "the tenant closed the connection without an answer")
            .next("Try again in a minute; if it stays so, ask the operator to look at the tenant.")
            .operator(detail),
        Lost::Late => late(of),
    }
}

fn no_connection(why: NoConnection, connect: Duration) -> Failure {
    let message = match why {
        NoConnection::Refused => "the tenant refused the connection".to_owned(),
        NoConnection::Slow => format!("no connection to the tenant within {} s", connect.as_secs_f64()),
        NoConnection::Unresolved => "the tenant's host name can't be resolved".to_owned(),
        NoConnection::Untrusted => "the tenant's certificate isn't trusted".to_owned(),
        NoConnection::Other => "no connection to the tenant".to_owned(),
    };
    let failure = Failure::new(Code::TenantUnreachable, message);
    match why {
        NoConnection::Unresolved | NoConnection::Untrusted => {
            failure.next("Ask the operator to check MOLECULE_URL; retrying won't help.")
        }
        _ => failure,
    }
}

fn late(of: Circumstances<'_>) -> Failure {
    let seconds = of.total.as_secs_f64();
    if of.route.acts() {
        return unknown(&format!("the tenant took the request and didn't answer within {seconds} s"));
    }
    Failure::new(Code::TenantTimeout, format!("the tenant didn't answer within {seconds} s"))
}

fn unknown(message: &str) -> Failure {
    Failure::new(Code::OutcomeUnknown, message).changed(Changed::Unknown)
}

/// A wanted status whose body didn't arrive whole.
pub(super) fn incomplete(status: u16, body: Body, of: Circumstances<'_>) -> Failure {
    let acts = of.route.acts();
    match body {
        Body::TooLarge => {
            let mebibytes = of.cap as f64 / (1024.0 * 1024.0);
            Failure::new(Code::TooLarge, format!("the tenant answered {status} with more than {mebibytes:.1} MiB"))
                .changed(if acts { acknowledged(status) } else { Changed::No })
        }
        Body::Cut(detail) if acts => {
            unknown(&format!("the tenant answered {status}, and the connection was lost in the middle"))
                .operator(detail)
        }
        Body::Cut(detail) => Failure::new(
            Code::UnexpectedAnswer,
            format!("the tenant answered {status}, and the connection was lost in the middle"),
        )
        .next("Try again in a minute.")
        .operator(detail),
        Body::Late | Body::Whole(_) => late(of),
    }
}

/// What a status says about an act.
pub(super) fn acknowledged(status: u16) -> Changed {
    match status {
        200..=299 => Changed::Yes,
        400..=499 | 501 => Changed::No,
        _ => Changed::Unknown,
    }
}

/// A status that wasn't wanted.
pub(super) fn refused(answer: &Answered, of: Circumstances<'_>) -> Failure {
    let said = Said::read(&answer.body, of.hidden);
    let status = answer.status;
    let changed = if of.route.acts() { acknowledged(status) } else { Changed::No };
    let told = match &said.error {
        Some(error) => format!("the tenant answered {status}: {}", fence::quoted(error)),
        None => format!("the tenant answered {status}"),
    };
    let failure = match status {
        300..=399 => Failure::new(Code::UnexpectedAnswer, format!("the tenant answered with a redirect ({status})"))
            .next(REDIRECTED),
        400 | 422 => Failure::new(Code::InvalidInput, told),
        401 => Failure::new(Code::Unauthenticated, told).next(UNAUTHENTICATED),
        402 => Failure::new(Code::BudgetExceeded, told),
        403 => Failure::new(Code::ForbiddenByTenant, told),
        404 => not_found(&said, told),
        409 => Failure::new(Code::Conflict, told),
        412 => Failure::new(Code::PreconditionFailed, told).missing(said.missing),
        413 => Failure::new(Code::TooLarge, told).next("Send less: the tenant doesn't take that much at once."),
        429 => {
            let failure = Failure::new(Code::RateLimited, told);
            match answer.retry_after.or(said.retry_after) {
                Some(wait) => failure.retry_after(wait),
                None => failure.next("Wait a minute, then call again."),
            }
        }
        501 => Failure::new(Code::NotSupported, told),
        503 | 504 if changed == Changed::No => {
            let failure = Failure::new(Code::TenantError, told).next("Try again in a minute.");
            match answer.retry_after.or(said.retry_after) {
                Some(wait) => failure.retry_after(wait),
                None => failure,
            }
        }
        _ => Failure::new(Code::TenantError, told),
    };
    failure.changed(changed).operator(format!("content type `{}`", clean::words(&answer.content_type, of.hidden)))
}

/// The tenant's handlers say `error`. Its router says plain text, and its guard nothing at all.
fn not_found(said: &Said, told: String) -> Failure {
    if said.error.is_some() {
        return Failure::new(Code::NotFound, told);
    }
    if said.nothing {
        return Failure::new(
            Code::NotSupported,
            "the tenant answered 404 and nothing else: it has no such route, or it doesn't know this organisation",
        )
        .next("Ask the operator to check MOLECULE_ORG_ID; retrying won't help.");
    }
    Failure::new(Code::NotSupported, "the tenant answered 404: it has no such route")
        .next("This tenant's version doesn't offer it, or MOLECULE_URL isn't a tenant's address; retrying won't help.")
}
