//! One resource by its address: which entry it is, and what its variables are. What the values may be, the tool's
//! own types say; here it is only whether the address has its shape.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use serde_json::{Map, Value, json};

use super::address::{SCHEME, decoded, encoded, encoded_path};
use super::entry::{Becomes, Entry, Form, Variable};
use super::table::ENTRIES;
use crate::failure::{Code, Failure};
use crate::nearest::nearest;
use crate::tools::ids::WorkspaceId;

/// Bytes. Longer than the longest path, percent-encoded.
const LONGEST: usize = 8192;
/// Characters of a text where nobody says how many: as many as a tool gives at once.
const USUAL_LENGTH: u32 = 20_000;

#[derive(Clone, Debug)]
pub struct Place {
    pub entry: &'static Entry,
    values: BTreeMap<&'static str, String>,
}

impl Place {
    pub fn at(uri: &str) -> Result<Self, Failure> {
        if uri.len() > LONGEST {
            return Err(Failure::invalid("an address has at most 8192 bytes"));
        }
        if uri.contains('#') {
            return Err(Failure::invalid("an address has no fragment").next("Write a `#` in a name as `%23`."));
        }
        let (path, query) = uri.split_once('?').map_or((uri, None), |(path, query)| (path, Some(query)));
        let fitting = ENTRIES.iter().find_map(|entry| fit(entry, path).map(|found| (entry, found)));
        let (entry, found) = fitting.ok_or_else(|| unknown(path))?;
        let mut values = BTreeMap::new();
        for (variable, value) in found {
            values.insert(variable.name, decoded(value)?);
        }
        for pair in query.into_iter().flat_map(|query| query.split('&')) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let variable = choice(entry, name)?;
            if values.insert(variable.name, decoded(value)?).is_some() {
                return Err(Failure::invalid(format!("`{}` stands twice in the address", variable.name)));
            }
        }
        Ok(Self { entry, values })
    }

    pub fn value(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The workspace that it names.
    pub fn workspace(&self) -> Option<WorkspaceId> {
        WorkspaceId::try_from(self.value("workspace_id")?.to_owned()).ok()
    }

    /// What the tool is called with; `today` is the day that it is, UTC.
    pub fn arguments(&self, today: NaiveDate) -> Result<Map<String, Value>, Failure> {
        let mut arguments = Map::new();
        if self.entry.form == Form::File {
            arguments.insert("length".to_owned(), json!(USUAL_LENGTH));
        }
        for variable in self.entry.variables {
            let Some(value) = self.value(variable.name) else { continue };
            match variable.becomes {
                Becomes::Text => _ = arguments.insert(variable.name.to_owned(), json!(value)),
                // What isn't a number goes as it is: the tool says what it expected.
                Becomes::Number => {
                    let number = value.parse::<u32>().map_or_else(|_| json!(value), |number| json!(number));
                    arguments.insert(variable.name.to_owned(), number);
                }
                Becomes::WholePath => _ = arguments.insert(variable.name.to_owned(), json!(format!("/{value}"))),
                Becomes::Day => {
                    let (since, until) = day(value, today)?;
                    arguments.insert("since".to_owned(), json!(since));
                    arguments.insert("until".to_owned(), json!(until));
                }
            }
        }
        Ok(arguments)
    }

    /// The address of what follows, where an answer says where that begins.
    pub fn after(&self, next: &Value) -> Option<String> {
        let name = self.entry.goes_on?;
        let next = next.as_str().map(ToOwned::to_owned).or_else(|| next.as_u64().map(|next| next.to_string()))?;
        let mut rest = self.clone();
        rest.values.insert(self.entry.variable(name)?.name, next);
        Some(rest.uri())
    }

    pub fn uri(&self) -> String {
        let mut uri = self.entry.path().to_owned();
        let mut query = Vec::new();
        for variable in self.entry.variables {
            let Some(value) = self.value(variable.name) else { continue };
            let (one, many) = (format!("{{{}}}", variable.name), format!("{{+{}}}", variable.name));
            if uri.contains(&one) {
                uri = uri.replace(&one, &encoded(value));
            } else if uri.contains(&many) {
                uri = uri.replace(&many, &encoded_path(value));
            } else {
                query.push(format!("{}={}", variable.name, encoded(value)));
            }
        }
        if query.is_empty() { uri } else { format!("{uri}?{}", query.join("&")) }
    }

    /// The same file in the container, whose bytes can be had: the tenant gives files as text otherwise.
    pub fn in_container(&self) -> Option<Self> {
        let entry = ENTRIES.iter().find(|entry| entry.tool == "download_chat_file")?;
        if self.entry.tool != "read_file" {
            return None;
        }
        let root = self.value("root").unwrap_or("/configs").trim_start_matches('/');
        let mut values = self.values.clone();
        values.remove("root");
        values.insert("path", format!("{root}/{}", self.value("path")?));
        Some(Self { entry, values })
    }
}

