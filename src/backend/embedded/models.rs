//! The model a workspace runs on, kept as its secret MODEL_PROVIDER; so setting it restarts the
//! workspace and shows in its list of secrets.

use axum::extract::State;
use serde::Deserialize;
use serde_json::json;

use super::answer::{Answer, Refuse, bad, broken, ok};
use super::guard::Access;
use super::payload::{Payload, filled};
use super::platform::App;
use super::{ids, provisioning, secrets};

const KEY: &str = "MODEL_PROVIDER";

#[derive(Deserialize)]
struct Wish {
    model: Option<String>,
}

pub(crate) async fn show(access: Access, State(platform): App) -> Answer {
    let id = access.uuid().refuse(broken("query failed"))?;
    match platform.read(|rows| secrets::own_value(rows, &platform, &id, KEY)).await? {
        Some(model) => ok(&json!({ "model": model, "source": "workspace_secrets" })),
        None => ok(&json!({ "model": "", "source": "default" })),
    }
}

pub(crate) async fn set(access: Access, State(platform): App, payload: Payload) -> Answer {
    let id = ids::checked(&access.raw)?;
    let wish: Wish = payload.json().refuse(bad("invalid request body"))?;
    platform
        .write(move |rows, platform| {
            let answer = match filled(wish.model) {
                Some(model) => {
                    secrets::store(rows, platform, Some(&id), KEY, &model)
                        .map_err(|_| broken("failed to save model"))?;
                    json!({ "status": "saved", "model": model })
                }
                None => {
                    secrets::forget(rows, &id, KEY)?;
                    json!({ "status": "cleared" })
                }
            };
            provisioning::restart_for_secret(rows, platform, Some(&id), KEY)?;
            ok(&answer)
        })
        .await
}
