//! `grants` at a terminal: what it prints and where, and that a process under a grant administers what is
//! under that grant alone.

use std::path::Path;

use serde_json::json;

use super::{created, grants, listed};
use crate::process::{Ended, command, ended};

async fn under(data: &Path, credential: &str, arguments: &[&str]) -> Ended {
    let mut command = command(data);
    command.env("MOLECULE_MCP_GRANT", credential);
    ended(command, &[&["grants"], arguments].concat()).await
}

#[tokio::test]
async fn a_credential_is_printed_once_and_alone() {
    let data = tempfile::tempdir().unwrap();
    let made = grants(data.path(), &["create", "--name", "ci", "--role", "operator", "--read-only"]).await;
    assert_eq!(made.code, 0, "{}", made.err);
    let credential = made.out.strip_suffix('\n').unwrap();
    assert!(credential.len() == 47 && credential.starts_with("mog_") && !made.err.contains(credential));
    assert!(made.err.contains("grant ci"), "{}", made.err);

    let object = grants(data.path(), &["create", "--name", "js", "--role", "viewer", "--json"]).await.json();
    assert!(object["credential"].as_str().unwrap().starts_with(object["prefix"].as_str().unwrap()));
    let line = listed(data.path(), "ci").await;
    assert_eq!((&line["prefix"], &line["read_only"]), (&json!(credential[..12]), &json!(true)));
    assert_eq!((&line["state"], &line["role"], &line["parent"]), (&json!("live"), &json!("operator"), &json!(null)));
    assert!(line["creator"].as_str().unwrap().starts_with("terminal:"));
    let people = grants(data.path(), &["list"]).await.out;
    assert!(people.contains("ci  operator  live") && people.contains("never used"), "{people}");
    // Nothing in the data directory holds it.
    for file in std::fs::read_dir(data.path()).unwrap().flatten().filter(|file| file.path().is_file()) {
        let held = std::fs::read(file.path()).unwrap();
        let found = held.windows(credential.len()).any(|window| window == credential.as_bytes());
        assert!(!found, "{:?}", file.path());
    }
}

#[tokio::test]
async fn wrong_wishes_end_with_two_and_the_right_word() {
    let data = tempfile::tempdir().unwrap();
    let id = "613fac6b-7c79-44fa-a26f-75c6ee7e1ffc";
    for (more, words) in [
        (&["--role", "oprator"][..], "did you mean `operator`"),
        (&["--role", "viewer", "--expires", "7x"], "30m, 12h, 7d, 4w"),
        (&["--role", "viewer", "--workspace", "7"], "a workspace's id"),
        (&["--role", "viewer", "--person", "ada"], "--issuer"),
        (&["--role", "viewer", "--toolsets", "kyes"], "did you mean `keys`"),
        (&["--role", "viewer", "--expires", "2020-01-01T00:00:00Z"], "expired already"),
        (&["--role", "viewer", "--under", "/nowhere"], "/nowhere"),
        (&[], "--role"),
    ] {
        let wrong = grants(data.path(), &[&["create", "--name", "x"], more].concat()).await;
        assert_eq!((wrong.code, wrong.out.as_str()), (2, ""), "{more:?}: {}", wrong.err);
        assert!(wrong.err.contains(words), "{more:?}: {}", wrong.err);
    }
    assert_eq!(grants(data.path(), &["list", "--read-only"]).await.code, 2);
    let none = grants(data.path(), &["revoke", "nobody"]).await;
    assert!(none.code == 1 && none.err.contains("NOT_FOUND"), "{}", none.err);
    let full = ["--name", "full", "--role", "operator", "--workspace", id, "--subtree", id, "--own-workspace", id];
    created(data.path(), &full).await;
    let line = listed(data.path(), "full").await;
    assert_eq!((&line["workspaces"], &line["subtrees"]), (&json!([id]), &json!([id])));
    assert_eq!(line["own_workspace"], id);
}

#[tokio::test]
async fn under_a_grant_only_narrower_ones_are_issued_seen_and_revoked() {
    let data = tempfile::tempdir().unwrap();
    let lead = created(data.path(), &["--name", "lead", "--role", "operator", "--expires", "2d"]).await;
    created(data.path(), &["--name", "other", "--role", "viewer"]).await;
    let wide = under(data.path(), &lead, &["create", "--name", "a", "--role", "admin"]).await;
    assert!(wide.code == 3 && wide.err.contains("wider than the grant `lead`"), "{}", wide.err);
    let child = under(data.path(), &lead, &["create", "--name", "a", "--role", "viewer"]).await;
    assert_eq!(child.code, 0, "{}", child.err);
    let child = child.out.trim();
    let (line, parent) = (listed(data.path(), "a").await, listed(data.path(), "lead").await);
    assert_eq!((&line["parent"], &line["expires"]), (&parent["id"], &parent["expires"]));
    assert_eq!(line["creator"], json!(format!("grant:{}", parent["id"].as_str().unwrap())));

    // The file of a grant says the same as the variable.
    let file = data.path().join("child");
    std::fs::write(&file, child).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    created(data.path(), &["--name", "b", "--role", "viewer", "--under", file.to_str().unwrap()]).await;
    assert_eq!(listed(data.path(), "b").await["parent"], line["id"]);

    let seen = under(data.path(), &lead, &["list", "--json"]).await.json();
    let names: Vec<&str> = seen.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["b", "a"]);
    assert_eq!(under(data.path(), &lead, &["revoke", "other"]).await.code, 1);
    let gone = grants(data.path(), &["revoke", "lead"]).await;
    assert!(gone.out.contains("and 2 grants issued under it"), "{}", gone.out);
    let late = under(data.path(), child, &["create", "--name", "c", "--role", "viewer"]).await;
    assert!(late.code == 2 && late.err.contains("was revoked"), "{}", late.err);
    assert_eq!(listed(data.path(), "b").await["revoked_by"], listed(data.path(), "lead").await["revoked_by"]);
}
