//! What is deleted comes back from its capsule: what was in it, sealed until then, for a time, and once.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use molecule_org_mcp::policy::Rules;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{external, open, refused, running};
use crate::faults::{FaultyTenant, Reply, Seen};
use crate::process::{Running, ended, towards};
use crate::support::{Host, House, Plan, waived};
use crate::toolsets::files::unfenced;

const CANARY: &str = "canary of what it was";

pub async fn scene(house: &House) {
    let gone = external(house, "Undone", None).await;
    let deleted = house.call("delete_workspace", json!({ "workspace_id": gone })).await;
    assert_eq!(house.journal("delete_workspace").await["capsule"], deleted["capsule"]);
    let back = house.call("restore_workspace", json!({ "capsule": deleted["capsule"], "name": "Redone" })).await;
    assert_eq!((&back["complete"], &back["workspaces"][0]["was"]), (&json!(true), &json!(gone)), "{back}");
    let id = back["workspaces"][0]["id"].clone();
    let one = house.call("get_workspace", json!({ "workspace_id": id })).await;
    assert_eq!((&one["name"], &one["runtime"]), (&json!("Redone"), &json!("external")), "{one}");
    house.call("delete_workspace", json!({ "workspace_id": id })).await;
}

/// A lead with something of everything, and one below it.
async fn furnished(house: &House) -> (String, String) {
    let lead = running(house, "Archive").await;
    let at = |more: Value| {
        let mut arguments = more;
        arguments["workspace_id"] = json!(lead);
        arguments
    };
    for (tool, arguments) in [
        ("update_workspace", json!({ "role": "keeps it all", "tier": 2, "x": 4.0, "y": -2.5 })),
        ("update_config", json!({ "config": { "language": "de", "note": CANARY } })),
        ("write_file", json!({ "path": "skills/old.md", "content": format!("# {CANARY}") })),
        (
            "create_schedule",
            json!({ "name": "daily", "cron_expr": "0 9 * * *", "prompt": CANARY, "timezone": "Europe/Berlin" }),
        ),
        ("create_schedule", json!({ "name": "off", "cron_expr": "0 8 * * 1", "prompt": "p", "enabled": false })),
        ("commit_memory", json!({ "content": format!("{CANARY}, first") })),
        ("commit_memory", json!({ "content": "for all", "scope": "GLOBAL" })),
        ("commit_memory", json!({ "content": "for the team", "scope": "TEAM", "namespace": "shelf" })),
        ("memory_set", json!({ "key": "state", "value": { "deep": [1, CANARY] } })),
        ("memory_set", json!({ "key": "soon", "value": 1, "ttl_seconds": 86_400 })),
        ("set_budget", json!({ "limit": { "cents": 4_000, "currency": "USD" } })),
        ("set_secret", json!({ "key": "DEPLOY_KEY", "source": "env:PATH" })),
        (
            "create_instruction",
            json!({ "scope": "workspace", "title": "Tone", "content": "Answer briefly.", "priority": 5 }),
        ),
    ] {
        house.call(tool, at(arguments)).await;
        house.call("wait_for_workspace", json!({ "workspace_id": lead, "status": ["online"], "seconds": 20 })).await;
    }
    let rows = json!({ "table": "workspace_channels", "id": "cafe0000-0000-4000-8000-0000000000f2", "workspace_id": lead,
        "channel_type": "slack", "channel_config": { "webhook_url": "https://hooks.slack.com/services/T/B/x", "chat_id": "C1" } });
    house.host().seed(&rows);
    house.call("set_model", at(json!({ "model": "anthropic/claude-sonnet-4-5" }))).await;
    house.call("wait_for_workspace", json!({ "workspace_id": lead, "status": ["online"], "seconds": 20 })).await;
    let below = external(house, "Below", Some(&lead)).await;
    (lead, below)
}

