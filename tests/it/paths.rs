//! No argument leads to another path than its tool's: every text field of every tool, filled with
//! what has led elsewhere before.

use molecule_org_mcp::failure::Code;
use molecule_org_mcp::tools::catalogue::{Catalogue, Entry};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use crate::faults::{FaultyTenant, Reply};
use crate::support::{House, Plan};

const ID: &str = "613fac6b-7c79-44fa-a26f-75c6ee7e1ffc";

pub fn corpus() -> Vec<String> {
    let mut corpus: Vec<String> = [
        "",
        " ",
        "   ",
        ".",
        "..",
        "../",
        "../..",
        "../../settings/secrets/X",
        "..\\..\\x",
        "/",
        "//",
        "//evil.example/x",
        "/etc/passwd",
        "%2e",
        "%2e%2e",
        "%2e%2e%2f",
        "%2E%2E%2F",
        "%252e%252e%252f",
        "%00",
        "%c0%ae%c0%ae",
        "\u{2024}\u{2024}",
        "\u{ff0e}\u{ff0e}",
        "\u{2215}",
        "\u{ff0f}",
        "a\u{2044}b",
        "?x=1",
        "a?x=1",
        "#f",
        "a#f",
        "\\",
        "a\\b",
        "\0",
        "a\0b",
        "a\nb",
        "a\r\nHost: evil.example",
        ";",
        ";v=1",
        "a;b",
        "@evil.example",
        ":80",
        "http://evil.example/",
        "*",
        "{}",
        "{workspace_id}",
        "null",
        "\u{feff}",
        "\u{202e}x",
    ]
    .map(ToOwned::to_owned)
    .into();
    for tail in ["/", "/x", "/../x", "?x=1", "#f", ";v", "%2f", " ", "\n", "\0", "\\", "/."] {
        corpus.push(format!("{ID}{tail}"));
    }
    corpus.push(format!(" {ID}"));
    corpus.push(format!("{{{ID}}}"));
    corpus.push(format!("urn:uuid:{ID}"));
    corpus.push(ID.replace('-', ""));
    corpus.push("a".repeat(10_000));
    corpus.push("a/".repeat(5_000));
    corpus
}

/// Empty, they are as good as not given: the TypeScript server's users pass them so.
const MAYBE_EMPTY: [(&str, &str); 3] =
    [("list_events", "workspace_id"), ("create_workspace", "parent_id"), ("create_workspace", "template")];

/// Fields that name a thing which may stand in a path.
fn is_id(field: &str) -> bool {
    field.ends_with("_id") || matches!(field, "key" | "template" | "prefix" | "invocation")
}

/// Names that people and agents choose freely: they may hold nearly anything, and stay one piece.
fn is_free(tool: &str, field: &str) -> bool {
    match field {
        "key" => tool.starts_with("memory_"),
        "delegation_id" | "workflow_id" => true,
        "agent_id" | "session_id" => tool == "query_agent_ledger",
        _ => false,
    }
}

fn texts(entry: &Entry) -> Vec<String> {
    let schema = entry.tool.input_schema();
    let fields = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    fields.filter(|(_, field)| field["type"] == "string").map(|(name, _)| name.clone()).collect()
}

/// Arguments that fit, but for the field in question.
fn around(entry: &Entry, field: &str, text: &str) -> Map<String, Value> {
    let mut arguments: Map<String, Value> = serde_json::from_str(entry.tool.example).unwrap();
    arguments.insert(field.to_owned(), text.into());
    arguments
}

#[tokio::test]
async fn no_argument_changes_a_path() {
    let tenant = FaultyTenant::start(|_| Reply::json(404, &json!({ "error": "not found" }))).await;
    let house = House::before(&tenant.url(), Plan::default());
    let (mut ids, mut others, mut refused) = (0, 0, 0);
    for entry in Catalogue::new().entries() {
        for field in texts(entry) {
            for text in corpus() {
                let arguments = Value::Object(around(entry, &field, &text));
                let before = tenant.count();
                let outcome = house.try_call(entry.tool.name, arguments).await;
                let code = outcome.err().map(|refusal| refusal.failure.code());
                let shown = format!("{}.{field} {:?}", entry.tool.name, &text.chars().take(40).collect::<String>());
                // Some of the corpus are names that a secret or a template may have.
                let is_name = matches!(field.as_str(), "key" | "template") && is_plain(&text);
                let is_absent = text.is_empty() && MAYBE_EMPTY.contains(&(entry.tool.name, field.as_str()));
                if is_id(&field) && !is_name && !is_absent && !is_free(entry.tool.name, &field) {
                    assert_eq!(code, Some(Code::InvalidInput), "{shown}");
                    assert_eq!(tenant.count(), before, "{shown} was sent");
                    ids += 1;
                } else {
                    others += 1;
                }
                refused += usize::from(code == Some(Code::InvalidInput));
                for seen in tenant.seen_after(before) {
                    let path = seen.path.split('?').next().unwrap();
                    let fits = |route: &&molecule_org_mcp::backend::Route| {
                        route.method.as_str() == seen.method && matches(route.path, path)
                    };
                    assert!(
                        entry.tool.routes.iter().any(|route| fits(&route)),
                        "{shown} led to {} {path}",
                        seen.method
                    );
                }
            }
        }
    }
    let sent = tenant.count();
    println!(
        "{ids} calls with a wrong id, {others} with another odd text; {refused} refused, {sent} requests, all on their routes"
    );
    assert!(ids > 500 && others > 500 && sent > 0);
}

/// Segment by segment, with one in the place of a placeholder, and at least one for the rest of a path.
pub fn matches(route: &str, path: &str) -> bool {
    let (mut route, path): (Vec<&str>, Vec<&str>) = (route.split('/').collect(), path.split('/').collect());
    let takes_rest = route.pop_if(|last| last.starts_with("{*")).is_some();
    let (head, rest) = path.split_at(route.len().min(path.len()));
    let fits = |(wanted, found): (&&str, &&str)| wanted == found || (wanted.starts_with('{') && is_one_segment(found));
    let rest_fits = rest.is_empty() != takes_rest && rest.iter().all(|segment| is_one_segment(segment));
    head.len() == route.len() && route.iter().zip(head).all(fits) && rest_fits
}

/// Whoever decodes it, once or with its slashes, stays where it is.
fn is_one_segment(segment: &str) -> bool {
    let written = segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~%".contains(&byte));
    let meant = percent_decode_str(segment).decode_utf8_lossy();
    let leads_on = meant.split(['/', '\\']).any(|piece| matches!(piece, "" | "." | ".."));
    written && !leads_on && !meant.contains(char::is_control)
}

fn is_plain(segment: &str) -> bool {
    let plain = segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    plain && (1..=128).contains(&segment.len()) && !segment.bytes().all(|byte| byte == b'.')
}

#[test]
fn the_rule_about_paths_can_fail() {
    assert!(matches("/org/tokens/{key}", &format!("/org/tokens/{ID}")));
    for path in ["/org/tokens/", "/org/tokens/..", "/org/tokens/a/b", "/org/tokens/%2e%2e", "/settings/secrets/x"] {
        assert!(!matches("/org/tokens/{key}", path), "{path}");
    }
    assert!(matches("/w/{id}/files/{*path}", "/w/1/files/a/b%20c") && matches("/w/{id}/files", "/w/1/files"));
    for path in ["/w/1/files", "/w/1/files/", "/w/1/files/a//b", "/w/1/files/a/..", "/w/1/files/a%2f..%2fb", "/w/1/x/a"]
    {
        assert!(!matches("/w/{id}/files/{*path}", path), "{path}");
    }
}
