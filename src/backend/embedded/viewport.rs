//! What part of the canvas its page shows. Anybody reads it; writing has a guard of its own, which takes
//! any workspace's token and even a canvas' Origin, but no org key.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use rusqlite::OptionalExtension;
use serde::Deserialize;
use serde_json::json;

use super::answer::{Answer, Refusal, Refuse, bad, number, ok, unauthorized};
use super::payload::{Payload, or_default};
use super::platform::{App, Platform};
use super::{edge, guard};

#[derive(Deserialize)]
struct Viewport {
    #[serde(default, deserialize_with = "or_default")]
    x: f64,
    #[serde(default, deserialize_with = "or_default")]
    y: f64,
    #[serde(default, deserialize_with = "or_default")]
    zoom: f64,
}

pub(crate) async fn show(State(platform): App) -> Answer {
    let saved = platform
        .read(|rows| {
            let mut find = rows.prepare_cached("SELECT x, y, zoom FROM canvas_viewport")?;
            let saved = find.query_row([], |row| Ok(Viewport { x: row.get(0)?, y: row.get(1)?, zoom: row.get(2)? }));
            Ok(saved.optional()?)
        })
        .await?;
    let Viewport { x, y, zoom } = saved.unwrap_or(Viewport { x: 0.0, y: 0.0, zoom: 1.0 });
    ok(&json!({ "x": number(x), "y": number(y), "zoom": number(zoom) }))
}

pub(crate) async fn save(State(platform): App, headers: HeaderMap, payload: Payload) -> Answer {
    may_save(&platform, &headers).await?;
    let wish: Viewport = payload.json().refuse(bad("invalid viewport data"))?;
    platform
        .write(move |rows, _| {
            rows.execute(
                "INSERT INTO canvas_viewport (only, x, y, zoom) VALUES (1, ?1, ?2, ?3)
                 ON CONFLICT (only) DO UPDATE SET x = excluded.x, y = excluded.y, zoom = excluded.zoom",
                (wish.x, wish.y, wish.zoom),
            )?;
            ok(&json!({ "status": "saved" }))
        })
        .await
}

async fn may_save(platform: &Arc<Platform>, headers: &HeaderMap) -> Result<(), Refusal> {
    if !platform.read(|rows| Ok(guard::any_token_lives(rows)?)).await? {
        return Ok(());
    }
    let Some(bearer) = guard::bearer(headers) else {
        let from_canvas = headers.get(header::ORIGIN).is_some_and(edge::is_canvas);
        return from_canvas.then_some(()).refuse(unauthorized("admin auth required"));
    };
    let accepted = guard::is_admin_token(platform, bearer) || guard::any_workspace_token(platform, bearer).await?;
    accepted.then_some(()).refuse(unauthorized("invalid admin auth token"))
}
