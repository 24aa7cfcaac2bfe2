//! What finds secrets: one automaton over all forms of all of them, which is asked only where the gate saw something.
//! Building it costs more than looking, and it has copies that nobody wipes, so it waits for that moment.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use aho_corasick::{AhoCorasick, MatchKind};
use secrecy::{ExposeSecret, SecretString};

use super::REMOVED;
use super::forms::{self, Form};
use super::gate::Gate;

pub struct Net {
    gate: Option<Gate>,
    forms: Vec<Form>,
    /// None in it: it can't be built.
    automaton: OnceLock<Option<AhoCorasick>>,
}

impl Net {
    pub(super) fn over<'a>(held: impl Iterator<Item = &'a Arc<SecretString>>) -> Self {
        let values: BTreeSet<&str> = held.map(|value| value.expose_secret()).collect();
        let forms: Vec<Form> = values.into_iter().flat_map(forms::of).collect();
        let gate = Gate::over(forms.iter().map(|form| form.as_bytes()));
        Self { gate, forms, automaton: OnceLock::new() }
    }

    /// The bytes without any secret, or nothing where there was none in them.
    pub fn without(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        if !self.gate.as_ref()?.may_hold_one(bytes) {
            return None;
        }
        let built = || AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&self.forms).ok();
        // Nothing is let through that can't be looked at.
        let Some(automaton) = self.automaton.get_or_init(built) else { return Some(REMOVED.into()) };
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
