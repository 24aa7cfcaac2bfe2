//! `command:NAME`: programs of the operator's, as sinks and as sources.
#![cfg(unix)]

use std::fs;

use molecule_org_mcp::secrets::command::Command;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{STEWARD, house, house_with, mint, mints_nothing, opens, private, values};
use crate::process::{ended, towards};
use crate::support::House;

fn shell(script: &str, more: &[&str]) -> Option<Vec<String>> {
    Some(["sh", "-c", script, "sh"].iter().chain(more).map(|&word| word.to_owned()).collect())
}

fn sink(script: &str, more: &[&str]) -> Command {
    Command { sink: shell(script, more), source: None, environment: vec![] }
}

fn source(script: &str) -> Command {
    Command { sink: None, source: shell(script, &[]), environment: vec![] }
}

fn set(source: &str) -> Value {
    json!({ "workspace_id": STEWARD, "key": "FROM_COMMAND", "source": source })
}

#[tokio::test]
async fn a_program_reads_the_key_and_knows_its_name() {
    let there = tempfile::tempdir().unwrap();
    let path = format!("{}/key-{{name}}", there.path().display());
    let house = house_with(&[("save", sink("cat > \"$1\"", &[&path]))]);
    let minted = mint(&house, "command:save").await;
    assert_eq!(minted["location"], "where the operator's command save puts it");
    let key = fs::read_to_string(there.path().join("key-ci")).unwrap();
    assert!(key.len() == 43 && opens(&house, &key).await);
    assert!(!minted.to_string().contains(&key));
    let text = house.refusal("mint_org_key", json!({ "name": "-rf *", "sink": "command:save" })).await;
    assert!(text.starts_with("INVALID_INPUT: this command takes the key's name"), "{text}");
}

#[tokio::test]
async fn a_key_that_a_program_does_not_take_is_revoked() {
    let house = house_with(&[("broken", sink("cat >/dev/null; echo 'vault is sealed' >&2; exit 3", &[]))]);
    let text = house.refusal("mint_org_key", json!({ "name": "ci", "sink": "command:broken" })).await;
    assert!(text.starts_with("PRECONDITION_FAILED: the operator's command failed (exit status: 3)"), "{text}");
    assert!(text.contains("revoked at once") && !text.contains("sealed"), "{text}");
    let keys = house.call("list_org_keys", json!({ "limit": 100 })).await;
    assert!(keys["items"].as_array().unwrap().iter().all(|key| key["name"] != "ci"), "{keys}");
}

#[tokio::test]
async fn what_is_not_set_up_or_not_there_is_refused_before_anything_is_minted() {
    let gone = Command { sink: Some(vec!["no-such-program".to_owned()]), source: None, environment: vec![] };
    let house = house_with(&[("gone", gone), ("read", source("echo x"))]);
    let text = mints_nothing(&house, "command:gone").await;
    assert!(text.starts_with("PRECONDITION_FAILED: the operator's command can't be run"), "{text}");
    for name in ["command:read", "command:nobodys"] {
        let text = mints_nothing(&house, name).await;
        assert!(text.starts_with("FORBIDDEN_BY_POLICY: ") && text.contains("Use one of these: gone."), "{text}");
    }
    let text = house.refusal("set_secret", set("command:gone")).await;
    assert!(text.starts_with("FORBIDDEN_BY_POLICY: ") && text.contains("Use one of these: read."), "{text}");
    let text = mints_nothing(&self::house(), "command:any").await;
    assert!(text.contains("sets up no command as a sink"), "{text}");
}

async fn fails(house: &House, source: &str, told: &str) {
    let text = house.refusal("set_secret", set(source)).await;
    assert!(text.contains(told) && text.contains("Nothing was changed."), "{source}: {text}");
}

#[tokio::test]
async fn what_a_program_prints_becomes_a_secret() {
    let house = house_with(&[
        ("good", source("echo 'a value'")),
        ("failing", source("echo half; exit 1")),
        ("silent", source("true")),
        ("endless", source("head -c 100000 /dev/zero")),
    ]);
    let answer = house.call("set_secret", set("command:good")).await;
    assert!(!answer.to_string().contains("a value"));
    assert_eq!(values(&house, STEWARD).await["FROM_COMMAND"], "a value");
    fails(&house, "command:failing", "the operator's command failed (exit status: 1)").await;
    fails(&house, "command:silent", "the source is empty").await;
    fails(&house, "command:endless", "TOO_LARGE: the command printed more than 64 KiB").await;
    assert_eq!(values(&house, STEWARD).await["FROM_COMMAND"], "a value");
}

#[tokio::test]
async fn a_program_gets_little_of_our_environment_and_its_words_go_to_the_log() {
    let house = house();
    let there = tempfile::tempdir().unwrap();
    let (policy, out) = (there.path().join("policy.toml"), there.path().join("environment"));
    let script = format!("env > {}; read -r key; echo got $key >&2; exit 1", out.display());
    private(
        &policy,
        &format!(
            "[consent]\nescalate = \"waived\"\n[credentials.commands.tell]\nsink = [\"sh\", \"-c\", \"{script}\"]\n\
             environment = [\"VAULT_ADDR\"]\n"
        ),
    );
    let mut call = towards(&house.host().url, house.host().key.expose_secret(), &there.path().join("data"));
    call.env("MOLECULE_MCP_POLICY", &policy).env("VAULT_ADDR", "https://vault").env("OTHER", "1").env("HOME", "/");
    let ended = ended(call, &["call", "mint_org_key", "name=ci", "sink=command:tell", "--log", "info"]).await;
    assert_eq!(ended.code, 1, "{}", ended.err);
    let environment = fs::read_to_string(&out).unwrap();
    let mut names: Vec<&str> = environment.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    // Shells make some for themselves.
    names.retain(|name| !["PWD", "SHLVL", "_", "OLDPWD"].contains(name));
    names.sort_unstable();
    assert_eq!(names, ["HOME", "PATH", "VAULT_ADDR"]);
    assert!(ended.err.contains("got …"), "{}", ended.err);
}