/// What there is of a workspace, but for ids, times and what is everybody's.
async fn picture(house: &House, id: &str) -> Value {
    let it = || json!({ "workspace_id": id });
    let listed = house.call("list_workspaces", json!({ "long": true, "limit": 200 })).await;
    let row = listed["items"].as_array().unwrap().iter().find(|one| one["id"] == id).unwrap().clone();
    let detail = house.call("get_workspace", it()).await;
    let config = house.call("get_config", it()).await;
    let schedules = house.call("list_schedules", json!({ "workspace_id": id, "long": true })).await;
    let schedules: Vec<Value> = schedules["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| json!([one["name"], one["cron_expr"], one["timezone"], one["enabled"], unfenced(&one["prompt"])]))
        .collect();
    let (_, memories) =
        house.host().ask_as_owner("GET", &format!("/workspaces/{id}/memories?limit=50"), Value::Null).await;
    let memories: Vec<Value> = memories
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["scope"] != "GLOBAL")
        .map(|one| json!([one["content"], one["scope"], one["namespace"]]))
        .collect();
    let (_, values) = house.host().ask_as_owner("GET", &format!("/workspaces/{id}/memory"), Value::Null).await;
    let values: Vec<Value> = values
        .as_array()
        .unwrap()
        .iter()
        .map(|one| json!([one["key"], one["value"], one["expires_at"].is_string()]))
        .collect();
    let rules = house.call("list_instructions", json!({ "workspace_id": id, "scope": "workspace" })).await;
    let rules: Vec<Value> = rules["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["scope"] == "workspace")
        .map(|one| json!([one["title"], unfenced(&one["content"]), one["priority"], one["enabled"]]))
        .collect();
    json!({
        "name": row["name"], "role": row["role"], "tier": row["tier"], "runtime": row["runtime"],
        "budget": row["budget_limit"], "tasks": row["max_concurrent_tasks"], "x": detail["x"], "y": detail["y"],
        "config": config["config"], "model": house.call("get_model", it()).await,
        "schedules": schedules, "memories": memories, "values": values, "instructions": rules,
    })
}

#[tokio::test]
async fn what_was_deleted_comes_back_as_it_was() {
    let house = open();
    let (lead, below) = furnished(&house).await;
    let before = (picture(&house, &lead).await, picture(&house, &below).await);
    let gone = json!({ "workspace_id": lead, "including_children": true });
    let deleted = house.call("delete_workspace", gone).await;
    let until = deleted["kept_until"].as_str().unwrap().parse::<chrono::DateTime<Utc>>().unwrap();
    assert_eq!((until - Utc::now()).num_hours(), 30 * 24 - 1, "{deleted}");
    sealed(house.home.path(), deleted["capsule"].as_str().unwrap());

    let it = json!({ "capsule": deleted["capsule"] });
    let back = house.call("restore_workspace", it.clone()).await;
    assert_eq!(back["complete"], true, "{back}");
    let new: Vec<&str> = back["workspaces"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert!(new.len() == 2 && new[0] != lead && new[1] != below, "{back}");
    assert_eq!(back["workspaces"][0]["schedules_on"], json!(["daily"]));
    let after = (picture(&house, new[0]).await, picture(&house, new[1]).await);
    assert_eq!(after, before);
    assert_eq!(for_all(&house).await, 1, "what everybody saw all the time isn't there twice");
    let parent = house.call("get_workspace", json!({ "workspace_id": new[1] })).await["parent_id"].clone();
    assert_eq!(parent, new[0], "below the new one");
    let file = house.call("read_file", json!({ "workspace_id": new[0], "path": "skills/old.md" })).await;
    assert_eq!(unfenced(&file["content"]), format!("# {CANARY}"));
    let missing = back["missing"].to_string();
    for words in ["DEPLOY_KEY", "set_secret", "slack (webhook_url)", "add_channel", "create_workspace_token"] {
        assert!(missing.contains(words), "no {words:?} in {missing}");
    }
    assert!(!missing.contains("MODEL_PROVIDER") && !missing.contains("hooks.slack.com"), "{missing}");

    let made = posts(&house);
    let again = house.call("restore_workspace", it.clone()).await;
    assert_eq!(again["workspaces"], back["workspaces"], "the same, and no twins");
    assert_eq!(posts(&house), made, "nothing is done twice");
    house.call("delete_workspace", json!({ "workspace_id": new[1] })).await;
    let text = house.refusal("restore_workspace", it).await;
    refused(&text, "CONFLICT", &["it was restored before", "Nothing was changed."]);
    house.is_balanced().await;
}

/// How often everybody sees it.
async fn for_all(house: &House) -> usize {
    let (_, all) = house.host().ask_as_owner("GET", "/admin/memories/export", Value::Null).await;
    all.as_array().unwrap().iter().filter(|one| one["scope"] == "GLOBAL" && one["content"] == "for all").count()
}

#[tokio::test]
async fn what_everybody_saw_comes_back_where_it_was_erased() {
    let house = open();
    let one = external(&house, "Teller", None).await;
    house.call("commit_memory", json!({ "workspace_id": one, "content": "for all", "scope": "GLOBAL" })).await;
    let deleted = house.call("delete_workspace", json!({ "workspace_id": one, "purge": true })).await;
    assert_eq!(for_all(&house).await, 0);
    house.call("restore_workspace", json!({ "capsule": deleted["capsule"] })).await;
    assert_eq!(for_all(&house).await, 1);
}

fn posts(house: &House) -> usize {
    house.host().asked().iter().filter(|one| one.method != "GET").count()
}

/// Nothing of it can be read in the data directory, and what there is is its owner's alone.
fn sealed(data: &Path, capsule: &str) {
    let (file, key) = (data.join("capsules").join(capsule), data.join("capsules.key"));
    assert!(fs::metadata(&file).unwrap().len() > 1_000);
    #[cfg(unix)]
    for path in [&file, &key] {
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
    let mut looked_at = 0;
    for found in fs::read_dir(data).unwrap().chain(fs::read_dir(data.join("capsules")).unwrap()) {
        let path = found.unwrap().path();
        if path.is_file() {
            let bytes = fs::read(&path).unwrap();
            assert!(!bytes.windows(CANARY.len()).any(|part| part == CANARY.as_bytes()), "{}", path.display());
            looked_at += 1;
        }
    }
    assert!(looked_at > 3, "{looked_at}");
}

#[tokio::test]
async fn a_capsule_is_forgotten_in_time_and_another_is_named() {
    let house = open();
    let mut capsules = Vec::new();
    for name in ["First", "Second"] {
        let gone = external(&house, name, None).await;
        capsules.push(house.call("delete_workspace", json!({ "workspace_id": gone })).await["capsule"].clone());
    }
    let kept = &house.dispatch.server().capsules;
    let file = |capsule: &Value| house.home.path().join("capsules").join(capsule.as_str().unwrap());
    assert_eq!(kept.prune(Utc::now() + TimeDelta::days(29)).await.unwrap(), 0);
    let sql = "UPDATE capsules SET until = '2020-01-01T00:00:00.000000Z' WHERE id = ?1";
    crate::support::state(house.home.path()).execute(sql, [capsules[0].as_str()]).unwrap();
    let text = house.refusal("restore_workspace", json!({ "capsule": capsules[0] })).await;
    refused(&text, "NOT_FOUND", &["its time is over", "\"Second\"", capsules[1].as_str().unwrap()]);
    assert!(!text.contains("\"First\""), "{text}");
    assert_eq!(kept.prune(Utc::now()).await.unwrap(), 1);
    assert!(!file(&capsules[0]).exists() && file(&capsules[1]).exists());
    assert_eq!(kept.prune(Utc::now() + TimeDelta::days(31)).await.unwrap(), 1);
    assert!(!file(&capsules[1]).exists());
    let text = house.refusal("restore_workspace", json!({ "capsule": capsules[1] })).await;
    refused(&text, "NOT_FOUND", &["No capsule is kept here now."]);
}

#[tokio::test]
async fn the_policy_says_how_long() {
    let rules = Rules { keep_days: None, ..waived() };
    let house = House::open(Plan { rules, ..Plan::default() });
    let gone = external(&house, "For ever", None).await;
    let deleted = house.call("delete_workspace", json!({ "workspace_id": gone })).await;
    assert_eq!(deleted.get("kept_until"), None);
    assert_eq!(house.dispatch.server().capsules.prune(Utc::now() + TimeDelta::days(40_000)).await.unwrap(), 0);
    house.call("restore_workspace", json!({ "capsule": deleted["capsule"] })).await;
}

#[tokio::test]
async fn it_goes_where_it_was_or_where_it_is_told() {
    let house = open();
    let (top, other) = (external(&house, "Top", None).await, external(&house, "Other", None).await);
    let gone = external(&house, "Gone", Some(&top)).await;
    let deleted = house.call("delete_workspace", json!({ "workspace_id": gone })).await;
    let nowhere = json!({ "capsule": deleted["capsule"], "parent_id": "00000000-0000-4000-8000-000000000000" });
    refused(&house.refusal("restore_workspace", nowhere).await, "NOT_FOUND", &["`parent_id`"]);
    let back = house.call("restore_workspace", json!({ "capsule": deleted["capsule"] })).await;
    let parent = async |back: &Value| {
        house.call("get_workspace", json!({ "workspace_id": back["workspaces"][0]["id"] })).await["parent_id"].clone()
    };
    assert_eq!(parent(&back).await, json!(top));
    let again = house.call("delete_workspace", json!({ "workspace_id": back["workspaces"][0]["id"] })).await;
    let there = json!({ "capsule": again["capsule"], "parent_id": other, "name": "Moved" });
    assert_eq!(parent(&house.call("restore_workspace", there).await).await, json!(other));
    let team = house.call("collapse_team", json!({ "workspace_id": other })).await;
    external(&house, "Another", Some(&other)).await;
    external(&house, "And another", Some(&other)).await;
    let two = house.call("collapse_team", json!({ "workspace_id": other })).await;
    let named = json!({ "capsule": two["capsule"], "name": "Both" });
    refused(&house.refusal("restore_workspace", named).await, "INVALID_INPUT", &["several side by side"]);
    assert_eq!(house.call("restore_workspace", json!({ "capsule": team["capsule"] })).await["complete"], true);
}

const ID: &str = "613fac6b-7c79-44fa-a26f-75c6ee7e1ffc";

/// A tenant with one running workspace, of which this part fails.
fn failing(part: &'static str, status: u16) -> impl Fn(&Seen) -> Reply + Send + Sync + 'static {
    move |seen: &Seen| {
        let path = seen.path.split('?').next().unwrap_or_default();
        let row = json!({ "id": ID, "name": "Half", "status": "online", "runtime": "langgraph", "tier": 1 });
        let own = format!("/workspaces/{ID}");
        let answer = match (seen.method.as_str(), path) {
            ("DELETE", _) => json!({ "status": "removed", "cascade_deleted": 0 }),
            (_, path) if path == part || path == format!("{own}{part}") => {
                return Reply::json(status, &json!({ "error": "no" }));
            }
            (_, "/workspaces") => json!([row]),
            (_, path) if path == own => row,
            (_, path) if path.ends_with("/config") => json!({ "data": { "a": 1 } }),
            (_, path) if path.ends_with("/model") => json!({ "model": "", "source": "default" }),
            (_, path) if path.ends_with("/files") => json!([{ "path": "a.md", "size": 1 }]),
            (_, path) if path.contains("/files/") => json!({ "content": "a", "size": 1 }),
            _ => json!([]),
        };
        Reply::json(200, &answer)
    }
}

#[tokio::test]
async fn a_part_that_cant_be_had_is_named_and_the_rest_is_kept() {
    for (part, status, named) in [
        ("/model", 500, "model"),
        ("/schedules", 403, "schedules"),
        ("/secrets", 404, "names of secrets"),
        ("/channels", 500, "channels"),
        ("/memory", 501, "values under keys"),
        ("/memories", 500, "memories"),
        ("/plugins", 404, "plugins"),
        ("/files", 500, "files"),
        ("/files/a.md", 404, "file a.md"),
        ("/instructions", 403, "instructions"),
    ] {
        let tenant = FaultyTenant::start(failing(part, status)).await;
        let house = House::before(&tenant.url(), Plan::default());
        let deleted = house.call("delete_workspace", json!({ "workspace_id": ID })).await;
        let missing = deleted["not_in_capsule"].as_array().unwrap_or_else(|| panic!("{part}: {deleted}"));
        assert_eq!(missing.len(), 1, "{part}: {deleted}");
        assert!(missing[0].as_str().unwrap().starts_with(&format!("Half: {named}: ")), "{part}: {deleted}");
    }
    let tenant = FaultyTenant::start(failing("/admin/memories/export", 500)).await;
    let house = House::before(&tenant.url(), Plan::default());
    let deleted = house.call("delete_workspace", json!({ "workspace_id": ID })).await;
    assert_eq!(deleted.get("not_in_capsule"), None, "fewer than 50 memories need no export: {deleted}");
}

#[tokio::test]
async fn without_what_it_is_or_what_will_be_there_in_a_moment_nothing_is_deleted() {
    for (part, status) in [("/config", 500), ("/schedules", 429), ("/files", 429), ("/memories", 429)] {
        let tenant = FaultyTenant::start(failing(part, status)).await;
        let house = House::before(&tenant.url(), Plan::default());
        let text = house.refusal("delete_workspace", json!({ "workspace_id": ID })).await;
        assert!(text.contains("\nNothing was changed.\n"), "{part} {status}: {text}");
        assert!(tenant.seen().iter().all(|seen| seen.method == "GET"), "{part} {status}");
    }
}

#[tokio::test]
async fn without_a_place_for_the_capsule_nothing_is_deleted() {
    let house = open();
    let one = external(&house, "Safe", None).await;
    fs::write(house.home.path().join("capsules"), "a file where the directory should be").unwrap();
    let text = house.refusal("delete_workspace", json!({ "workspace_id": one })).await;
    refused(&text, "PRECONDITION_FAILED", &["couldn't be saved first", "Nothing was changed."]);
    assert!(!house.host().asked().iter().any(|asked| asked.method == "DELETE"));
}

#[tokio::test]
async fn a_lost_key_isnt_replaced_while_capsules_are_there() {
    let house = open();
    let (one, two) = (external(&house, "One", None).await, external(&house, "Two", None).await);
    house.call("delete_workspace", json!({ "workspace_id": one })).await;
    let key = house.home.path().join("capsules.key");
    let aside = key.with_extension("aside");
    fs::rename(&key, &aside).unwrap();
    let text = house.refusal("delete_workspace", json!({ "workspace_id": two })).await;
    refused(&text, "PRECONDITION_FAILED", &["couldn't be saved first", "`capsules.key`", "Nothing was changed."]);
    assert!(!key.exists(), "it would open nothing that is there");
    fs::rename(&aside, &key).unwrap();
    house.call("delete_workspace", json!({ "workspace_id": two })).await;
}

const CHILD: &str = "713fac6b-7c79-44fa-a26f-75c6ee7e1ffc";

/// A tenant with a workspace that gets a child more, or work, while the first is being saved.
fn moving(work: bool) -> impl Fn(&Seen) -> Reply + Send + Sync + 'static {
    let saving = AtomicBool::new(false);
    let still = failing("nothing", 500);
    move |seen: &Seen| {
        let late = saving.fetch_or(seen.path.ends_with("/config"), Ordering::Relaxed);
        if seen.path.split('?').next() != Some("/workspaces") {
            return still(seen);
        }
        let row = |id: &str, parent: Option<&str>, tasks: u32| {
            json!({ "id": id, "name": "Moving", "status": "online", "parent_id": parent, "runtime": "langgraph",
                "tier": 1, "active_tasks": tasks })
        };
        let tasks = u32::from(late && work);
        let mut rows = vec![row(ID, None, tasks), row(CHILD, Some(ID), tasks)];
        if late && !work {
            rows.push(row("813fac6b-7c79-44fa-a26f-75c6ee7e1ffc", Some(ID), 0));
        }
        Reply::json(200, &json!(rows))
    }
}

#[tokio::test]
async fn what_came_while_the_rest_was_saved_isnt_lost() {
    for (work, words) in [(false, "changed while it was being saved"), (true, "running task(s)")] {
        for (tool, arguments) in [
            ("delete_workspace", json!({ "workspace_id": ID, "including_children": true })),
            ("collapse_team", json!({ "workspace_id": ID })),
        ] {
            let tenant = FaultyTenant::start(moving(work)).await;
            let house = House::before(&tenant.url(), Plan::default());
            let text = house.refusal(tool, arguments).await;
            refused(&text, "CONFLICT", &[words, "Nothing was changed."]);
            assert!(tenant.seen().iter().all(|seen| seen.method == "GET"), "{tool}: {text}");
        }
    }
}

#[tokio::test]
async fn two_at_once_make_no_twins() {
    let house = open();
    let gone = external(&house, "Wanted", None).await;
    let deleted = house.call("delete_workspace", json!({ "workspace_id": gone })).await;
    let restore = || house.try_call("restore_workspace", json!({ "capsule": deleted["capsule"] }));
    let (one, other) = tokio::join!(restore(), restore());
    let (back, refusal) = match (one, other) {
        (Ok(back), Err(refusal)) | (Err(refusal), Ok(back)) => (back.content, refusal.failure.text()),
        (one, other) => panic!("both or none: {} {}", one.is_ok(), other.is_ok()),
    };
    refused(&refusal, "CONFLICT", &["another call restores", "Nothing was changed."]);
    let all = house.call("list_workspaces", json!({ "name": "Wanted" })).await;
    assert_eq!(all["count"], 1, "{all}");
    let again = restore().await.map_err(|refusal| refusal.failure.text()).unwrap().content;
    assert_eq!(again["workspaces"], back["workspaces"], "it is free again");
}

/// A server that lives on takes over from a process that died, without being started anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_process_was_at_can_be_restored_by_one_that_lives() {
    let host = Host::start(false, Duration::ZERO);
    let data = tempfile::tempdir().unwrap();
    let command = || towards(&host.url, host.key.expose_secret(), data.path());
    let wish = json!({ "name": "Orphan", "external": true, "url": "https://a.example" });
    let id = host.ask_as_owner("POST", "/workspaces", wish).await.1["id"].clone();
    let gone = json!({ "workspace_id": id }).to_string();
    let deleted = ended(command(), &["call", "delete_workspace", "--args", &gone]).await.json();
    let it = || json!({ "capsule": deleted["capsule"] });
    let (mut dies, mut lives) = (Running::start(command(), &[]), Running::start(command(), &[]));
    dies.greet();
    lives.greet();
    // It makes something only after it claimed the capsule.
    host.halt_act();
    dies.call(1, "restore_workspace", it());
    host.halted().await;
    lives.call(1, "restore_workspace", it());
    let busy = lives.answer()["result"].to_string();
    assert!(busy.contains("another call restores"), "{busy}");
    dies.kill();
    lives.call(2, "restore_workspace", it());
    let back = lives.answer()["result"]["structuredContent"].clone();
    assert_eq!(back["complete"], true, "{back}");
    let (_, all) = host.ask_as_owner("GET", "/workspaces", Value::Null).await;
    assert_eq!(all.as_array().unwrap().len(), 1, "{all}");
}

#[tokio::test]
async fn a_capsule_that_was_changed_or_put_elsewhere_doesnt_open() {
    let house = open();
    let mut capsules = Vec::new();
    for name in ["One", "Two"] {
        let gone = external(&house, name, None).await;
        let deleted = house.call("delete_workspace", json!({ "workspace_id": gone })).await;
        capsules.push(deleted["capsule"].as_str().unwrap().to_owned());
    }
    let place = |capsule: &str| house.home.path().join("capsules").join(capsule);
    fs::copy(place(&capsules[1]), place(&capsules[0])).unwrap();
    let text = house.refusal("restore_workspace", json!({ "capsule": capsules[0] })).await;
    refused(&text, "PRECONDITION_FAILED", &["can't be opened", "Nothing was changed."]);
    fs::write(place(&capsules[1]), "x").unwrap();
    let text = house.refusal("restore_workspace", json!({ "capsule": capsules[1] })).await;
    refused(&text, "PRECONDITION_FAILED", &["can't be opened"]);
}

#[tokio::test]
async fn an_answer_that_is_lost_makes_no_twin() {
    let house = open();
    let gone = external(&house, "Single", None).await;
    let deleted = house.call("delete_workspace", json!({ "workspace_id": gone })).await;
    house.host().lose_answers(1);
    let text = house.refusal("restore_workspace", json!({ "capsule": deleted["capsule"] })).await;
    assert!(text.contains("with the same capsule"), "{text}");
    let back = house.call("restore_workspace", json!({ "capsule": deleted["capsule"] })).await;
    let all = house.call("list_workspaces", json!({ "name": "Single" })).await;
    assert_eq!((&all["count"], &all["items"][0]["id"]), (&json!(1), &back["workspaces"][0]["id"]), "{all}");
}

/// Kills at many moments of a restoring; each time the next process goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_it_goes_on_and_makes_no_twins() {
    const BELOW: usize = 4;
    const MEMORIES: usize = 6;
    let host = Host::start(false, Duration::from_millis(2));
    let data = tempfile::tempdir().unwrap();
    let command = || towards(&host.url, host.key.expose_secret(), data.path());
    let make = async |name: &str, parent: Value| {
        let wish = json!({ "name": name, "external": true, "url": "https://a.example", "parent_id": parent });
        host.ask_as_owner("POST", "/workspaces", wish).await.1["id"].clone()
    };
    let lead = make("Lead", Value::Null).await;
    for n in 0..BELOW {
        make(&format!("Below {n}"), lead.clone()).await;
    }
    let lead = lead.as_str().unwrap().to_owned();
    for n in 0..MEMORIES {
        let memory = json!({ "content": format!("fact {n}"), "scope": "LOCAL" });
        host.ask_as_owner("POST", &format!("/workspaces/{lead}/memories"), memory).await;
        let schedule = json!({ "name": format!("s{n}"), "cron_expr": "0 9 * * *", "prompt": "p", "enabled": false });
        host.ask_as_owner("POST", &format!("/workspaces/{lead}/schedules"), schedule).await;
    }
    let gone = format!(r#"{{"workspace_id":"{lead}","including_children":true}}"#);
    let deleted = ended(command(), &["call", "delete_workspace", "--args", &gone]).await.json();
    let mut kills = 0;
    for round in 0..12_u64 {
        let mut process = Running::start(command(), &[]);
        process.greet();
        process.call(1, "restore_workspace", json!({ "capsule": deleted["capsule"] }));
        tokio::time::sleep(Duration::from_millis(15 + round * 9)).await;
        process.kill();
        kills += usize::from(!process.said().iter().any(|line| line.contains("\"complete\"")));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(kills > 2, "the kills came too late to show anything");
    let capsule = format!("capsule={}", deleted["capsule"].as_str().unwrap());
    let back = ended(command(), &["call", "restore_workspace", &capsule]).await.json();
    assert_eq!(back["complete"], true, "{back}");
    let (_, all) = host.ask_as_owner("GET", "/workspaces", Value::Null).await;
    assert_eq!(all.as_array().unwrap().len(), BELOW + 1, "{kills} kills: {all}");
    let new = back["workspaces"][0]["id"].as_str().unwrap();
    let (_, memories) = host.ask_as_owner("GET", &format!("/workspaces/{new}/memories?limit=50"), Value::Null).await;
    let contents: Vec<&str> =
        memories.as_array().unwrap().iter().rev().map(|one| one["content"].as_str().unwrap()).collect();
    assert_eq!(contents, (0..MEMORIES).map(|n| format!("fact {n}")).collect::<Vec<_>>(), "{kills} kills");
    let (_, schedules) = host.ask_as_owner("GET", &format!("/workspaces/{new}/schedules"), Value::Null).await;
    assert_eq!(schedules.as_array().unwrap().len(), MEMORIES);
    println!("{kills} kills in the middle of a restoring: no twin");
}

#[tokio::test]
async fn a_whole_department_comes_back() {
    let house = open();
    let lead = external(&house, "Wide", None).await;
    for n in 0..40 {
        external(&house, &format!("Below {n}"), Some(&lead)).await;
    }
    let gone = json!({ "workspace_id": lead, "including_children": true });
    let deleted = house.call("delete_workspace", gone).await;
    assert_eq!(deleted.get("not_in_capsule"), None, "{deleted}");
    let back = house.call("restore_workspace", json!({ "capsule": deleted["capsule"] })).await;
    assert_eq!((&back["complete"], back["workspaces"].as_array().unwrap().len()), (&json!(true), 41));
}
