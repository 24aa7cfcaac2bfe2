//! Entries in a JSON file that a person keeps, with their comments, trailing commas, order and indentation as they
//! are. What a file holds is never repeated in an error: other servers' keys may stand in it.

use std::collections::BTreeMap;

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstNode, CstObject, CstObjectProp, CstRootNode, CstStringLit};

use super::client::{About, Format};
use super::entry::{Entry, OURS};

type Result<T> = std::result::Result<T, String>;

const STRICT: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Every entry with its name; None where it isn't a program that is started.
pub(super) fn entries(text: &str, about: &About) -> Result<Vec<(String, Option<Entry>)>> {
    let root = parse(text)?;
    let Some(servers) = top(&root)?.map(|top| inside(&top, under(about))).transpose()?.flatten() else {
        return Ok(Vec::new());
    };
    let named = servers.properties().into_iter().filter_map(|property| {
        let entry = property.object_value().and_then(|object| entry(&object, about));
        Some((property.decoded_name()?, entry))
    });
    Ok(named.collect())
}

/// The text with this entry in it. Of one that is there already, what isn't ours to say stays.
pub(super) fn put(text: &str, about: &About, name: &str, wanted: &Entry) -> Result<String> {
    let root = parse(text)?;
    if top(&root)?.is_none() {
        root.set_value(CstInputValue::Object(Vec::new()));
    }
    let not_object = || format!("`{}` isn't an object", under(about));
    let servers = match top(&root)? {
        Some(top) => top.object_value_or_create(under(about)).ok_or_else(not_object)?,
        None => return Err(not_object()),
    };
    let Some(there) = inside(&servers, name)? else {
        servers.append(name, whole(wanted, about));
        return Ok(ended(root.to_string(), text));
    };
    if is_typed(about) {
        set(&there, "type", "stdio");
    }
    set(&there, "command", &wanted.command);
    set_args(&there, &wanted.args);
    set_env(&there, variables(wanted, about))?;
    Ok(root.to_string())
}

/// What says this already stays as it is written.
fn set(object: &CstObject, key: &str, wanted: &str) {
    let value = || CstInputValue::String(wanted.to_owned());
    match object.get(key) {
        None => drop(object.append(key, value())),
        Some(there) if there.value().and_then(text).as_deref() == Some(wanted) => {}
        Some(there) => there.set_value(value()),
    }
}

/// One by one, because comments may stand between them.
fn set_args(entry: &CstObject, wanted: &[String]) {
    let all = || CstInputValue::Array(wanted.iter().cloned().map(CstInputValue::String).collect());
    let Some(property) = entry.get("args") else { return drop(entry.append("args", all())) };
    let array = property.array_value();
    let texts = array.as_ref().map(|array| array.elements().iter().map(CstNode::as_string_lit).collect());
    let (Some(array), Some(Some(there))) = (array, texts) else { return property.set_value(all()) };
    let there: Vec<CstStringLit> = there;
    for (at, wanted) in wanted.iter().enumerate() {
        let value = || CstInputValue::String(wanted.clone());
        match there.get(at) {
            None => drop(array.append(value())),
            Some(one) if one.decoded_value().is_ok_and(|text| text == *wanted) => {}
            Some(one) => drop(one.clone().replace_with(value())),
        }
    }
    there.into_iter().skip(wanted.len()).for_each(CstStringLit::remove);
}

/// Others than ours stay, whatever they are.
fn set_env(entry: &CstObject, mut wanted: BTreeMap<String, String>) -> Result<()> {
    let Some(property) = entry.get("env") else {
        if !wanted.is_empty() {
            entry.append("env", object(wanted));
        }
        return Ok(());
    };
    let env = property.object_value().ok_or("`env` isn't an object")?;
    for one in env.properties() {
        let Some(name) = one.decoded_name().filter(|name| name.starts_with(OURS)) else { continue };
        match wanted.remove(&name) {
            None => one.remove(),
            Some(wanted) if one.value().and_then(text).as_ref() == Some(&wanted) => {}
            Some(wanted) => one.set_value(CstInputValue::String(wanted)),
        }
    }
    for (name, text) in wanted {
        env.append(&name, CstInputValue::String(text));
    }
    if env.properties().is_empty() && !env.children().iter().any(CstNode::is_comment) {
        property.remove();
    }
    Ok(())
}

