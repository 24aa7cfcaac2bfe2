//! import_org with a plan: nothing twice, nothing after a drift, and what was left undone is done by the next.

use serde_json::{Value, json};

use super::{TEAM, empty, import, named, paths, plan, team, workspaces};

#[tokio::test]
async fn an_import_brings_everything_that_has_a_route() {
    let house = empty();
    let imported = import(&house, &team()).await;
    assert_eq!((&imported["status"], &imported["count"]), (&json!("complete"), &json!(4)), "{imported}");
    assert!(imported.get("not_carried").is_none(), "{imported}");
    let all = workspaces(&house).await;
    assert_eq!(paths(&all), TEAM);
    let backend = named(&all, "Backend");
    assert_eq!((&backend["budget_limit"], &backend["x"], &backend["y"]), (&json!(5000), &json!(40), &json!(50)));
    let it = json!({ "workspace_id": backend["id"] });
    assert_eq!(house.call("get_model", it.clone()).await["model"], "sonnet");
    assert_eq!(house.call("list_schedules", it.clone()).await["items"][0]["name"], "Triage");
    let rules = house.call("list_instructions", json!({ "scope": "workspace" })).await;
    assert_eq!((&rules["count"], &rules["items"][0]["title"]), (&json!(1), &json!("Kindness")), "{rules}");
    house.is_balanced().await;
}

#[tokio::test]
async fn only_what_is_missing_is_made_and_goes_below_its_parent() {
    let house = empty();
    import(&house, &team()).await;
    let before = workspaces(&house).await;
    for name in ["Backend", "Frontend"] {
        let id = &named(&before, name)["id"];
        house.call("delete_workspace", json!({ "workspace_id": id, "including_children": true })).await;
    }
    let imported = import(&house, &team()).await;
    assert_eq!((&imported["status"], &imported["count"]), (&json!("complete"), &json!(3)), "{imported}");
    let all = workspaces(&house).await;
    assert_eq!(paths(&all), TEAM);
    assert_eq!(named(&all, "Lead")["id"], named(&before, "Lead")["id"]);
    assert_eq!(named(&all, "Backend")["x"].as_f64(), Some(40.0));
    let place = |name| (named(&all, name)["x"].as_f64().unwrap(), named(&all, name)["y"].as_f64().unwrap());
    assert_eq!((place("Frontend"), place("Lead")), ((16.0, 130.0), (0.0, 0.0)), "where the tenant puts a child");
    assert_eq!(house.call("compare_org", json!({ "inline": team() })).await["in_sync"], true);
    let again = import(&house, &team()).await;
    assert_eq!((&again["status"], &again["count"]), (&json!("complete"), &json!(0)), "{again}");
    assert!(again["workspaces"].as_array().unwrap().iter().all(|one| one["outcome"] == "existed"), "{again}");
    house.is_balanced().await;
}

#[tokio::test]
async fn a_plan_holds_until_something_changes() {
    let house = empty();
    let plan_id = plan(&house, &team()).await["plan_id"].clone();
    let arguments = json!({ "inline": team(), "plan_id": plan_id, "force": true });
    let mut other = team();
    other["workspaces"][0]["role"] = json!("follows");
    let refused = |text: String, what: &str| {
        assert!(
            text.starts_with("CONFLICT: ") && text.contains(what) && text.contains("Nothing was changed."),
            "{text}"
        );
    };
    let of_other = json!({ "inline": other, "plan_id": plan_id, "force": true });
    refused(house.refusal("import_org", of_other).await, "changed: the template\n");
    house.call("set_global_secret", json!({ "key": "SEARCH_API_KEY", "source": "env:PATH" })).await;
    refused(house.refusal("import_org", arguments.clone()).await, "changed: what is missing for it\n");
    house.call("delete_global_secret", json!({ "key": "SEARCH_API_KEY" })).await;
    let lead = json!({ "name": "Lead", "external": true, "url": "https://a.example" });
    house.call("create_workspace", lead).await;
    refused(house.refusal("import_org", arguments.clone()).await, "the workspaces that it touches");
    let text = house.refusal("import_org", json!({ "inline": team(), "plan_id": "plan-1" })).await;
    assert!(text.starts_with("INVALID_INPUT: ") && text.contains("plan_org_import"), "{text}");
    let posts = house.host().asked().into_iter().filter(|one| one.path == "/org/import");
    assert_eq!(posts.count(), 0);
    house.is_balanced().await;
}

