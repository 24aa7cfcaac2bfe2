//! Cold starts over stdio: from the spawn to the first answers that a client waits for.

use std::path::Path;
use std::time::Instant;

use serde_json::json;

use super::ask::{Ask, holds, initialize, modern};
use super::figures::millis;
use super::house::House;
use super::{Outcome, Size};

/// Milliseconds, a value a start.
#[derive(Default)]
pub struct Cold {
    /// `initialize` answered, in a data directory that is empty.
    pub first: Vec<f64>,
    /// The same in one that was used before.
    pub initialize: Vec<f64>,
    /// `tools/list` answered, after `initialize`.
    pub list: Vec<f64>,
    /// The first call of a tool answered, where it is the first that is sent.
    pub call: Vec<f64>,
}

pub async fn measure(house: &House, size: &Size) -> Outcome<Cold> {
    let mut cold = Cold::default();
    let used = house.fresh()?;
    let ask = Ask::workspace(house.workspaces.first().ok_or("no workspace")?);
    // The file is read into memory, and the directory becomes a used one.
    for _ in 0..3 {
        legacy(house, &used).await?;
    }
    for _ in 0..size.starts {
        cold.first.push(legacy(house, &house.fresh()?).await?.0);
        let (initialize, list) = legacy(house, &used).await?;
        cold.initialize.push(initialize);
        cold.list.push(list);
        cold.call.push(modern_call(house, &used, &ask).await?);
    }
    Ok(cold)
}

async fn legacy(house: &House, data: &Path) -> Outcome<(f64, f64)> {
    let begun = Instant::now();
    let ours = house.stdio(data, house.tenant)?;
    let answer = ours.request("initialize", &initialize()).await?;
    let first = millis(begun.elapsed());
    ours.notify("notifications/initialized").await?;
    let list = ours.request("tools/list", &json!({})).await?;
    let second = millis(begun.elapsed());
    if !holds(&answer, b"serverInfo") || !holds(&list, b"list_workspaces") {
        return Err("a cold start was answered wrongly".into());
    }
    Ok((first, second))
}

async fn modern_call(house: &House, data: &Path, ask: &Ask) -> Outcome<f64> {
    let begun = Instant::now();
    let ours = house.stdio(data, house.tenant)?;
    let answer = ours.request("tools/call", &modern(ask.params())).await?;
    let took = millis(begun.elapsed());
    if ask.is_answered_by(&answer) { Ok(took) } else { Err("a first call was answered wrongly".into()) }
}