/// The text without it.
pub(super) fn remove(text: &str, about: &About, name: &str) -> Result<String> {
    let root = parse(text)?;
    let servers = top(&root)?.map(|top| inside(&top, under(about))).transpose()?.flatten();
    let all = servers.map(|servers| servers.properties()).unwrap_or_default();
    // Whoever has it twice wants neither.
    let named = all.into_iter().filter(|one| one.decoded_name().as_deref() == Some(name));
    named.for_each(CstObjectProp::remove);
    Ok(root.to_string())
}

fn parse(text: &str) -> Result<CstRootNode> {
    CstRootNode::parse(text, &STRICT)
        .map_err(|error| format!("line {}, column {}: {}", error.line_display(), error.column_display(), error.kind()))
}

/// None in a file that is empty.
fn top(root: &CstRootNode) -> Result<Option<CstObject>> {
    match (root.value(), root.object_value()) {
        (None, _) => Ok(None),
        (_, Some(top)) => Ok(Some(top)),
        (Some(_), None) => Err("it isn't an object".to_owned()),
    }
}

/// The object of this name. Twice the same name means one thing to one reader and another to the next.
fn inside(object: &CstObject, name: &str) -> Result<Option<CstObject>> {
    let mut named = object.properties().into_iter().filter(|one| one.decoded_name().as_deref() == Some(name));
    match (named.next(), named.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err(format!("`{name}` stands in it twice")),
        (Some(one), None) => one.object_value().map(Some).ok_or_else(|| format!("`{name}` isn't an object")),
    }
}

fn under(about: &About) -> &'static str {
    match about.format {
        Format::Json { under, .. } => under,
        Format::Toml => "",
    }
}

fn is_typed(about: &About) -> bool {
    matches!(about.format, Format::Json { typed: true, .. })
}

/// What stands in its `env`.
fn variables(entry: &Entry, about: &About) -> BTreeMap<String, String> {
    entry.env.iter().filter_map(|(name, value)| Some((name.clone(), about.refers.written(value)?))).collect()
}

/// An entry that is new.
fn whole(entry: &Entry, about: &About) -> CstInputValue {
    let text = |text: &String| CstInputValue::String(text.clone());
    let env = variables(entry, about);
    let parts = [
        ("type", is_typed(about).then(|| CstInputValue::String("stdio".to_owned()))),
        ("command", Some(text(&entry.command))),
        ("args", Some(CstInputValue::Array(entry.args.iter().map(text).collect()))),
        ("env", (!env.is_empty()).then(|| object(env))),
    ];
    CstInputValue::Object(parts.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect())
}

fn object(texts: BTreeMap<String, String>) -> CstInputValue {
    CstInputValue::Object(texts.into_iter().map(|(name, text)| (name, CstInputValue::String(text))).collect())
}

fn entry(object: &CstObject, about: &About) -> Option<Entry> {
    let command = text(object.get("command")?.value()?)?;
    let args = object.array_value("args").map(|args| args.elements()).unwrap_or_default();
    let env = object.object_value("env").map(|env| env.properties()).unwrap_or_default();
    let set = env.into_iter().filter_map(|one| Some((one.decoded_name()?, about.refers.read(&text(one.value()?)?))));
    Some(Entry { command, args: args.into_iter().filter_map(text).collect(), env: set.collect() })
}

fn text(node: CstNode) -> Option<String> {
    node.as_string_lit()?.decoded_value().ok()
}

