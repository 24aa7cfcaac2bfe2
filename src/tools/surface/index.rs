//! The search over the catalogue: a ranking of all tools for a question (BM25 over weighted words).
//! Built once, from the entries alone; a question takes some microseconds.

use std::collections::HashMap;

use super::words::stems;
use crate::tools::catalogue::Entry;
use crate::tools::schema;
use crate::tools::toolset::Toolset;

/// What a word counts, by where it stands.
const IN_NAME: f32 = 3.0;
const IN_ALIAS: f32 = 1.5;
const IN_SAID: f32 = 2.5;
const IN_ABOUT: f32 = 1.0;
const IN_TOOLSET: f32 = 0.6;
const IN_FIELDS: f32 = 0.4;

/// How soon a repeated word stops counting, and how much a long text is held against a tool.
const SATURATION: f32 = 1.4;
const LENGTH: f32 = 0.35;

/// Two words of a question that stand together like this in a text of the tool count extra.
const PAIR: f32 = 0.5;

pub struct Index {
    /// By stem: the tools that have it, with its weight there.
    postings: HashMap<String, Vec<(usize, f32)>>,
    pairs: HashMap<(String, String), Vec<usize>>,
    tools: usize,
}

impl Index {
    pub fn of(entries: &[Entry]) -> Self {
        let others = entries.iter().enumerate().filter(|(_, entry)| entry.toolset != Toolset::Surface);
        let documents: Vec<(usize, Document)> = others.map(|(at, entry)| (at, Document::of(entry))).collect();
        let usual = documents.iter().map(|(_, one)| one.length()).sum::<f32>() / documents.len().max(1) as f32;
        let (mut postings, mut pairs): (HashMap<_, Vec<_>>, HashMap<_, Vec<_>>) = (HashMap::new(), HashMap::new());
        for (at, document) in documents {
            let norm = 1.0 - LENGTH + LENGTH * document.length() / usual.max(f32::EPSILON);
            for (word, weight) in document.words {
                let weight = weight * (SATURATION + 1.0) / (weight + SATURATION * norm);
                postings.entry(word).or_default().push((at, weight));
            }
            for pair in document.pairs {
                pairs.entry(pair).or_default().push(at);
            }
        }
        Self { postings, pairs, tools: entries.len() }
    }

    /// The tools that have anything to do with it, best first; equals in the catalogue's order.
    pub fn rank(&self, question: &str) -> Vec<usize> {
        let mut scores: HashMap<usize, f32> = HashMap::new();
        let asked = stems(question);
        for word in &asked {
            let Some(word) = self.known(word) else { continue };
            let Some(found) = self.postings.get(word) else { continue };
            let rarity = self.rarity(found.len());
            for (at, weight) in found {
                *scores.entry(*at).or_default() += rarity * weight;
            }
        }
        for (one, other) in asked.iter().zip(asked.iter().skip(1)) {
            let found = self.pairs.get(&(one.clone(), other.clone())).into_iter().flatten();
            for at in found {
                *scores.entry(*at).or_default() += PAIR * self.rarity(1);
            }
        }
        let mut ranked: Vec<(usize, f32)> = scores.into_iter().collect();
        ranked.sort_by(|(one, a), (other, b)| b.total_cmp(a).then(one.cmp(other)));
        ranked.into_iter().map(|(at, _)| at).collect()
    }

    fn rarity(&self, tools: usize) -> f32 {
        let (all, have) = (self.tools as f32, tools as f32);
        (1.0 + (all - have + 0.5) / (have + 0.5)).ln()
    }

    /// The word itself, or the one that a typo was meant to be.
    fn known<'a>(&'a self, word: &'a str) -> Option<&'a str> {
        if self.postings.contains_key(word) {
            return Some(word);
        }
        let alike = |known: &&String| {
            known.len().abs_diff(word.len()) <= 1 && known.len() >= 5 && known.get(..1) == word.get(..1)
        };
        let known = self.postings.keys().filter(alike);
        let near = known.map(|known| (strsim::osa_distance(known, word), known)).min();
        near.filter(|(distance, _)| *distance == 1).map(|(_, known)| known.as_str())
    }
}

/// One tool's words, each with what it counts there.
#[derive(Default)]
struct Document {
    words: HashMap<String, f32>,
    pairs: Vec<(String, String)>,
}

impl Document {
    fn of(entry: &Entry) -> Self {
        let (tool, mut document) = (&entry.tool, Self::default());
        document.add(tool.name, IN_NAME);
        document.add(tool.said, IN_SAID);
        document.add(tool.about, IN_ABOUT);
        document.add(entry.toolset.as_str(), IN_TOOLSET);
        tool.aliases.iter().for_each(|alias| document.add(alias, IN_ALIAS));
        let fields = schema::names(&entry.listed().input).filter(|name| !COMMON.contains(name));
        fields.for_each(|field| document.add(field, IN_FIELDS));
        document
    }

    fn add(&mut self, text: &str, weight: f32) {
        // A phrase ends with its comma.
        for phrase in text.split([',', '.', ';']) {
            let words = stems(phrase);
            self.pairs.extend(words.iter().cloned().zip(words.iter().skip(1).cloned()));
            for word in words {
                let counts = self.words.entry(word).or_default();
                *counts = counts.max(weight) + 0.1 * weight;
            }
        }
    }

    fn length(&self) -> f32 {
        self.words.values().sum()
    }
}

/// Fields that nearly every tool has.
const COMMON: [&str; 5] = ["workspace_id", "limit", "cursor", "fields", "long"];

#[cfg(test)]
mod tests {
    use super::super::words::stem;
    use super::*;

    #[test]
    fn a_typo_of_one_letter_is_understood() {
        let entries = crate::tools::catalogue::Catalogue::new();
        let index = Index::of(entries.entries());
        assert_eq!(index.known(&stem("aproval")), index.known(&stem("approval")));
        assert_eq!(index.known("xyzzy"), None);
    }
}
