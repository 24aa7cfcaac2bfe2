//! What a person is shown before they agree, worked out from what the arguments name; and, apart from
//! that, what their yes is bound to: what identifies the target and what would be lost, but nothing that
//! ticks. Text of the tenant or the asker is data here: on one line, in quotes that it can't end.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::observe::{Observation, Place};
use crate::fence;
use crate::secrets::{Sink, Source, held};
use crate::text::{start, visible};
use crate::tools::effect::Effect;
use crate::tools::masking::mask;
use crate::tools::tool::Tool;

/// Characters of one argument that are shown.
const LONGEST: usize = 500;
/// Names in a row.
const NAMED: usize = 10;
/// Keys of a tree, a line each.
const KEYS: usize = 50;
const ARGUMENTS: &str = "Arguments:";
/// What a person can be asked to type.
const TYPEABLE: usize = 60;

/// Facts by what they are called: the same map is the same state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen(pub BTreeMap<String, String>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    pub lines: Vec<String>,
    /// What has to be typed, where a yes isn't enough.
    pub name: Option<String>,
    pub seen: Seen,
}

impl Seen {
    /// What isn't as it was.
    pub fn changed<'a>(&'a self, now: &'a Self) -> Vec<&'a str> {
        let names: BTreeSet<&String> = self.0.keys().chain(now.0.keys()).collect();
        names.into_iter().filter(|name| self.0.get(*name) != now.0.get(*name)).map(String::as_str).collect()
    }
}

impl Preview {
    pub fn of(tool: &Tool, effect: Effect, arguments: &Map<String, Value>, found: &Observation) -> Self {
        let mut lines = vec![format!("{} ({}). {}", tool.title(), effect.as_str(), tool.about)];
        lines.extend(found.workspace.as_ref().map(workspace));
        lines.extend(listed(found));
        lines.extend(below(effect, found));
        lines.extend(found.workspace.as_ref().and_then(|one| spend(one, &found.below)));
        lines.extend(schedules(found));
        lines.extend(found.others.iter().map(|(argument, place)| other(argument, place)));
        lines.extend(found.key.as_ref().map(|key| key.line.clone()));
        lines.extend(key_tree(&found.key_tree));
        lines.extend(found.approval.clone());
        lines.push(if arguments.is_empty() { "No arguments." } else { ARGUMENTS }.to_owned());
        lines.extend(arguments.iter().map(|(name, value)| format!("  {} = {}", fence::name(name), given(name, value))));
        let name = tool.by_name.then(|| typed(tool, arguments, found));
        let seen = found.seen.clone().into_iter().map(|(name, value)| (name, held::clean_text(value)));
        Self {
            lines: lines.into_iter().map(held::clean_text).collect(),
            name: name.map(held::clean_text),
            seen: Seen(seen.collect()),
        }
    }

    /// What the tool itself looked at.
    pub fn saw(&mut self, seen: &Value) {
        for (what, fact) in seen.as_object().into_iter().flatten() {
            self.lines.push(held::clean_text(format!("{}: {}.", fence::line(what), shown(fact))));
            self.seen.0.insert(what.clone(), held::clean_text(fact.to_string()));
        }
    }

    pub fn text(&self) -> String {
        self.lines.join("\n")
    }

    /// Whether this is the name that was asked for, with the quotes it is shown in or without.
    pub fn is_named(&self, typed: &str) -> bool {
        let typed = typed.trim();
        let bare = typed.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(typed);
        self.name.as_deref().is_some_and(|name| name == plain(typed) || name == plain(bare))
    }

    /// What it is about, in one line: after the tool's own sentence.
    pub fn about(&self) -> &str {
        let line = self.lines.iter().skip(1).find(|line| *line != ARGUMENTS);
        line.map_or("", |line| line.trim())
    }

    /// Whoever agreed to the one has agreed to the other.
    pub(super) fn is_about_the_same(&self, other: &Self) -> bool {
        (&self.seen, &self.name) == (&other.seen, &other.name)
    }
}

