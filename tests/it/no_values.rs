//! No tool takes or gives a credential or a secret value: it would pass through a model. Held over the types, for
//! every property of every input and output, however deep.

use std::collections::BTreeSet;

use molecule_org_mcp::tools::catalogue::Catalogue;
use serde_json::Value;

/// A property with one of these words in its name is taken for one that carries a secret. `key` alone is a name here:
/// of a secret, of an entry in a memory, of a call that is repeated.
const WORDS: [&str; 13] = [
    "value",
    "values",
    "token",
    "tokens",
    "password",
    "passwords",
    "passphrase",
    "secret",
    "secrets",
    "bearer",
    "credential",
    "credentials",
    "auth",
];
const KEYS: [&str; 5] = ["api_key", "org_key", "private_key", "public_key", "signing_key"];

/// What carries none all the same, and why.
const CARRIES_NONE: [(&str, &str); 6] = [
    ("create_workspace input secrets", "names, each with the place its value is read from"),
    ("diagnose_workspace output missing_secrets", "names"),
    ("get_workspace_metrics output input_token_count", "a count"),
    ("get_workspace_metrics output output_token_count", "a count"),
    ("memory_set input value", "what an agent remembers, which is text for agents"),
    ("revoke_workspace_token input token_id", "an id"),
];

fn properties(schema: &Value, into: &mut BTreeSet<String>) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::Object(properties)) = fields.get("properties") {
                into.extend(properties.keys().cloned());
            }
            fields.values().for_each(|inner| properties(inner, into));
        }
        Value::Array(items) => items.iter().for_each(|item| properties(item, into)),
        _ => {}
    }
}

fn has_word(name: &str) -> bool {
    let name = name.to_lowercase();
    KEYS.contains(&name.as_str()) || name.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| WORDS.contains(&word))
}

#[test]
fn no_tool_takes_or_gives_a_value_a_token_or_a_password() {
    let catalogue = Catalogue::new();
    let mut found = BTreeSet::new();
    for entry in catalogue.entries() {
        let listed = entry.listed();
        for (side, schema) in [("input", &listed.input), ("output", &listed.output)] {
            let mut names = BTreeSet::new();
            properties(&Value::Object((**schema).clone()), &mut names);
            let suspicious = names.into_iter().filter(|name| has_word(name));
            found.extend(suspicious.map(|name| format!("{} {side} {name}", entry.tool.name)));
        }
    }
    let known: BTreeSet<String> = CARRIES_NONE.iter().map(|(place, _)| (*place).to_owned()).collect();
    assert_eq!(found, known);
}
