//! Pruning: exported first, up to a checkpoint, never an open intent, and the chain goes on.

use std::fs;
use std::path::Path;

use molecule_org_mcp::journal::verify::Kept;
use molecule_org_mcp::tools::effect::Effect;
use serde_json::Value;

use super::{intent, open, outcome, verified, written};
use crate::process::{Ended, command, ended};
use crate::support::state;

async fn run(data: &Path, arguments: &[&str]) -> Ended {
    ended(command(data), arguments).await
}

fn lines(ended: &Ended) -> Vec<Value> {
    assert_eq!(ended.code, 0, "{}", ended.err);
    ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn what_is_pruned_is_exported_and_the_rest_is_still_whole() {
    let home = tempfile::tempdir().unwrap();
    let journal = open(home.path());
    let checkpoints = written(&journal, 40).await;
    let (first, second) = (home.path().join("first.jsonl"), home.path().join("second.jsonl"));
    let (first, second) = (first.to_str().unwrap(), second.to_str().unwrap());

    let pruned = run(home.path(), &["journal", "prune", "--before-checkpoint", "2", "--export", first]).await;
    let told = &lines(&pruned)[0];
    assert_eq!((&told["pruned"], &told["up_to_checkpoint"]), (&40.into(), &2.into()));
    assert_eq!(fs::read_to_string(first).unwrap().lines().filter(|line| line.starts_with(r#"{"entry""#)).count(), 40);
    let mut kept = Kept::default();
    checkpoints.iter().for_each(|one| kept.add(one.clone()));
    let report = verified(home.path(), &kept);
    assert!(report.ok, "{report:?}");
    let chain = &report.chains[0];
    assert_eq!((chain.first, chain.count, chain.kept_checkpoints, chain.kept_of_pruned), (Some(41), 80, 3, 1));

    // The chain goes on, and may be pruned to its very end.
    written(&journal, 3).await;
    let pruned = run(home.path(), &["journal", "prune", "--keep-days", "0", "--export", second]).await;
    assert_eq!(lines(&pruned)[0]["pruned"], 46);
    written(&journal, 2).await;
    let report = verified(home.path(), &kept);
    assert!(report.ok && report.chains[0].count == 90, "{report:?}");
    for file in [first, second] {
        let verdict = run(home.path(), &["journal", "verify", "--file", file]).await;
        assert_eq!(verdict.code, 0, "{file}: {} {}", verdict.out, verdict.err);
    }
    // Nobody else's word is taken for it.
    let state = state(home.path());
    state.execute("UPDATE journal_prunings SET at = '2020'", []).unwrap();
    assert!(!verified(home.path(), &kept).ok);
}

#[tokio::test]
async fn open_intents_and_broken_chains_are_never_pruned() {
    let home = tempfile::tempdir().unwrap();
    let journal = open(home.path());
    written(&journal, 10).await;
    let open = intent("update_workspace", Effect::Write, |_| ());
    let (id, ends) = (open.invocation.to_string(), outcome(&open, "done"));
    journal.intend(open).await.unwrap();
    written(&journal, 10).await;
    let export = home.path().join("export.jsonl");
    let prune = ["journal", "prune", "--keep-days", "0", "--export", export.to_str().unwrap()];
    let told = lines(&run(home.path(), &prune).await);
    assert_eq!((&told[0]["pruned"], &told[0]["held_back_by"]), (&20.into(), &id.clone().into()));
    fs::remove_file(&export).unwrap();

    let held = run(home.path(), &prune).await;
    assert!(held.code == 0 && held.out.is_empty() && held.err.contains(&id), "{} {}", held.out, held.err);
    journal.conclude(ends).await.unwrap();
    journal.flush().await.unwrap();
    state(home.path()).execute("UPDATE journal SET tool = 'x' WHERE position = 30", []).unwrap();
    let refused = run(home.path(), &prune).await;
    assert!(refused.code == 1 && refused.err.contains("nothing was pruned"), "{}", refused.err);
    assert!(!export.exists());
    let both = ["journal", "prune", "--keep-days", "0", "--before-checkpoint", "1", "--export", "x"];
    assert_eq!(run(home.path(), &both).await.code, 2);
    assert_eq!(run(home.path(), &["journal", "prune", "--export", "x"]).await.code, 2);
}
