//! What is resident: after the list of tools, and with many calls in flight.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use super::ask::modern;
use super::door::{Door, Target};
use super::house::House;
use super::process::{peak, resident};
use super::{Outcome, Size, steady};

pub const IN_FLIGHT: usize = 64;

/// Bytes, of a process that did nothing else before.
pub struct Memory {
    pub door: &'static str,
    pub listed: u64,
    /// While calls are in flight.
    pub busy: u64,
    pub peak: u64,
    /// A second later.
    pub after: u64,
}

pub async fn measure(house: &House, size: &Size) -> Outcome<Vec<Memory>> {
    let stdio = house.stdio(&house.fresh()?, house.tenant)?;
    stdio.request("tools/list", &modern(json!({}))).await?;
    let stdio = Door::new("stdio", stdio.pid(), Target::Lines(stdio));
    let served = Arc::new(house.served(house.tenant)?);
    let pid = served.process.pid();
    let http = Door::new("`/mcp`, session", pid, listed(served).await?);
    let mut all = Vec::new();
    for door in [stdio, http] {
        // What start-up left to do in the background is done by then.
        sleep(Duration::from_millis(300)).await;
        let listed = resident(door.pid)?;
        let calls = steady::for_a_moment(house, &door, IN_FLIGHT, size.moment * 4);
        let half = async {
            sleep(size.moment * 2).await;
            resident(door.pid)
        };
        let (calls, busy) = tokio::join!(calls, half);
        calls?;
        let peak = peak(door.pid)?;
        sleep(Duration::from_secs(1)).await;
        all.push(Memory { door: door.name, listed, busy: busy?, peak, after: resident(door.pid)? });
    }
    Ok(all)
}

async fn listed(served: Arc<super::house::Served>) -> Outcome<Target> {
    let mut target = Target::Mcp { served, path: "/mcp", session: None };
    target.begin_session().await?;
    Door::new("", 0, target.clone()).lane().await?.request("tools/list").await?;
    Ok(target)
}
