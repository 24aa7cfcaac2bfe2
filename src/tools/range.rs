//! Long text in parts: a console's output, a shared file. A part says how long the whole is and where
//! the next part begins.

use schemars::JsonSchema;
use serde::Serialize;

use super::prose::Prose;

/// Characters in one part.
pub const LENGTH: usize = 8_000;

#[derive(Serialize, JsonSchema)]
pub struct Part {
    pub text: Prose,
    /// Characters of it that come before.
    pub from: usize,
    /// Characters in all.
    pub length: usize,
    /// Pass it as `from` for what follows; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_from: Option<usize>,
}

/// The part that begins there.
pub fn part(text: &str, from: usize, length: usize) -> Part {
    let whole = text.chars().count();
    let from = from.min(whole);
    let shown: String = text.chars().skip(from).take(length).collect();
    let end = from.saturating_add(length);
    Part { text: shown.into(), from, length: whole, next_from: (end < whole).then_some(end) }
}

/// The last part: where what matters stands at the end.
pub fn tail(text: &str, length: usize) -> Part {
    part(text, text.chars().count().saturating_sub(length), length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_make_the_whole() {
        let text = "äbcdefg";
        let (mut whole, mut from) = (String::new(), Some(0));
        while let Some(start) = from {
            let part = part(text, start, 3);
            assert_eq!(part.length, 7);
            whole.push_str(part.text.as_str());
            from = part.next_from;
        }
        assert_eq!(whole, text);
        assert_eq!(tail(text, 2).text.as_str(), "fg");
        assert_eq!((part(text, 99, 3).text.as_str(), part(text, 99, 3).next_from), ("", None));
    }
}
