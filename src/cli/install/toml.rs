//! Entries in a TOML file that a person keeps: `[mcp_servers.NAME]`, with comments and order as they are. What a
//! file holds is never repeated in an error.

use std::collections::{BTreeMap, BTreeSet};

use toml_edit::{Array, DocumentMut, Item, RawString, Table, TableLike, Value as Toml, value};

use super::client::About;
use super::entry::{Entry, OURS};
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
    set(entry, "command", &wanted.command);
    set_args(entry, &wanted.args);
    set_passed(entry, wanted.env.iter().filter(|(_, value)| matches!(value, Value::Of(_))).map(|(name, _)| name))?;
    let plain = wanted.env.iter().filter_map(|(name, value)| Some((name.as_str(), about.refers.written(value)?)));
    set_env(entry, &plain.collect())?;
    Ok(ended_like(text, &document))
}

/// One by one, because comments may stand between them.
fn set_args(entry: &mut dyn TableLike, wanted: &[String]) {
    let Some(there) = entry.get_mut("args").and_then(Item::as_array_mut) else {
        entry.insert("args", value(wanted.iter().collect::<Array>()));
        return;
    };
    for (at, wanted) in wanted.iter().enumerate() {
        match there.get(at).map(Toml::as_str) {
            None => there.push(wanted),
            Some(text) if text == Some(wanted) => {}
            Some(_) => drop(there.replace(at, wanted)),
        }
    }
    let mut left = wanted.len();
    retain(there, |_| {
        let stays = left > 0;
        left = left.saturating_sub(1);
        stays
    });
}

/// A comment after a comma belongs to the value that follows: without that, it goes to the end.
fn retain(list: &mut Array, mut stays: impl FnMut(&Toml) -> bool) {
    let mut comments = String::new();
    list.retain(|one| {
        let stays = stays(one);
        let above = one.decor().prefix().and_then(RawString::as_str).filter(|text| !stays && text.contains('#'));
        comments.push_str(above.unwrap_or_default());
        stays
    });
    if !comments.is_empty() {
        let trailing = list.trailing().as_str().unwrap_or_default();
        let end = if trailing.contains('\n') { "" } else { "\n" };
        let trailing = format!("{}{end}{trailing}", comments.trim_end());
        list.set_trailing(trailing);
    }
}

/// The variables that are handed on. Others than ours stay, and from where they are.
fn set_passed<'a>(entry: &mut dyn TableLike, wanted: impl Iterator<Item = &'a String>) -> Result<()> {
    let mut wanted: BTreeSet<&str> = wanted.map(String::as_str).collect();
    let Some(there) = entry.get_mut("env_vars") else {
        if !wanted.is_empty() {
            entry.insert("env_vars", value(wanted.into_iter().collect::<Array>()));
        }
        return Ok(());
    };
    let there = there.as_array_mut().ok_or("`env_vars` isn't a list")?;
    retain(there, |one| match passed(one) {
        Some(name) if name.starts_with(OURS) => wanted.remove(name),
        _ => true,
    });
    wanted.into_iter().for_each(|name| there.push(name));
    if there.is_empty() {
        entry.remove("env_vars");
    }
    Ok(())
}

/// Others than ours stay, whatever they are.
fn set_env(entry: &mut dyn TableLike, wanted: &BTreeMap<&str, String>) -> Result<()> {
    if wanted.is_empty() && !entry.contains_key("env") {
        return Ok(());
    }
    let env = below(entry, "env", false)?;
    let is_gone = |name: &&str| name.starts_with(OURS) && !wanted.contains_key(name);
    let gone: Vec<String> = env.iter().map(|(name, _)| name).filter(is_gone).map(ToOwned::to_owned).collect();
    gone.iter().for_each(|name| drop(env.remove(name)));
    wanted.iter().for_each(|(name, text)| set(env, name, text));
    if env.is_empty() {
        entry.remove("env");
    }
    Ok(())
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
    Ok(ended_like(text, &document))
}

