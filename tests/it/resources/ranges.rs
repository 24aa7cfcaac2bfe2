//! A long file is read part by part, each of which says where the next is; bytes come as they are.

use serde_json::json;

use super::{BUILD_RUNNER, Doors, bytes, content, next, text};
use crate::toolsets::files::unfenced;

/// The parts of a resource, from this address on.
async fn parts(doors: &Doors, uri: String) -> Vec<serde_json::Value> {
    let (mut parts, mut at) = (Vec::new(), Some(uri));
    while let Some(uri) = at {
        let part = doors.read(&uri).await;
        at = next(&part);
        parts.push(part);
    }
    parts
}

#[tokio::test]
async fn the_parts_of_a_text_are_the_text() {
    let doors = Doors::demo().await;
    let whole: String = (0..9000).map(|n| format!("{n:05} ü漢🙂\n")).collect();
    let row = json!({ "table": "workspace_files", "workspace_id": BUILD_RUNNER, "root": "/configs", "path": "long ä.txt",
        "content": { "$bytes": whole } });
    doors.house.host().seed(&row);
    let file = format!("molecule://workspaces/{BUILD_RUNNER}/files/long%20%C3%A4.txt");
    for (uri, count) in [(file.clone(), 5), (format!("{file}?length=7777"), 12)] {
        let parts = parts(&doors, uri).await;
        // The tenant leaves out whitespace at the end.
        let together: String = parts.iter().map(|part| unfenced(&content(part)["text"])).collect();
        assert_eq!((together.trim_end(), parts.len()), (whole.trim_end(), count));
        for part in &parts {
            assert_eq!(content(part)["mimeType"], "text/plain");
            match next(part) {
                Some(rest) => assert!(text(part).ends_with(&format!("\n(A part; the rest: {rest})"))),
                None => assert!(text(part).ends_with('⟧')),
            }
        }
    }
    let behind = json!({ "uri": format!("{file}?from=1000000") });
    for answer in doors.everywhere("resources/read", behind).await {
        assert!(answer["error"]["message"].as_str().unwrap().contains("`from`: the text ends after"), "{answer}");
    }
}

#[tokio::test]
async fn the_parts_of_what_is_no_text_are_its_bytes() {
    let doors = Doors::demo().await;
    let whole = "\0é\u{1}漢PNG".repeat(250_000);
    let row = json!({ "table": "workspace_files", "workspace_id": BUILD_RUNNER, "root": "/configs", "path": "big.png",
        "content": { "$bytes": whole } });
    doors.house.host().seed(&row);
    for path in ["files/big.png", "container/configs/big.png"] {
        let parts = parts(&doors, format!("molecule://workspaces/{BUILD_RUNNER}/{path}")).await;
        let together: Vec<u8> = parts.iter().flat_map(bytes).collect();
        assert!(together == whole.as_bytes(), "{} bytes of {}", together.len(), whole.len());
        assert_eq!(
            (parts.len(), &content(&parts[0])["mimeType"]),
            (whole.len().div_ceil(1 << 20), &json!("image/png"))
        );
    }
    let few = doors.read(&format!("molecule://workspaces/{BUILD_RUNNER}/files/big.png?from=3&length=4")).await;
    assert_eq!(bytes(&few), &whole.as_bytes()[3..7]);
}

#[tokio::test]
async fn a_tool_that_describes_a_file_links_to_its_bytes() {
    let doors = Doors::demo().await;
    let row = json!({ "table": "workspace_files", "workspace_id": BUILD_RUNNER, "root": "/workspace", "path": "a b.png",
        "content": { "$bytes": "\u{1}\0PNG" } });
    doors.house.host().seed(&row);
    let uri = format!("molecule://workspaces/{BUILD_RUNNER}/container/workspace/a%20b.png");
    for (tool, arguments) in [
        ("read_file", json!({ "workspace_id": BUILD_RUNNER, "root": "/workspace", "path": "a b.png" })),
        ("download_chat_file", json!({ "workspace_id": BUILD_RUNNER, "path": "/workspace/a b.png" })),
    ] {
        for answer in doors.everywhere("tools/call", json!({ "name": tool, "arguments": arguments })).await {
            let result = &answer["result"];
            assert_eq!((&result["structuredContent"]["uri"], &result["content"][1]["uri"]), (&json!(uri), &json!(uri)));
            assert_eq!(result["content"][1]["type"], "resource_link", "{answer}");
        }
    }
    assert_eq!(bytes(&doors.read(&uri).await), b"\x01\0PNG");
}

#[tokio::test]
async fn the_pages_of_a_list_are_the_list() {
    let doors = Doors::demo().await;
    let all = doors.house.call("list_workspaces", json!({ "limit": 200 })).await;
    let pages = parts(&doors, "molecule://workspaces?limit=4".to_owned()).await;
    let pages = pages.iter().map(|page| serde_json::from_str::<serde_json::Value>(text(page)).unwrap());
    let together: Vec<_> = pages.flat_map(|page| page["items"].as_array().unwrap().clone()).collect();
    assert_eq!(&json!(together), &all["items"]);
}
