//! Who is held to less reads no more by address than by calling.

use chrono::Utc;
use molecule_org_mcp::grants::{Until, Wish};
use molecule_org_mcp::policy::role::Role;
use molecule_org_mcp::tools::toolset::Toolset;
use serde_json::{Value, json};

use super::{Doors, ERAS, Era, text};
use crate::bounds::organisation::{LEAD, MARKS, MEMBER, THEIR_LEAD, THEIR_MEMBER, house, subtree};
use crate::grants::{operator, wish};

/// The credential of a new grant.
async fn granted(doors: &Doors, wish: Wish) -> String {
    let server = doors.house.dispatch.server();
    let wish = Wish { until: Some(Until::Never), ..wish };
    let issued = server.grants.issue(wish, operator(), &server.policy.now(), Utc::now()).await.unwrap();
    issued.credential.expose().to_owned()
}

fn listed(answer: &Value) -> Vec<&str> {
    let items = answer["result"]["resources"].as_array().unwrap_or_else(|| panic!("no list: {answer}"));
    items.iter().map(|item| item["uri"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_policy_hides_is_neither_listed_nor_read() {
    let doors = Doors::of(house().await).await;
    let toolsets = Some([Toolset::Keys, Toolset::Governance].into());
    let keeper = granted(&doors, Wish { toolsets, ..wish("keeper", Role::Viewer) }).await;
    for era in ERAS {
        let list = doors.over_http(&keeper, era, "resources/list", json!({})).await;
        assert_eq!(listed(&list), ["molecule://keys", "molecule://journal/today"]);
        let templates = doors.over_http(&keeper, era, "resources/templates/list", json!({})).await;
        let names = templates["result"]["resourceTemplates"].as_array().unwrap().iter();
        assert_eq!(
            names.map(|one| one["name"].as_str().unwrap()).collect::<Vec<_>>(),
            ["org-keys", "journal", "result"]
        );
        let paged = doors.over_http(&keeper, era, "resources/list", json!({ "cursor": "x" })).await;
        assert_eq!(paged["error"]["code"], -32602);
        let read = doors.over_http(&keeper, era, "resources/read", json!({ "uri": "molecule://workspaces" })).await;
        let call = json!({ "name": "list_workspaces", "arguments": {} });
        let called = doors.over_http(&keeper, era, "tools/call", call).await;
        assert_eq!(read["error"]["data"]["code"], "FORBIDDEN_BY_POLICY", "{read}");
        assert_eq!(read["error"]["message"], called["result"]["content"][0]["text"], "the same words");
        let allowed = doors.over_http(&keeper, era, "resources/read", json!({ "uri": "molecule://keys" })).await;
        assert!(text(&allowed["result"]).contains("the-house"), "{allowed}");
    }
    doors.house.dispatch.server().journal.flush().await.unwrap();
    let refused = json!({ "outcome": "FORBIDDEN_BY_POLICY", "caller": "keeper", "tool": "list_workspaces" });
    let refused = doors.house.call("query_journal", refused).await;
    assert_eq!(refused["items"].as_array().unwrap().len(), 4, "each is written down: {refused}");
}

#[tokio::test]
async fn who_is_bound_reads_nothing_of_others() {
    let doors = Doors::of(house().await).await;
    let bound = Wish { binding: Some(subtree(LEAD)), ..wish("bound", Role::Admin) };
    let bound = granted(&doors, bound).await;
    let ask = async |method: &str, params: Value| doors.over_http(&bound, Era::Stateless, method, params).await;
    let list = ask("resources/list", json!({})).await;
    assert!(listed(&list).contains(&format!("molecule://workspaces/{MEMBER}").as_str()), "{list}");
    let mut said = vec![list.to_string()];
    for path in ["", "/activity", "/config", "/schedules", "/budget", "/files", "/files/a.md", "/container/workspace/a"]
    {
        for theirs in [THEIR_LEAD, THEIR_MEMBER] {
            let answer = ask("resources/read", json!({ "uri": format!("molecule://workspaces/{theirs}{path}") })).await;
            let place =
                molecule_org_mcp::resources::Place::at(&format!("molecule://workspaces/{theirs}{path}")).unwrap();
            let arguments = place.arguments(Utc::now().date_naive()).unwrap();
            let call = ask("tools/call", json!({ "name": place.entry.tool, "arguments": arguments })).await;
            assert_eq!(answer["error"]["message"], call["result"]["content"][0]["text"], "{path}: {answer}");
        }
        let own = ask("resources/read", json!({ "uri": format!("molecule://workspaces/{MEMBER}{path}") })).await;
        said.push(own.to_string());
    }
    for uri in ["org", "workspaces", "keys", "templates", "journal/today"] {
        said.push(ask("resources/read", json!({ "uri": format!("molecule://{uri}") })).await.to_string());
    }
    for answer in said {
        assert!(MARKS.iter().all(|mark| !answer.contains(mark)), "{answer}");
    }
}
