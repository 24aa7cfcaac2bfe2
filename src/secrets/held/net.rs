//! What finds secrets: one automaton over all forms of all of them, and one pass over what goes out.

use std::collections::BTreeSet;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};
use secrecy::{ExposeSecret, SecretString};

use super::{REMOVED, forms};

pub struct Net(Kind);

enum Kind {
    Empty,
    Over {
        automaton: AhoCorasick,
        shortest: usize,
    },
    /// It couldn't be built: then nothing is let through.
    Everything,
}

impl Net {
    pub(super) fn over<'a>(held: impl Iterator<Item = &'a Arc<SecretString>>) -> Self {
        let values: BTreeSet<&str> = held.map(|value| value.expose_secret()).collect();
        let forms: Vec<_> = values.into_iter().flat_map(forms::of).collect();
        let Some(shortest) = forms.iter().map(|form| form.len()).min() else { return Self(Kind::Empty) };
        let built = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&forms);
        Self(built.map_or(Kind::Everything, |automaton| Kind::Over { automaton, shortest }))
    }

    /// The bytes without any secret, or nothing where there was none in them.
    pub fn without(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let automaton = match &self.0 {
            Kind::Empty => return None,
            Kind::Over { shortest, .. } if bytes.len() < *shortest => return None,
            Kind::Over { automaton, .. } => automaton,
            Kind::Everything => return Some(REMOVED.into()),
        };
        let mut found = automaton.find_iter(bytes).peekable();
        found.peek()?;
        let (mut clean, mut rest) = (Vec::with_capacity(bytes.len()), 0);
        for one in found {
            clean.extend_from_slice(bytes.get(rest..one.start()).unwrap_or_default());
            clean.extend_from_slice(REMOVED.as_bytes());
            rest = one.end();
        }
        clean.extend_from_slice(bytes.get(rest..).unwrap_or_default());
        Some(clean)
    }

    pub fn clean_text(&self, text: String) -> String {
        match self.without(text.as_bytes()) {
            Some(clean) => String::from_utf8_lossy(&clean).into_owned(),
            None => text,
        }
    }
}
