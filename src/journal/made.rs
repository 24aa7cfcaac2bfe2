//! Who had something made: outcomes carry the id of what a call made, and the intent beside them says who
//! called.

use std::collections::HashMap;

use super::Journal;
use super::entry::IntentDetail;
use crate::failure::Failure;

impl Journal {
    /// Of the keys with these ids, those that were minted through this server, and what stands in the
    /// intent. An index over mints alone keeps it quick however long the journal is.
    pub async fn minters(
        &self,
        keys: impl IntoIterator<Item = String>,
    ) -> Result<HashMap<String, IntentDetail>, Failure> {
        const SQL: &str = "SELECT json_extract(o.body, '$.made'), i.body
            FROM journal o JOIN journal i ON i.invocation = o.invocation AND i.kind = 'intent'
            WHERE o.kind = 'outcome' AND o.tool IN ('mint_org_key', 'rotate_org_key')
            AND json_extract(o.body, '$.made') IN (SELECT value FROM json_each(?1))";
        let keys: serde_json::Value = keys.into_iter().collect();
        self.0
            .store
            .read(move |state| {
                let mut found = state.prepare(SQL)?;
                let rows =
                    found.query_map([keys.to_string()], |row| Ok((row.get(0)?, super::query::detail(row, 1)?)))?;
                rows.collect()
            })
            .await
    }
}
