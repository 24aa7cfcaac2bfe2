//! The words that a place is written with, checked: names in keyrings and of commands, variables, files. A
//! mistake names the form that was probably meant and never what was given, which may be a secret.

use std::fmt;

use crate::nearest::nearest;

/// A name that can be an argument or an attribute anywhere: no option, no path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(String);

impl Name {
    pub const EXPECTED: &str = "1 to 100 letters, digits, `-`, `_` or `.`, beginning with a letter or digit";

    pub fn new(text: &str) -> Option<Self> {
        let known = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let fits =
            text.len() <= 100 && text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(known);
        fits.then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A variable as shells have them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable(String);

impl Variable {
    pub fn new(text: &str) -> Option<Self> {
        let known = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let fits = !text.is_empty() && text.len() <= 128 && text.chars().all(known);
        (fits && !text.starts_with(|c: char| c.is_ascii_digit())).then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A file's name or path, which the directories look at more closely.
pub fn file(text: &str) -> Option<String> {
    (!text.is_empty() && text.len() <= 1024 && !text.contains('\0')).then(|| text.to_owned())
}

/// What should stand there instead of a kind that isn't known, of all the kinds and their forms.
pub fn expected(wrong: &str, kinds: &[(&str, &str)]) -> String {
    let near = nearest(wrong, kinds.iter().map(|(kind, _)| *kind));
    if let Some((_, form)) = kinds.iter().find(|(kind, _)| Some(*kind) == near) {
        return format!("expected {form}");
    }
    let forms: Vec<&str> = kinds.iter().map(|(_, form)| *form).collect();
    let (last, others) = forms.split_last().map_or(("", [].as_slice()), |(last, others)| (*last, others));
    format!("expected {} or {last}", others.join(", "))
}
