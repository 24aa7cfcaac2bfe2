//! `journal …` as an operator uses it: no tenant, no key, only the data directory.

use std::fs;
use std::time::Duration;

use molecule_org_mcp::tools::effect::Effect;
use serde_json::{Value, json};

use super::{intent, one, open, outcome, written};
use crate::process::{Running, command, ended};
use crate::support::state;

#[tokio::test]
async fn a_journal_is_verified_against_what_was_kept_elsewhere() {
    let home = tempfile::tempdir().unwrap();
    written(&open(home.path()), 12).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let (kept, exported) = (elsewhere.path().join("kept.jsonl"), elsewhere.path().join("export.jsonl"));
    let (kept, exported) = (kept.to_str().unwrap(), exported.to_str().unwrap());
    let run = async |arguments: &[&str]| ended(command(home.path()), arguments).await;

    let told = run(&["journal", "checkpoint"]).await;
    let public = told.json()["checkpoint"]["public_key"].as_str().unwrap().to_owned();
    assert!(told.err.contains(&public), "{}", told.err);
    assert_eq!(run(&["journal", "checkpoint", "--output", kept]).await.code, 0);
    assert_eq!(run(&["journal", "checkpoint", "--output", kept]).await.code, 0);
    assert_eq!(fs::read_to_string(kept).unwrap().lines().count(), 2);
    assert_eq!(run(&["journal", "export", "--output", exported]).await.code, 0);
    let again = run(&["journal", "export", "--output", exported]).await;
    assert!(again.code == 1, "an export is never written over");

    let verdict = run(&["journal", "verify", "--checkpoint", kept]).await;
    assert_eq!((verdict.code, &verdict.json()["chains"][0]["kept_checkpoints"]), (0, &json!(2)), "{}", verdict.err);
    assert!(verdict.err.contains("data directory's own"), "{}", verdict.err);
    assert_eq!(verdict.json()["public_key"], json!(public));
    // An export needs nothing but the key's public half.
    let file = ["journal", "verify", "--file", exported, "--checkpoint", kept, "--public-key", &public];
    let nowhere = tempfile::tempdir().unwrap();
    let verdict = ended(command(nowhere.path()), &file).await;
    assert_eq!(verdict.code, 0, "{} {}", verdict.out, verdict.err);
    let verdict = ended(command(nowhere.path()), &file[..4]).await;
    assert_eq!(verdict.code, 1, "who signed it isn't known there");

    state(home.path()).execute("UPDATE journal SET result = 'FORBIDDEN' WHERE position = 6", []).unwrap();
    let verdict = run(&["journal", "verify"]).await;
    let named = state(home.path())
        .query_row("SELECT invocation FROM journal WHERE position = 6", [], |row| row.get::<_, String>(0))
        .unwrap();
    assert_eq!((verdict.code, &verdict.json()["chains"][0]["problem"]["invocation"]), (1, &json!(named)));
    assert!(verdict.err.contains("position 6") && verdict.err.contains(&named), "{}", verdict.err);
    // What was signed elsewhere doesn't count for this directory.
    let stranger = tempfile::tempdir().unwrap();
    written(&open(stranger.path()), 1).await;
    assert_eq!(ended(command(stranger.path()), &["journal", "verify", "--checkpoint", kept]).await.code, 1);
}

#[tokio::test]
async fn invocations_are_found_and_a_typo_is_an_error() {
    let home = tempfile::tempdir().unwrap();
    let journal = open(home.path());
    let formula = intent("update_workspace", Effect::Destroy, |detail| {
        detail.client = Some("=HYPERLINK(\"http://a.example\"), x".into());
        detail.grant = Some("g1".into());
        _ = detail.targets.insert("workspace_id".into(), "w1".into());
    });
    let id = one(&journal, formula).await.to_string();
    let running = intent("mint_org_key", Effect::Escalate, |_| ());
    journal.intend(running.clone()).await.unwrap();
    journal.flush().await.unwrap();
    let run = async |arguments: &[&str]| ended(command(home.path()), arguments).await;
    let ids = |out: &str| -> Vec<String> {
        let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["invocation"].as_str().unwrap().to_owned();
        out.lines().map(id).collect()
    };
    for filter in [
        ["--grant", "g1"],
        ["--effect", "destroy"],
        ["--target", "w1"],
        ["--outcome", "done"],
        ["--invocation", &id],
        ["--tool", "update_workspace"],
        ["--until", "2100-01-01T00:00:00Z"],
    ] {
        let told = run(&[&["journal", "query", "--limit", "9"][..], &filter].concat()).await;
        assert_eq!(told.code, 0, "{}", told.err);
        assert!(ids(&told.out).contains(&id), "{filter:?}");
        assert_eq!(ids(&told.out).len(), if filter[0] == "--until" { 2 } else { 1 }, "{filter:?}");
    }
    assert_eq!(ids(&run(&["journal", "tail", "-n", "1"]).await.out), [running.invocation.to_string()]);
    for (wrong, right) in [
        (["--outcome", "dnoe"], "done"),
        (["--outcome", "NOT_FUOND"], "NOT_FOUND"),
        (["--effect", "destory"], "destroy"),
        (["--since", "yesterday"], "2026-01-31T08:00:00Z"),
        (["--tol", "x"], "--tool"),
    ] {
        let told = run(&[&["journal", "query"][..], &wrong].concat()).await;
        assert!(told.code == 2 && told.err.contains(right), "{wrong:?} {}", told.err);
    }

    let table = run(&["journal", "export", "--format", "csv"]).await.out;
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!((lines.len(), lines[0].split(',').next()), (3, Some("tenant")));
    assert!(lines[1].contains(r#","'=HYPERLINK(""http://a.example""), x","#), "{}", lines[1]);
    let some = run(&["journal", "export", "--grant", "g1"]).await;
    assert_eq!(some.out.lines().count(), 2);
    assert!(some.err.contains("selection"), "{}", some.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tail_follows_what_others_do() {
    let home = tempfile::tempdir().unwrap();
    let journal = open(home.path());
    let before = one(&journal, intent("update_workspace", Effect::Write, |_| ())).await;
    let mut tail = Running::start(command(home.path()), &["journal", "tail", "--follow"]);
    assert_eq!(tail.answer()["invocation"], json!(before.to_string()));
    let running = intent("pause_workspace", Effect::Destroy, |_| ());
    let ends = outcome(&running, "TENANT_ERROR");
    journal.intend(running).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let id = ends.invocation.to_string();
    journal.conclude(ends).await.unwrap();
    let told = tail.answer();
    assert_eq!((&told["invocation"], &told["outcome"]), (&json!(id), &json!("TENANT_ERROR")));
}
