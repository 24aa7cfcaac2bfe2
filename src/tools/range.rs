//! Long texts in ranges: files, chat attachments, resolved instructions. A caller says where to begin and
//! how much, in characters, and is told how long the whole is and where it goes on.

use schemars::JsonSchema;
use serde::Serialize;

use super::bounds::Whole;
use super::prose::Prose;
use crate::failure::Failure;

/// Characters where nothing is said: about two thousand tokens.
const USUAL: usize = 8_000;

/// Where a range begins.
pub type From = Whole<0, 50_000_000>;
/// How long it is. Even where each character takes four bytes the answer isn't too large for a client.
pub type Length = Whole<1, 20_000>;

/// What lies in the range.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Passage {
    content: Prose,
    /// Where it begins, in characters.
    from: usize,
    /// Characters of the whole text.
    characters: usize,
    /// Pass it as `from` for what follows; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<usize>,
}

impl Passage {
    pub fn of(text: &str, from: Option<From>, length: Option<Length>) -> Result<Self, Failure> {
        let number = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
        let from = from.map_or(0, |from| number(from.get()));
        let length = length.map_or(USUAL, |length| number(length.get()));
        let characters = text.chars().count();
        if from > characters {
            return Err(Failure::invalid(format!("`from`: the text ends after {characters} characters")));
        }
        let mut rest = text.chars().skip(from);
        let mut content: String = rest.by_ref().take(length).collect();
        // The two characters of a line's end stay together: one alone is taken out on the way.
        if content.ends_with('\r') && rest.next() == Some('\n') {
            content.push('\n');
        }
        let end = from + content.chars().count();
        Ok(Self { content: content.into(), from, characters, next: (end < characters).then_some(end) })
    }

    /// The last of it, where what matters stands at the end.
    pub fn end_of(text: &str) -> Result<Self, Failure> {
        let before = text.chars().count().saturating_sub(USUAL);
        Self::of(text, From::try_from(i64::try_from(before).unwrap_or(i64::MAX)).ok(), None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passage(text: &str, from: i64, length: i64) -> Passage {
        Passage::of(text, From::try_from(from).ok(), Length::try_from(length).ok()).unwrap()
    }

    #[test]
    fn ranges_put_together_are_the_text() {
        let text = "äb🙂\n".repeat(25);
        let (mut whole, mut from) = (String::new(), Some(0));
        while let Some(start) = from {
            let found = passage(&text, start, 7);
            assert_eq!((found.from as i64, found.characters), (start, 100));
            whole.push_str(found.content.as_str());
            from = found.next.map(|next| next as i64);
        }
        assert_eq!(whole, text);
    }

    #[test]
    fn a_lines_end_isnt_cut_in_two() {
        let first = passage("one\r\ntwo", 0, 4);
        assert_eq!((first.content.as_str(), first.next), ("one\r\n", Some(5)));
        let alone = passage("one\rtwo", 0, 4);
        assert_eq!((alone.content.as_str(), alone.next), ("one\r", Some(4)));
    }

    #[test]
    fn the_end_of_a_long_text_is_as_long_as_any_part() {
        let text = format!("{}end", "x".repeat(USUAL));
        let last = Passage::end_of(&text).unwrap();
        assert!(last.content.as_str().ends_with("end") && last.next.is_none());
        assert_eq!((last.from, Passage::end_of("ab").unwrap().content.as_str()), (3, "ab"));
    }

    #[test]
    fn the_end_is_no_mistake_and_behind_it_is() {
        let last = passage("abc", 3, 10);
        assert_eq!((last.content.as_str(), last.next), ("", None));
        assert_eq!(Passage::of("", None, None).unwrap().characters, 0);
        let failure = Passage::of("abc", From::try_from(4).ok(), None).unwrap_err();
        assert!(failure.text().contains("ends after 3 characters"), "{}", failure.text());
    }
}
