//! Text that somebody in the organisation wrote is data. Whatever shows it, the answer of a tool or a
//! message of ours, takes out first what a person wouldn't see and a model would read.

use std::borrow::Cow;

/// Without control, zero-width, bidirectional and tag characters, variation selectors and what is no
/// character. Line ends and tabs stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t')) {
        return Cow::Borrowed(text);
    }
    let mut rest = text.chars().peekable();
    let mut shown = String::with_capacity(text.len());
    while let Some(c) = rest.next() {
        // Alone it would send a terminal back to the start of the line.
        let ends_line = c == '\r' && rest.peek() == Some(&'\n');
        if ends_line || !is_invisible(c) {
            shown.push(c);
        }
    }
    if shown.len() == text.len() { Cow::Borrowed(text) } else { Cow::Owned(shown) }
}

/// The first so many characters, and a sign where there are more.
pub fn start(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(text),
    }
}

pub fn is_invisible(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || u32::from(c) & 0xfffe == 0xfffe
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{fdd0}'..='\u{fdef}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{13430}'..='\u{13455}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_goes_and_the_rest_stays() {
        let hidden = "a\u{200b}b\u{202e}c\u{e0041}d\u{1b}[31m\u{feff}\u{ad}\0\u{2066}\rx\u{fdd0}\u{1ffff}";
        assert_eq!(visible(hidden), "abcd[31mx");
        for plain in ["", "two\nlines\tand é, 漢字, 🙂", "dos\r\nline"] {
            assert!(matches!(visible(plain), Cow::Borrowed(same) if same == plain), "{plain:?}");
        }
    }
}
