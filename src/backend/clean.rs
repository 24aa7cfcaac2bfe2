//! The tenant's own words, made fit for a message of ours: they are data, may be written by anybody
//! who can name a workspace, and may quote a key.

use serde_json::Value;

use crate::fence;
use crate::secrets::held::{self, Net, REMOVED};
use crate::text::is_invisible;

const LONGEST: usize = 300;
/// From this length on a run of key characters is more likely a credential than a word.
const KEY_LIKE: usize = 40;
/// A shorter secret would be found in every other word.
const SHORTEST_HIDDEN: usize = 4;

/// Without invisible characters, keys, lengths that nobody asked for, or what is to be hidden.
pub(super) fn words(text: &str, hidden: &[&str]) -> String {
    // Hidden first, so that none is cut in half; then a long text is cut before it is worked on, with
    // room for what falls away.
    let text = without(text.to_owned(), hidden);
    let text: String = text.chars().filter(|c| c.is_whitespace() || !is_invisible(*c)).take(LONGEST * 8).collect();
    let text = without(text, hidden);
    let mut words = String::new();
    for word in text.split_whitespace() {
        if !words.is_empty() {
            words.push(' ');
        }
        without_keys(word, &mut words);
    }
    let mut words = fence::line(&words).into_owned();
    if words.chars().count() > LONGEST {
        words = words.chars().take(LONGEST - 1).collect();
        words.push('…');
    }
    words
}

/// Takes what is to be hidden, and all else that is held, out of an answer, wherever in it.
pub(super) fn strip(value: &mut Value, hidden: &[&str]) {
    strip_all(value, &Hidden { hidden, held: &held::net() });
}

fn strip_all(value: &mut Value, hidden: &Hidden<'_>) {
    match value {
        Value::String(text) => *text = hidden.out_of(std::mem::take(text)),
        Value::Array(items) => items.iter_mut().for_each(|item| strip_all(item, hidden)),
        Value::Object(fields) => {
            fields.values_mut().for_each(|inner| strip_all(inner, hidden));
            if fields.keys().any(|name| hidden.is_in(name)) {
                *fields =
                    std::mem::take(fields).into_iter().map(|(name, inner)| (hidden.out_of(name), inner)).collect();
            }
        }
        _ => {}
    }
}

pub(super) fn without(text: String, hidden: &[&str]) -> String {
    Hidden { hidden, held: &held::net() }.out_of(text)
}

/// What a request said that mustn't come back, however short, and what this process holds, in all its forms.
struct Hidden<'a> {
    hidden: &'a [&'a str],
    held: &'a Net,
}

impl Hidden<'_> {
    fn out_of(&self, text: String) -> String {
        let hide =
            |text: String, secret: &str| if text.contains(secret) { text.replace(secret, REMOVED) } else { text };
        self.held.clean_text(self.named().fold(text, hide))
    }

    fn is_in(&self, name: &str) -> bool {
        self.named().any(|secret| name.contains(secret)) || self.held.without(name.as_bytes()).is_some()
    }

    fn named(&self) -> impl Iterator<Item = &str> {
        self.hidden.iter().copied().filter(|secret| secret.len() >= SHORTEST_HIDDEN)
    }
}

fn without_keys(word: &str, into: &mut String) {
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '=');
    let mut rest = word;
    while !rest.is_empty() {
        let run = rest.find(|c| !is_key(c)).unwrap_or(rest.len());
        let (head, tail) = rest.split_at(run);
        into.push_str(if head.len() >= KEY_LIKE { REMOVED } else { head });
        let other = tail.find(is_key).unwrap_or(tail.len());
        let (head, tail) = tail.split_at(other);
        into.push_str(head);
        rest = tail;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_and_strips() {
        assert_eq!(words(" a\n\t b\u{200b}\u{202e}c\u{e0041}\u{1b}[31m\0 ", &[]), "a bc[31m");
        assert_eq!(words("name: \"x\" already taken", &["k"]), "name: \"x\" already taken");
    }

    #[test]
    fn never_repeats_a_key() {
        let key = "abcdefgh-_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456";
        assert_eq!(words(&format!("bad key {key}!"), &[]), "bad key [removed]!");
        assert_eq!(words(&format!("bad \u{200b}{}\u{200b}{}", &key[..10], &key[10..]), &[key]), "bad [removed]");
        assert_eq!(words("bad short-key.", &["short-key"]), "bad [removed].");
        let id = "11111111-1111-4111-8111-111111111111";
        assert_eq!(words(&format!("workspace {id} not found"), &[]), format!("workspace {id} not found"));
    }

    #[test]
    fn hides_what_was_sent_whatever_it_looks_like() {
        let long = format!("{}, and a secret that is much longer than what is told", "x y ".repeat(2000));
        assert_eq!(words(&format!("bad value {long}!"), &[&long]), "bad value [removed]!");
        let mut answer = serde_json::json!({ "a": ["of a secret?"], "a secret": { "b": "a secret" }, "n": 1 });
        strip(&mut answer, &["a secret"]);
        assert_eq!(answer, serde_json::json!({ "a": ["of [removed]?"], "[removed]": { "b": "[removed]" }, "n": 1 }));
    }

    #[test]
    fn is_never_long() {
        assert_eq!(words(&"ü ".repeat(100_000), &[]).chars().count(), LONGEST);
    }
}
