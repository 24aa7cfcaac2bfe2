//! What a hosted tenant passes on to its control plane: the console of a machine, and the paths under
//! /cp. This control plane is as small as the recorded one.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::json;

use super::answer::{Answer, Refusal, ok, refused_with};
use super::guard::Admin;
use super::platform::App;

pub(crate) async fn console(_: Admin, State(platform): App) -> Answer {
    if !platform.has_control_plane() {
        let none = "console output unavailable on this deployment (no control plane)";
        return Err(refused_with(StatusCode::NOT_IMPLEMENTED, none));
    }
    ok(&json!({ "output": "cloud-init: done\nRUNTIME started\n" }))
}

pub(crate) async fn proxy(Path(path): Path<String>) -> Answer {
    match path.as_str() {
        "auth/me" => ok(&json!({ "id": "user_1" })),
        _ => Err(Refusal::empty(StatusCode::NOT_FOUND)),
    }
}
