//! How often which tool was called with which key: the newest outcomes, counted.

use chrono::{DateTime, Utc};
use rusqlite::params;

use super::Journal;
use super::entry::stamp;
use crate::failure::Failure;

/// Calls of one tool with one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolUse {
    pub key_prefix: String,
    pub tool: String,
    pub calls: u64,
    pub failures: u64,
    /// As the journal writes times.
    pub last: String,
}

impl Journal {
    /// Since then, within the newest `entries`; the most used first.
    pub async fn usage(&self, since: DateTime<Utc>, entries: u64) -> Result<Vec<ToolUse>, Failure> {
        const SQL: &str = "SELECT key_prefix, tool, count(*), count(*) FILTER (WHERE result <> 'done'), max(at)
            FROM journal
            WHERE tenant = ?1 AND position > (SELECT max(position) FROM journal WHERE tenant = ?1) - ?2
            AND kind = 'outcome' AND at >= ?3
            GROUP BY key_prefix, tool ORDER BY count(*) DESC, tool";
        self.0.store.flush().await?;
        let tenant = self.0.process.scribe().tenant;
        let entries = i64::try_from(entries).unwrap_or(i64::MAX);
        let count = move |connection: &rusqlite::Connection| {
            let mut query = connection.prepare(SQL)?;
            let rows = query.query_map(params![&*tenant, entries, stamp(since)], |row| {
                Ok(ToolUse {
                    key_prefix: row.get(0)?,
                    tool: row.get(1)?,
                    calls: row.get::<_, u32>(2)?.into(),
                    failures: row.get::<_, u32>(3)?.into(),
                    last: row.get(4)?,
                })
            })?;
            rows.collect()
        };
        self.0.store.read(count).await
    }
}
