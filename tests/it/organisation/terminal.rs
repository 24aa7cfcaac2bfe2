//! `molecule-org-mcp org …` with the real binary.

use std::fs;
use std::path::Path;
use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::json;

use crate::process::{Ended, command, ended, towards};
use crate::support::Host;

const TEAM: &str = "name: Team\nworkspaces:\n  - name: Lead\n    external: true\n    url: https://a.example\n    children:\n      - !include kid.yaml\n";
const KID: &str = "{name: Kid, external: true, url: 'https://b.example', tier: 1}\n";

async fn org(data: &Path, arguments: &[&str]) -> Ended {
    ended(command(data), &[&["org", "--embedded"], arguments].concat()).await
}

#[tokio::test]
async fn plan_import_diff_and_export_go_together() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("team");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("org.yaml"), TEAM).unwrap();
    fs::write(folder.join("kid.yaml"), KID).unwrap();
    let team = folder.to_str().unwrap();

    let planned = org(data.path(), &["plan", team]).await;
    assert_eq!(planned.code, 0, "{}", planned.err);
    assert!(
        planned.out.starts_with("+ Lead  (langgraph, tier 2)\n+ Lead / Kid  (langgraph, tier 1)\n"),
        "{}",
        planned.out
    );
    assert!(!planned.out.contains('\u{1b}'), "no terminal, no colours: {}", planned.out);
    assert!(planned.out.contains("Budgets: 0.00 USD a month now, 0.00 USD added; 2 to create without a limit.\n"));
    assert!(planned.out.contains("\nPlan: plan-"), "{}", planned.out);
    let diff = org(data.path(), &["diff", team]).await;
    assert_eq!(diff.code, 1, "{}", diff.out);
    assert!(diff.out.contains("+ Lead / Kid  (in the template only)"), "{}", diff.out);

    let imported = org(data.path(), &["import", team]).await;
    assert_eq!(imported.code, 0, "{}", imported.err);
    assert!(
        imported.out.contains("+ Lead / Kid  created ") && imported.err.contains("2 to create"),
        "{}",
        imported.out
    );
    let diff = org(data.path(), &["diff", team, "--json"]).await;
    assert_eq!((diff.code, &diff.json()["in_sync"]), (0, &serde_json::json!(true)), "{}", diff.err);

    let file = data.path().join("live.yaml");
    let exported = org(data.path(), &["export", "--output", file.to_str().unwrap()]).await;
    assert_eq!(exported.code, 0, "{}", exported.err);
    assert_eq!(org(data.path(), &["diff", file.to_str().unwrap()]).await.code, 0);
    let onto = org(data.path(), &["export", "--output", file.to_str().unwrap()]).await;
    assert!(onto.code == 2 && onto.err.contains("live.yaml is there already"), "{}", onto.err);
    let again = org(data.path(), &["export"]).await;
    assert_eq!(again.out.trim_end(), fs::read_to_string(&file).unwrap().trim_end());
    assert_eq!(fs::read_dir(data.path().join("credentials")).unwrap().count(), 0, "nothing stays behind");
    let text = fs::read_to_string(&file).unwrap().replace("tier: 1", "tier: 2");
    fs::write(&file, text).unwrap();
    let diff = org(data.path(), &["diff", file.to_str().unwrap()]).await;
    assert_eq!(diff.code, 1);
    assert!(diff.out.contains("~ Lead / Kid: tier: 1 → 2\n"), "{}", diff.out);
}

#[tokio::test]
async fn wrong_usage_ends_with_two() {
    let data = tempfile::tempdir().unwrap();
    let broken = data.path().join("broken.yaml");
    fs::write(&broken, "name: [").unwrap();
    for arguments in [
        &["plan"][..],
        &["plan", "/nowhere/org.yaml"],
        &["plan", broken.to_str().unwrap()],
        &["plan", "a.yaml", "--template", "b"],
    ] {
        let wrong = org(data.path(), arguments).await;
        assert_eq!(wrong.code, 2, "{arguments:?}: {} {}", wrong.out, wrong.err);
    }
}

/// Without the policy that waives it, a person has to agree, and there is none.
#[tokio::test]
async fn an_import_waits_for_a_person() {
    let data = tempfile::tempdir().unwrap();
    let arguments = ["org", "--embedded", "import", "--template", "starter-team"];
    let waiting = ended(crate::process::bare(data.path()), &arguments).await;
    assert_eq!(waiting.code, 3, "{}", waiting.err);
    assert!(waiting.err.contains("3 to create") && waiting.err.contains("CONSENT_REQUIRED"), "{}", waiting.err);
}

/// Each page of a plan would be another look.
#[tokio::test]
async fn a_plan_of_many_workspaces_looks_once() {
    let (host, data) = (Host::start(false, Duration::ZERO), tempfile::tempdir().unwrap());
    let one = |n: usize| json!({ "name": format!("w{n}"), "external": true, "url": "https://a.example" });
    let template = json!({ "name": "Large", "workspaces": (0..150).map(one).collect::<Vec<_>>() });
    let file = data.path().join("large.json");
    fs::write(&file, template.to_string()).unwrap();
    let command = towards(&host.url, host.key.expose_secret(), data.path());
    let planned = ended(command, &["org", "plan", file.to_str().unwrap()]).await;
    assert_eq!(planned.out.lines().filter(|line| line.starts_with("+ w")).count(), 150, "{}", planned.err);
    assert_eq!(host.asked().iter().filter(|one| one.path == "/workspaces").count(), 1);
}

#[tokio::test]
async fn of_a_template_of_the_tenants_is_said_what_isnt_known() {
    let data = tempfile::tempdir().unwrap();
    let planned = org(data.path(), &["plan", "--template", "starter-team"]).await;
    assert!(planned.out.contains("3 to create; what of it is there already isn't known.\n"), "{}", planned.out);
    let diff = org(data.path(), &["diff", "--template", "starter-team"]).await;
    assert!(diff.err.contains("Give the template itself") && !diff.err.contains("inline"), "{}", diff.err);
}

#[tokio::test]
async fn what_is_wrong_with_a_file_is_said_of_the_file() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("a.yaml");
    for (text, words) in [
        ("", "the template"),
        ("name: T\nworkspaces: [{name: A, config: {token: abc}}]\n", "template.workspaces[0].config.token"),
    ] {
        fs::write(&file, text).unwrap();
        let wrong = org(data.path(), &["plan", file.to_str().unwrap()]).await;
        assert!(wrong.code == 2 && wrong.err.contains(words) && !wrong.err.contains("inline"), "{}", wrong.err);
    }
}
