//! Checkpoints that were kept elsewhere, one a line, and the reading of such lines.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};

use super::super::checkpoint::Checkpoint;
use super::super::transfer::Line;

/// Longer than any entry.
const LONGEST: u64 = 16 << 20;

/// By tenant, and by how many entries they cover.
#[derive(Clone, Debug, Default)]
pub struct Kept(BTreeMap<String, BTreeMap<u64, Vec<Checkpoint>>>);

impl Kept {
    /// The error says which line, and never what stands in it.
    pub fn read(from: impl BufRead) -> Result<Self, String> {
        let mut kept = Self::default();
        for line in lines(from) {
            match line? {
                Line::Checkpoint(checkpoint) => kept.add(checkpoint),
                // An export's checkpoints are as good; the rest of it isn't asked for.
                Line::Entry(_) | Line::Pruning(_) => {}
            }
        }
        if kept.0.is_empty() {
            return Err("there is no checkpoint in it".to_owned());
        }
        Ok(kept)
    }

    pub fn add(&mut self, checkpoint: Checkpoint) {
        let of = self.0.entry(checkpoint.tenant.clone()).or_default();
        of.entry(checkpoint.count).or_default().push(checkpoint);
    }

    pub fn tenants(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    pub(super) fn of(&self, tenant: &str) -> BTreeMap<u64, Vec<Checkpoint>> {
        self.0.get(tenant).cloned().unwrap_or_default()
    }
}

/// Lines until the first that is none of ours.
pub(super) fn lines(mut from: impl BufRead) -> impl Iterator<Item = Result<Line, String>> {
    let (mut number, mut ended) = (0_u64, false);
    std::iter::from_fn(move || {
        loop {
            if ended {
                return None;
            }
            number += 1;
            let mut text = Vec::new();
            let read = (&mut from).take(LONGEST).read_until(b'\n', &mut text);
            let line = match read {
                Ok(0) => return None,
                Ok(_) if text.trim_ascii().is_empty() => continue,
                Ok(length) if length as u64 == LONGEST => Err(io::Error::other("too long")),
                Ok(_) => serde_json::from_slice(&text).map_err(io::Error::from),
                Err(error) => Err(error),
            };
            ended = line.is_err();
            return Some(line.map_err(|_| format!("line {number} can't be read as one of a journal's export")));
        }
    })
}
