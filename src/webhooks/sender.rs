//! Sends what waits, for as long as a process serves. What isn't taken is tried again, later each time,
//! and given up after three days.

use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use tokio::time::{sleep, timeout};

use super::endpoint::Endpoint;
use super::outbox::Waiting;
use super::signature::{ID, SIGNATURE, TIMESTAMP, sign};
use crate::dispatch::Dispatch;
use crate::failure::Failure;
use crate::outside;

/// Other processes put in as well.
const LOOK: Duration = Duration::from_secs(5);
const FIRST_PAUSE: i64 = 5;
const LONGEST_PAUSE: i64 = 60 * 60;
const GIVEN_UP: TimeDelta = TimeDelta::days(3);

pub async fn run(dispatch: Arc<Dispatch>) {
    let outbox = &dispatch.server().outbox;
    loop {
        if let Err(failure) = send_due(&dispatch).await {
            tracing::error!(%failure, "what waits for webhooks can't be read");
        }
        tokio::select! {
            () = sleep(LOOK) => {}
            () = outbox.news() => {}
        }
    }
}

/// For a process that ends at once: what isn't sent within `patience` the next server sends.
pub async fn flush(dispatch: &Dispatch, patience: Duration) {
    let _ = timeout(patience, send_due(dispatch)).await;
}

/// Everything that is due, in order.
pub async fn send_due(dispatch: &Dispatch) -> Result<(), Failure> {
    let server = dispatch.server();
    let (outbox, tenant) = (&server.outbox, &server.tenant);
    if !outbox.is_due(tenant, Utc::now())? {
        return Ok(());
    }
    while let Some(one) = outbox.claim(tenant, Utc::now()).await? {
        let rules = server.policy.now();
        let sent = match rules.webhooks.get(&one.endpoint) {
            Some(endpoint) => send(endpoint, &one).await,
            None => Err("the policy names no such endpoint any more".to_owned()),
        };
        let Err(error) = sent else {
            outbox.taken(&one).await?;
            continue;
        };
        let (now, endpoint, event) = (Utc::now(), &one.endpoint, &one.event);
        if now - one.at >= GIVEN_UP {
            tracing::error!(endpoint, event, error, "a webhook was given up after three days");
            outbox.give_up(&one, now).await?;
            continue;
        }
        let pause = pause(one.tries);
        tracing::warn!(endpoint, event, error, "a webhook isn't taken; it is tried again in {} s", pause.num_seconds());
        outbox.postpone(&one, now + pause).await?;
    }
    Ok(())
}

fn pause(tries: u32) -> TimeDelta {
    TimeDelta::seconds((FIRST_PAUSE << tries.clamp(1, 20).saturating_sub(1)).min(LONGEST_PAUSE))
}

async fn send(endpoint: &Endpoint, one: &Waiting) -> Result<(), String> {
    let timestamp = Utc::now().timestamp();
    let secret = endpoint.secret.read()?;
    let signature = sign(&secret, &one.event, timestamp, &one.body).ok_or("the secret signs nothing")?;
    let request = outside::client()?
        .post(endpoint.address.as_str())
        .header("content-type", "application/json")
        .header("user-agent", concat!("molecule-org-mcp/", env!("CARGO_PKG_VERSION")))
        .header(ID, &one.event)
        .header(TIMESTAMP, timestamp)
        .header(SIGNATURE, signature)
        .body(one.body.clone());
    outside::taken(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_hour() {
        let seconds: Vec<i64> = [1, 2, 3, 10, 11, 500].map(|tries| pause(tries).num_seconds()).into();
        assert_eq!(seconds, [5, 10, 20, 2560, 3600, 3600]);
    }
}
