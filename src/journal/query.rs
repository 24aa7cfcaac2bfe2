//! Finding entries: an intent with its outcome is one record. Newest first.

use rusqlite::{Connection, Row, params_from_iter, types::Value as Sql};

use super::entry::{IntentDetail, OutcomeDetail};

/// What to look for; what is absent doesn't narrow.
#[derive(Clone, Debug, Default)]
pub struct Query {
    pub invocation: Option<String>,
    pub tool: Option<String>,
    pub effect: Option<&'static str>,
    pub key_prefix: Option<String>,
    /// `done`, `running`, `unknown`, or a code.
    pub outcome: Option<String>,
    /// From this time on, as the journal writes times.
    pub since: Option<String>,
    /// Only entries older than this one.
    pub before: Option<i64>,
    pub limit: u32,
}

/// One invocation.
#[derive(Clone, Debug)]
pub struct Record {
    pub seq: i64,
    pub invocation: String,
    pub at: String,
    pub tool: String,
    pub effect: String,
    pub key_prefix: String,
    pub intent: IntentDetail,
    /// Absent while the call runs.
    pub outcome: Option<(String, OutcomeDetail)>,
}

#[derive(Clone, Debug)]
pub struct Found {
    pub records: Vec<Record>,
    /// Where the next page begins, where there is one.
    pub next: Option<i64>,
}

impl Record {
    pub fn result(&self) -> &str {
        self.outcome.as_ref().map_or("running", |(result, _)| result)
    }
}

impl Query {
    pub(super) fn run(&self, connection: &Connection) -> rusqlite::Result<Found> {
        let (conditions, values) = self.conditions();
        // One more than asked for tells whether there is a next page.
        let sql = format!(
            "SELECT i.seq, i.invocation, i.at, i.tool, i.effect, i.key_prefix, i.body, o.result, o.body
             FROM journal i
             LEFT JOIN journal o ON o.invocation = i.invocation AND o.kind = 'outcome'
             WHERE {conditions} ORDER BY i.seq DESC LIMIT {}",
            u64::from(self.limit) + 1
        );
        let mut statement = connection.prepare(&sql)?;
        let mut records: Vec<Record> =
            statement.query_map(params_from_iter(values), record)?.collect::<Result<_, _>>()?;
        let more = records.len() > self.limit as usize;
        records.truncate(self.limit as usize);
        let next = records.last().filter(|_| more).map(|last| last.seq);
        Ok(Found { records, next })
    }

    fn conditions(&self) -> (String, Vec<Sql>) {
        let mut sql = String::from("i.kind = 'intent'");
        let mut values = Vec::new();
        let mut narrow = |condition: &str, value: Option<Sql>| {
            if let Some(value) = value {
                values.push(value);
                sql.push_str(&format!(" AND {condition} ?{}", values.len()));
            }
        };
        let text = |value: &Option<String>| value.clone().map(Sql::Text);
        narrow("i.invocation =", text(&self.invocation));
        narrow("i.tool =", text(&self.tool));
        narrow("i.effect =", self.effect.map(|effect| Sql::Text(effect.to_owned())));
        narrow("i.key_prefix =", text(&self.key_prefix));
        narrow("i.at >=", text(&self.since));
        narrow("i.seq <", self.before.map(Sql::Integer));
        narrow("coalesce(o.result, 'running') =", text(&self.outcome));
        (sql, values)
    }
}

fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    let result: Option<String> = row.get(7)?;
    let outcome = match result {
        Some(result) => Some((result, detail::<OutcomeDetail>(row, 8)?)),
        None => None,
    };
    Ok(Record {
        seq: row.get(0)?,
        invocation: row.get(1)?,
        at: row.get(2)?,
        tool: row.get(3)?,
        effect: row.get(4)?,
        key_prefix: row.get(5)?,
        intent: detail(row, 6)?,
        outcome,
    })
}

pub(super) fn detail<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}