/// A file that was empty ends as files do.
fn ended(mut after: String, before: &str) -> String {
    if before.trim().is_empty() && !after.ends_with('\n') {
        after.push('\n');
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::install::client::Client;
    use crate::cli::install::value::Value;

    fn wish() -> Entry {
        Entry { command: "/bin/x".to_owned(), args: vec!["stdio".to_owned()], env: [].into() }
    }

    #[test]
    fn a_file_keeps_its_manner() {
        let ours = |indent: &str| {
            let at = |depth: usize| indent.repeat(depth);
            format!(
                "{}\"m\": {{\n{}\"command\": \"/bin/x\",\n{}\"args\": [\"stdio\"]\n{}}}",
                at(2),
                at(3),
                at(3),
                at(2)
            )
        };
        for (before, after) in [
            ("", format!("{{\n  \"mcpServers\": {{\n{}\n  }}\n}}\n", ours("  "))),
            ("\n", format!("{{\n  \"mcpServers\": {{\n{}\n  }}\n}}\n", ours("  "))),
            ("{}", format!("{{\n  \"mcpServers\": {{\n{}\n  }}\n}}", ours("  "))),
            (
                "{\n\t\"a\": 1, // one\n\t\"mcpServers\": {},\n}\n",
                format!("{{\n\t\"a\": 1, // one\n\t\"mcpServers\": {{\n{}\n\t}},\n}}\n", ours("\t")),
            ),
            (
                "{\r\n  \"mcpServers\": {\r\n    \"a\": {}\r\n  }\r\n}\r\n",
                format!("{{\n  \"mcpServers\": {{\n    \"a\": {{}},\n{}\n  }}\n}}\n", ours("  ")).replace('\n', "\r\n"),
            ),
        ] {
            let about = Client::Cursor.about();
            let text = put(before, about, "m", &wish()).unwrap();
            assert_eq!(text, after, "{before:?}");
            assert_eq!(put(&text, about, "m", &wish()).unwrap(), text, "a second time");
        }
    }

    #[test]
    fn what_isnt_ours_stays_whatever_it_is() {
        let about = Client::Cursor.about();
        let before = r#"{ "mcpServers": { "m": {
            "command": "/bin/x", // here
            "args": [
                "http", // how
                "--port", "1"
            ],
            "env": {
                // through the proxy
                "HTTPS_PROXY": "${HTTPS_PROXY:-http://proxy:3128}",
                "MOLECULE_URL": "https://a",
                "N": 5, "MOLECULE_MCP_LOG": 1,
                "MOLECULE_MCP_LOG": "info"
            } } } }"#;
        let mut wish = wish();
        wish.env = [("MOLECULE_MCP_LOG".to_owned(), Value::Plain("debug".to_owned()))].into();
        let text = put(before, about, "m", &wish).unwrap();
        let stays = ["// here", "// how", "// through the proxy", "${HTTPS_PROXY:-http://proxy:3128}\"", "\"N\": 5"];
        assert!(stays.iter().all(|stays| text.contains(stays)), "{text}");
        assert!(!text.contains("MOLECULE_URL") && !text.contains("--port"), "{text}");
        assert_eq!(text.matches("MOLECULE_MCP_LOG").count(), 1, "{text}");
        let (_, found) = entries(&text, about).unwrap().remove(0);
        let found = found.unwrap();
        assert_eq!((&found.args, &found.env["MOLECULE_MCP_LOG"]), (&wish.args, &wish.env["MOLECULE_MCP_LOG"]));
        assert_eq!(put(&text, about, "m", &wish).unwrap(), text, "a second time");
        wish.env.clear();
        let text = put(&text, about, "m", &wish).unwrap();
        assert!(text.contains("HTTPS_PROXY") && !text.contains("MOLECULE_"), "{text}");
    }

    #[test]
    fn what_isnt_started_is_told_from_what_is() {
        let text = r#"{ "servers": { "a": { "command": "x", "args": ["1", 2], "env": { "K": "${env:V}", "L": "l" } },
            "b": { "url": "https://b" }, "c": null } }"#;
        let all = entries(text, Client::VsCode.about()).unwrap();
        let [(_, Some(started)), (_, None), (_, None)] = &all[..] else { panic!("{all:?}") };
        assert_eq!((started.command.as_str(), &started.args[..]), ("x", &["1".to_owned()][..]));
        assert_eq!(started.env.len(), 2);
    }
}
