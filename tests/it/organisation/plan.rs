//! plan_org_import and compare_org.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{empty, import, plan, team, workspaces};

#[tokio::test]
async fn a_plan_says_what_would_come() {
    let house = empty();
    let mut template = team();
    template["workspaces"][0]["template"] = json!("no-such-template");
    template["workspaces"][0]["plugins"] = json!(["no-such-plugin", "code-review"]);
    template["workspaces"][0]["colour"] = json!("red");
    template["workspaces"][0]["schedules"] = json!([{ "name": "Never", "cron_expr": "61 * * * *", "prompt": "x" }]);
    let planned = plan(&house, &template).await;
    assert_eq!((&planned["detail"], &planned["create_count"]), (&json!("full"), &json!(4)), "{planned}");
    let created = json!({ "path": "Lead / Frontend", "runtime": "claude-code", "tier": 1 });
    assert_eq!(planned["creates"][3], created, "{planned}");
    assert_eq!(planned["missing_required"], json!(["SEARCH_API_KEY"]));
    assert_eq!(planned["missing_templates"], json!(["no-such-template"]));
    assert_eq!(planned["missing_plugins"], json!(["no-such-plugin"]));
    assert!(planned["schedules"][0]["problem"].as_str().unwrap().contains("0 to 59"), "{planned}");
    assert!(planned["schedules"][1]["next_run"].is_string(), "{planned}");
    assert_eq!((&planned["budget"]["added"]["cents"], &planned["budget"]["without_limit"]), (&json!(5000), &json!(3)));
    assert!(planned["notes"].to_string().contains("workspaces.colour"), "{planned}");
    assert!(workspaces(&house).await.is_empty(), "a plan changes nothing");
    house.is_balanced().await;
}

