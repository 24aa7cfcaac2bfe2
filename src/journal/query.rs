//! Finding entries: an intent with its outcome is one record. Newest first.

use rusqlite::{Connection, OptionalExtension, Row, params_from_iter, types::Value as Sql};

use super::chain::Count;
use super::entry::{FoundDetail, IntentDetail, OutcomeDetail};
use crate::failure::Code;
use crate::nearest;

/// What to look for; what is absent doesn't narrow.
#[derive(Clone, Debug, Default)]
pub struct Query {
    pub tenant: Option<String>,
    pub invocation: Option<String>,
    pub tool: Option<String>,
    pub effect: Option<&'static str>,
    pub key_prefix: Option<String>,
    pub caller: Option<String>,
    /// By the id of the grant.
    pub grant: Option<String>,
    /// The id of anything that the call was about.
    pub target: Option<String>,
    pub outcome: Option<Ended>,
    /// From this time on, and before this one; as the journal writes times.
    pub since: Option<String>,
    pub until: Option<String>,
    /// Only what is about nothing but these workspaces, and whatever was done under `own_grant`.
    pub within: Option<Vec<String>>,
    pub own_grant: Option<String>,
    /// Only entries older than the one at this position.
    pub before: Option<u64>,
    /// Only entries newer than that one.
    pub after: Option<u64>,
    pub limit: u32,
}

/// How a call ended, in a word: `done`, `running`, `unknown`, or a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended(String);

impl Ended {
    const RUNNING: &str = "running";

    pub fn words() -> impl Iterator<Item = &'static str> + Clone {
        ["done", Self::RUNNING, "unknown"].into_iter().chain(Code::ALL.iter().map(|code| code.as_str()))
    }
}

impl TryFrom<String> for Ended {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        if Self::words().any(|known| known == word) {
            return Ok(Self(word));
        }
        // It isn't repeated: it may be anything.
        let near = nearest::nearest(&word, Self::words()).map(|near| format!("; did you mean `{near}`?"));
        Err(format!("expected `done`, `running`, `unknown` or an error code{}", near.unwrap_or_default()))
    }
}

/// One invocation.
#[derive(Clone, Debug)]
pub struct Record {
    pub tenant: String,
    /// Of its intent in the tenant's chain.
    pub position: u64,
    pub invocation: String,
    pub at: String,
    pub tool: String,
    pub effect: String,
    pub key_prefix: String,
    pub intent: IntentDetail,
    /// Absent while the call runs.
    pub outcome: Option<(String, OutcomeDetail)>,
    /// What was found out later about an unknown outcome.
    pub found: Option<(String, FoundDetail)>,
}

#[derive(Clone, Debug)]
pub struct Found {
    pub records: Vec<Record>,
    /// Where the next page begins, where there is one.
    pub next: Option<u64>,
}

impl Record {
    pub fn result(&self) -> &str {
        self.outcome.as_ref().map_or(Ended::RUNNING, |(result, _)| result)
    }
}

const FROM: &str = "FROM journal i
    LEFT JOIN journal o ON o.invocation = i.invocation AND o.kind = 'outcome'
    LEFT JOIN journal f ON f.invocation = i.invocation AND f.kind = 'found'";
const COLUMNS: &str = "i.tenant, i.position, i.invocation, i.at, i.tool, i.effect, i.key_prefix, i.body,
    o.result, o.body, f.result, f.body";

/// Text of a body that somebody changed is no JSON any more; the rest can still be read.
const GRANT: &str = "CASE WHEN json_valid(i.body) THEN i.body ->> '$.grant' END";
const CALLER: &str = "CASE WHEN json_valid(i.body) THEN i.body ->> '$.caller' END";
const TARGETS: &str = "json_each(CASE WHEN json_valid(i.body) THEN i.body ELSE '{}' END, '$.targets')";
/// Arguments that name a workspace.
const NAMES_WORKSPACE: &str = r"(key LIKE '%workspace\_id' ESCAPE '\' OR key LIKE '%parent\_id' ESCAPE '\'
    OR key LIKE '%target\_id' ESCAPE '\')";

impl Query {
    /// One page.
    pub fn run(&self, connection: &Connection) -> rusqlite::Result<Found> {
        let (conditions, values) = self.conditions();
        // With one tenant the order of positions is that of writing, and has an index.
        let order = if self.tenant.is_some() { "i.position" } else { "i.rowid" };
        // One more than asked for tells whether there is a next page.
        let sql = format!(
            "SELECT {COLUMNS} {FROM} WHERE {conditions} ORDER BY {order} DESC LIMIT {}",
            u64::from(self.limit) + 1
        );
        let mut statement = connection.prepare(&sql)?;
        let mut records: Vec<Record> =
            statement.query_map(params_from_iter(values), record)?.collect::<Result<_, _>>()?;
        let more = records.len() > self.limit as usize;
        records.truncate(self.limit as usize);
        let next = records.last().filter(|_| more).map(|last| last.position);
        Ok(Found { records, next })
    }

