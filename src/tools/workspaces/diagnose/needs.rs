//! Which secrets a workspace requires, as its template and its configuration say, and which it lacks.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::tools::secrets::SecretLine;
use crate::tools::templates::{Required, Template, own};

/// As the workspace's own template says, or the one its configuration names; and the configuration itself.
pub(super) fn required(name: &str, config: &Value, templates: &[Template]) -> Vec<Required> {
    let data = config.get("data").unwrap_or(config);
    let named = data.get("template").and_then(Value::as_str);
    let template = own(name, templates).or_else(|| templates.iter().find(|one| Some(one.id.as_str()) == named));
    let mut required: Vec<Required> = template.into_iter().flat_map(|one| one.required_env.clone()).collect();
    for place in [data.get("required_env"), data.pointer("/runtime_config/required_env")] {
        let listed = place.and_then(|listed| serde_json::from_value::<Vec<Required>>(listed.clone()).ok());
        required.extend(listed.unwrap_or_default());
    }
    required
}

pub(super) fn missing(required: &[Required], held: &[SecretLine]) -> Vec<String> {
    let held: BTreeSet<&str> = held.iter().map(|line| line.key.as_str()).collect();
    let lacks = |one: &&Required| !one.names().iter().any(|name| held.contains(name.as_str()));
    let missing: BTreeSet<String> = required.iter().filter(lacks).map(Required::words).collect();
    missing.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn requirements_come_from_template_and_configuration() {
        let templates: Vec<Template> = serde_json::from_value(json!([
            { "id": "first", "name": "First", "required_env": ["NOT_OURS"] },
            { "id": "squad-lead", "name": "x", "required_env": ["A", { "any_of": ["B", "C"] }] },
        ]))
        .unwrap();
        let config = json!({ "data": { "runtime_config": { "required_env": ["D"] }, "required_env": "nonsense" } });
        let held: Vec<SecretLine> =
            serde_json::from_value(json!([{ "key": "C", "scope": "global" }, { "key": "X", "scope": "workspace" }]))
                .unwrap();
        assert_eq!(missing(&required("Squad Lead", &config, &templates), &held), ["A", "D"]);
        assert_eq!(missing(&required("Squad Lead", &json!({}), &templates), &[]), ["A", "B or C"]);
        let named = json!({ "data": { "template": "first" } });
        assert_eq!(missing(&required("Other", &named, &templates), &held), ["NOT_OURS"]);
        assert!(required("Other", &json!({}), &templates).is_empty());
    }
}
