//! Numbers: a workspace's use of today, and what Prometheus scrapes of the server.

use std::fmt::Write;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode};
use chrono::{Days, NaiveDate, SecondsFormat, Utc};
use rusqlite::{Connection, OptionalExtension};
use serde_json::json;

use super::answer::{Answer, Refuse, broken, missing, ok, with_type};
use super::guard::Access;
use super::platform::App;
use super::workspaces::row;

const PROMETHEUS: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// Dollars a token, whatever the model.
const INPUT_PRICE: f64 = 3e-6;
const OUTPUT_PRICE: f64 = 15e-6;

/// What agents said of themselves in their answers today.
pub(crate) async fn of_workspace(access: Access, State(platform): App) -> Answer {
    let id = access.uuid().refuse(broken("failed to verify workspace"))?;
    let today = Utc::now().date_naive();
    let (input, output, calls) = platform
        .read(|rows| {
            row::exists(rows, &id)?.then_some(()).refuse(missing("workspace not found"))?;
            Ok(used_on(rows, &id, today)?)
        })
        .await?;
    let midnight = |ahead: u64| {
        let day = today.checked_add_days(Days::new(ahead))?.and_hms_opt(0, 0, 0)?;
        Some(day.and_utc().to_rfc3339_opts(SecondsFormat::Secs, true))
    };
    ok(&json!({
        "input_tokens": input,
        "output_tokens": output,
        "total_calls": calls,
        "estimated_cost_usd": format!("{:.6}", input as f64 * INPUT_PRICE + output as f64 * OUTPUT_PRICE),
        "period_start": midnight(0),
        "period_end": midnight(1),
    }))
}

fn used_on(rows: &Connection, id: &str, day: NaiveDate) -> rusqlite::Result<(i64, i64, i64)> {
    let used = rows
        .prepare_cached(
            "SELECT input_tokens, output_tokens, calls FROM token_usage WHERE workspace_id = ?1 AND day = ?2",
        )?
        .query_row((id, day.to_string()), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    Ok(used.unwrap_or_default())
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