    /// All of them, oldest first, for as long as `wanted` says so.
    pub fn each(&self, connection: &Connection, mut wanted: impl FnMut(Record) -> bool) -> rusqlite::Result<()> {
        let (conditions, values) = self.conditions();
        let mut statement =
            connection.prepare(&format!("SELECT {COLUMNS} {FROM} WHERE {conditions} ORDER BY i.rowid"))?;
        for found in statement.query_map(params_from_iter(values), record)? {
            if !wanted(found?) {
                break;
            }
        }
        Ok(())
    }

    /// Which invocations it is about, as a query of its own.
    pub(super) fn invocations(&self) -> (String, Vec<Sql>) {
        let (conditions, values) = self.conditions();
        (format!("SELECT i.invocation {FROM} WHERE {conditions}"), values)
    }

    fn conditions(&self) -> (String, Vec<Sql>) {
        let mut sql = String::from("i.kind = 'intent'");
        let mut values = Vec::new();
        let mut narrow = |condition: &str, value: Option<Sql>| {
            if let Some(value) = value {
                values.push(value);
                sql.push_str(&format!(" AND {}", condition.replace('?', &format!("?{}", values.len()))));
            }
        };
        let text = |value: &Option<String>| value.clone().map(Sql::Text);
        let position = |value: Option<u64>| value.map(|at| Sql::Integer(i64::try_from(at).unwrap_or(i64::MAX)));
        narrow("i.tenant = ?", text(&self.tenant));
        narrow("i.invocation = ?", text(&self.invocation));
        narrow("i.tool = ?", text(&self.tool));
        narrow("i.effect = ?", self.effect.map(|effect| Sql::Text(effect.to_owned())));
        narrow("i.key_prefix = ?", text(&self.key_prefix));
        narrow(&format!("{CALLER} = ?"), text(&self.caller));
        narrow(&format!("{GRANT} = ?"), text(&self.grant));
        narrow(&format!("EXISTS (SELECT 1 FROM {TARGETS} WHERE value = ?)"), text(&self.target));
        narrow("i.at >= ?", text(&self.since));
        narrow("i.at < ?", text(&self.until));
        narrow("i.position < ?", position(self.before));
        narrow("i.position > ?", position(self.after));
        let outcome = self.outcome.as_ref().map(|ended| Sql::Text(ended.0.clone()));
        narrow("coalesce(o.result, 'running') = ?", outcome);
        if let Some(within) = &self.within {
            self.bind(within, &mut sql, &mut values);
        }
        (sql, values)
    }

    /// A call about no workspace at all is none of a bound caller's, unless it is its own.
    fn bind(&self, within: &[String], sql: &mut String, values: &mut Vec<Sql>) {
        // Texts always become JSON.
        values.push(Sql::Text(serde_json::to_string(within).unwrap_or_default()));
        let all = values.len();
        values.push(self.own_grant.clone().map_or(Sql::Null, Sql::Text));
        let own = values.len();
        sql.push_str(&format!(
            " AND ({GRANT} = ?{own} OR (EXISTS (SELECT 1 FROM {TARGETS} WHERE {NAMES_WORKSPACE})
                AND NOT EXISTS (SELECT 1 FROM {TARGETS} WHERE {NAMES_WORKSPACE}
                    AND value NOT IN (SELECT value FROM json_each(?{all})))))"
        ));
    }
}

pub(super) fn maker(connection: &Connection, tool: &str, id: &str) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT i.body FROM journal o
         JOIN journal i ON i.invocation = o.invocation AND i.kind = 'intent'
         WHERE o.kind = 'outcome' AND o.tool = ?1 AND o.body LIKE ?2";
    let made = format!("%\"made\":{}%", serde_json::Value::from(id));
    let found = connection.query_row(sql, [tool, &made], |row| detail::<IntentDetail>(row, 0)).optional()?;
    Ok(found.and_then(|intent| intent.grant))
}

fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record {
        tenant: row.get(0)?,
        position: row.get::<_, Count>(1)?.0,
        invocation: row.get(2)?,
        at: row.get(3)?,
        tool: row.get(4)?,
        effect: row.get(5)?,
        key_prefix: row.get(6)?,
        intent: detail(row, 7)?,
        outcome: ended(row, 8)?,
        found: ended(row, 10)?,
    })
}

/// A result and its detail, where there is one.
fn ended<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<(String, T)>> {
    let result: Option<String> = row.get(column)?;
    result.map(|result| Ok((result, detail(row, column + 1)?))).transpose()
}

pub(super) fn detail<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}
