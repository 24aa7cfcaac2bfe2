//! Takes what looks like a secret out of a text before it's remembered. The patterns are the platform's,
//! in its order: an assignment is seen before the key on its right side.

/// How long what begins here is, given the character before it.
type Pattern = fn(&str, Option<char>) -> Option<usize>;

const PATTERNS: [(&str, Pattern); 7] = [
    ("API_KEY", |text, before| assignment(text, before, "_API_KEY")),
    ("TOKEN", |text, before| assignment(text, before, "_TOKEN")),
    ("SECRET", |text, before| assignment(text, before, "_SECRET")),
    ("BEARER_TOKEN", |text, _| bearer(text)),
    ("SK_TOKEN", |text, _| prefixed(text, "sk-", 16, |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))),
    ("CTX7_TOKEN", |text, _| prefixed(text, "ctx7_", 1, |c| c.is_ascii_alphanumeric())),
    ("BASE64_BLOB", |text, _| blob(text)),
];
const SHORTEST_BLOB: usize = 33;

pub(super) fn without_secrets(text: &str) -> String {
    PATTERNS.iter().fold(text.to_owned(), |text, (label, pattern)| replaced(&text, label, *pattern))
}

fn replaced(text: &str, label: &str, pattern: Pattern) -> String {
    let mut clean = String::with_capacity(text.len());
    let (mut before, mut rest) = (None, text);
    while let Some(first) = rest.chars().next() {
        let length = match pattern(rest, before) {
            Some(length) => {
                clean.push_str(&format!("[REDACTED:{label}]"));
                length
            }
            None => {
                clean.push(first);
                first.len_utf8()
            }
        };
        let (taken, after) = rest.split_at(length);
        (before, rest) = (taken.chars().last(), after);
    }
    clean
}

/// `SOME_API_KEY = value`, in any case.
fn assignment(text: &str, before: Option<char>, ending: &str) -> Option<usize> {
    // first of all, so that a long name isn't walked through from each of its letters
    let begins_a_name = text.starts_with(|c: char| c.is_ascii_alphabetic()) && !before.is_some_and(is_of_a_name);
    if !begins_a_name {
        return None;
    }
    let (name, rest) = text.split_at(run(text, is_of_a_name));
    let is_secret = name.len() > ending.len() && name.to_ascii_uppercase().ends_with(ending);
    let value = rest.trim_start().strip_prefix('=').filter(|_| is_secret)?.trim_start();
    ending_after(text, value, run(value, |c| !c.is_whitespace()))
}

fn bearer(text: &str) -> Option<usize> {
    let rest = text.strip_prefix("Bearer")?;
    let value = rest.trim_start();
    let is_apart = value.len() < rest.len();
    ending_after(text, value, run(value, |c| !c.is_whitespace())).filter(|_| is_apart)
}

fn prefixed(text: &str, prefix: &str, shortest: usize, of: fn(char) -> bool) -> Option<usize> {
    let length = run(text.strip_prefix(prefix)?, of);
    (length >= shortest).then_some(prefix.len() + length)
}

fn blob(text: &str) -> Option<usize> {
    let length = run(text, |c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/'));
    let padding = run(text.get(length..)?, |c| c == '=').min(2);
    (length >= SHORTEST_BLOB).then_some(length + padding)
}

/// How far into `text` that many bytes of its end `value` reach; none if they are none.
fn ending_after(text: &str, value: &str, length: usize) -> Option<usize> {
    (length > 0).then_some(text.len() - value.len() + length)
}

/// How many bytes at the beginning are such characters.
fn run(text: &str, of: impl Fn(char) -> bool) -> usize {
    text.find(|c| !of(c)).unwrap_or(text.len())
}

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::without_secrets;

    #[test]
    fn what_looks_like_a_secret_goes() {
        for (text, clean) in [
            ("use OPENAI_API_KEY=sk-abcdefghijklmnop1234 now", "use [REDACTED:API_KEY] now"),
            ("gh_token = x y", "[REDACTED:TOKEN] y"),
            ("Bearer  abc, then", "[REDACTED:BEARER_TOKEN] then"),
            ("key sk-abcdefghijklmnop", "key [REDACTED:SK_TOKEN]"),
            ("ctx7_a1", "[REDACTED:CTX7_TOKEN]"),
            ("dGhpcyBpcyBhIHNlY3JldCBibG9i/AAAA== é", "[REDACTED:BASE64_BLOB] é"),
        ] {
            assert_eq!(without_secrets(text), clean);
        }
    }

    #[test]
    fn what_only_resembles_one_stays() {
        for text in [
            "_TOKEN=x",
            "MY_TOKENS=x",
            "API_KEY",
            "Bearer",
            "sk-short",
            "a word of thirty-two letters: abcdefghijklmnopqrstuvwxyzabcdef",
        ] {
            assert_eq!(without_secrets(text), text);
        }
    }
}
