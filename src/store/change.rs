//! One transaction of the writer, as the work in it sees it: a connection that remembers where chains
//! end, so that a batch of entries looks that up once and not each for itself.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Deref;

use rusqlite::Connection;

/// Where a chain ends: how many entries it has, and the hash of the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    pub count: u64,
    pub head: [u8; 32],
}

/// It has taken the write lock before any work runs: nobody else adds to a chain until it is committed.
pub struct Change<'c> {
    connection: &'c Connection,
    /// By the chain's name. Forgotten with the transaction: other processes write between two.
    tips: RefCell<HashMap<String, Tip>>,
}

impl<'c> Change<'c> {
    pub fn new(connection: &'c Connection) -> Self {
        Self { connection, tips: RefCell::default() }
    }

    /// Where this chain ends, `looked` up the first time.
    pub fn tip(&self, chain: &str, looked: impl FnOnce(&Connection) -> rusqlite::Result<Tip>) -> rusqlite::Result<Tip> {
        let known = self.tips.borrow().get(chain).copied();
        known.map_or_else(|| looked(self.connection), Ok)
    }

    pub fn ends_at(&self, chain: &str, tip: Tip) {
        let mut tips = self.tips.borrow_mut();
        match tips.get_mut(chain) {
            Some(known) => *known = tip,
            None => drop(tips.insert(chain.to_owned(), tip)),
        }
    }
}

impl Deref for Change<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}
