//! A tenant that says a text in each of its refusals: a message of ours has the lines that we gave it,
//! and the text only in quotes.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Door;
use super::check;
use super::corpus::{TEXTS, Text};
use crate::faults::{FaultyTenant, Reply, Seen};
use crate::support::{House, Plan};

/// Reads that are refused for good, and what acts are refused with besides.
const STATUSES: [u16; 10] = [400, 401, 402, 403, 404, 409, 412, 413, 429, 500];

/// The statuses take turns, and so do the forms in which the tenant says why. A workspace of the
/// second kind is there, and only what is done to it is refused.
fn refusing(seen: &Seen) -> Reply {
    let about = |which| TEXTS.iter().find(|text| seen.path.contains(&text.id(which)));
    match (about(1), about(2)) {
        (Some(text), _) => refusal(text, STATUSES[text.number % 8]),
        (None, Some(text)) if seen.method != "GET" => refusal(text, STATUSES[text.number % 10]),
        (None, Some(text)) => Reply::json(200, &json!({ "id": text.id(2), "name": "there", "status": "online" })),
        (None, None) => Reply::json(200, &json!([])),
    }
}

fn refusal(text: &Text, status: u16) -> Reply {
    let words = text.put("error");
    let error = if text.number.is_multiple_of(3) { json!({ "message": words }) } else { json!(words) };
    let missing = json!([words, { "any_of": [words, "B"] }]);
    Reply::json(status, &json!({ "error": error, "missing_env": missing, "retry_after": words }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_has_only_our_lines() {
    let tenant = FaultyTenant::start(refusing).await;
    let door = Door::of(House::before(&tenant.url(), Plan::default())).await;
    let mut codes = BTreeSet::new();
    for text in TEXTS.iter() {
        let refused = [
            ("get_workspace", json!({ "workspace_id": text.id(1) })),
            ("delete_secret", json!({ "workspace_id": text.id(2), "key": "A" })),
        ];
        for (tool, arguments) in refused {
            let result: Value = door.call(tool, &arguments).await;
            check::refusal(&result, &["error"], text);
            codes.insert(result["_meta"]["molecule-org-mcp/error"]["code"].as_str().unwrap().to_owned());
        }
    }
    assert!(codes.len() >= 9, "{codes:?}");
}
