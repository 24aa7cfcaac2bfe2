//! Calls on a warm road: how long one takes, what it costs in processor time, and how many are done
//! a second. Rounds take turns among the doors.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::ask::Ask;
use super::door::{Door, Lane};
use super::figures::quantile;
use super::house::House;
use super::process::cpu;
use super::{Outcome, Size};

/// Of one door; a value a round.
pub struct Series {
    pub door: &'static str,
    /// Microseconds of calls one after the other.
    pub p50: Vec<f64>,
    pub p99: Vec<f64>,
    /// Over all rounds, because /proc counts in hundredths of a second.
    pub cpu: Duration,
    pub calls: u64,
    /// By calls in flight: calls a second, and the time that they cost.
    pub flights: Vec<Flight>,
}

pub struct Flight {
    pub in_flight: usize,
    pub rates: Vec<f64>,
    pub cpu: Duration,
    pub calls: u64,
}

impl Series {
    fn new(door: &Door, in_flight: &[usize]) -> Self {
        let flight = |&in_flight| Flight { in_flight, rates: Vec::new(), cpu: Duration::ZERO, calls: 0 };
        let flights = in_flight.iter().map(flight).collect();
        Self { door: door.name, p50: Vec::new(), p99: Vec::new(), cpu: Duration::ZERO, calls: 0, flights }
    }

    fn add(&mut self, took: &[f64], cpu: Duration) {
        self.p50.push(quantile(took, 0.5));
        self.p99.push(quantile(took, 0.99));
        self.cpu += cpu;
        self.calls += took.len() as u64;
    }

    /// Microseconds a call, of calls one after the other.
    pub fn cost(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.calls as f64
    }
}

impl Flight {
    pub fn cost(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.calls as f64
    }
}

pub async fn reads(house: &House, doors: &[Door], size: &Size) -> Outcome<Vec<Series>> {
    let mut all: Vec<Series> = doors.iter().map(|door| Series::new(door, size.in_flight)).collect();
    let ask = a_read(house)?;
    for door in doors {
        in_turn(&mut door.lane().await?, size.calls, || Ok(&ask)).await?;
    }
    for _ in 0..size.rounds {
        for (door, series) in doors.iter().zip(&mut all) {
            let mut lane = door.lane().await?;
            in_turn(&mut lane, 50, || Ok(&ask)).await?;
            let before = cpu(door.pid)?;
            let took = in_turn(&mut lane, size.calls, || Ok(&ask)).await?;
            series.add(&took, cpu(door.pid)?.saturating_sub(before));
        }
    }
    for _ in 0..size.rounds.min(5) {
        for (door, series) in doors.iter().zip(&mut all) {
            for flight in &mut series.flights {
                let before = cpu(door.pid)?;
                let (calls, took) = for_a_moment(house, door, flight.in_flight, size.moment).await?;
                flight.cpu += cpu(door.pid)?.saturating_sub(before);
                flight.calls += calls;
                flight.rates.push(calls as f64 / took.as_secs_f64());
            }
        }
    }
    Ok(all)
}

/// A change needs something to change: a token that lives, made beforehand.
pub async fn changes(house: &House, doors: &[Door], size: &Size) -> Outcome<Vec<Series>> {
    let mut all: Vec<Series> = doors.iter().map(|door| Series::new(door, &[])).collect();
    let workspace = house.workspaces.first().ok_or("no workspace")?;
    for _ in 0..size.rounds {
        for (door, series) in doors.iter().zip(&mut all) {
            let tokens = house.tokens(workspace, size.changes).await?;
            let asks: Vec<Ask> = tokens.iter().map(|token| Ask::revoke(workspace, token)).collect();
            let mut left = asks.iter();
            let mut lane = door.lane().await?;
            lane.call(&a_read(house)?).await?;
            let before = cpu(door.pid)?;
            let took = in_turn(&mut lane, asks.len(), || left.next().ok_or_else(|| "too few tokens".into())).await?;
            series.add(&took, cpu(door.pid)?.saturating_sub(before));
        }
    }
    Ok(all)
}

fn a_read(house: &House) -> Outcome<Ask> {
    Ok(Ask::workspace(house.workspaces.first().ok_or("no workspace")?))
}

/// Microseconds of each.
async fn in_turn<'a>(lane: &mut Lane, calls: usize, mut ask: impl FnMut() -> Outcome<&'a Ask>) -> Outcome<Vec<f64>> {
    let mut took = Vec::with_capacity(calls);
    for _ in 0..calls {
        took.push(lane.call(ask()?).await?.as_secs_f64() * 1e6);
    }
    Ok(took)
}

/// Reads with so many in flight; how many there were and how long it took.
pub async fn for_a_moment(house: &House, door: &Door, in_flight: usize, moment: Duration) -> Outcome<(u64, Duration)> {
    let ask = Arc::new(a_read(house)?);
    let lanes = door.lanes(in_flight).await?;
    let begun = Instant::now();
    let run = |mut lane: Lane| {
        let ask = Arc::clone(&ask);
        tokio::spawn(async move {
            let mut calls = 0_u64;
            while begun.elapsed() < moment {
                lane.call(&ask).await?;
                calls += 1;
            }
            Outcome::Ok(calls)
        })
    };
    let running: Vec<_> = lanes.into_iter().map(run).collect();
    let mut calls = 0;
    for one in running {
        calls += one.await??;
    }
    Ok((calls, begun.elapsed()))
}