#[tokio::test]
async fn what_a_partial_import_left_is_done_by_the_next() {
    let house = empty();
    let mut broken = team();
    broken["workspaces"][0]["children"][0]["children"][0]["workspace_dir"] = json!("relative");
    let partial = import(&house, &broken).await;
    assert_eq!((&partial["status"], &partial["count"]), (&json!("partial"), &json!(2)), "{partial}");
    let outcomes: Vec<(&str, &str)> = partial["workspaces"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["path"].as_str().unwrap(), one["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(
        outcomes,
        [(TEAM[2], "failed"), (TEAM[3], "not_reached"), (TEAM[0], "created"), (TEAM[1], "created")],
        "{partial}"
    );
    assert!(partial["problem"].as_str().unwrap().contains("workspace Junior"), "{partial}");
    let rest = import(&house, &team()).await;
    assert_eq!((&rest["status"], &rest["count"]), (&json!("complete"), &json!(2)), "{rest}");
    assert_eq!(paths(&workspaces(&house).await), TEAM);
    assert_eq!(house.call("compare_org", json!({ "inline": team() })).await["in_sync"], true);
}

#[tokio::test]
async fn without_what_it_requires_an_import_isnt_begun() {
    let house = empty();
    let plan_id = plan(&house, &team()).await["plan_id"].clone();
    let text = house.refusal("import_org", json!({ "inline": team(), "plan_id": plan_id })).await;
    assert!(text.starts_with("PRECONDITION_FAILED: ") && text.contains("SEARCH_API_KEY"), "{text}");
    assert_eq!(workspaces(&house).await, Vec::<Value>::new());
}

#[tokio::test]
async fn what_was_done_unheard_isnt_done_again() {
    let house = empty();
    let lead = json!({ "name": "Lead", "external": true, "url": "https://lead.example" });
    house.call("create_workspace", lead).await;
    let plan_id = plan(&house, &team()).await["plan_id"].clone();
    house.host().lose_answers(1);
    let text = house.refusal("import_org", json!({ "inline": team(), "plan_id": plan_id, "force": true })).await;
    assert!(text.starts_with("OUTCOME_UNKNOWN: "), "{text}");
    let made = ["Backend", "Backend / Junior", "Frontend", "Lead"];
    assert_eq!(paths(&workspaces(&house).await), made, "roots until they are moved");
    let planned = plan(&house, &team()).await;
    let counts = [&planned["create_count"], &planned["match_count"], &planned["unsettled_count"]];
    assert_eq!(counts, [&json!(0), &json!(4), &json!(2)], "{planned}");
    let imported = import(&house, &team()).await;
    assert_eq!((&imported["status"], &imported["count"]), (&json!("complete"), &json!(0)), "{imported}");
    assert_eq!(paths(&workspaces(&house).await), TEAM);
    house.is_balanced().await;
}

/// Both have a plan that holds, and only one of them may act on it.
#[tokio::test]
async fn of_two_imports_at_once_one_waits_for_its_turn() {
    let house = empty();
    let plan_id = plan(&house, &team()).await["plan_id"].clone();
    let arguments = json!({ "inline": team(), "plan_id": plan_id, "force": true });
    let (one, other) =
        tokio::join!(house.try_call("import_org", arguments.clone()), house.try_call("import_org", arguments));
    let mut refused: Vec<String> =
        [one, other].into_iter().filter_map(|done| Some(done.err()?.failure.text())).collect();
    let text = refused.pop().expect("one of them isn't done");
    assert!(text.starts_with("CONFLICT: ") && text.contains("Nothing was changed.") && refused.is_empty(), "{text}");
    assert_eq!(paths(&workspaces(&house).await), TEAM);
    let again = import(&house, &team()).await;
    assert_eq!((&again["status"], &again["count"]), (&json!("complete"), &json!(0)), "it isn't held for ever: {again}");
    house.is_balanced().await;
}

/// The tenant refuses titles of that length, each of them.
#[tokio::test]
async fn what_isnt_carried_leaves_room_for_the_answer() {
    let house = empty();
    let one = |n: usize| {
        let rules: Vec<Value> =
            (0..4).map(|rule| json!({ "title": format!("{rule} {}", "t".repeat(250)), "content": "x" })).collect();
        let name = format!("{n} {}", "long ".repeat(30));
        json!({ "name": name, "external": true, "url": "https://a.example", "instructions": rules })
    };
    let template = json!({ "name": "T", "workspaces": (0..120).map(one).collect::<Vec<Value>>() });
    let imported = import(&house, &template).await;
    assert_eq!(imported["count"], 120);
    let lines = imported["not_carried"].as_array().unwrap();
    assert_eq!((lines.len(), &lines[50]), (51, &json!("and 430 more")));
}
