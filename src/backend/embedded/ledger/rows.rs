//! The ledger's rows: a page of them as it was asked for, and the signing of those that a seed brings
//! unsigned.

use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::{Map, Value};

use super::super::clock;
use super::chain::{Event, Signer, Unsigned};

pub(super) struct Page {
    pub(super) agent: Option<String>,
    pub(super) session: Option<String>,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    pub(super) limit: i64,
    pub(super) offset: i64,
}

const WANTED: &str = "workspace_id = ?1 AND agent_id = coalesce(?2, agent_id)
    AND session_id = coalesce(?3, session_id)
    AND (?4 IS NULL OR timestamp >= ?4) AND (?5 IS NULL OR timestamp < ?5)";

impl Page {
    /// How many there are without its ends, and those within.
    pub(super) fn read(&self, rows: &Connection, workspace: &str) -> rusqlite::Result<(i64, Vec<Event>)> {
        let wanted = (workspace, &self.agent, &self.session, &self.from, &self.to);
        let total = rows
            .prepare_cached(&format!("SELECT count(*) FROM audit_events WHERE {WANTED}"))?
            .query_row(wanted, |row| row.get(0))?;
        let (workspace, agent, session, from, to) = wanted;
        let events = rows
            .prepare_cached(&format!(
                "SELECT * FROM audit_events WHERE {WANTED} ORDER BY timestamp, id LIMIT ?6 OFFSET ?7"
            ))?
            .query_map((workspace, agent, session, from, to, self.limit, self.offset), event)?
            .collect::<Result<_, _>>()?;
        Ok((total, events))
    }
}

fn event(row: &Row) -> rusqlite::Result<Event> {
    Ok(Event {
        agent_id: row.get("agent_id")?,
        human_oversight_flag: row.get("human_oversight_flag")?,
        id: row.get("id")?,
        input_hash: row.get("input_hash")?,
        model_used: row.get("model_used")?,
        operation: row.get("operation")?,
        output_hash: row.get("output_hash")?,
        prev_hmac: row.get("prev_hmac")?,
        risk_flag: row.get("risk_flag")?,
        session_id: row.get("session_id")?,
        timestamp: clock::shown(&row.get::<_, String>("timestamp")?),
        unsigned: Some(Unsigned { hmac: row.get("hmac")?, workspace_id: row.get("workspace_id")? }),
    })
}

/// Gives a seed's time the stored form, and signs the row where it has no signature, as the latest of its
/// agent's. Without a salt it stays unsigned.
pub(crate) fn sign_seed(rows: &Connection, signer: &Signer, line: &mut Map<String, Value>) -> Result<(), String> {
    let text = |line: &Map<String, Value>, name: &str| Some(line.get(name)?.as_str()?.to_owned());
    let needed = |name: &str| text(line, name).ok_or_else(|| format!("an entry of the ledger needs its {name}"));
    let moment = clock::parse(&needed("timestamp")?).ok_or("the timestamp isn't RFC 3339")?;
    let flag = |name: &str| line.get(name).and_then(Value::as_bool).unwrap_or_default();
    let mut unsigned = Event {
        agent_id: needed("agent_id")?,
        human_oversight_flag: flag("human_oversight_flag"),
        id: needed("id")?,
        input_hash: text(line, "input_hash"),
        model_used: text(line, "model_used"),
        operation: needed("operation")?,
        output_hash: text(line, "output_hash"),
        prev_hmac: None,
        risk_flag: flag("risk_flag"),
        session_id: needed("session_id")?,
        timestamp: clock::stored(moment),
        unsigned: None,
    };
    line.insert("timestamp".to_owned(), unsigned.timestamp.as_str().into());
    if line.contains_key("hmac") {
        return Ok(());
    }
    unsigned.prev_hmac = latest(rows, &unsigned.agent_id).map_err(|error| error.to_string())?;
    let hmac = signer.key().map(|key| unsigned.signature(key)).unwrap_or_default();
    line.insert("prev_hmac".to_owned(), unsigned.prev_hmac.into());
    line.insert("hmac".to_owned(), hmac.into());
    Ok(())
}

fn latest(rows: &Connection, agent: &str) -> rusqlite::Result<Option<String>> {
    rows.query_row(
        "SELECT hmac FROM audit_events WHERE agent_id = ?1 ORDER BY timestamp DESC, id DESC LIMIT 1",
        [agent],
        |row| row.get(0),
    )
    .optional()
}
