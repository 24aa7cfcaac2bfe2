//! Org keys are replaced without a gap, and whenever all stops no key lives that nobody holds.

mod killed;
mod others;
mod own;

use std::fs;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::support::Host;

/// The prefixes of all live keys, as somebody with a key of their own sees them.
async fn live(host: &Host, watcher: &SecretString) -> Vec<String> {
    let (status, all) = host.ask("GET", "/org/tokens", watcher.expose_secret(), Value::Null).await;
    assert_eq!(status, 200, "{all}");
    all["tokens"].as_array().unwrap().iter().map(|key| key["prefix"].as_str().unwrap().to_owned()).collect()
}

/// Somebody's key, and its id.
async fn minted(host: &Host, name: &str) -> (String, String) {
    let (_, key) = host.ask_as_owner("POST", "/org/tokens", json!({ "name": name })).await;
    (key["auth_token"].as_str().unwrap().to_owned(), key["id"].as_str().unwrap().to_owned())
}

async fn opens(host: &Host, key: &str) -> bool {
    host.ask("GET", "/org/tokens", key, Value::Null).await.0 == 200
}

/// What stands in the directory for credentials.
fn delivered(data: &Path) -> Vec<String> {
    let Ok(files) = fs::read_dir(data.join("credentials")) else { return Vec::new() };
    files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap().trim().to_owned()).collect()
}
