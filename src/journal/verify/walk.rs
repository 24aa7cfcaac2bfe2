//! One chain from its beginning to its end, entry by entry; the first thing that is wrong ends it.

use std::collections::BTreeMap;

use super::super::chain::Hash;
use super::super::checkpoint::{Checkpoint, Pruning};
use super::super::key::PublicKey;
use super::super::merkle::Frontier;
use super::super::transfer::Entry;
use super::{Chain, Covered, Problem};

pub(super) struct Walk {
    key: Option<PublicKey>,
    /// Kept elsewhere, by what they cover; each is taken out when it has been checked.
    kept: BTreeMap<u64, Vec<Checkpoint>>,
    frontier: Frontier,
    /// The chain begins behind this, and its checkpoint isn't known yet.
    border: Option<Pruning>,
    /// The first entry that no checkpoint vouches for yet.
    doubtful: Option<String>,
    chain: Chain,
}

type Checked = Result<(), Problem>;

impl Walk {
    pub(super) fn new(tenant: &str, key: Option<PublicKey>, kept: BTreeMap<u64, Vec<Checkpoint>>) -> Self {
        let chain = Chain {
            tenant: tenant.to_owned(),
            ok: true,
            count: 0,
            first: None,
            head: Hash::NONE,
            checkpoints: 0,
            last_checkpoint: None,
            kept_checkpoints: 0,
            kept_of_pruned: 0,
            problem: None,
        };
        Self { key, kept, frontier: Frontier::default(), border: None, doubtful: None, chain }
    }

    /// Where the next entry belongs.
    pub(super) fn next(&self) -> u64 {
        self.chain.count + 1
    }

