//! The texts: tests/fixtures/injections.jsonl, one JSON string a line. Each holds a marker of its own,
//! which also says the field that it was put into, so that wherever it turns up it tells where it
//! belongs.

use std::sync::LazyLock;

use molecule_org_mcp::text::visible;

pub struct Text {
    pub number: usize,
    text: String,
}

/// Code points that nobody sees, as Unicode lists them (Default_Ignorable_Code_Point), and those that
/// turn or end lines. Written down again here, so that the code isn't judged by its own list.
const UNSEEN: [(u32, u32); 23] = [
    (0x00, 0x08),
    (0x0b, 0x0c),
    (0x0e, 0x1f),
    (0x7f, 0x9f),
    (0xad, 0xad),
    (0x34f, 0x34f),
    (0x61c, 0x61c),
    (0x115f, 0x1160),
    (0x17b4, 0x17b5),
    (0x180b, 0x180f),
    (0x200b, 0x200f),
    (0x2028, 0x202e),
    (0x2060, 0x206f),
    (0x3164, 0x3164),
    (0xfe00, 0xfe0f),
    (0xfeff, 0xfeff),
    (0xffa0, 0xffa0),
    (0xfff0, 0xfffb),
    (0x1bca0, 0x1bca3),
    (0x1d173, 0x1d17a),
    (0xe0000, 0xe0fff),
    (0x13430, 0x1343f),
    (0xfdd0, 0xfdef),
];

pub static TEXTS: LazyLock<Vec<Text>> = LazyLock::new(|| {
    let lines = include_str!("../../fixtures/injections.jsonl").lines();
    lines.enumerate().map(|(number, line)| Text { number, text: serde_json::from_str(line).unwrap() }).collect()
});

impl Text {
    fn marker(&self) -> String {
        format!("inj-{:04}", self.number)
    }

    /// As it goes into that field.
    pub fn put(&self, field: &str) -> String {
        self.text.replace(&self.marker(), &format!("{}({field})", self.marker()))
    }

    /// As it may come out of it: nothing that nobody sees, and no fence.
    pub fn seen(&self, field: &str) -> String {
        visible(&self.put(field)).replace(['⟦', '〚'], "[[").replace(['⟧', '〛'], "]]")
    }

    /// The id of its first, second or third workspace, of its request and so on.
    pub fn id(&self, which: u32) -> String {
        format!("1a000000-0000-4000-8000-{which:04}{:08}", self.number)
    }
}

/// Which texts, and of which fields, speak in these words: `inj-0137(role)`.
pub fn markers(words: &str) -> Vec<(usize, &str)> {
    let after = words.match_indices("inj-").map(|(at, found)| &words[at + found.len()..]);
    let marker = after.filter_map(|rest| {
        let (number, rest) = rest.split_once('(')?;
        // One that was cut off names no field.
        let field = rest.split_once(')')?.0;
        field.chars().all(|c| c.is_ascii_lowercase() || c == '_').then_some((number.parse().ok()?, field))
    });
    marker.collect()
}

pub fn is_unseen(c: char) -> bool {
    UNSEEN.iter().any(|(from, to)| (*from..=*to).contains(&u32::from(c))) || u32::from(c) & 0xfffe == 0xfffe
}

/// A text as it may be shown: nothing hidden, and a carriage return only before a line feed.
pub fn is_clean(text: &str) -> bool {
    let hidden = |part: &str| part.chars().any(is_unseen);
    // Most of it is plain, and going over that by the list would take most of the test's time.
    let mut others = text.split(|c: char| c.is_ascii_graphic() || c == ' ').filter(|part| !part.is_empty());
    let returns = text.matches('\r').count() - text.matches("\r\n").count();
    returns == 0 && !others.any(hidden)
}

#[test]
fn the_corpus_is_what_it_says() {
    let texts = &*TEXTS;
    assert_eq!(texts.len(), 300);
    for text in texts {
        assert!(text.text.contains(&text.marker()), "{} has no marker", text.number);
        assert_eq!(markers(&text.put("field"))[0], (text.number, "field"));
        let others = texts.iter().filter(|other| other.text.contains(&text.marker()));
        assert_eq!(others.count(), 1, "{} is in another text", text.marker());
    }
    let all: String = texts.iter().map(|text| text.text.as_str()).collect();
    for (from, to) in UNSEEN {
        assert!(all.chars().any(|c| (from..=to).contains(&u32::from(c))), "nothing of {from:x} to {to:x}");
    }
    let with = |part: &str| texts.iter().filter(|text| text.text.contains(part)).count();
    for (part, least) in
        [("⟦", 25), ("\"}", 15), ("Next:", 15), ("_meta", 5), ("\u{1b}", 8), ("\u{202e}", 8), ("\r", 8)]
    {
        assert!(with(part) >= least, "only {} texts with {part:?}", with(part));
    }
    let hidden_words = |text: &&Text| text.text.chars().filter(|c| ('\u{e0020}'..='\u{e007e}').contains(c)).count() > 5;
    assert!(texts.iter().filter(hidden_words).count() >= 8);
}
