//! Where credentials go and secret values come from, each kind through the whole road, and what is left when
//! it fails: nothing minted, or nothing alive.

mod bootstrap;
mod commands;
mod env_files;
mod keyrings;
mod passed_on;
mod tenant;

use std::fs;
use std::path::Path;

use molecule_org_mcp::policy::Rules;
use molecule_org_mcp::secrets::command::Command;
use molecule_org_mcp::secrets::name::Name;
use molecule_org_mcp::secrets::{sink, source};
use serde_json::{Value, json};

use crate::support::{House, Plan, waived};

const STEWARD: &str = "de300000-0000-4000-8000-000000000003";

/// With these programs of the operator's.
fn house_with(commands: &[(&str, Command)]) -> House {
    let named = commands.iter().map(|(name, command)| (Name::new(name).unwrap(), command.clone()));
    let mut rules = waived();
    rules.credentials.commands = named.collect();
    open(rules)
}

fn house() -> House {
    house_with(&[])
}

fn open(rules: Rules) -> House {
    House::open(Plan { rules, seeded: true, ..Plan::default() })
}

async fn mint(house: &House, sink: &str) -> Value {
    house.call("mint_org_key", json!({ "name": "ci", "sink": sink })).await
}

/// The text of the refusal, before which nothing was minted.
async fn mints_nothing(house: &House, sink: &str) -> String {
    let text = house.refusal("mint_org_key", json!({ "name": "ci", "sink": sink })).await;
    let minted = house.host().asked().into_iter().filter(|asked| asked.method == "POST" && asked.path == "/org/tokens");
    assert_eq!(minted.count(), 0, "{sink}: {text}");
    assert!(text.contains("Nothing was changed."), "{sink}: {text}");
    text
}

/// Whether the tenant takes it for an org key.
async fn opens(house: &House, key: &str) -> bool {
    house.host().ask("GET", "/org/tokens", key, Value::Null).await.0 == 200
}

/// The secrets of a workspace in the clear, as its agent gets them.
async fn values(house: &House, workspace: &str) -> Value {
    let (status, values) =
        house.host().ask_as_owner("GET", &format!("/workspaces/{workspace}/secrets/values"), Value::Null).await;
    assert_eq!(status, 200, "{values}");
    values
}

/// A file of the owner's alone.
fn private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

#[tokio::test]
async fn no_kind_works_that_the_policy_leaves_out() {
    let mut rules = waived();
    rules.credentials.sinks = [sink::Kind::File].into();
    rules.credentials.sources = [source::Kind::File].into();
    let house = open(rules);
    let secret = format!("workspace_secret:{STEWARD}/KEY");
    for sink in ["env_file:x#KEY", "keyring:ci", "global_secret:KEY", "command:vault", &secret] {
        let text = mints_nothing(&house, sink).await;
        assert!(
            text.starts_with("FORBIDDEN_BY_POLICY: ") && text.contains("Use another sink: file."),
            "{sink}: {text}"
        );
    }
    for source in ["env:PATH", "keyring:ci", "command:vault"] {
        let wish = json!({ "workspace_id": STEWARD, "key": "A", "source": source });
        let text = house.refusal("set_secret", wish).await;
        assert!(text.starts_with("FORBIDDEN_BY_POLICY: "), "{source}: {text}");
    }
}

#[tokio::test]
async fn a_mistake_names_the_right_form() {
    let house = house();
    for (sink, told) in [
        ("envfile:.env#KEY", "`sink`: expected `env_file:FILE#VARIABLE`"),
        ("workspace_secret:KEY", "`sink`: expected `workspace_secret:WORKSPACE_ID/NAME`"),
        ("keyring:-x", "`sink`: expected `keyring:NAME`"),
    ] {
        let text = mints_nothing(&house, sink).await;
        assert!(text.contains(told), "{text}");
    }
    let wish = json!({ "workspace_id": STEWARD, "key": "A", "source": "keyrng:x" });
    let text = house.refusal("set_secret", wish).await;
    assert!(text.contains("`source`: expected `keyring:NAME`, the place of the value"), "{text}");
}
