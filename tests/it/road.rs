//! The whole road, from a call to the embedded tenant and back, and what the journal says of it.

use std::time::Duration;

use molecule_org_mcp::backend::Limits;
use molecule_org_mcp::fence;
use molecule_org_mcp::policy::Rules;
use molecule_org_mcp::tools::surface::Surface;
use molecule_org_mcp::tools::toolset::Toolset;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::support::{House, Plan, state, waived};

const UNKNOWN: &str = "00000000-0000-4000-8000-000000000000";

fn seeded() -> House {
    House::open(Plan { seeded: true, ..Plan::default() })
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

/// Makes a workspace that nobody runs: it stays as it is.
async fn external(house: &House, name: &str, parent: Option<&str>) -> String {
    let mut arguments = json!({ "name": name, "external": true, "url": "https://agent.example" });
    if let Some(parent) = parent {
        arguments["parent_id"] = parent.into();
    }
    id(&house.call("create_workspace", arguments).await)
}

fn id(answer: &Value) -> String {
    answer["id"].as_str().unwrap().to_owned()
}

/// Until the tenant has brought it to that status.
pub async fn becomes(house: &House, workspace: &str, status: &str) {
    for _ in 0..200 {
        let now = house.call("get_workspace", json!({ "workspace_id": workspace })).await;
        if now["status"] == status {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{workspace} never became {status}");
}

async fn is_busy(house: &House, workspace: &str, tasks: u32) {
    let beat = json!({ "workspace_id": workspace, "active_tasks": tasks });
    assert_eq!(house.host().ask_as_owner("POST", "/registry/heartbeat", beat).await.0, 200);
}

fn refused(text: &str, code: &str, words: &[&str]) {
    assert!(text.starts_with(&format!("{code}: ")), "{text}");
    for word in words {
        assert!(text.contains(word), "no {word:?} in: {text}");
    }
}

/// The tools of workspaces, keys, approvals, secrets and import, as an administrator would come by them.
pub async fn scene(house: &House) {
    assert_eq!(house.call("list_consents", json!({})).await["count"], 0);
    let me = house.call("whoami", json!({})).await;
    assert_eq!(me["key_name"], "the-house");
    assert_eq!(me["key_prefix"], &house.host().key.expose_secret()[..8]);
    assert_eq!(house.call("get_org_overview", json!({})).await["workspaces"], 14);
    house.call("find_idle_workspaces", json!({})).await;
    house.call("inspect_org_keys", json!({})).await;

    let made = house.call("create_workspace", json!({ "name": "Scout", "role": "looks around" })).await;
    assert_eq!((&made["status"], &made["tier"]), (&json!("provisioning"), &json!(3)));
    let scout = id(&made);
    let it = json!({ "workspace_id": scout });
    becomes(house, &scout, "online").await;
    let change = json!({ "workspace_id": scout, "name": "Scout 2", "tier": 2, "x": 10.5, "y": -3.0 });
    let changed = house.call("update_workspace", change).await;
    assert_eq!(changed["updated"], json!({ "name": "Scout 2", "tier": 2, "x": 10.5, "y": -3.0 }));
    let found = house.call("list_workspaces", json!({ "name": "scout" })).await;
    assert_eq!(names(&found["items"]), ["Scout 2"]);
    assert_eq!(house.call("pause_workspace", it.clone()).await["status"], "paused");
    refused(&house.refusal("pause_workspace", it.clone()).await, "CONFLICT", &["paused already"]);
    assert_eq!(house.call("resume_workspace", it.clone()).await["status"], "provisioning");
    becomes(house, &scout, "online").await;
    assert_eq!(house.call("restart_workspace", it.clone()).await["status"], "provisioning");
    becomes(house, &scout, "online").await;

    let token = house.call("create_workspace_token", it.clone()).await;
    let tokens = house.call("list_workspace_tokens", it.clone()).await;
    assert_eq!((&tokens["count"], &tokens["items"][0]["id"]), (&json!(1), &token["id"]));
    let revoke = json!({ "workspace_id": scout, "token_id": token["id"] });
    house.call("revoke_workspace_token", revoke).await;
    assert_eq!(house.call("list_workspace_tokens", it.clone()).await["count"], 0);

    let asked = house.call("create_approval", json!({ "workspace_id": scout, "action": "leave the yard" })).await;
    let pending = house.call("list_pending_approvals", json!({})).await;
    assert!(pending["items"].as_array().unwrap().iter().any(|one| one["id"] == asked["approval_id"]), "{pending}");
    let decide = json!({ "workspace_id": scout, "approval_id": asked["approval_id"], "decision": "approved" });
    house.call("decide_approval", decide).await;
    house.call("list_workspace_approvals", it.clone()).await;

    let key = json!({ "workspace_id": scout, "key": "PATHS" });
    house.call("set_secret", json!({ "workspace_id": scout, "key": "PATHS", "source": "env:PATH" })).await;
    let listed = house.call("list_secrets", it.clone()).await;
    assert!(listed["items"].as_array().unwrap().iter().any(|one| one["key"] == "PATHS"), "{listed}");
    house.call("delete_secret", key).await;
    house.call("set_global_secret", json!({ "key": "PATHS", "source": "env:PATH" })).await;
    assert_eq!(house.call("list_global_secrets", json!({})).await["count"], 5);
    house.call("delete_global_secret", json!({ "key": "PATHS" })).await;

    house.call("list_org_templates", json!({})).await;
    assert_eq!(house.call("import_org", json!({ "template": "starter-team" })).await["count"], 3);
    let minted = house.call("mint_org_key", json!({ "name": "short-lived" })).await;
    assert_eq!(house.call("list_org_keys", json!({})).await["count"], 8);
    let rotated = house.call("rotate_org_key", json!({ "key": minted["id"], "sink": "file" })).await;
    house.call("revoke_key", json!({ "key": rotated["id"] })).await;
    assert_eq!(house.call("delete_workspace", it.clone()).await["status"], "removed");
    refused(&house.refusal("delete_workspace", it.clone()).await, "NOT_FOUND", &["purge"]);
    house.call("query_journal", json!({})).await;
    assert_eq!(house.call("verify_journal", json!({})).await["ok"], true);
}

#[tokio::test]
async fn pages_of_workspaces_cover_all_of_them_once() {
    let house = seeded();
    let whole = house.call("list_workspaces", json!({})).await;
    let (mut seen, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let mut arguments = json!({ "limit": 4 });
        if cursor.is_string() {
            arguments["cursor"] = cursor;
        }
        let page = house.call("list_workspaces", arguments).await;
        assert_eq!(page["count"], 14);
        seen.extend(page["items"].as_array().unwrap().clone());
        cursor = page["next"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(Value::from(seen), whole["items"]);
    let paused = house.call("list_workspaces", json!({ "status": "paused" })).await;
    assert_eq!(names(&paused["items"]), ["Incident Scribe"]);
    refused(&house.refusal("list_workspaces", json!({ "limit": 0 })).await, "INVALID_INPUT", &["1 to 200"]);
    refused(
        &house.refusal("list_workspaces", json!({ "cursor": "bm9uZQ" })).await,
        "INVALID_INPUT",
        &["without `cursor`"],
    );
}

#[tokio::test]
async fn what_would_be_lost_is_said_before_it_is() {
    let house = House::open(Plan::default());
    let top = external(&house, "Top", None).await;
    let below = external(&house, "Below", Some(&top)).await;
    let made = house.call("create_workspace", json!({ "name": "Worker" })).await;
    let worker = id(&made);
    becomes(&house, &worker, "online").await;
    is_busy(&house, &worker, 2).await;
    is_busy(&house, &below, 1).await;
    for (tool, workspace, words) in [
        (
            "delete_workspace",
            &top,
            &["1 below it: \"Below\"", "1 running task", "including_children: true", "interrupting: true"][..],
        ),
        ("delete_workspace", &worker, &["2 running task", "interrupting: true"]),
        ("restart_workspace", &worker, &["2 running task", "interrupting: true"]),
        ("pause_workspace", &worker, &["2 running task"]),
        ("pause_workspace", &top, &["1 running task"]),
        ("restart_workspace", &top, &["external"]),
        ("resume_workspace", &worker, &["it is online, not paused"]),
    ] {
        let text = house.refusal(tool, json!({ "workspace_id": workspace })).await;
        refused(&text, "CONFLICT", words);
        assert!(text.contains("Nothing was changed."), "{text}");
    }
    let asked = house.host().asked();
    assert!(
        !asked
            .iter()
            .any(|one| one.method == "DELETE" || one.path.ends_with("/pause") || one.path.ends_with("/restart"))
    );

    let half = json!({ "workspace_id": top, "including_children": true });
    refused(&house.refusal("delete_workspace", half).await, "CONFLICT", &["1 running task"]);
    let all = json!({ "workspace_id": top, "including_children": true, "interrupting": true });
    let gone = house.call("delete_workspace", all).await;
    assert_eq!(names(&gone["also_removed"]), ["Below"]);
    assert!(gone["notes"][0].as_str().unwrap().starts_with("2 external agent(s) keep running"), "{gone}");
    let restarted = house.call("restart_workspace", json!({ "workspace_id": worker, "interrupting": true })).await;
    assert_eq!(restarted["status"], "provisioning");
    assert_eq!(house.journal("restart_workspace").await["effect"], "destroy");
    house.is_balanced().await;
}

#[tokio::test]
async fn what_isnt_there_is_not_found_and_not_a_success() {
    let house = House::open(Plan::default());
    for (tool, more) in [
        ("get_workspace", json!({})),
        ("delete_workspace", json!({})),
        ("update_workspace", json!({ "name": "x" })),
        ("restart_workspace", json!({})),
        ("pause_workspace", json!({})),
        ("resume_workspace", json!({})),
        ("list_secrets", json!({})),
        ("set_secret", json!({ "key": "A", "source": "env:PATH" })),
        ("delete_secret", json!({ "key": "A" })),
        ("list_workspace_tokens", json!({})),
        ("create_workspace_token", json!({})),
        ("list_workspace_approvals", json!({})),
        ("create_approval", json!({ "action": "x" })),
        ("decide_approval", json!({ "approval_id": UNKNOWN, "decision": "denied" })),
        ("revoke_workspace_token", json!({ "token_id": UNKNOWN })),
    ] {
        let mut arguments = more;
        arguments["workspace_id"] = UNKNOWN.into();
        refused(&house.refusal(tool, arguments).await, "NOT_FOUND", &["Nothing was changed."]);
    }
    refused(&house.refusal("revoke_key", json!({ "key": "abcdefgh" })).await, "NOT_FOUND", &["list_org_keys"]);
    house.is_balanced().await;
}

#[tokio::test]
async fn a_change_that_the_tenant_only_claims_is_told() {
    let house = House::open(Plan::default());
    let one = external(&house, "One", None).await;
    let text = house.refusal("update_workspace", json!({ "workspace_id": one, "parent_id": UNKNOWN })).await;
    assert!(text.contains("parent"), "{text}");
    assert!(text.contains("Nothing was changed."), "{text}");
    let two = external(&house, "Two", Some(&one)).await;
    let detached = house.call("update_workspace", json!({ "workspace_id": two, "parent_id": null })).await;
    assert_eq!(detached["updated"], json!({ "parent_id": null }));
}

#[tokio::test]
async fn a_workspaces_token_goes_to_its_sink_and_works() {
    let house = House::open(Plan::default());
    for (name, more) in [
        ("Awaited", json!({ "external": true })),
        ("Known", json!({ "external": true, "url": "https://agent.example" })),
        ("Inside", json!({})),
    ] {
        let mut arguments = more;
        arguments["name"] = name.into();
        arguments["sink"] = format!("file:{name}").into();
        let made = house.call("create_workspace", arguments).await;
        let location = made["delivered"]["location"].as_str().unwrap();
        let token = std::fs::read_to_string(location).unwrap().trim().to_owned();
        assert_eq!(made["delivered"]["prefix"], &token[..8]);
        assert!(!made.to_string().contains(&token));
        let beat = json!({ "workspace_id": made["id"] });
        assert_eq!(house.host().ask("POST", "/registry/heartbeat", &token, beat.clone()).await.0, 200, "{name}");
        assert_eq!(house.host().ask("POST", "/registry/heartbeat", "somebody", beat).await.0, 401, "{name}");
        assert_eq!(house.journal("create_workspace").await["effect"], "escalate");
    }
    let taken = house.refusal("create_workspace", json!({ "name": "Again", "sink": "file:Inside" })).await;
    refused(&taken, "CONFLICT", &["exists already", "Nothing was changed."]);
    assert_eq!(house.call("list_workspaces", json!({})).await["count"], 3);
}

#[tokio::test]
async fn a_secret_goes_from_its_source_to_the_tenant_and_nowhere_else() {
    const SECRET: &str = "canary-of-the-road";
    let house = House::open(Plan::default());
    let credentials = house.home.path().join("credentials");
    std::fs::create_dir(&credentials).unwrap();
    std::fs::write(credentials.join("db"), format!("{SECRET}\n")).unwrap();
    let made = house.call("create_workspace", json!({ "name": "Db", "secrets": { "FIRST": "file:db" } })).await;
    let (workspace, mut answers) = (id(&made), vec![made]);
    let one = json!({ "workspace_id": workspace, "key": "SECOND", "source": "file:db" });
    answers.push(house.call("set_secret", one).await);
    answers.push(house.call("set_global_secret", json!({ "key": "THIRD", "source": "file:db" })).await);
    answers.push(house.call("list_secrets", json!({ "workspace_id": workspace })).await);
    let values =
        house.host().ask_as_owner("GET", &format!("/workspaces/{workspace}/secrets/values"), Value::Null).await;
    assert_eq!(values.1, json!({ "FIRST": SECRET, "SECOND": SECRET, "THIRD": SECRET }));

    for (source, code) in [
        ("env:MOLECULE_ORG_TOKEN", "FORBIDDEN_BY_POLICY"),
        ("env:molecule_org_token", "FORBIDDEN_BY_POLICY"),
        ("env:NOBODY_HAS_SET_THIS", "PRECONDITION_FAILED"),
        ("file:nothing", "PRECONDITION_FAILED"),
        ("file:/etc/passwd", "FORBIDDEN_BY_POLICY"),
        ("file:../state.db", "INVALID_INPUT"),
        (SECRET, "INVALID_INPUT"),
    ] {
        let text = house.refusal("set_global_secret", json!({ "key": "A", "source": source })).await;
        refused(&text, code, &["Nothing was changed."]);
        answers.push(text.into());
    }
    for answer in answers {
        assert!(!answer.to_string().contains(SECRET), "{answer}");
    }
    house.is_balanced().await;
    for file in ["state.db", "state.db-wal"] {
        let bytes = std::fs::read(house.home.path().join(file)).unwrap_or_default();
        assert!(!bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()), "{file}");
    }
}

#[tokio::test]
async fn an_approval_is_decided_once_and_by_name() {
    let house = House::open(Plan::default());
    let workspace = external(&house, "Asker", None).await;
    let it = json!({ "workspace_id": workspace });
    let asked = house
        .call("create_approval", json!({ "workspace_id": workspace, "action": "spend 10", "reason": "lunch" }))
        .await;
    let pending = house.call("list_pending_approvals", json!({})).await;
    assert_eq!((&pending["count"], &pending["items"][0]["action"]), (&json!(1), &json!(fence::around("spend 10", ""))));
    assert_eq!(pending["denied_by_asking"], json!([]));
    let decision = json!({ "workspace_id": workspace, "approval_id": asked["approval_id"], "decision": "denied" });
    let decided = house.call("decide_approval", decision.clone()).await;
    assert_eq!((&decided["status"], &decided["action"]), (&json!("denied"), &json!(fence::around("spend 10", ""))));
    refused(&house.refusal("decide_approval", decision).await, "CONFLICT", &["denied already"]);

    let listed = house.call("get_workspace_approvals", it).await;
    let by = listed["items"][0]["decided_by"].as_str().unwrap();
    assert!(by.starts_with("molecule-org-mcp:local/cli key "), "{by}");
    let record = house.journal("list_workspace_approvals").await;
    assert_eq!(
        (&record["tool"], &record["targets"]["workspace_id"]),
        (&json!("list_workspace_approvals"), &json!(workspace))
    );
    house.is_balanced().await;
}

#[tokio::test]
async fn asking_what_is_pending_says_what_that_denied() {
    let house = House::open(Plan::default());
    let workspace = external(&house, "Asker", None).await;
    let row = json!({
        "table": "approval_requests", "id": UNKNOWN, "workspace_id": workspace, "action": "an old wish",
        "status": "pending", "created_at": { "$seconds_from_now": -660 },
    });
    house.host().seed(&row);
    let listed = house.call("list_workspace_approvals", json!({ "workspace_id": workspace })).await;
    assert_eq!(listed["items"][0]["status"], "pending");
    let pending = house.call("list_pending_approvals", json!({})).await;
    assert_eq!(pending["count"], 0, "{pending}");
    assert_eq!(pending["denied_by_asking"][0]["action"], fence::around("an old wish", ""), "{pending}");
}

#[tokio::test]
async fn an_import_says_what_it_made_and_what_it_lacks() {
    let house = House::open(Plan::default());
    let templates = house.call("list_org_templates", json!({})).await;
    assert_eq!(templates["items"][0]["template"], "research-desk", "{templates}");

    let team = house.call("import_org", json!({ "template": "starter-team" })).await;
    assert_eq!((&team["status"], &team["count"]), (&json!("complete"), &json!(3)));
    let text = house.refusal("import_org", json!({ "template": "research-desk" })).await;
    refused(&text, "PRECONDITION_FAILED", &["Missing: SEARCH_API_KEY, ANTHROPIC_API_KEY or OPENROUTER_API_KEY."]);
    assert!(text.contains("Nothing was changed."), "{text}");
    let forced = house.call("import_org", json!({ "template": "research-desk", "force": true })).await;
    assert_eq!(forced["count"], 3);

    let broken = json!({ "name": "b", "workspace_dir": "relative" });
    let good = json!({ "name": "a", "external": true });
    let inline = json!({ "name": "half", "workspaces": [good, broken, { "name": "c" }] });
    let half = house.call("import_org", json!({ "inline": inline })).await;
    assert_eq!((&half["status"], &half["count"]), (&json!("partial"), &json!(1)), "{half}");
    assert_eq!(names(&half["workspaces"]), ["b", "c", "a"]);
    let outcomes: Vec<&Value> = half["workspaces"].as_array().unwrap().iter().map(|one| &one["outcome"]).collect();
    assert_eq!(outcomes, ["failed", "not_reached", "created"]);
    assert!(half["problem"].as_str().unwrap().contains("workspace b"), "{half}");
    assert_eq!(house.journal("import_org").await["sent"][1], "POST /org/import 207");

    let clear = json!({ "name": "x", "workspaces": [{ "channels": [{ "config": { "bot_token": "123:abc" } }] }] });
    let text = house.refusal("import_org", json!({ "inline": clear })).await;
    refused(&text, "INVALID_INPUT", &["inline.workspaces[0].channels[0].config.bot_token"]);
    assert!(!text.contains("123:abc"));
    for neither in [json!({}), json!({ "template": "a", "inline": {} })] {
        refused(&house.refusal("import_org", neither).await, "INVALID_INPUT", &["either"]);
    }
    assert_eq!(house.call("list_workspaces", json!({})).await["count"], 7);
    house.is_balanced().await;
}

#[tokio::test]
async fn the_demo_shows_what_is_planted_in_it() {
    let house = seeded();
    let overview = house.call("get_org_overview", json!({})).await;
    assert_eq!(overview["not_looked_at"], json!([]), "{overview}");
    assert_eq!(overview["by_status"]["online"], 9, "{overview}");
    assert_eq!(names(&overview["in_trouble"]), ["Database Steward", "Edge Cache Tuner"]);
    assert_eq!(overview["pending_approvals_count"], 3);
    assert_eq!(names(&overview["spend"]["near_limit"]), ["Copywriter", "Ads Optimizer"], "{overview}");
    let failing = overview["schedules"]["failing"].as_array().unwrap();
    assert!(failing.iter().any(|one| one["schedule_name"] == "Nightly vacuum"), "{overview}");
    let idle = house.call("find_idle_workspaces", json!({})).await;
    assert_eq!(names(&idle["items"]), ["Voice Partner", "SEO Analyst", "Growth Lead"], "{idle}");
    assert_eq!(names(&overview["idle"]), names(&idle["items"]));
    // A longer silence finds fewer.
    let long = house.call("find_idle_workspaces", json!({ "minutes": 24 * 60 })).await;
    assert_eq!(long["count"], 2, "{long}");

    let keys = house.call("inspect_org_keys", json!({})).await;
    let problems = |prefix: &str| {
        let findings = keys["findings"].as_array().unwrap();
        findings.iter().find(|one| one["prefix"] == prefix).map(|one| one["problems"].to_string()).unwrap_or_default()
    };
    assert!(problems("b2KqU8mo").contains("unused for 120 days"), "{keys}");
    assert!(problems("Wd5gN3ri").contains("unnamed"), "{keys}");
    assert!(problems("Zt6nE1yu").contains("minted by v9PjX4ca, a key that is gone"), "{keys}");
    assert_eq!(problems("q7RzB2ne"), "", "{keys}");
    assert_eq!(overview["keys"]["at_risk_count"], keys["findings"].as_array().unwrap().len());
    let lineage: Vec<&str> = keys["lineage"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    for line in ["mK3vT9xQ \"founders-root\", by admin-token", "   └─ Hs0wLf5d \"release-bot\""] {
        assert!(lineage.contains(&line), "{lineage:#?}");
    }
    assert!(lineage.iter().any(|line| line.contains("this server's own")), "{lineage:#?}");
}

#[tokio::test]
async fn a_minted_key_works_until_it_is_revoked_and_the_journal_tells_it_all() {
    let house = House::open(Plan::default());
    let minted = house.call("mint_org_key", json!({ "name": "ci", "sink": "file:ci" })).await;
    let key = std::fs::read_to_string(minted["location"].as_str().unwrap()).unwrap().trim().to_owned();
    assert_eq!((key.len(), &minted["prefix"]), (43, &json!(key[..8])));
    assert!(!minted.to_string().contains(&key));
    let (status, listed) = house.host().ask("GET", "/org/tokens", &key, Value::Null).await;
    assert_eq!((status, listed["tokens"].as_array().unwrap().len()), (200, 2));

    let revoked = house.call("revoke_key", json!({ "key": minted["prefix"] })).await;
    assert_eq!((&revoked["revoked"], &revoked["own"]), (&minted["id"], &json!(false)));
    // Not after a while: at once.
    assert_eq!(house.host().ask("GET", "/org/tokens", &key, Value::Null).await.0, 401);

    let own = house.host().key.expose_secret()[..8].to_owned();
    let text = house.refusal("revoke_key", json!({ "key": own })).await;
    refused(&text, "CONFLICT", &["including_own: true", "Nothing was changed."]);
    let prefixed = house.call("query_journal", json!({ "key_prefix": own, "limit": 100 })).await;
    let told: Vec<String> = prefixed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("{} {} {} {}", one["tool"], one["effect"], one["outcome"], one["changed"]).replace('"', ""))
        .collect();
    assert_eq!(
        told,
        [
            "query_journal read running null",
            "revoke_key destroy CONFLICT no",
            "revoke_key destroy done yes",
            "mint_org_key escalate done yes",
        ]
    );
    assert_eq!(prefixed["items"][2]["targets"], json!({ "key": minted["prefix"] }));
    assert_eq!(prefixed["items"][2]["sent"], json!(["GET /org/tokens 200", "DELETE /org/tokens/{key} 200"]));
    let one = house.call("query_journal", json!({ "tool": "mint_org_key", "outcome": "done" })).await;
    assert_eq!(one["items"].as_array().unwrap().len(), 1);

    let farewell = house.call("revoke_key", json!({ "key": own, "including_own": true })).await;
    assert_eq!(farewell["own"], true);
    refused(&house.refusal("list_org_keys", json!({})).await, "UNAUTHENTICATED", &["MOLECULE_ORG_TOKEN"]);
    house.is_balanced().await;
}

#[tokio::test]
async fn every_request_carries_its_invocation() {
    let house = House::open(Plan::default());
    house.call("mint_org_key", json!({ "name": "a" })).await;
    let record = house.journal("mint_org_key").await;
    let asked = house.host().asked();
    let mint = asked.iter().find(|one| one.method == "POST").unwrap();
    assert_eq!((mint.path.as_str(), &json!(mint.request_id)), ("/org/tokens", &record["invocation"]));
}

#[tokio::test]
async fn a_mistake_names_the_nearest_right_thing() {
    let house = House::open(Plan::default());
    for (tool, arguments, words) in [
        ("list_workspace", json!({}), &["there is no tool `list_workspace`", "Did you mean `list_workspaces`?"][..]),
        ("xyzzy", json!({}), &["List the tools"]),
        (
            "get_workspace",
            json!({ "worksapce_id": UNKNOWN }),
            &["no argument `worksapce_id`", "Did you mean `workspace_id`?"],
        ),
        (
            "set_secret",
            json!({ "workspace_id": UNKNOWN, "key": "A", "value": "b" }),
            &["no argument `value`", "name the place as `source`"],
        ),
        ("get_workspace", json!({}), &["get_workspace needs `workspace_id`"]),
        ("get_workspace", json!({ "workspace_id": "one" }), &["`workspace_id`: expected a workspace's id, a UUID"]),
        ("get_workspace", json!({ "workspace_id": 7 }), &["`workspace_id`", "expected"]),
        ("whoami", json!({ "x": 1 }), &["whoami takes no arguments."]),
        ("create_workspace", json!({ "name": "a{b}" }), &["`name`: expected a name of 1 to 255 bytes"]),
        ("create_workspace", json!({ "name": "a", "tier": 11 }), &["`tier`: expected a tier from 1 to 10"]),
        (
            "create_workspace",
            json!({ "name": "a", "secrets": { "K": "in clear" } }),
            &["`secrets.K`: expected `env:NAME`"],
        ),
        ("mint_org_key", json!({ "name": "a", "sink": "stdout" }), &["`sink`: expected `file`"]),
        ("mint_org_key", json!({ "name": " " }), &["`name`: expected a name of 1 to 100 bytes"]),
        (
            "decide_approval",
            json!({ "workspace_id": UNKNOWN, "approval_id": UNKNOWN, "decision": "maybe" }),
            &["`approved` or `denied`"],
        ),
    ] {
        let text = house.refusal(tool, arguments).await;
        refused(&text, "INVALID_INPUT", words);
        assert!(!text.contains("in clear"), "{text}");
    }
    assert!(house.host().asked().is_empty());
    house.is_balanced().await;
}

#[tokio::test]
async fn read_only_refuses_what_isnt_a_read_and_writes_that_down() {
    let rules = Rules { read_only: true, ..waived() };
    let house = House::open(Plan { rules, ..Plan::default() });
    let shown = house.dispatch.list(&molecule_org_mcp::transport::caller::Caller::terminal()).len();
    let catalogue = house.dispatch.server().catalogue.entries();
    let tools = || catalogue.iter().filter(|entry| entry.tool.calls.is_none());
    let listed = catalogue.iter().filter(|entry| Surface::Full.shows(entry));
    assert_eq!(shown, listed.filter(|entry| entry.tool.least.is_read()).count());
    for entry in tools().filter(|entry| !entry.tool.most.is_read()) {
        // Refused before its arguments are looked at, so that these need not be right.
        let text = house.refusal(entry.tool.name, json!({})).await;
        refused(&text, "FORBIDDEN_BY_POLICY", &["read-only", "Nothing was changed."]);
        let record = house.journal(entry.tool.name).await;
        let told = (&record["decision"], &record["rule"], &record["outcome"]);
        assert_eq!(told, (&json!("refused"), &json!("read-only"), &json!("FORBIDDEN_BY_POLICY")));
    }
    assert_eq!(house.call("list_org_keys", json!({})).await["count"], 1);
    let me = house.call("whoami", json!({})).await;
    let refused = catalogue.iter().filter(|entry| !entry.tool.least.is_read()).count();
    assert_eq!(me["refused"]["read-only"].as_array().unwrap().len(), refused);
    assert!(house.host().asked().iter().all(|one| one.method == "GET"));
    house.is_balanced().await;
}

#[tokio::test]
async fn only_chosen_toolsets_are_there() {
    let rules = Rules { toolsets: [Toolset::Workspaces].into(), ..waived() };
    let house = House::open(Plan { rules, ..Plan::default() });
    let listed = house.dispatch.list(&molecule_org_mcp::transport::caller::Caller::terminal());
    let catalogue = &house.dispatch.server().catalogue;
    let of = |name: &str| catalogue.find(name).unwrap().toolset;
    assert!(!listed.is_empty() && listed.iter().all(|one| of(one.name) == Toolset::Workspaces), "{}", listed.len());
    house.call("list_workspaces", json!({})).await;
    let text = house.refusal("list_org_keys", json!({})).await;
    refused(&text, "FORBIDDEN_BY_POLICY", &["toolset `keys`", "--toolsets"]);
    house.is_balanced().await;
}

#[tokio::test]
async fn many_calls_at_once_are_each_written_down_once() {
    let limits = Limits { queue: Duration::from_secs(30), ..Limits::default() };
    let house = House::open(Plan { limits, ..Plan::default() });
    let workspace = external(&house, "Busy", None).await;
    let calls = (0..200).map(|n| {
        let (house, workspace) = (&house, &workspace);
        async move {
            match n % 4 {
                0 => house.call("list_workspaces", json!({})).await,
                1 => house.call("create_approval", json!({ "workspace_id": workspace, "action": "x" })).await,
                2 => house.call("get_workspace", json!({ "workspace_id": workspace })).await,
                _ => json!(house.refusal("get_workspace", json!({ "workspace_id": UNKNOWN })).await),
            }
        }
    });
    futures_util::future::join_all(calls).await;
    house.is_balanced().await;
    let unknown =
        state(house.home.path())
            .query_row("SELECT count(*) FROM journal WHERE result = 'unknown'", [], |row| row.get::<_, u32>(0));
    assert_eq!(unknown, Ok(0));
}
