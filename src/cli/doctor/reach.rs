//! Whether the tenant can be reached, and what its first answer says: of TLS, of the clocks, of rate limits.

use std::env;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::finding::{Check, Finding, Report};
use super::patient::PATIENCE;
use crate::backend::{Base, Client, Rate, Route, Seen};
use crate::failure::{Code, Failure};

pub(super) const HEALTH: Route = Route::get("/health");
/// Expiry, leases and consents go by the clock.
const SKEW: u64 = 60;
/// Requests that somebody else may need within the minute.
const SPARE: u32 = 60;

/// The first answer, where one came; it tells what it can about the rest.
pub(super) async fn look(base: &Base, client: &Client, report: &mut Report) -> Option<Seen> {
    if let Err((found, next)) = connect(base).await {
        report.tell(Check::Tenant.problem(found, advice(next, proxy())));
        return None;
    }
    match client.look(&HEALTH, &[], PATIENCE).await {
        Ok(seen) => {
            report.tell(tenant(base, &seen));
            report.tell(tls(base));
            report.tell(clock(seen.clock_ahead));
            report.tell(rate(seen.rate));
            Some(seen)
        }
        Err(failure) => {
            unanswered(base, &failure).into_iter().for_each(|finding| report.tell(finding));
            None
        }
    }
}

/// Its name is resolved, and somebody listens there. What was found else, and what to do.
async fn connect(base: &Base) -> Result<(), (String, &'static str)> {
    let check = "Check MOLECULE_URL or MOLECULE_ORG, and this machine's network.";
    let (host, port) = base.host_and_port().ok_or_else(|| (format!("{base} names no host"), check))?;
    let addresses: Vec<_> = match timeout(PATIENCE, lookup_host((host.as_str(), port))).await {
        Err(_) => return Err((format!("{host} isn't resolved {}", within(PATIENCE)), "Look at this machine's DNS.")),
        Ok(Err(error)) => return Err((format!("{host} can't be resolved: {error}"), check)),
        Ok(Ok(addresses)) => addresses.collect(),
    };
    match timeout(PATIENCE, TcpStream::connect(addresses.as_slice())).await {
        Err(_) => Err((
            format!("{host}:{port} doesn't take a connection {}", within(PATIENCE)),
            "Look for a firewall in between, and whether the tenant runs.",
        )),
        Ok(Err(error)) => {
            Err((format!("{host}:{port} takes no connection: {error}"), "See whether the tenant runs there."))
        }
        Ok(Ok(_)) => Ok(()),
    }
}

/// The variable that names a proxy, if one does.
fn proxy() -> Option<&'static str> {
    let is_set = |name: &&str| env::var_os(name).is_some_and(|value| !value.is_empty());
    ["HTTPS_PROXY", "https_proxy"].into_iter().find(is_set)
}

fn advice(next: &str, proxy: Option<&str>) -> String {
    match proxy {
        None => next.to_owned(),
        Some(name) => {
            format!("{next} {name} is set, and this program uses no proxy: it has to reach the tenant itself.")
        }
    }
}

fn within(limit: Duration) -> String {
    format!("within {} s", limit.as_secs())
}

/// A connection came about, and no answer. Over TLS the handshake is the likeliest reason.
fn unanswered(base: &Base, failure: &Failure) -> Vec<Finding> {
    let detail = failure.for_operator().map(|detail| format!(": {detail}")).unwrap_or_default();
    let told = format!("{}{detail}", failure.message());
    let handshake = base.is_secure() && matches!(failure.code(), Code::TenantUnreachable | Code::Internal);
    if handshake {
        let next = "Look at the certificate and its issuer (`openssl s_client -connect HOST:443`), and whether this \
            machine's certificates are up to date.";
        let without = format!("somebody takes connections at {base}, and TLS doesn't come about");
        return vec![Check::Tenant.problem(without, "See `tls`."), Check::Tls.problem(told, next)];
    }
    vec![Check::Tenant.problem(
        format!("{base} takes connections and doesn't answer: {told}"),
        "See whether the tenant is well, and whether MOLECULE_URL is its address.",
    )]
}

#[derive(serde::Deserialize)]
struct Health {
    status: String,
}

fn tenant(base: &Base, seen: &Seen) -> Finding {
    let healthy = seen.decode::<Health>().is_some_and(|health| health.status == "ok");
    match seen.status {
        200 if healthy => Check::Tenant.ok(format!("{base} answers and says that it is well")),
        429 => Check::Tenant.warning(format!("{base} answers that it was asked too often"), "See `rate_limit`."),
        200..=299 => Check::Tenant.problem(
            format!("{base} answers, and not as a tenant does"),
            "Check MOLECULE_URL: it should be the tenant's own address, without a path.",
        ),
        300..=399 => Check::Tenant.problem(
            format!(
                "{base} sends elsewhere ({}); redirects aren't followed, because the key would go along",
                seen.status
            ),
            "Set MOLECULE_URL to the tenant's own address.",
        ),
        status => Check::Tenant.problem(
            format!("{base} answers {status} to GET /health"),
            "See whether this is a tenant, and whether it is well.",
        ),
    }
}

fn tls(base: &Base) -> Finding {
    let found = if base.is_secure() { "the certificate is trusted" } else { "none: plain HTTP, on this machine only" };
    Check::Tls.ok(found)
}

fn clock(ahead: Option<i64>) -> Finding {
    match ahead {
        None => Check::Clock.unknown("the tenant doesn't say what time it is"),
        Some(ahead) if ahead.unsigned_abs() > SKEW => {
            let way = if ahead > 0 { "behind" } else { "ahead of" };
            Check::Clock.warning(
                format!("this machine's clock is {} s {way} the tenant's", ahead.unsigned_abs()),
                "Set the clock (NTP): expiry, leases and consents go by it.",
            )
        }
        Some(_) => Check::Clock.ok("as the tenant's, within a minute"),
    }
}

fn rate(rate: Rate) -> Finding {
    match (rate.limit, rate.remaining) {
        (Some(limit), Some(left)) if left < SPARE && left < limit / 2 => {
            let reset = rate.reset_seconds.map(|wait| format!(" for the next {wait} s")).unwrap_or_default();
            Check::RateLimit.warning(
                format!("{left} of {limit} requests a minute are left{reset}"),
                "See what asks that much from this address: the tenant counts all of it together.",
            )
        }
        (Some(limit), Some(left)) => Check::RateLimit.ok(format!("{left} of {limit} requests a minute are left")),
        _ => Check::RateLimit.ok("the tenant names none"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn a_minute_of_skew_is_told_and_its_direction() {
        assert_eq!(clock(Some(60)).state, State::Ok);
        let (behind, ahead) = (clock(Some(61)), clock(Some(-3600)));
        assert_eq!((behind.state, ahead.state), (State::Warning, State::Warning));
        assert!(behind.found.contains("61 s behind") && ahead.found.contains("3600 s ahead of"));
        assert_eq!(clock(None).state, State::Unknown);
    }

    #[test]
    fn few_requests_left_are_told() {
        let of = |limit, remaining| rate(Rate { limit, remaining, reset_seconds: Some(12) });
        assert_eq!(of(Some(600), Some(599)).state, State::Ok);
        let few = of(Some(600), Some(3));
        assert!(few.state == State::Warning && few.found.contains("12 s"), "{few:?}");
        assert_eq!(of(Some(5), Some(4)).state, State::Ok, "a small limit that is mostly left");
        assert_eq!(of(None, None).state, State::Ok);
    }
}
