//! What is listed: the resources that there is one of, the workspaces page by page, and the templates; to each
//! caller what its tools are allowed.

use std::collections::BTreeSet;

use molecule_org_mcp::resources::ENTRIES;
use serde_json::{Value, json};

use super::{Doors, Era, OWNER};
use crate::support::{House, Plan};

fn uris(list: &Value, of: &str, field: &str) -> Vec<String> {
    let items = list[of].as_array().unwrap_or_else(|| panic!("no list: {list}"));
    items.iter().map(|item| item[field].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_there_is_one_of_comes_first_then_the_workspaces() {
    let doors = Doors::demo().await;
    let all = doors.house.call("list_workspaces", json!({ "limit": 200 })).await;
    let all = all["items"].as_array().unwrap();
    for answer in doors.everywhere("resources/list", json!({})).await {
        let list = &answer["result"];
        let uris = uris(list, "resources", "uri");
        let alone =
            ["org", "workspaces", "keys", "templates", "journal/today"].map(|path| format!("molecule://{path}"));
        assert_eq!(uris[..5], alone, "{answer}");
        assert_eq!((uris.len(), &list["cacheScope"]), (5 + all.len(), &json!("private")), "{answer}");
        for (item, line) in list["resources"].as_array().unwrap()[5..].iter().zip(all) {
            assert_eq!(item["uri"], format!("molecule://workspaces/{}", line["id"].as_str().unwrap()));
            assert_eq!((&item["title"], &item["mimeType"]), (&line["name"], &json!("application/json")));
            assert_eq!(item["annotations"]["audience"], json!(["user", "assistant"]));
        }
        assert_eq!(list.get("nextCursor"), None);
    }
}

#[tokio::test]
async fn many_workspaces_are_listed_page_by_page_and_each_once() {
    let house = House::open(Plan::default());
    let rows: Vec<String> = (0..250)
        .map(|n| json!({ "table": "workspaces", "name": format!("w{n:03}"), "external": true, "runtime": "external" }))
        .map(|row| row.to_string())
        .collect();
    house.host().seed_lines(&rows.join("\n"));
    let doors = Doors::of(house).await;
    let (mut seen, mut pages, mut params) = (Vec::new(), Vec::new(), json!({}));
    loop {
        let answer = doors.over_http(OWNER, Era::Handshake, "resources/list", params).await;
        let page = uris(&answer["result"], "resources", "uri");
        pages.push(page.len());
        seen.extend(page);
        let Some(cursor) = answer["result"]["nextCursor"].as_str() else { break };
        params = json!({ "cursor": cursor });
    }
    assert_eq!((pages, seen.len()), (vec![105, 100, 50], 255));
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 255, "none twice");
    let forged = doors.over_http(OWNER, Era::Stateless, "resources/list", json!({ "cursor": "forged" })).await;
    assert_eq!(forged["error"]["code"], -32602, "{forged}");
}

#[tokio::test]
async fn templates_are_all_that_have_something_to_choose() {
    let doors = Doors::demo().await;
    let expected: Vec<&str> = ENTRIES.iter().filter(|entry| entry.is_template()).map(|entry| entry.template).collect();
    for answer in doors.everywhere("resources/templates/list", json!({})).await {
        assert_eq!(uris(&answer["result"], "resourceTemplates", "uriTemplate"), expected);
        for template in answer["result"]["resourceTemplates"].as_array().unwrap() {
            let about = template["description"].as_str().unwrap();
            assert!((20..=300).contains(&about.len()) && about.ends_with('.'), "{template}");
        }
    }
    for answer in doors.everywhere("resources/templates/list", json!({ "cursor": "x" })).await {
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
    }
}

#[tokio::test]
async fn it_is_said_that_there_are_resources() {
    let doors = Doors::demo().await;
    let about = doors.over_http(OWNER, Era::Stateless, "server/discover", json!({})).await;
    assert!(about["result"]["capabilities"]["resources"].is_object(), "{about}");
}
