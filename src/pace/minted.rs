//! Keys minted within the last hour, by everybody who shares the data directory. Kept in the store,
//! because an hour is longer than most processes live, and the tenant counts them whoever asks.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, params};

use crate::failure::Failure;
use crate::journal::entry::stamp;
use crate::store::{Durability, Store};

const HOUR: TimeDelta = TimeDelta::hours(1);

#[derive(Clone)]
pub struct Minted(Store);

impl Minted {
    pub fn new(store: Store) -> Self {
        Self(store)
    }

    /// Counts one more, or says how long until there is room for it.
    pub async fn take(&self, tenant: &str, most: u32, now: DateTime<Utc>) -> Result<Result<(), Duration>, Failure> {
        let tenant = tenant.to_owned();
        self.0.change(Durability::Written, move |connection| take(connection, &tenant, most, now)).await
    }
}

fn take(
    connection: &Connection,
    tenant: &str,
    most: u32,
    now: DateTime<Utc>,
) -> rusqlite::Result<Result<(), Duration>> {
    connection.execute("DELETE FROM mints WHERE at <= ?1", [stamp(now - HOUR)])?;
    // The one that has to pass before there is room.
    const IN_THE_WAY: &str = "SELECT at FROM mints WHERE tenant = ?1 ORDER BY at DESC LIMIT 1 OFFSET ?2";
    let offset = most.saturating_sub(1);
    let mut query = connection.prepare_cached(IN_THE_WAY)?;
    let mut rows = query.query(params![tenant, offset])?;
    let Some(row) = rows.next()?.filter(|_| most > 0) else {
        if most == 0 {
            return Ok(Err(HOUR.to_std().unwrap_or_default()));
        }
        connection.execute("INSERT INTO mints (tenant, at) VALUES (?1, ?2)", params![tenant, stamp(now)])?;
        return Ok(Ok(()));
    };
    let text: String = row.get(0)?;
    let at = DateTime::parse_from_rfc3339(&text).map_or(now, |at| at.with_timezone(&Utc));
    Ok(Err((at + HOUR - now).to_std().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_hour_holds_so_many_keys_whoever_counts() {
        let home = tempfile::tempdir().unwrap();
        let now = Utc::now();
        for n in 0..9 {
            // Each count by a process of its own.
            let minted = Minted::new(Store::open(home.path()));
            assert_eq!(minted.take("a", 9, now + TimeDelta::minutes(n)).await.unwrap(), Ok(()));
        }
        let minted = Minted::new(Store::open(home.path()));
        let wait = Err(Duration::from_secs(40 * 60));
        assert_eq!(minted.take("a", 9, now + TimeDelta::minutes(20)).await.unwrap(), wait);
        assert_eq!(minted.take("b", 9, now).await.unwrap(), Ok(()), "another tenant has its own");
        assert_eq!(minted.take("a", 9, now + TimeDelta::minutes(60)).await.unwrap(), Ok(()));
        assert_eq!(minted.take("a", 0, now).await.unwrap(), Err(Duration::from_secs(3600)));
    }
}
