//! Calls over many workspaces, for callers who are bound to some or run in one of them.

use serde_json::{Value, json};

use super::organisation::{HELPER, LEAD, MEMBER, THEIR_LEAD, THEIR_MEMBER, bound, house, list, running_in, subtree};

const TOOLS: [&str; 5] = [
    "pause_workspaces",
    "resume_workspaces",
    "restart_workspaces",
    "set_secret_everywhere",
    "install_plugin_everywhere",
];

fn with(tool: &str, mut arguments: Value) -> Value {
    match tool {
        "set_secret_everywhere" => {
            arguments["key"] = json!("A");
            arguments["source"] = json!("env:PATH");
        }
        "install_plugin_everywhere" => arguments["source"] = json!("code-review"),
        _ => {}
    }
    arguments
}

#[tokio::test]
async fn a_fleet_reaches_no_further_than_the_binding() {
    let house = house().await;
    let before = house.host().asked().len();
    for tool in TOOLS {
        for (binding, arguments) in [
            (subtree(LEAD), json!({ "workspace_ids": [MEMBER, THEIR_MEMBER] })),
            (subtree(LEAD), json!({ "subtree": THEIR_LEAD })),
            (subtree(MEMBER), json!({ "subtree": LEAD })),
            // The list holds the lead, and not what is below it.
            (list(&[LEAD]), json!({ "subtree": LEAD })),
            (subtree(LEAD), json!({})),
        ] {
            let refusal = house.call_as(&bound(binding), tool, with(tool, arguments.clone())).await.unwrap_err();
            let text = refusal.failure.text();
            assert!(text.starts_with("FORBIDDEN_BY_POLICY: "), "{tool} {arguments}: {text}");
            assert!(!text.contains("kanari"), "{text}");
        }
    }
    let acts: Vec<_> = house.host().asked().into_iter().skip(before).filter(|one| one.method != "GET").collect();
    assert!(acts.is_empty(), "{acts:?}");
    let done = house.call_as(&bound(subtree(LEAD)), "pause_workspaces", json!({ "subtree": LEAD })).await.unwrap();
    assert_eq!(done.content["done"], 3, "{}", done.content);
}

#[tokio::test]
async fn a_fleet_with_oneself_in_it_is_refused() {
    let house = house().await;
    for tool in TOOLS {
        for arguments in [json!({ "workspace_ids": [HELPER, MEMBER] }), json!({ "subtree": LEAD })] {
            let refusal = house.call_as(&running_in(MEMBER), tool, with(tool, arguments.clone())).await.unwrap_err();
            let text = refusal.failure.text();
            assert!(text.contains("the workspace that you run in yourself"), "{tool} {arguments}: {text}");
        }
    }
}

#[tokio::test]
async fn what_is_left_is_its_callers_alone_and_within_its_binding() {
    let house = house().await;
    let caller = bound(subtree(LEAD));
    let busy = json!({ "workspace_id": HELPER, "active_tasks": 1 });
    assert_eq!(house.host().ask_as_owner("POST", "/registry/heartbeat", busy).await.0, 200);
    let both = json!({ "workspace_ids": [HELPER, THEIR_MEMBER] });
    let operator = house.call("pause_workspaces", both).await;
    assert_eq!((&operator["done"], &operator["failed"]), (&json!(1), &json!(1)), "{operator}");
    let resume = json!({ "resume": operator["resume"] });
    let text = house.call_as(&caller, "pause_workspaces", resume).await.unwrap_err().failure.text();
    assert!(text.starts_with("NOT_FOUND: nothing is left"), "{text}");
}
