//! The ledger that agents sign: what they did, chained by HMAC. No route writes it. The answer's own
//! `chain_valid` speaks of its rows alone, so a filter makes an intact chain look broken.

mod chain;
mod rows;

use axum::extract::State;
use serde_json::json;

use super::answer::{Answer, Refusal, Refuse, bad, broken, ok};
use super::clock;
use super::guard::Access;
use super::payload::{Params, filled};
use super::platform::App;

pub(crate) use chain::Signer;
pub(crate) use rows::sign_seed;

const USUAL_PAGE: i64 = 100;
const LONGEST_PAGE: i64 = 500;

pub(crate) async fn show(access: Access, State(platform): App, params: Params) -> Answer {
    let page = rows::Page {
        agent: filled(params.get("agent_id").map(str::to_owned)),
        session: filled(params.get("session_id").map(str::to_owned)),
        from: moment(&params, "from", "2026-04-17T00:00:00Z")?,
        to: moment(&params, "to", "2026-04-17T23:59:59Z")?,
        limit: params.integer("limit").filter(|limit| *limit > 0).unwrap_or(USUAL_PAGE).min(LONGEST_PAGE),
        offset: params.integer("offset").filter(|offset| *offset > 0).unwrap_or(0),
    };
    let workspace = access.uuid().refuse(broken("query failed"))?;
    let (total, events) = platform.read(|rows| Ok(page.read(rows, &workspace)?)).await?;
    let key = platform.signer.key().filter(|_| page.offset == 0);
    ok(&json!({
        "total": total,
        "chain_valid": key.map(|key| chain::is_whole(key, &events)),
        // null where there are none
        "events": (!events.is_empty()).then_some(events),
    }))
}

fn moment(params: &Params, name: &str, example: &str) -> Result<Option<String>, Refusal> {
    let Some(text) = filled(params.get(name).map(str::to_owned)) else { return Ok(None) };
    let moment = clock::parse(&text).refuse(bad(&format!("{name} must be RFC 3339 (e.g. {example})")))?;
    Ok(Some(clock::stored(moment)))
}