/// The variables of its path and what stands there, where the path has the entry's shape.
fn fit<'u>(entry: &'static Entry, path: &'u str) -> Option<Vec<(&'static Variable, &'u str)>> {
    let mut found = Vec::new();
    let mut rest = path.strip_prefix(SCHEME);
    for wanted in entry.path().strip_prefix(SCHEME)?.split('/') {
        let left = rest?;
        if let Some(name) = wanted.strip_prefix("{+") {
            found.push((entry.variable(name.strip_suffix('}')?)?, left));
            rest = None;
            continue;
        }
        let (piece, after) = left.split_once('/').map_or((left, None), |(piece, after)| (piece, Some(after)));
        rest = after;
        match wanted.strip_prefix('{') {
            Some(name) => found.push((entry.variable(name.strip_suffix('}')?)?, piece)),
            None if wanted == piece => {}
            None => return None,
        }
    }
    (rest.is_none() && found.iter().all(|(_, value)| !value.is_empty())).then_some(found)
}

fn choice(entry: &'static Entry, name: &str) -> Result<&'static Variable, Failure> {
    entry.choices().find(|variable| variable.name == name).ok_or_else(|| {
        let names: Vec<&str> = entry.choices().map(|variable| variable.name).collect();
        let failure = Failure::invalid("the address has a query that this resource hasn't");
        match (nearest(name, names.iter().copied()), names.is_empty()) {
            (_, true) => failure.next("It has none."),
            (Some(near), _) => failure.next(format!("Did you mean `{near}`? There are: {}.", names.join(", "))),
            (None, _) => failure.next(format!("There are: {}.", names.join(", "))),
        }
    })
}

fn unknown(path: &str) -> Failure {
    let failure = Failure::new(Code::NotFound, "no resource has an address of this shape");
    let pieces: Vec<&str> = path.split('/').collect();
    // With what was given where a template has a variable, so that an id doesn't count as a mistake.
    let filled = |entry: &Entry| {
        let wanted: Vec<&str> = entry.path().split('/').collect();
        let fill = |(at, wanted): (usize, &&str)| match wanted.strip_prefix('{') {
            Some(_) => pieces.get(at).copied().unwrap_or_default().to_owned(),
            None => (*wanted).to_owned(),
        };
        wanted.iter().enumerate().map(fill).collect::<Vec<_>>().join("/")
    };
    let shapes: Vec<(String, &str)> = ENTRIES.iter().map(|entry| (filled(entry), entry.path())).collect();
    let near = nearest(path, shapes.iter().map(|(shape, _)| shape.as_str()));
    match shapes.iter().find(|(shape, _)| Some(shape.as_str()) == near) {
        Some((_, template)) => failure.next(format!("Did you mean `{template}`?")),
        None => failure.next("List the resources and their templates: addresses begin with `molecule://`."),
    }
}

/// Where a UTC day begins, and where the next does.
fn day(text: &str, today: NaiveDate) -> Result<(String, String), Failure> {
    let written = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10);
    let first = if text == "today" { Some(today) } else { written() };
    let next = first.and_then(|first| first.checked_add_days(Days::new(1)));
    let begin = |day: NaiveDate| format!("{day}T00:00:00Z");
    first
        .map(begin)
        .zip(next.map(begin))
        .ok_or_else(|| Failure::invalid("`day`: expected a UTC day as in 2026-01-31, or `today`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "613fac6b-7c79-44fa-a26f-75c6ee7e1ffc";

    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 21).unwrap()
    }

    fn arguments(uri: &str) -> (&'static str, Value) {
        let place = Place::at(uri).unwrap();
        (place.entry.tool, Value::Object(place.arguments(today()).unwrap()))
    }

    fn refused(uri: &str) -> Failure {
        Place::at(uri).unwrap_err()
    }

    #[test]
    fn an_address_becomes_a_call() {
        for (uri, tool, expected) in [
            ("molecule://org".to_owned(), "get_org_overview", json!({})),
            ("molecule://workspaces?limit=7".to_owned(), "list_workspaces", json!({ "limit": 7 })),
            (format!("molecule://workspaces/{ID}"), "get_workspace", json!({ "workspace_id": ID })),
            (
                format!("molecule://workspaces/{ID}/files/skills/a%20b.md?root=%2Fworkspace&from=3"),
                "read_file",
                json!({ "workspace_id": ID, "path": "skills/a b.md", "root": "/workspace", "from": 3, "length": 20000 }),
            ),
            (
                format!("molecule://workspaces/{ID}/container/workspace/x.png"),
                "download_chat_file",
                json!({ "workspace_id": ID, "path": "/workspace/x.png", "length": 20000 }),
            ),
            (
                "molecule://journal/today".to_owned(),
                "query_journal",
                json!({ "since": "2026-11-21T00:00:00Z", "until": "2026-11-22T00:00:00Z" }),
            ),
            ("molecule://workspaces?limit=x".to_owned(), "list_workspaces", json!({ "limit": "x" })),
        ] {
            assert_eq!(arguments(&uri), (tool, expected), "{uri}");
        }
    }

    #[test]
    fn what_has_no_shape_is_refused_with_what_was_meant() {
        for (uri, near) in [
            ("molecule://ogr".to_owned(), "molecule://org"),
            ("molecule://org/".to_owned(), "molecule://org"),
            (format!("molecule://workspaces/{ID}/shedules"), "molecule://workspaces/{workspace_id}/schedules"),
            (format!("molecule://workspace/{ID}"), "molecule://workspaces/{workspace_id}"),
        ] {
            let failure = refused(&uri);
            assert_eq!(failure.code(), Code::NotFound, "{uri}");
            assert!(failure.text().contains(&format!("`{near}`")), "{uri}: {}", failure.text());
            assert!(!failure.text().contains(ID));
        }
        for uri in ["", "org", "molecule:", "molecule://", "https://example.org", "file:///etc/passwd", "molecule:///"]
        {
            assert_eq!(refused(uri).code(), Code::NotFound, "{uri}");
        }
        assert!(refused("molecule://workspaces?limi=1").text().contains("Did you mean `limit`?"));
        for uri in [
            "molecule://org#x",
            "molecule://org?x=1",
            "molecule://workspaces?limit=1&limit=2",
            "molecule://workspaces?",
        ] {
            assert_eq!(refused(uri).code(), Code::InvalidInput, "{uri}");
        }
    }

    #[test]
    fn only_a_day_is_one() {
        let at = |day: &str| Place::at(&format!("molecule://journal/{day}")).unwrap().arguments(today());
        assert_eq!(at("2024-02-29").unwrap()["until"], "2024-03-01T00:00:00Z");
        for bad in ["2023-02-29", "yesterday", "2026-1-1", "+2026-01-01", "20260101", "262142-12-31"] {
            assert_eq!(at(bad).unwrap_err().code(), Code::InvalidInput, "{bad}");
        }
    }

    #[test]
    fn an_address_is_written_as_it_is_read() {
        let file = Place::at(&format!("molecule://workspaces/{ID}/files/a/%C3%BC%20%3F.md?length=9")).unwrap();
        assert_eq!(file.workspace().unwrap().as_str(), ID);
        let rest = file.after(&json!(9)).unwrap();
        assert_eq!(rest, format!("molecule://workspaces/{ID}/files/a/%C3%BC%20%3F.md?from=9&length=9"));
        assert_eq!(Place::at(&rest).unwrap().uri(), rest);
        let inside = file.in_container().unwrap();
        assert_eq!(inside.uri(), format!("molecule://workspaces/{ID}/container/configs/a/%C3%BC%20%3F.md?length=9"));
        assert!(inside.in_container().is_none() && Place::at("molecule://org").unwrap().after(&json!(9)).is_none());
    }

    /// A template names each of its variables once, and no other.
    #[test]
    fn the_table_is_whole() {
        let all = |entry: &Entry| {
            let named = entry.template.split('{').skip(1).filter_map(|rest| rest.split('}').next());
            let names = named.flat_map(|names| names.trim_start_matches(['?', '+']).split(','));
            names.map(ToOwned::to_owned).collect::<Vec<_>>()
        };
        for entry in ENTRIES {
            let declared: Vec<&str> = entry.variables.iter().map(|variable| variable.name).collect();
            assert_eq!(all(entry), declared, "{}", entry.template);
            assert!(entry.goes_on.is_none_or(|name| entry.variable(name).is_some()), "{}", entry.template);
            let mut place = Place { entry, values: BTreeMap::new() };
            for variable in entry.variables {
                place.values.insert(variable.name, "x".to_owned());
            }
            let again = Place::at(&place.uri()).unwrap();
            assert_eq!((again.entry.name, again.uri()), (entry.name, place.uri()));
        }
    }
}
