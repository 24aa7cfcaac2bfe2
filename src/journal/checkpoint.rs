//! Signed statements about a chain: so many entries, this head, this root at this time. And, where
//! entries were pruned, that it was done on purpose. One line of JSON each, which may be kept elsewhere.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Utc;
use rusqlite::{Connection, OptionalExtension, Row};
use serde::{Deserialize, Serialize};

use super::chain::{Count, Fields, Hash};
use super::entry::stamp;
use super::key::{PublicKey, SigningKey};
use super::merkle::Frontier;
use crate::digest::hex;

/// What a chain was at one time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    pub tenant: String,
    /// The first of a tenant is number 1.
    pub number: u64,
    /// How many entries it covers, from the first on.
    pub count: u64,
    /// The hash of the last of them.
    pub head: Hash,
    /// The root of the Merkle tree over all of them.
    pub root: Hash,
    pub at: String,
    pub public_key: String,
    pub signature: String,
    /// The tree's frontier in hexadecimal, so that a chain can begin here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frontier: Option<String>,
}

/// Entries up to this checkpoint were taken out on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pruning {
    pub tenant: String,
    pub number: u64,
    pub count: u64,
    pub at: String,
    pub public_key: String,
    pub signature: String,
}

impl Checkpoint {
    pub(super) fn sign(tenant: &str, number: u64, frontier: &Frontier, head: Hash, key: &SigningKey) -> Self {
        let mut checkpoint = Self {
            tenant: tenant.to_owned(),
            number,
            count: frontier.count(),
            head,
            root: frontier.root(),
            at: stamp(Utc::now()),
            public_key: key.public().to_string(),
            signature: String::new(),
            frontier: Some(hex(&frontier.bytes())),
        };
        checkpoint.signature = URL_SAFE_NO_PAD.encode(key.sign(&checkpoint.statement()));
        checkpoint
    }

    /// The key isn't part of it: a signature says by itself whose it is.
    fn statement(&self) -> Hash {
        Fields::new("molecule-org-mcp/checkpoint/1")
            .text(&self.tenant)
            .number(self.number)
            .number(self.count)
            .hash(&self.head)
            .hash(&self.root)
            .text(&self.at)
            .end()
    }

    pub(super) fn is_signed_by(&self, key: &PublicKey) -> bool {
        self.public_key == key.to_string() && signed(key, &self.statement(), &self.signature)
    }

    /// The frontier that came along, if it is the one whose root was signed.
    pub(super) fn whole_frontier(&self) -> Option<Frontier> {
        let bytes = unhex(self.frontier.as_deref()?)?;
        Frontier::from_bytes(self.count, &bytes).filter(|frontier| frontier.root() == self.root)
    }

    /// As others keep it.
    #[must_use]
    pub fn without_frontier(mut self) -> Self {
        self.frontier = None;
        self
    }
}

impl Pruning {
    pub(super) fn sign(border: &Checkpoint, key: &SigningKey) -> Self {
        let mut pruning = Self {
            tenant: border.tenant.clone(),
            number: border.number,
            count: border.count,
            at: stamp(Utc::now()),
            public_key: key.public().to_string(),
            signature: String::new(),
        };
        pruning.signature = URL_SAFE_NO_PAD.encode(key.sign(&pruning.statement()));
        pruning
    }

    fn statement(&self) -> Hash {
        Fields::new("molecule-org-mcp/pruning/1")
            .text(&self.tenant)
            .number(self.number)
            .number(self.count)
            .text(&self.at)
            .end()
    }

    pub(super) fn is_signed_by(&self, key: &PublicKey) -> bool {
        self.public_key == key.to_string() && signed(key, &self.statement(), &self.signature)
    }
}

fn signed(key: &PublicKey, statement: &Hash, signature: &str) -> bool {
    URL_SAFE_NO_PAD.decode(signature).is_ok_and(|signature| key.signed(statement, &signature))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    for chunk in text.as_bytes().chunks(64) {
        bytes.extend(Hash::parse(std::str::from_utf8(chunk).ok()?)?.0);
    }
    Some(bytes)
}

pub(super) const COLUMNS: &str = "tenant, number, count, head, root, at, public_key, signature, frontier";

pub(super) fn row(row: &Row<'_>) -> rusqlite::Result<Checkpoint> {
    Ok(Checkpoint {
        tenant: row.get(0)?,
        number: row.get::<_, Count>(1)?.0,
        count: row.get::<_, Count>(2)?.0,
        head: row.get(3)?,
        root: row.get(4)?,
        at: row.get(5)?,
        public_key: row.get(6)?,
        signature: row.get(7)?,
        frontier: row.get(8)?,
    })
}

pub(super) fn last(connection: &Connection, tenant: &str) -> rusqlite::Result<Option<Checkpoint>> {
    let sql = format!("SELECT {COLUMNS} FROM journal_checkpoints WHERE tenant = ?1 ORDER BY number DESC LIMIT 1");
    connection.prepare_cached(&sql)?.query_row([tenant], row).optional()
}

/// False if another process was faster.
pub(super) fn insert(connection: &Connection, new: &Checkpoint) -> rusqlite::Result<bool> {
    let sql = format!(
        "INSERT INTO journal_checkpoints ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT DO NOTHING"
    );
    let Checkpoint { tenant, number, count, head, root, at, public_key, signature, frontier } = new;
    let values = (tenant, Count(*number), Count(*count), head, root, at, public_key, signature, frontier);
    Ok(connection.execute(&sql, values)? == 1)
}

pub(super) fn pruning(connection: &Connection, tenant: &str) -> rusqlite::Result<Option<Pruning>> {
    let sql = "SELECT tenant, number, count, at, public_key, signature FROM journal_prunings WHERE tenant = ?1";
    let found = |row: &Row<'_>| {
        Ok(Pruning {
            tenant: row.get(0)?,
            number: row.get::<_, Count>(1)?.0,
            count: row.get::<_, Count>(2)?.0,
            at: row.get(3)?,
            public_key: row.get(4)?,
            signature: row.get(5)?,
        })
    };
    connection.prepare_cached(sql)?.query_row([tenant], found).optional()
}