/// What is parsed has lost how its lines end.
fn ended_like(before: &str, document: &DocumentMut) -> String {
    let after = document.to_string();
    if before.contains("\r\n") { after.replace('\n', "\r\n") } else { after }
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

/// What says this already stays as it is written, and what stood around a value stays: a comment on its line.
fn set(table: &mut dyn TableLike, key: &str, wanted: &str) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        None => drop(table.insert(key, value(wanted))),
        Some(there) if there.as_str() == Some(wanted) => {}
        Some(there) => {
            let mut fresh = Toml::from(wanted);
            *fresh.decor_mut() = there.decor().clone();
            *there = fresh;
        }
    }
}

/// A name alone, or with where it comes from.
fn passed(one: &Toml) -> Option<&str> {
    one.as_str().or_else(|| one.as_inline_table()?.get("name")?.as_str())
}

fn entry(item: &Item, about: &About) -> Option<Entry> {
    let table = item.as_table_like()?;
    let command = table.get("command")?.as_str()?.to_owned();
    let list = |key: &str| table.get(key).and_then(Item::as_array).into_iter().flatten();
    let passed = list("env_vars").filter_map(passed).map(|name| (name.to_owned(), Value::Of(name.to_owned())));
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
        let (of, plain) = ("MOLECULE_ORG_TOKEN".to_owned(), "MOLECULE_ORG".to_owned());
        let env = [(of.clone(), Value::Of(of)), (plain, Value::Plain("l".to_owned()))];
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
            "[mcp_servers.m]\ncommand = \"y\" # mine\nenv = { MOLECULE_ORG = \"k\", MOLECULE_URL = \"m\" }\n",
            "[mcp_servers.m]\ncommand = \"y\"\nenv_vars = [{ name = \"MOLECULE_ORG_TOKEN\", source = \"local\" }]\n",
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
    fn what_isnt_ours_stays_whatever_it_is() {
        let about = Client::Codex.about();
        let before = concat!(
            "[mcp_servers.m]\r\ncommand = '/bin/x' # here\r\nargs = [\r\n  'http', # how\r\n  '--port', '1',\r\n]\r\n",
            "env_vars = [{ name = 'J', source = 'remote' }, 'MOLECULE_MCP_GRANT']\r\n\r\n",
            "[mcp_servers.m.env]\r\nN = 5 # five\r\nMOLECULE_ORG = 1\r\nMOLECULE_ORG_TOKEN = 'k'\r\n",
        );
        let text = put(before, about, "m", &wish()).unwrap();
        let stays = ["'/bin/x' # here", "# how", "{ name = 'J', source = 'remote' }", "N = 5 # five"];
        assert!(stays.iter().all(|stays| text.contains(stays)), "{text}");
        assert!(!text.contains("MOLECULE_MCP_GRANT") && !text.contains("--port"), "{text}");
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{text:?}");
        let (_, found) = entries(&text, about).unwrap().remove(0);
        let mut found = found.unwrap();
        assert_eq!(found.env.remove("J"), Some(Value::Of("J".to_owned())));
        assert_eq!(found, wish());
        assert_eq!(put(&text, about, "m", &wish()).unwrap(), text, "a second time");
        let text = put(&text, about, "m", &Entry { env: [].into(), ..wish() }).unwrap();
        assert!(text.contains("N = 5 # five") && text.contains("'remote'") && !text.contains("MOLECULE_"), "{text}");
    }

    #[test]
    fn a_comment_above_ours_stays() {
        let text = "# the head\n\n[mcp_servers.m]\ncommand = \"x\"\n";
        assert_eq!(remove(text, "m").unwrap(), "# the head\n\n");
        let text = "# the head\n\n[mcp_servers.m]\ncommand = \"x\"\n\n[z]\na = 1\n# the end\n";
        assert_eq!(remove(text, "m").unwrap(), "\n[z]\na = 1\n# the head\n\n# the end\n");
    }
}