/// A name as it is shown and typed: quotes that aren't plain, and what nobody sees, don't matter.
fn plain(name: &str) -> String {
    let quoted = fence::quoted(name);
    let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(&quoted);
    inner.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn called(name: &str, id: &str) -> String {
    format!("{} ({id})", fence::quoted(&start(name, TYPEABLE)))
}

fn workspace(one: &Place) -> String {
    let tasks = match one.active_tasks {
        0 => "no running task".to_owned(),
        1 => "1 running task, which is lost".to_owned(),
        many => format!("{many} running tasks, which are lost"),
    };
    format!("Workspace {}: {}, {tasks}.", called(&one.name, one.id.as_str()), fence::name(&one.status))
}

/// All of a list, because a yes is for all of it.
fn listed(found: &Observation) -> Vec<String> {
    if found.listed.is_empty() && found.not_there == 0 {
        return Vec::new();
    }
    let working = found.listed.iter().filter(|one| one.active_tasks > 0).count();
    let mut lines = vec![format!("Workspaces: {}, of which {working} run tasks:", found.listed.len())];
    lines.extend(found.listed.chunks(NAMED).map(|some| format!("  {}", row(some.iter().map(|one| one.name.as_str())))));
    lines.extend((found.not_there > 0).then(|| format!("{} more aren't there.", found.not_there)));
    lines
}

fn below(effect: Effect, found: &Observation) -> Option<String> {
    if found.workspace.is_none() || (found.below.is_empty() && effect != Effect::Destroy) {
        return None;
    }
    let tasks: u32 = found.below.iter().map(|one| one.active_tasks).sum();
    Some(match found.below.len() {
        0 => "Nothing is below it.".to_owned(),
        count => {
            let named = row(found.below.iter().map(|one| one.name.as_str()));
            format!("Below it: {count}, with {tasks} running task(s): {named}.")
        }
    })
}

fn spend(one: &Place, below: &[Place]) -> Option<String> {
    let spent = one.monthly_spend + below.iter().map(|one| one.monthly_spend).sum::<i64>();
    let limit = one.budget_limit.map(|limit| format!("; its own limit is {}", dollars(limit))).unwrap_or_default();
    (spent > 0 || one.budget_limit.is_some()).then(|| format!("Spent this month: {}{limit}.", dollars(spent)))
}

fn dollars(cents: i64) -> String {
    format!("{}.{:02} USD", cents / 100, cents % 100)
}

fn schedules(found: &Observation) -> Option<String> {
    let unseen = match found.not_looked_at {
        0 => String::new(),
        count => format!(" The schedules of {count} workspace(s) below weren't looked at."),
    };
    match found.schedules.len() {
        0 if unseen.is_empty() => None,
        0 => Some(unseen.trim_start().to_owned()),
        count => {
            let named = row(found.schedules.iter().map(String::as_str));
            Some(format!("Schedules that run there: {count}: {named}.{unseen}"))
        }
    }
}

fn key_tree(drawn: &[String]) -> Vec<String> {
    if drawn.is_empty() {
        return Vec::new();
    }
    let more = drawn.len().saturating_sub(KEYS);
    let head = "Org keys that are revoked, below each the ones that it minted:".to_owned();
    let more = (more > 0).then(|| format!("  and {more} more, which inspect_org_keys shows"));
    let shown = drawn.iter().take(KEYS).map(|line| format!("  {line}"));
    std::iter::once(head).chain(shown).chain(more).collect()
}

/// The first names of many.
pub fn row<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = names.len().saturating_sub(NAMED);
    let named: Vec<String> = names.take(NAMED).map(|name| fence::quoted(&start(name, TYPEABLE))).collect();
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", named.join(", "))
}

fn other(argument: &str, place: &Place) -> String {
    format!("`{argument}`: workspace {}, {}.", called(&place.name, place.id.as_str()), fence::name(&place.status))
}

/// Where a credential goes, or a secret value comes from, is what a person agrees to: such a text looks like a
/// field with a value, and has no room for one.
fn given(argument: &str, value: &Value) -> String {
    let source = |value: &Value| value.as_str().is_some_and(|text| Source::try_from(text.to_owned()).is_ok());
    let is_place = match argument {
        "sink" => value.as_str().is_some_and(|text| Sink::try_from(text.to_owned()).is_ok()),
        "source" => source(value),
        "sources" | "secrets" => value.as_object().is_some_and(|all| all.values().all(source)),
        _ => false,
    };
    if is_place { line(value.clone()) } else { shown(value) }
}

