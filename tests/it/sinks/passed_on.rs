//! What a source holds goes into a workspace only where its agent may have it: this server's own key never does,
//! and a key of the platform not by a limited caller, whatever stands around it.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use molecule_org_mcp::policy::role::Role;
use molecule_org_mcp::transport::caller::Caller;
use secrecy::ExposeSecret;
use serde_json::json;

use super::{STEWARD, house, mint, private, values};
use crate::support::{House, grant, holding};

/// Whether a file's text may become a secret of a workspace.
async fn passes(house: &House, caller: &Caller, file: &str) -> bool {
    let wish = json!({ "workspace_id": STEWARD, "key": "PASSED", "source": format!("file:{file}") });
    match house.call_as(caller, "set_secret", wish).await {
        Ok(_) => true,
        Err(refusal) => {
            assert_eq!(refusal.failure.code().as_str(), "FORBIDDEN_BY_POLICY", "{}", refusal.failure);
            false
        }
    }
}

#[tokio::test]
async fn this_servers_own_key_is_passed_on_in_no_form() {
    let house = house();
    let directory = house.home.path().join("credentials");
    fs::create_dir(&directory).unwrap();
    let key = house.host().key.expose_secret();
    for (n, text) in [
        key.to_owned(),
        format!("{key}\n\n"),
        format!("A=1\nORG_KEY={key}\n"),
        json!({ "key": key }).to_string(),
        STANDARD.encode(format!("Bearer {key}")),
        key.bytes().map(|byte| format!("{byte:02x}")).collect(),
    ]
    .into_iter()
    .enumerate()
    {
        private(&directory.join(n.to_string()), &text);
        assert!(!passes(&house, &Caller::terminal(), &n.to_string()).await, "form {n}");
    }
    assert!(!values(&house, STEWARD).await.to_string().contains("PASSED"));
}

#[tokio::test]
async fn a_limited_caller_passes_on_no_key_that_was_minted() {
    let house = house();
    let directory = house.home.path().join("credentials");
    mint(&house, "env_file:app.env#ORG_KEY").await;
    mint(&house, "file:bare").await;
    let bare = fs::read_to_string(directory.join("bare")).unwrap();
    private(&directory.join("two-ends"), &format!("{bare}\n"));
    private(&directory.join("quoted"), &format!("key: \"{}\", and more", bare.trim()));
    for file in ["app.env", "bare", "two-ends", "quoted"] {
        assert!(!passes(&house, &holding(grant(Role::Owner)), file).await, "{file}");
    }
    assert!(passes(&house, &Caller::terminal(), "app.env").await, "whoever could mint it");
    private(&directory.join("shorter"), &bare.trim()[1..]);
    private(&directory.join("longer"), &format!("ghp_{}", bare.trim()));
    for file in ["shorter", "longer"] {
        assert!(passes(&house, &holding(grant(Role::Owner)), file).await, "{file} has another form");
    }
}
