//! The embedded tenant held against exchanges that were recorded from the real platform, and what no
//! recording can show: that its state lasts, and keeps its secrets.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by panicking"
)]

mod agent;
mod belongings;
mod compare;
mod exchange;
mod ledger;
mod outside;
mod play;
mod scheduler;
mod state;
mod talk;

use std::path::{Path, PathBuf};
use std::time::Duration;

use molecule_org_mcp::backend::embedded::{Environment, Provisioner, Settings};

const ADMIN: &str = "the-admin-token";
const ORG: &str = "11111111-1111-4111-8111-111111111111";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// How most of the recorded tenants were started.
fn recorded(state: &Path) -> Settings {
    Settings {
        admin_token: Some(ADMIN.to_owned()),
        rate_limit: 100_000,
        provisioner: Provisioner::Failing,
        fixtures: Some(fixtures().join("tenant")),
        ledger_salt: Some("lab-salt".to_owned()),
        pace: Duration::ZERO,
        ..Settings::everyday(state.to_owned())
    }
}

/// With the agent that the recording's workspaces speak to.
fn with_agent(state: &Path) -> Settings {
    agent::start();
    recorded(state)
}

macro_rules! recordings {
    ($($test:ident: $recording:literal, $settings:expr;)*) => {$(
        #[tokio::test]
        async fn $test() {
            play::recording($recording, $settings).await;
        }
    )*};
}

recordings! {
    schedules: "schedules", recorded;
    channels: "channels", recorded;
    audit: "audit", recorded;
    instructions: "instructions", recorded;

    org_keys: "org-keys", recorded;
    workspaces: "workspaces", recorded;
    org_import: "org-import", recorded;
    approvals: "approvals", recorded;
    secrets: "secrets", recorded;
    workspace_tokens: "workspace-tokens", recorded;
    registry: "registry", recorded;
    platform: "platform", recorded;
    files: "files", recorded;
    plugins: "plugins", recorded;
    memory: "memory", recorded;
    artifacts_checkpoints: "artifacts-checkpoints", recorded;
    workspaces_delete: "workspaces-delete", |state| Settings { provisioner: Provisioner::None, ..recorded(state) };
    platform_ratelimit: "platform-ratelimit", |state| Settings { rate_limit: 5, ..recorded(state) };
    platform_bootstrap: "platform-bootstrap", |state| Settings { admin_token: None, ..recorded(state) };
    platform_devmode: "platform-devmode", |state| Settings {
        admin_token: None,
        environment: Environment::Development,
        ..recorded(state)
    };
    platform_saas: "platform-saas", |state| Settings {
        org_id: Some(ORG.to_owned()),
        provisioner: Provisioner::ControlPlane,
        environment: Environment::Production,
        ..recorded(state)
    };
    activity: "activity", with_agent;
    delegation: "delegation", with_agent;
    admin: "admin", with_agent;
}
