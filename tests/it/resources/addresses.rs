//! No address leads elsewhere: every variable of every template, filled with what has led elsewhere before.

use chrono::Utc;
use molecule_org_mcp::failure::Code;
use molecule_org_mcp::resources::{ENTRIES, Place};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::faults::{FaultyTenant, Reply};
use crate::paths::{corpus, matches};
use crate::support::{House, Plan};

const ID: &str = "613fac6b-7c79-44fa-a26f-75c6ee7e1ffc";

/// The address with `text` for this variable, and what fits for the others of its path.
fn filled(template: &str, variable: &str, text: &str) -> String {
    let (path, query) = template.split_once("{?").unwrap_or((template, ""));
    let mut uri = String::new();
    for (at, piece) in path.split('{').enumerate() {
        let (name, rest) = if at == 0 { ("", piece) } else { piece.split_once('}').unwrap() };
        match name.trim_start_matches('+') {
            "" => {}
            name if name == variable => uri.push_str(text),
            "path" => uri.push_str("workspace/a.md"),
            "day" => uri.push_str("today"),
            _ => uri.push_str(ID),
        }
        uri.push_str(rest);
    }
    if query.trim_end_matches('}').split(',').any(|name| name == variable) {
        uri.push_str(&format!("?{variable}={text}"));
    }
    uri
}

#[tokio::test]
async fn no_address_changes_a_path() {
    let tenant = FaultyTenant::start(|_| Reply::json(404, &json!({ "error": "not found" }))).await;
    let house = House::before(&tenant.url(), Plan::default());
    let (mut without_shape, mut refused, mut sent) = (0, 0, 0);
    for entry in ENTRIES {
        for variable in entry.variables {
            let encoded = corpus().into_iter().map(|text| utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string());
            for text in corpus().into_iter().chain(encoded) {
                let uri = filled(entry.template, variable.name, &text);
                let before = tenant.count();
                let place = Place::at(&uri).and_then(|place| Ok((place.arguments(Utc::now().date_naive())?, place)));
                let (arguments, place) = match place {
                    Ok((arguments, place)) => (arguments, place),
                    Err(failure) => {
                        assert!(matches!(failure.code(), Code::InvalidInput | Code::NotFound), "{uri}: {failure}");
                        assert!(text.len() < 8 || !failure.text().contains(&text), "{uri}: {failure}");
                        without_shape += 1;
                        continue;
                    }
                };
                let tool = place.entry.tool;
                let outcome = house.try_call(tool, Value::Object(arguments)).await;
                if variable.name == "workspace_id" && uri.starts_with("molecule://workspaces/") {
                    let is_one = place.workspace().is_some();
                    assert!(is_one || outcome.is_err() && tenant.count() == before, "{uri:?} was sent");
                }
                refused += usize::from(outcome.is_err_and(|refusal| refusal.failure.code() == Code::InvalidInput));
                let routes = house.dispatch.server().catalogue.find(tool).unwrap().tool.routes;
                for seen in tenant.seen_after(before) {
                    let path = seen.path.split('?').next().unwrap();
                    let fits =
                        routes.iter().any(|route| route.method.as_str() == seen.method && matches(route.path, path));
                    assert!(fits, "{uri:?} led to {} {path}", seen.method);
                    sent += 1;
                }
            }
        }
    }
    println!(
        "{without_shape} without an address's shape, {refused} refused by their tools, {sent} requests, all on their routes"
    );
    assert!(without_shape > 100 && refused > 500 && sent > 100);
}
