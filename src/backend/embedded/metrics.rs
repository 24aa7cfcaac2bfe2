//! Numbers: a workspace's use of today, and what Prometheus scrapes of the server.

use std::fmt::Write;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode};
use chrono::{Days, SecondsFormat, Utc};
use rusqlite::Connection;
use serde_json::json;

use super::answer::{Answer, Refuse, broken, missing, ok, with_type};
use super::guard::Access;
use super::platform::App;
use super::workspaces::row;

const PROMETHEUS: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// Nobody counts tokens here, so they are what they are on the platform before the first call.
pub(crate) async fn of_workspace(access: Access, State(platform): App) -> Answer {
    let id = access.uuid().refuse(broken("failed to verify workspace"))?;
    let exists = platform.read(|rows| Ok(row::exists(rows, &id)?)).await?;
    exists.then_some(()).refuse(missing("workspace not found"))?;
    let today = Utc::now().date_naive();
    let midnight = |ahead: u64| {
        let day = today.checked_add_days(Days::new(ahead))?.and_hms_opt(0, 0, 0)?;
        Some(day.and_utc().to_rfc3339_opts(SecondsFormat::Secs, true))
    };
    ok(&json!({
        "input_tokens": 0,
        "output_tokens": 0,
        "total_calls": 0,
        "estimated_cost_usd": "0.000000",
        "period_start": midnight(0),
        "period_end": midnight(1),
    }))
}

pub(crate) async fn of_server(State(platform): App) -> Answer {
    let mut text =
        String::from("# HELP molecule_workspaces Number of workspaces by status.\n# TYPE molecule_workspaces gauge\n");
    for (status, count) in platform.read(|rows| Ok(by_status(rows)?)).await? {
        writeln!(text, "molecule_workspaces{{status=\"{status}\"}} {count}").refuse(broken("metrics failed"))?;
    }
    Ok(with_type(StatusCode::OK, PROMETHEUS, text.into()))
}

fn by_status(rows: &Connection) -> rusqlite::Result<Vec<(String, i64)>> {
    rows.prepare_cached("SELECT status, count(*) FROM workspaces GROUP BY status ORDER BY status")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}
