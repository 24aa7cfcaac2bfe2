//! What must hold of every answer, and of every refusal, whatever the tenant says.

use std::collections::BTreeSet;

use molecule_org_mcp::fence;
use serde_json::Value;

use super::corpus::{Text, is_clean, markers};
use super::views::{As, Path, View};

/// Which texts were seen where, as (path, field, text's number).
pub type Sights = BTreeSet<(&'static str, &'static str, usize)>;

/// The result of a call that succeeded, as a client has it.
pub fn answer<'a>(result: &'a Value, view: &View, texts: &[Text], sights: &mut Sights) -> &'a Value {
    let (content, structured) = (&result["content"], &result["structuredContent"]);
    assert_eq!(result["isError"], false, "{}: {result}", view.tool);
    assert_eq!(content.as_array().map(Vec::len), Some(1), "{}", view.tool);
    let words = content[0]["text"].as_str().unwrap();
    assert!(is_clean(words), "{}: {words:?}", view.tool);
    assert_eq!(&serde_json::from_str::<Value>(words).unwrap(), structured, "{}", view.tool);
    let warning = result["_meta"]["molecule-org-mcp/untrusted"].as_str().unwrap();
    assert!(markers(&result["_meta"].to_string()).is_empty() && warning.contains("data"), "{}", view.tool);
    let mut look = Look { view, texts, sights };
    look.through(structured, &mut Vec::new());
    structured
}

/// The walk through one answer.
struct Look<'a> {
    view: &'a View,
    texts: &'a [Text],
    sights: &'a mut Sights,
}

impl Look<'_> {
    fn through(&mut self, value: &Value, path: &mut Vec<String>) {
        match value {
            Value::String(words) => self.at(words, &path.join("/")),
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    path.push(at.to_string());
                    self.through(item, path);
                    path.pop();
                }
            }
            Value::Object(fields) => {
                for (name, inner) in fields {
                    self.at(name, &path.join("/"));
                    path.push(name.clone());
                    self.through(inner, path);
                    path.pop();
                }
            }
            _ => {}
        }
    }

    fn at(&mut self, words: &str, place: &str) {
        let tool = self.view.tool;
        assert!(is_clean(words), "{tool}, {place}: something unseen in {words:?}");
        let found = markers(words);
        let mut fences = 0;
        for (number, field) in &found {
            let declared = |(path, of, _): &&Path| fits(path, place) && of == field;
            let Some((path, field, how)) = self.view.all().find(declared) else {
                panic!("{tool}: a text of `{field}` is at {place}: {words}");
            };
            let seen = self.texts.iter().find(|text| text.number == *number).unwrap().seen(field);
            match how {
                As::Name => assert_eq!(words, seen, "{tool}, {place}"),
                As::Start => assert!(is_start(words, &seen), "{tool}, {place}: {words}"),
                As::Prose => fences = fenced(words, &seen, place),
                As::Range => {
                    fences = 1;
                    // The tenant trims its files.
                    let body = is_ours(words, place).0.trim();
                    assert!(seen.trim().starts_with(body), "{tool}, {place}: {words}");
                }
                As::Data => fences = usize::from(words.contains('⟦')),
                As::Line => quoted(words, &seen, place),
            }
            self.sights.insert((*path, *field, *number));
        }
        // One that was cut early, or that we put there, has no marker and still its fence.
        if found.is_empty() && words.contains('⟦') {
            fences = 1;
        }
        if fences == 1 {
            is_ours(words, place);
        }
        let marks = (words.matches('⟦').count(), words.matches('⟧').count());
        assert_eq!(marks, (2 * fences, 2 * fences), "{tool}, {place}: {words}");
    }
}

fn is_start(words: &str, seen: &str) -> bool {
    words == seen || words.strip_suffix('…').is_some_and(|start| seen.starts_with(start))
}

