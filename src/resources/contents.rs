//! A tool's answer as the contents of a resource: JSON as it is; of a file or a long text what is in it, in the
//! fence that the tool put around it.

use serde_json::Value;

use super::entry::Form;
use super::place::Place;
use crate::media;

/// Bytes of a file that isn't text, where nobody says how many.
const USUAL_BYTES: usize = 1 << 20;

#[derive(Debug, PartialEq, Eq)]
pub struct Contents {
    pub media: &'static str,
    pub body: Body,
    /// The address of what follows.
    pub next: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Body {
    Text(String),
    Bytes(Vec<u8>),
}

impl Place {
    /// `bytes` are those of a file that the answer only describes.
    pub fn contents(&self, answer: &Value, bytes: Option<&[u8]>) -> Contents {
        let next = answer.get("next").and_then(|next| self.after(next));
        match (self.entry.form, bytes, answer.get("content").and_then(Value::as_str)) {
            (Form::File, Some(bytes), _) => self.part(bytes),
            (Form::File, None, Some(text)) => {
                let text = match &next {
                    // Not every client shows what stands beside the text.
                    Some(rest) => format!("{text}\n(A part; the rest: {rest})"),
                    None => text.to_owned(),
                };
                Contents { media: media::of_text(self.file_name()), body: Body::Text(text), next }
            }
            _ => Contents { media: "application/json", body: Body::Text(answer.to_string()), next },
        }
    }

    /// Whether the answer describes a file that isn't text.
    pub fn describes_bytes(&self, answer: &Value) -> bool {
        self.entry.form == Form::File && answer.get("binary") == Some(&Value::Bool(true))
    }

    fn part(&self, bytes: &[u8]) -> Contents {
        let number = |name: &str| self.value(name).and_then(|text| text.parse::<usize>().ok());
        let from = number("from").unwrap_or(0).min(bytes.len());
        let end = from.saturating_add(number("length").unwrap_or(USUAL_BYTES)).min(bytes.len());
        let next = (end < bytes.len()).then(|| self.after(&end.into())).flatten();
        let part = bytes.get(from..end).unwrap_or_default().to_vec();
        Contents { media: media::of_bytes(self.file_name()), body: Body::Bytes(part), next }
    }

    fn file_name(&self) -> &str {
        self.value("path").unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const FILE: &str = "molecule://workspaces/613fac6b-7c79-44fa-a26f-75c6ee7e1ffc/container/workspace/a.png";

    #[test]
    fn bytes_come_in_parts_that_are_the_whole() {
        let bytes: Vec<u8> = (0..=255).cycle().take(5000).collect();
        let (mut whole, mut uri) = (Vec::new(), Some(format!("{FILE}?length=999")));
        while let Some(at) = uri {
            let found = Place::at(&at).unwrap().contents(&json!({ "binary": true }), Some(&bytes));
            let Body::Bytes(part) = found.body else { panic!("no bytes") };
            assert!(part.len() <= 999 && found.media == "image/png");
            whole.extend(part);
            uri = found.next;
        }
        assert_eq!(whole, bytes);
        let behind = Place::at(&format!("{FILE}?from=6000")).unwrap().contents(&json!({}), Some(&bytes));
        assert_eq!((behind.body, behind.next), (Body::Bytes(vec![]), None));
    }

    #[test]
    fn a_text_says_where_it_goes_on() {
        let place = Place::at("molecule://results/x?length=2").unwrap();
        let first = place.contents(&json!({ "content": "ab", "next": 2 }), None);
        assert_eq!(first.next.as_deref(), Some("molecule://results/x?from=2&length=2"));
        assert_eq!(first.body, Body::Text("ab\n(A part; the rest: molecule://results/x?from=2&length=2)".to_owned()));
        let last = place.contents(&json!({ "content": "c" }), None);
        assert_eq!((last.body, last.next, last.media), (Body::Text("c".to_owned()), None, "text/plain"));
    }
}
