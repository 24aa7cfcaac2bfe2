//! From text or an object to a checked template. What is wrong is said with its place and never with the
//! value, which may be a credential that somebody put there.

use serde_json::Value;

use super::{OrgTemplate, Wanted};
use crate::failure::Failure;
use crate::tools::masking::{literal_credential, refuse_masks};

/// Of the text or the object.
pub const LARGEST: usize = 4 << 20;
/// A tree that is deeper than this is nobody's organisation.
const DEEPEST: usize = 64;

/// YAML, or JSON, which is YAML too.
pub fn text(text: &str) -> Result<OrgTemplate, Failure> {
    object(value(text)?, "template")
}

pub fn value(text: &str) -> Result<Value, Failure> {
    if text.len() > LARGEST {
        return Err(Failure::invalid("the template is longer than 4 MiB"));
    }
    serde_saphyr::from_str(text).map_err(|error| {
        let place = error.location().map(|at| format!(", line {}, column {}", at.line(), at.column()));
        Failure::invalid(format!("the template isn't YAML or JSON{}", place.unwrap_or_default()))
    })
}

/// `what` is the way to it in the words of whoever gave it.
pub fn object(mut value: Value, what: &str) -> Result<OrgTemplate, Failure> {
    if let Some(place) = literal_credential(&value, what) {
        return Err(Failure::invalid(format!("{place} holds a credential in clear"))
            .next("Set it as a global secret with set_global_secret and write ${NAME} there."));
    }
    refuse_masks(&value, what).map_err(|failure| failure.next("Write a reference like ${NAME} there."))?;
    without_nulls(&mut value);
    let template: OrgTemplate = serde_path_to_error::deserialize(value).map_err(|error| mistake(&error))?;
    if template.name.trim().is_empty() {
        return Err(Failure::invalid("the template has no `name`"));
    }
    template.workspaces.iter().enumerate().try_for_each(|(at, one)| check(one, &format!("workspaces[{at}]"), 1))?;
    Ok(template)
}

/// To the tenant null is as good as absent.
fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, inner| !inner.is_null());
            fields.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

/// Serde's words quote the value, but for the names of fields.
fn mistake(error: &serde_path_to_error::Error<serde_json::Error>) -> Failure {
    let (words, path) = (error.inner().to_string(), error.path().to_string());
    let expected = words.rfind("expected ").and_then(|at| words.get(at..));
    let missing = words.starts_with("missing field `").then_some(words.as_str());
    let place = if path == "." { "the template".to_owned() } else { format!("`{path}` in the template") };
    Failure::invalid(format!("{place}: {}", missing.or(expected).unwrap_or("isn't what stands there")))
}

fn check(wanted: &Wanted, place: &str, depth: usize) -> Result<(), Failure> {
    if wanted.name.trim().is_empty() {
        return Err(Failure::invalid(format!("{place} in the template has no `name`")));
    }
    if depth > DEEPEST {
        return Err(Failure::invalid(format!("the template is deeper than {DEEPEST} workspaces")));
    }
    let children = wanted.children.iter().enumerate();
    children.into_iter().try_for_each(|(at, one)| check(one, &format!("{place}.children[{at}]"), depth + 1))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_wrong_is_said_with_its_place_and_without_the_value() {
        for (value, words) in [
            (json!({ "workspaces": [] }), "missing field `name`"),
            (json!({ "name": "" }), "no `name`"),
            (json!({ "name": "T", "workspaces": [{ "name": "A" }, { "name": " " }] }), "workspaces[1]"),
            (json!({ "name": "T", "workspaces": [{ "name": "A", "children": [{ "tier": 2 }] }] }), "`name`"),
            (json!({ "name": "T", "workspaces": [{ "name": "A", "tier": "hunter2" }] }), "expected"),
            (json!({ "name": "T", "workspaces": [{ "name": "A", "config": { "api_key": "hunter2" } }] }), "in clear"),
            (json!("hunter2"), "expected"),
        ] {
            let told = object(value, "inline").unwrap_err().text();
            assert!(told.contains(words) && !told.contains("hunter2"), "{words}: {told}");
        }
        let told = text("name: T\n  workspaces: hunter2: [").unwrap_err().text();
        assert!(told.contains("line ") && !told.contains("hunter2"), "{told}");
    }

    #[test]
    fn what_the_tenant_would_drop_is_kept_and_named() {
        let template = json!({
            "name": "T", "global_memories": [], "colour": 1, "defaults": { "tier": 2, "initial_prompt": "x", "teir": 3 },
            "workspaces": [{ "name": "A", "files_dir": "a", "rolle": "x", "role": null }],
        });
        let template = object(template, "inline");
        let template = template.unwrap();
        assert_eq!(template.unknown(), ["colour", "defaults.teir", "workspaces.rolle"]);
        let back = serde_json::to_value(&template).unwrap();
        assert_eq!((&back["colour"], &back["workspaces"][0]["rolle"]), (&json!(1), &json!("x")));
    }
}