    /// Goes on only while nothing is wrong.
    pub(super) fn take(&mut self, step: impl FnOnce(&mut Self) -> Checked) {
        if self.chain.problem.is_none() {
            self.chain.problem = step(self).err();
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.chain.problem.is_some()
    }

    pub(super) fn pruning(&mut self, pruning: Pruning) -> Checked {
        let number = pruning.number;
        if self.chain.count > 0 || self.border.is_some() {
            return Err(self.doubt(format!("what says that entries were pruned ({number}) isn't at the beginning")));
        }
        if pruning.tenant != self.chain.tenant || !self.key.is_some_and(|key| pruning.is_signed_by(&key)) {
            return Err(self.doubt("entries were pruned, and who says so didn't sign it".to_owned()));
        }
        self.border = Some(pruning);
        Ok(())
    }

    pub(super) fn entry(&mut self, entry: &Entry) -> Checked {
        let next = self.next();
        if let Some(border) = &self.border {
            let what = format!("checkpoint {}, behind which the chain begins, is missing", border.number);
            return Err(Problem::at(next, what));
        }
        if entry.position > next {
            let what = format!(
                "the entries from {next} to {} are missing; the next is of invocation {}",
                entry.position - 1,
                entry.invocation
            );
            return Err(Problem::at(next, what));
        }
        if entry.position < next || entry.tenant != self.chain.tenant {
            let what = format!("an entry stands where {next} should: put in, moved or doubled");
            return Err(Problem::at(entry.position, what).of(&entry.invocation));
        }
        if entry.hash_after(&self.chain.head) != entry.hash {
            let what = "it or what stands before it isn't what it was: its hash doesn't fit";
            return Err(Problem::at(next, what).of(&entry.invocation));
        }
        if self.doubtful.is_none() {
            self.doubtful = Some(entry.invocation.clone());
        }
        self.frontier.add(&entry.hash);
        self.chain.count = next;
        self.chain.head = entry.hash;
        self.check_kept()
    }

    pub(super) fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Checked {
        self.check_signature(checkpoint)?;
        if let Some(border) = self.border.take() {
            self.begin(checkpoint, &border)?;
        } else {
            let expected = self.chain.last_checkpoint.as_ref().map_or(1, |last| last.number + 1);
            if checkpoint.number != expected {
                let what = format!("checkpoint {expected} is missing: {} comes in its place", checkpoint.number);
                return Err(self.doubt(what));
            }
            self.fits(checkpoint)?;
            let frontier = checkpoint.frontier.is_none() || checkpoint.whole_frontier().is_some();
            if !frontier {
                return Err(self.doubt(format!("checkpoint {} isn't as it was made", checkpoint.number)));
            }
        }
        let Checkpoint { number, count, at, .. } = checkpoint;
        self.chain.last_checkpoint = Some(Covered { number: *number, count: *count, at: at.clone() });
        self.chain.checkpoints += 1;
        self.doubtful = None;
        Ok(())
    }

    /// The chain begins behind this checkpoint, as the pruning said.
    fn begin(&mut self, checkpoint: &Checkpoint, border: &Pruning) -> Checked {
        let frontier = checkpoint.whole_frontier();
        let is_it = checkpoint.number == border.number && checkpoint.count == border.count;
        let Some(frontier) = frontier.filter(|_| is_it) else {
            let what = format!("checkpoint {}, behind which the chain begins, isn't as it was made", border.number);
            return Err(Problem::at(border.count + 1, what));
        };
        self.frontier = frontier;
        self.chain.count = checkpoint.count;
        self.chain.head = checkpoint.head;
        self.chain.first = Some(checkpoint.count + 1);
        let later = self.kept.split_off(&checkpoint.count);
        self.chain.kept_of_pruned = std::mem::replace(&mut self.kept, later).values().map(|all| all.len() as u64).sum();
        self.check_kept()
    }

    fn check_kept(&mut self) -> Checked {
        // Most entries have none.
        if self.kept.first_key_value().is_none_or(|(count, _)| *count > self.chain.count) {
            return Ok(());
        }
        for checkpoint in self.kept.remove(&self.chain.count).unwrap_or_default() {
            self.check_signature(&checkpoint)?;
            self.fits(&checkpoint)?;
            self.chain.kept_checkpoints += 1;
        }
        Ok(())
    }

    fn check_signature(&self, checkpoint: &Checkpoint) -> Checked {
        let number = checkpoint.number;
        let Some(key) = self.key else {
            return Err(self.doubt(format!("checkpoint {number} can't be checked: there is no public key here")));
        };
        if checkpoint.public_key != key.to_string() {
            return Err(self.doubt(format!("checkpoint {number} names another key than {key}")));
        }
        if checkpoint.tenant != self.chain.tenant || !checkpoint.is_signed_by(&key) {
            return Err(self.doubt(format!("checkpoint {number} isn't what was signed")));
        }
        Ok(())
    }

    /// What it says must be what stands here.
    fn fits(&self, checkpoint: &Checkpoint) -> Checked {
        let Checkpoint { number, count, head, root, .. } = checkpoint;
        if *count > self.chain.count {
            let what =
                format!("the entries from {} to {count} are missing: checkpoint {number} covers them", self.next());
            return Err(Problem::at(self.next(), what));
        }
        if *count < self.chain.count || *head != self.chain.head || *root != self.frontier.root() {
            let from = self.trusted() + 1;
            let what = format!("the entries from {from} to {count} aren't those that checkpoint {number} was made of");
            return Err(self.doubt(what));
        }
        Ok(())
    }

    /// So many entries are vouched for.
    fn trusted(&self) -> u64 {
        self.chain.last_checkpoint.as_ref().map_or(0, |last| last.count)
    }

    fn doubt(&self, what: String) -> Problem {
        Problem { position: Some(self.trusted() + 1), invocation: self.doubtful.clone(), what }
    }

    /// What can't be read as what it should be.
    pub(super) fn unreadable(&self, why: &str) -> Problem {
        Problem::at(self.next(), format!("what stands there can't be read: {why}"))
    }

    pub(super) fn end(mut self) -> Chain {
        self.take(|walk| match &walk.border {
            Some(border) => {
                let what = format!("checkpoint {}, behind which the chain begins, is missing", border.number);
                Err(Problem::at(border.count + 1, what))
            }
            None => Ok(()),
        });
        self.take(|walk| {
            let kept = std::mem::take(&mut walk.kept);
            kept.values().flatten().try_for_each(|checkpoint| {
                walk.check_signature(checkpoint)?;
                walk.fits(checkpoint)
            })
        });
        self.chain.ok = self.chain.problem.is_none();
        self.chain
    }
}