#[tokio::test]
async fn what_is_there_is_found_and_compared() {
    let house = empty();
    import(&house, &team()).await;
    let (before, compared) =
        (plan(&house, &team()).await, house.call("compare_org", json!({ "inline": team() })).await);
    assert_eq!((&before["create_count"], &before["match_count"]), (&json!(0), &json!(4)), "{before}");
    assert_eq!((&compared["in_sync"], &compared["beside_count"]), (&json!(true), &json!(0)), "{compared}");

    let mut other = team();
    other["workspaces"][0]["children"][0]["tier"] = json!(1);
    other["workspaces"][0]["children"][0]["model"] = json!("opus");
    other["workspaces"][0]["children"][0]["schedules"][0]["cron_expr"] = json!("0 8 * * 1-5");
    other["workspaces"][0]["children"].as_array_mut().unwrap().remove(1);
    let compared = house.call("compare_org", json!({ "inline": other })).await;
    assert_eq!(compared["extra"][0]["path"], "Lead / Frontend", "{compared}");
    let fields: Vec<&str> =
        compared["differences"].as_array().unwrap().iter().map(|one| one["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["tier", "model", "schedules.Triage.cron_expr"], "{compared}");
    let differing = plan(&house, &other).await;
    assert_eq!(differing["difference_count"], 3, "{differing}");
    assert_ne!(differing["plan_id"], before["plan_id"]);
    house.is_balanced().await;
}

#[tokio::test]
async fn of_a_template_that_the_tenant_holds_only_the_summary_is_known() {
    let house = empty();
    let held = json!({ "template": "research-desk" });
    let planned = house.call("plan_org_import", held.clone()).await;
    assert_eq!((&planned["detail"], &planned["create_count"]), (&json!("summary"), &json!(3)), "{planned}");
    assert_eq!(planned["missing_required"], json!(["ANTHROPIC_API_KEY or OPENROUTER_API_KEY", "SEARCH_API_KEY"]));
    let text = house.refusal("compare_org", held).await;
    assert!(text.starts_with("NOT_SUPPORTED: ") && text.contains("template_dirs"), "{text}");
    let text = house.refusal("plan_org_import", json!({ "template": "none" })).await;
    assert!(text.starts_with("NOT_FOUND: "), "{text}");

    let plan_id = house.call("plan_org_import", json!({ "template": "starter-team" })).await["plan_id"].clone();
    let by_plan = json!({ "template": "starter-team", "plan_id": plan_id });
    assert_eq!(house.call("import_org", by_plan.clone()).await["count"], 3);
    let text = house.refusal("import_org", by_plan).await;
    assert!(text.starts_with("CONFLICT: ") && text.contains("Nothing was changed."), "{text}");
}

/// What is missing of it only the tenant knows: a plan must not make twins all the same.
#[tokio::test]
async fn a_template_that_nobody_can_read_isnt_imported_over_itself() {
    let house = empty();
    let held = json!({ "template": "starter-team" });
    let by_plan = async || {
        let planned = house.call("plan_org_import", held.clone()).await;
        assert!(planned.get("match_count").is_none(), "not known: {planned}");
        (planned["notes"].to_string(), json!({ "template": "starter-team", "plan_id": planned["plan_id"] }))
    };
    let (notes, arguments) = by_plan().await;
    assert!(!notes.contains("refuses"), "{notes}");
    house.call("import_org", arguments).await;
    let (notes, arguments) = by_plan().await;
    assert!(notes.contains("3 workspaces of an earlier import"), "{notes}");
    let text = house.refusal("import_org", arguments).await;
    assert!(text.starts_with("CONFLICT: ") && text.contains("earlier import"), "{text}");
    assert_eq!(workspaces(&house).await.len(), 3);
    let lead = super::named(&workspaces(&house).await, "Lead")["id"].clone();
    house.call("delete_workspace", json!({ "workspace_id": lead, "including_children": true })).await;
    let (_, arguments) = by_plan().await;
    assert_eq!(house.call("import_org", arguments).await["count"], 3);
    house.is_balanced().await;
}

/// A person's yes to it would be for nothing.
#[tokio::test]
async fn a_template_that_isnt_there_is_refused_before_anything_else() {
    let house = empty();
    let text = house.refusal("import_org", json!({ "file": "nothere.yaml" })).await;
    assert!(text.starts_with("PRECONDITION_FAILED: "), "{text}");
    let text = house.refusal("import_org", json!({ "template": "none" })).await;
    assert!(text.starts_with("NOT_FOUND: "), "{text}");
    assert!(house.host().asked().iter().all(|one| one.method == "GET"), "{:?}", house.host().asked());
}

#[tokio::test]
async fn a_plan_says_what_is_mounted() {
    let house = empty();
    let mut template = team();
    template["workspaces"][0]["workspace_dir"] = json!("/srv/data");
    template["workspaces"][0]["workspace_access"] = json!("read_write");
    let planned = plan(&house, &template).await;
    let lead = &planned["creates"][0];
    assert_eq!(
        (&lead["workspace_dir"], &lead["workspace_access"]),
        (&json!("/srv/data"), &json!("read_write")),
        "{lead}"
    );
}

#[tokio::test]
async fn of_many_workspaces_all_are_looked_at() {
    let house = empty();
    let one = |n: usize| json!({ "name": format!("w{n}"), "external": true, "url": "https://a.example" });
    let bare = json!({ "name": "Large", "workspaces": (0..150).map(one).collect::<Vec<Value>>() });
    assert_eq!(import(&house, &bare).await["count"], 150);
    let mut with_models = bare.clone();
    for one in with_models["workspaces"].as_array_mut().unwrap() {
        one["model"] = json!("sonnet");
    }
    let compared = house.call("compare_org", json!({ "inline": with_models })).await;
    assert_eq!((&compared["in_sync"], &compared["difference_count"]), (&json!(false), &json!(150)), "{compared}");
    let imported = import(&house, &with_models).await;
    assert_eq!((&imported["status"], &imported["count"]), (&json!("complete"), &json!(0)));
    assert_eq!(house.call("compare_org", json!({ "inline": with_models })).await["in_sync"], true);
}

#[tokio::test]
async fn a_credential_of_a_workspace_isnt_told_as_a_difference() {
    let house = empty();
    let mut template =
        json!({ "name": "T", "workspaces": [{ "name": "A", "external": true, "url": "https://a.example" }] });
    import(&house, &template).await;
    let id = workspaces(&house).await[0]["id"].as_str().unwrap().to_owned();
    let role = json!({ "role": "password: hunter2" });
    house.host().ask_as_owner("PATCH", &format!("/workspaces/{id}"), role).await;
    template["workspaces"][0]["role"] = json!("leads");
    let compared = house.call("compare_org", json!({ "inline": template })).await;
    assert!(compared["difference_count"] == 1 && !compared.to_string().contains("hunter2"), "{compared}");
    for clear in [json!("https://u:pw@h.example"), json!("password: hunter2")] {
        template["workspaces"][0]["role"] = clear;
        let text = house.refusal("compare_org", json!({ "inline": template })).await;
        assert!(text.starts_with("INVALID_INPUT: ") && text.contains("inline.workspaces[0].role"), "{text}");
    }
}

#[tokio::test]
async fn a_copy_of_the_operators_shows_what_the_tenant_doesnt() {
    let house = empty();
    let folder = house.home.path().join("templates/starter-team");
    std::fs::create_dir_all(&folder).unwrap();
    let text = std::fs::read_to_string(crate::snapshot::file("src/backend/embedded/templates/starter-team.yaml"));
    std::fs::write(folder.join("org.yaml"), text.unwrap()).unwrap();
    let named = json!({ "template": "starter-team" });
    let planned = house.call("plan_org_import", named.clone()).await;
    assert_eq!(
        (&planned["detail"], &planned["creates"][2]["path"]),
        (&json!("full"), &json!("Lead / Frontend Engineer"))
    );
    let by_plan = json!({ "template": "starter-team", "plan_id": planned["plan_id"] });
    let imported = house.call("import_org", by_plan).await;
    assert_eq!((&imported["status"], &imported["count"]), (&json!("complete"), &json!(3)), "{imported}");
    assert_eq!(house.call("compare_org", named.clone()).await["in_sync"], true);
    std::fs::write(folder.join("org.yaml"), "name: Other\nworkspaces: [{name: A}]\n").unwrap();
    let text = house.refusal("plan_org_import", named).await;
    assert!(text.starts_with("CONFLICT: ") && text.contains("local copy"), "{text}");
}

#[tokio::test]
async fn a_plan_over_five_hundred_workspaces_is_quick_and_its_answer_small() {
    let house = empty();
    let one = |n: usize| json!({ "name": format!("w{n}"), "external": true, "url": "https://a.example" });
    let roots: Vec<Value> = (0..500).map(one).collect();
    let template = json!({ "name": "Large", "workspaces": roots });
    let mut half = template.clone();
    half["workspaces"].as_array_mut().unwrap().truncate(250);
    assert_eq!(house.call("import_org", json!({ "inline": half })).await["count"], 250);
    let began = Instant::now();
    let planned = plan(&house, &template).await;
    let took = began.elapsed();
    println!("a plan over 500 workspaces took {took:?} and answered {} bytes", planned.to_string().len());
    assert_eq!((&planned["create_count"], &planned["match_count"]), (&json!(250), &json!(250)));
    assert!(took < Duration::from_secs(3) && planned.to_string().len() < 20_000, "{took:?}");
    let rest = house.call("plan_org_import", json!({ "inline": template, "from": 240 })).await;
    assert_eq!(rest["creates"].as_array().unwrap().len(), 10, "{rest}");
    assert_eq!(rest["creates"][9]["path"], "w499");
}

/// A copy of the operator's of `starter-team`, after a change to it.
fn copy(house: &crate::support::House, change: impl Fn(String) -> String) {
    let folder = house.home.path().join("templates/starter-team");
    std::fs::create_dir_all(&folder).unwrap();
    let text = std::fs::read_to_string(crate::snapshot::file("src/backend/embedded/templates/starter-team.yaml"));
    std::fs::write(folder.join("org.yaml"), change(text.unwrap())).unwrap();
}

async fn by_name(house: &crate::support::House) -> Value {
    let planned = house.call("plan_org_import", json!({ "template": "starter-team" })).await;
    house.call("import_org", json!({ "template": "starter-team", "plan_id": planned["plan_id"] })).await
}

#[tokio::test]
async fn what_was_planned_is_imported_and_not_what_the_tenant_holds() {
    let house = empty();
    copy(&house, |text| {
        text.replace("name: Frontend Engineer", "name: Intern\n        tier: 1\n        budget_limit: 700")
    });
    let imported = by_name(&house).await;
    assert_eq!((&imported["status"], &imported["count"]), (&json!("complete"), &json!(3)), "{imported}");
    let all = workspaces(&house).await;
    let intern = super::named(&all, "Intern");
    assert_eq!((&intern["tier"], &intern["budget_limit"]), (&json!(1), &json!(700)), "{intern}");
}

/// For the files beside it the tenant's own goes by name; what it makes then may be something else.
#[tokio::test]
async fn settings_go_only_to_what_was_planned() {
    let house = empty();
    copy(&house, |text| {
        text.replace("name: Frontend Engineer", "name: Intern\n        files_dir: x\n        budget_limit: 700")
    });
    let imported = by_name(&house).await;
    assert_eq!((&imported["status"], &imported["count"]), (&json!("partial"), &json!(3)), "{imported}");
    assert!(imported["not_carried"][0].as_str().unwrap().contains("other workspaces"), "{imported}");
    let all = workspaces(&house).await;
    assert!(all.len() == 3 && all.iter().all(|one| one["budget_limit"].is_null()), "{all:?}");
}
