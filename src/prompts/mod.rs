//! Prompts: work that comes up again, written down once. A person picks one in their client (a slash command, a
//! menu), fills in its arguments, and the agent gets a text that leads it through our tools: what to look at
//! first, where to stop and ask, what to report. Texts only: they are instant, and the agent looks for itself.
//!
//! `table.rs` has them all, `texts/` what they say. What is filled in is data: it stands in quotes that it can't
//! end, in one line, and is never looked at for places of ours.

mod argument;
mod table;

use serde_json::{Map, Value};

use crate::failure::{Code, Failure};
use crate::nearest::unknown;

pub use argument::{Argument, Kind};
pub use table::ALL;

/// One prompt.
#[derive(Debug)]
pub struct Prompt {
    pub name: &'static str,
    pub title: &'static str,
    /// What it is for: read by whoever picks one.
    pub about: &'static str,
    pub arguments: &'static [Argument],
    /// Tools that it can't do without: it is for those who may use them all.
    pub needs: &'static [&'static str],
    /// With a place `{name}` for each argument.
    pub text: &'static str,
}

/// What holds for each of them.
const ALWAYS: &str = include_str!("texts/always.md");

/// The one of that name.
pub fn find(name: &str) -> Result<&'static Prompt, Failure> {
    let named = ALL.iter().find(|prompt| prompt.name == name);
    named.ok_or_else(|| not_there("prompt", name, ALL.iter().map(|prompt| prompt.name)))
}

impl Prompt {
    pub fn argument(&self, name: &str) -> Result<&'static Argument, Failure> {
        let named = self.arguments.iter().find(|argument| argument.name == name);
        named.ok_or_else(|| match self.arguments {
            [] => Failure::invalid(format!("the prompt `{}` takes no arguments", self.name)),
            all => not_there("argument", name, all.iter().map(|argument| argument.name)),
        })
    }

    /// Whether it is for somebody who may use the tools that `may` says yes to; and why not.
    pub fn must_be_for(&self, may: impl Fn(&str) -> bool) -> Result<(), Failure> {
        match self.needs.iter().find(|tool| !may(tool)) {
            None => Ok(()),
            Some(tool) => Err(Failure::new(
                Code::ForbiddenByPolicy,
                format!("the prompt `{}` needs {tool}, which you may not use", self.name),
            )
            .next("Ask the operator; whoami says what is off and why.")),
        }
    }

    /// What the agent reads, with these arguments in it.
    pub fn filled(&self, given: &Map<String, Value>) -> Result<String, Failure> {
        for name in given.keys() {
            self.argument(name)?;
        }
        let mut text = String::with_capacity(self.text.len() + ALWAYS.len());
        let mut rest = self.text;
        while let Some((before, place, after)) = next_place(rest) {
            text.push_str(before);
            text.push_str(&self.argument(place)?.filled(given.get(place), self.name)?);
            rest = after;
        }
        text.push_str(rest);
        text.push('\n');
        text.push_str(ALWAYS);
        Ok(text)
    }
}

/// `before{place}after`
fn next_place(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (place, after) = rest.split_once('}')?;
    Some((before, place, after))
}

fn not_there<'a>(what: &str, wrong: &str, known: impl Iterator<Item = &'a str> + Clone) -> Failure {
    let is_name = wrong.len() <= 40 && wrong.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    // What doesn't look like a name may be a credential, and isn't repeated.
    let wrong = if is_name { wrong } else { "…" };
    Failure::invalid(unknown(what, wrong, known))
}

#[cfg(test)]
mod tests;
