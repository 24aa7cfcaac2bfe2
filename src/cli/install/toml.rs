//! Entries in a TOML file that a person keeps: `[mcp_servers.NAME]`, with comments and order as they are. What a
//! file holds is never repeated in an error.

use toml_edit::{Array, DocumentMut, Item, Table, TableLike, Value as Toml, value};

use super::client::About;
use super::entry::Entry;
use super::value::Value;
use crate::toml_file;

type Result<T> = std::result::Result<T, String>;

const SERVERS: &str = "mcp_servers";

/// Every entry with its name; None where it isn't a program that is started.
pub(super) fn entries(text: &str, about: &About) -> Result<Vec<(String, Option<Entry>)>> {
    let document = parse(text)?;
    let Some(servers) = document.get(SERVERS) else { return Ok(Vec::new()) };
    let servers = servers.as_table_like().ok_or_else(not_table)?;
    Ok(servers.iter().map(|(name, item)| (name.to_owned(), entry(item, about))).collect())
}

/// The text with this entry in it. Of one that is there already, what isn't ours to say stays.
pub(super) fn put(text: &str, about: &About, name: &str, wanted: &Entry) -> Result<String> {
    let mut document = parse(text)?;
    let servers = below(document.as_table_mut(), SERVERS, true)?;
    let entry = below(servers, name, false)?;
    set(entry, "command", Some(wanted.command.clone().into()));
    set(entry, "args", Some(wanted.args.iter().collect::<Array>().into()));
    let passed: Array =
        wanted.env.iter().filter(|(_, value)| matches!(value, Value::Of(_))).map(|(name, _)| name).collect();
    set(entry, "env_vars", (!passed.is_empty()).then_some(passed.into()));
    let plain: Vec<(&String, String)> =
        wanted.env.iter().filter_map(|(name, value)| Some((name, about.refers.written(value)?))).collect();
    if plain.is_empty() {
        entry.remove("env");
        return Ok(document.to_string());
    }
    let env = below(entry, "env", false)?;
    let gone: Vec<String> =
        env.iter().map(|(name, _)| name.to_owned()).filter(|name| !wanted.env.contains_key(name)).collect();
    gone.iter().for_each(|name| drop(env.remove(name)));
    plain.into_iter().for_each(|(name, text)| set(env, name, Some(text.into())));
    Ok(document.to_string())
}

/// The text without it. A comment above it may be the file's first line, and stays.
pub(super) fn remove(text: &str, name: &str) -> Result<String> {
    let mut document = parse(text)?;
    let servers = document.get_mut(SERVERS).and_then(Item::as_table_like_mut);
    let gone = servers.and_then(|servers| servers.remove(name));
    let above = gone.as_ref().and_then(Item::as_table).and_then(|table| table.decor().prefix()?.as_str());
    if let Some(comment) = above.filter(|text| text.contains('#')) {
        let trailing = document.trailing().as_str().unwrap_or_default();
        document.set_trailing(format!("{comment}{trailing}"));
    }
    Ok(document.to_string())
}

fn parse(text: &str) -> Result<DocumentMut> {
    text.parse().map_err(|error: toml_edit::TomlError| match error.span() {
        Some(span) => format!("{}: it isn't TOML", toml_file::place(text, span.start)),
        None => "it isn't TOML".to_owned(),
    })
}

fn not_table() -> String {
    format!("`{SERVERS}` isn't a table")
}

/// The table of this name, made if it isn't there. One that only holds tables needs no line of its own.
fn below<'a>(table: &'a mut dyn TableLike, name: &str, implicit: bool) -> Result<&'a mut dyn TableLike> {
    if !table.contains_key(name) {
        let mut fresh = Table::new();
        fresh.set_implicit(implicit);
        table.insert(name, Item::Table(fresh));
    }
    table.get_mut(name).and_then(Item::as_table_like_mut).ok_or_else(|| format!("`{name}` isn't a table"))
}

/// What stood around a value stays around the new one: a comment on its line.
fn set(table: &mut dyn TableLike, key: &str, wanted: Option<Toml>) {
    let Some(mut wanted) = wanted else {
        table.remove(key);
        return;
    };
    if let Some(there) = table.get_mut(key).and_then(Item::as_value_mut) {
        *wanted.decor_mut() = there.decor().clone();
        *there = wanted;
    } else {
        table.insert(key, value(wanted));
    }
}

fn entry(item: &Item, about: &About) -> Option<Entry> {
    let table = item.as_table_like()?;
    let command = table.get("command")?.as_str()?.to_owned();
    let list = |key: &str| table.get(key).and_then(Item::as_array).into_iter().flatten();
    // A name alone, or with where it comes from.
    let name = |one: &Toml| Some(one.as_str().or_else(|| one.as_inline_table()?.get("name")?.as_str())?.to_owned());
    let passed = list("env_vars").filter_map(name).map(|name| (name.clone(), Value::Of(name)));
    let env = table.get("env").and_then(Item::as_table_like).into_iter().flat_map(TableLike::iter);
    let set = env.filter_map(|(name, item)| Some((name.to_owned(), about.refers.read(item.as_str()?))));
    let args = list("args").filter_map(|one| one.as_str().map(ToOwned::to_owned)).collect();
    Some(Entry { command, args, env: passed.chain(set).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::install::client::Client;

    fn wish() -> Entry {
        let env = [("K".to_owned(), Value::Of("K".to_owned())), ("L".to_owned(), Value::Plain("l".to_owned()))];
        Entry { command: "/bin/x".to_owned(), args: vec!["stdio".to_owned()], env: env.into() }
    }

    #[test]
    fn an_entry_is_read_as_it_was_written_however_the_file_is() {
        for before in [
            "",
            "a = 1",
            "[mcp_servers]\n",
            "[mcp_servers.o]\ncommand = \"o\"\n[z]\n",
            "mcp_servers = { o = { command = \"o\" } } # all\n",
            "mcp_servers.o.command = \"o\"\n",
            "[mcp_servers.m]\ncommand = \"y\" # mine\nenv = { L = \"k\", M = \"m\" }\nenv_vars = [{ name = \"J\", source = \"local\" }]\n",
        ] {
            let text = put(before, Client::Codex.about(), "m", &wish()).unwrap();
            let all = entries(&text, Client::Codex.about()).unwrap();
            let (_, found) = all.iter().find(|(name, _)| name == "m").unwrap();
            assert_eq!(found.as_ref(), Some(&wish()), "{text}");
            assert_eq!(all.len(), if before.contains("o = ") || before.contains("o\"") { 2 } else { 1 }, "{text}");
            assert_eq!(put(&text, Client::Codex.about(), "m", &wish()).unwrap(), text, "a second time");
            let gone = remove(&text, "m").unwrap();
            assert!(!gone.contains("/bin/x") && before.contains("# all") == gone.contains("# all"), "{gone}");
        }
    }

    #[test]
    fn a_comment_above_ours_stays() {
        let text = "# the head\n\n[mcp_servers.m]\ncommand = \"x\"\n";
        assert_eq!(remove(text, "m").unwrap(), "# the head\n\n");
        let text = "# the head\n\n[mcp_servers.m]\ncommand = \"x\"\n\n[z]\na = 1\n# the end\n";
        assert_eq!(remove(text, "m").unwrap(), "\n[z]\na = 1\n# the head\n\n# the end\n");
    }
}