/// As it was given, but for credentials in the wrong place.
fn shown(value: &Value) -> String {
    let mut value = value.clone();
    mask(&mut value);
    line(value)
}

/// But for what nobody sees; what is long is cut, and says so.
fn line(value: Value) -> String {
    let (text, is_text) = match value {
        Value::String(text) => (text, true),
        other => (other.to_string(), false),
    };
    let length = text.chars().count();
    let seen = start(&text, LONGEST);
    let line = if is_text { fence::quoted(&seen) } else { fence::line(&seen).into_owned() };
    let cut = if length > LONGEST { format!(" (the first {LONGEST} of {length} characters)") } else { String::new() };
    let hidden = if visible(&text).len() == text.len() { "" } else { " (and characters that nobody sees)" };
    format!("{line}{cut}{hidden}")
}

/// The name of what is lost or made; an id, where the name is nothing that can be typed.
fn typed(tool: &Tool, arguments: &Map<String, Value>, found: &Observation) -> String {
    let given = |name: &str| arguments.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
    let workspace = found.workspace.as_ref().map(|one| (one.name.clone(), one.id.to_string()));
    let (name, otherwise) = workspace
        .or_else(|| found.key.as_ref().map(|key| (key.prefix.clone(), key.prefix.clone())))
        .or_else(|| given("name").or_else(|| given("key")).map(|name| (name, tool.name.to_owned())))
        .unwrap_or_else(|| (String::new(), tool.name.to_owned()));
    let name = plain(&name);
    let is_typeable = !name.is_empty() && name.chars().count() <= TYPEABLE;
    if is_typeable { name } else { otherwise }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_given_stays_one_line_in_its_quotes() {
        assert_eq!(shown(&json!("a\nAgree: b\" c")), "\"a Agree: b' c\"");
        assert_eq!(shown(&json!("a\u{202e}b")), "\"ab\" (and characters that nobody sees)");
        assert_eq!(shown(&json!({ "a": ["x", true] })), r#"{"a":["x",true]}"#);
        assert_eq!(shown(&json!({ "a": [{ "bot_token": "1:x" }] })), r#"{"a":[{"bot_token":"(masked)"}]}"#);
        let long = shown(&json!("x".repeat(700)));
        assert!(long.ends_with("\" (the first 500 of 700 characters)"), "{long}");
    }

    #[test]
    fn where_a_credential_goes_is_shown_and_nothing_that_only_looks_so() {
        let place = "workspace_secret:613fac6b-7c79-44fa-a26f-75c6ee7e1ffc/ORG_KEY";
        assert_eq!(given("sink", &json!(place)), format!("\"{place}\""));
        assert_eq!(given("source", &json!("keyring:ci")), "\"keyring:ci\"");
        assert_eq!(given("secrets", &json!({ "A": "env:A" })), r#"{"A":"env:A"}"#);
        assert_eq!(given("sink", &json!("workspace_secret:hunter2")), "\"workspace_secret: (masked)\"");
    }

    #[test]
    fn a_name_is_typed_as_it_is_shown() {
        assert_eq!(plain("  SEO \u{200b} Lead\n"), "SEO Lead");
        assert_eq!(plain("the “best”"), plain("the \"best\""));
        assert_ne!(plain("seo"), plain("SEO"));
    }

    #[test]
    fn what_changed_is_named() {
        let seen = |facts: &[(&str, &str)]| {
            Seen(facts.iter().map(|(name, fact)| ((*name).to_owned(), (*fact).to_owned())).collect())
        };
        let before = seen(&[("name", "a"), ("status", "online")]);
        assert_eq!(before.changed(&before), [""; 0]);
        assert_eq!(before.changed(&seen(&[("name", "a"), ("status", "paused")])), ["status"]);
        assert_eq!(before.changed(&seen(&[("name", "a"), ("status", "online"), ("key", "k")])), ["key"]);
    }
}
