//! The tenant's own words, made fit for a message of ours: they are data, may be written by anybody
//! who can name a workspace, and may quote a key.

const LONGEST: usize = 300;
/// From this length on a run of key characters is more likely a credential than a word.
const KEY_LIKE: usize = 40;
/// A shorter key is a test's, and would be found in every other word.
const SHORTEST_KEY: usize = 4;

/// Without invisible characters, keys or lengths that nobody asked for.
pub(super) fn words(text: &str, key: &str) -> String {
    // A long text is cut before it is worked on, with room for what falls away.
    let text: String = text.chars().filter(|c| !is_invisible(*c)).take(LONGEST * 8).collect();
    let text = if key.len() < SHORTEST_KEY { text } else { text.replace(key, "[removed]") };
    let mut words = String::new();
    for word in text.split_whitespace() {
        if !words.is_empty() {
            words.push(' ');
        }
        without_keys(word, &mut words);
    }
    if words.chars().count() > LONGEST {
        words = words.chars().take(LONGEST - 1).collect();
        words.push('…');
    }
    words
}

fn without_keys(word: &str, into: &mut String) {
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '=');
    let mut rest = word;
    while !rest.is_empty() {
        let run = rest.find(|c| !is_key(c)).unwrap_or(rest.len());
        let (head, tail) = rest.split_at(run);
        into.push_str(if head.len() >= KEY_LIKE { "[removed]" } else { head });
        let other = tail.find(is_key).unwrap_or(tail.len());
        let (head, tail) = tail.split_at(other);
        into.push_str(head);
        rest = tail;
    }
}

/// Control, bidi, zero-width and tag characters, and variation selectors. White space stays: it is
/// folded afterwards.
fn is_invisible(c: char) -> bool {
    (c.is_control() && !c.is_whitespace())
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_and_strips() {
        assert_eq!(words(" a\n\t b\u{200b}\u{202e}c\u{e0041}\u{1b}[31m\0 ", ""), "a bc[31m");
        assert_eq!(words("name: \"x\" already taken", "k"), "name: \"x\" already taken");
    }

    #[test]
    fn never_repeats_a_key() {
        let key = "abcdefgh-_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456";
        assert_eq!(words(&format!("bad key {key}!"), ""), "bad key [removed]!");
        assert_eq!(words(&format!("bad \u{200b}{}\u{200b}{}", &key[..10], &key[10..]), key), "bad [removed]");
        assert_eq!(words("bad short-key.", "short-key"), "bad [removed].");
        let id = "11111111-1111-4111-8111-111111111111";
        assert_eq!(words(&format!("workspace {id} not found"), ""), format!("workspace {id} not found"));
    }

    #[test]
    fn is_never_long() {
        assert_eq!(words(&"ü ".repeat(100_000), "").chars().count(), LONGEST);
    }
}
