//! Entries in a JSON file that a person keeps, with their comments, trailing commas, order and indentation as they
//! are. What a file holds is never repeated in an error: other servers' keys may stand in it.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstNode, CstObject, CstRootNode};

use super::client::{About, Format};
use super::entry::Entry;

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
        let parts = parts(wanted, about).into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
        servers.append(name, CstInputValue::Object(parts.collect()));
        return Ok(ended(root.to_string(), text));
    };
    for (key, value) in parts(wanted, about) {
        match (there.get(key), value) {
            (Some(property), Some(value)) => property.set_value(value),
            (Some(property), None) => property.remove(),
            (None, Some(value)) => drop(there.append(key, value)),
            (None, None) => {}
        }
    }
    Ok(root.to_string())
}

/// The text without it.
pub(super) fn remove(text: &str, about: &About, name: &str) -> Result<String> {
    let root = parse(text)?;
    let servers = top(&root)?.map(|top| inside(&top, under(about))).transpose()?.flatten();
    if let Some(property) = servers.and_then(|servers| servers.get(name)) {
        property.remove();
    }
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

/// What an entry says, with None for what it doesn't.
fn parts(entry: &Entry, about: &About) -> Vec<(&'static str, Option<CstInputValue>)> {
    let text = |text: &String| CstInputValue::String(text.clone());
    let env: Vec<(String, CstInputValue)> = entry
        .env
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), CstInputValue::String(about.refers.written(value)?))))
        .collect();
    let typed = matches!(about.format, Format::Json { typed: true, .. });
    let mut parts = Vec::new();
    if typed {
        parts.push(("type", Some(CstInputValue::String("stdio".to_owned()))));
    }
    parts.push(("command", Some(text(&entry.command))));
    parts.push(("args", Some(CstInputValue::Array(entry.args.iter().map(text).collect()))));
    parts.push(("env", (!env.is_empty()).then_some(CstInputValue::Object(env))));
    parts
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
    fn what_isnt_started_is_told_from_what_is() {
        let text = r#"{ "servers": { "a": { "command": "x", "args": ["1", 2], "env": { "K": "${env:V}", "L": "l" } },
            "b": { "url": "https://b" }, "c": null } }"#;
        let all = entries(text, Client::VsCode.about()).unwrap();
        let [(_, Some(started)), (_, None), (_, None)] = &all[..] else { panic!("{all:?}") };
        assert_eq!((started.command.as_str(), &started.args[..]), ("x", &["1".to_owned()][..]));
        assert_eq!(started.env.len(), 2);
    }
}