/// What stands in a fence of ours, and the note in its end.
fn is_ours<'a>(words: &'a str, place: &str) -> (&'a str, &'a str) {
    let inner = words.strip_prefix("⟦text ").and_then(|words| words.strip_suffix('⟧')).expect(place);
    let (number, rest) = inner.split_once('⟧').unwrap();
    let (body, end) = rest.split_once("⟦end ").unwrap();
    let note = end.strip_prefix(number).expect(place);
    assert_eq!(fence::around(body, note), words, "{place}: not a fence of ours");
    (body, note)
}

/// One fence around what is to be seen or its beginning.
fn fenced(words: &str, seen: &str, place: &str) -> usize {
    let (body, note) = is_ours(words, place);
    match note {
        "" => assert_eq!(body, seen, "{place}"),
        note => assert!(seen.starts_with(body) && note.contains(" characters, the rest: "), "{place}: {words}"),
    }
    1
}

/// On one line, and between the first quote and the next.
pub fn quoted(words: &str, seen: &str, place: &str) {
    assert!(!words.contains(['\n', '\r']), "{place}: {words:?}");
    let marker = seen.find("inj-").and_then(|at| seen[at..].split_inclusive(')').next()).unwrap();
    let parts: Vec<&str> = words.split('"').collect();
    assert_eq!(parts.len() % 2, 1, "{place}: {words}");
    let (ours, theirs): (Vec<_>, Vec<_>) = parts.iter().enumerate().partition(|(at, _)| at % 2 == 0);
    assert!(theirs.iter().any(|(_, part)| part.contains(marker)), "{place}: {words}");
    assert!(!ours.iter().any(|(_, part)| part.contains("inj-")), "{place}: {words}");
}

fn fits(pattern: &str, place: &str) -> bool {
    if let Some(above) = pattern.strip_suffix("/**") {
        let length = above.split('/').count();
        let start: Vec<&str> = place.split('/').take(length).collect();
        return fits(above, &start.join("/"));
    }
    let mut steps = place.split('/');
    pattern.split('/').all(|wanted| steps.next().is_some_and(|step| wanted == "*" || wanted == step))
        && steps.next().is_none()
}

/// A refusal has its lines in their order, and texts only in the quotes of the first one and among
/// what is missing.
pub fn refusal(result: &Value, fields: &[&str], text: &Text) {
    assert_eq!(result["isError"], true, "{result}");
    let words = result["content"][0]["text"].as_str().unwrap();
    let error = &result["_meta"]["molecule-org-mcp/error"];
    assert!(is_clean(words) && !words.contains(['⟦', '⟧', '〚', '〛', '\r']), "{words:?}");
    let mut lines = words.split('\n');
    let first = lines.next().unwrap();
    assert_eq!(first, format!("{}: {}", error["code"].as_str().unwrap(), error["message"].as_str().unwrap()));
    let changed = lines.next().unwrap();
    assert!(changed.ends_with("was changed.") || changed == "Part of it was done before this happened.", "{words}");
    let mut rest: Vec<&str> = lines.collect();
    let next = rest.pop().unwrap();
    assert_eq!(next, format!("Next: {}", error["next"].as_str().unwrap()), "{words}");
    assert!(markers(changed).is_empty() && markers(next).is_empty(), "{words}");
    let mut lines_of_theirs = vec![first];
    if rest.first().is_some_and(|line| line.starts_with("Missing: ")) {
        lines_of_theirs.push(rest.remove(0));
    }
    assert!(rest.is_empty() || (rest.len() == 1 && rest[0].starts_with("Retry after ")), "{words}");
    for field in fields {
        let seen = text.seen(field);
        let holds = lines_of_theirs.iter().find(|line| markers(line).iter().any(|(_, of)| of == field));
        // What was cut off, or taken for a key, can't speak.
        if let Some(line) = holds {
            quoted(line, &seen, words);
        }
    }
    let strangers = markers(words).into_iter().find(|(_, of)| !fields.contains(of));
    assert_eq!(strangers, None, "{words}");
}
