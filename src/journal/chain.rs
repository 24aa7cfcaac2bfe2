//! The chain: each entry's hash covers every column of it and the hash before. There is one chain a
//! tenant, however many processes write: its end is looked up under the write lock.
//!
//! The fields are hashed where the entry comes from; the writer's thread only links it.

use std::fmt;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::store::{Change, Tip};

/// A hash, as it stands in a column and as text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// What the first entry of a chain comes after.
    pub const NONE: Self = Self([0; 32]);

    pub(super) fn of(parts: &[&[u8]]) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            digest.update(part);
        }
        Self(digest.finalize().into())
    }

    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let [high, low] = pair else { return None };
            *byte = nibble(*high)? << 4 | nibble(*low)?;
        }
        Some(Self(bytes))
    }
}

/// Lower case only: one hash has one spelling.
fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("expected a hash of 64 hexadecimal digits"))
    }
}

impl ToSql for Hash {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(&self.0)))
    }
}

impl FromSql for Hash {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_blob()?.try_into().map(Self).map_err(|_| FromSqlError::InvalidType)
    }
}

/// Bytes that say one thing only: each field with its length before it, so that none can run into the
/// next.
pub(super) struct Fields(Sha256);

impl Fields {
    /// `of` names what is hashed, and the version of how.
    pub(super) fn new(of: &str) -> Self {
        Self(Sha256::new()).text(of)
    }

    pub(super) fn text(mut self, field: &str) -> Self {
        self.0.update((field.len() as u64).to_be_bytes());
        self.0.update(field);
        self
    }

    /// An absent field isn't an empty one.
    pub(super) fn maybe(mut self, field: Option<&str>) -> Self {
        self.0.update([u8::from(field.is_some())]);
        match field {
            Some(field) => self.text(field),
            None => self,
        }
    }

    pub(super) fn number(mut self, field: u64) -> Self {
        self.0.update(field.to_be_bytes());
        self
    }

    pub(super) fn hash(mut self, field: &Hash) -> Self {
        self.0.update(field.0);
        self
    }

    pub(super) fn end(self) -> Hash {
        Hash(self.0.finalize().into())
    }
}

/// The hash of the entry at `position`, whose fields have the hash `content`, after one with `previous`.
pub(super) fn link(previous: &Hash, position: u64, content: &Hash) -> Hash {
    Hash::of(&[b"molecule-org-mcp/journal/1", &previous.0, &position.to_be_bytes(), &content.0])
}

/// An entry's columns but for its place in the chain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns<'e> {
    pub tenant: &'e str,
    pub invocation: &'e str,
    pub kind: &'e str,
    pub at: &'e str,
    pub process: &'e str,
    pub tool: &'e str,
    pub effect: &'e str,
    pub key_prefix: &'e str,
    pub result: Option<&'e str>,
    pub body: &'e str,
}

impl Columns<'_> {
    pub(super) fn hash(&self) -> Hash {
        let Self { tenant, invocation, kind, at, process, tool, effect, key_prefix, result, body } = self;
        Fields::new("molecule-org-mcp/entry/1")
            .text(tenant)
            .text(invocation)
            .text(kind)
            .text(at)
            .text(process)
            .text(tool)
            .text(effect)
            .text(key_prefix)
            .maybe(*result)
            .text(body)
            .end()
    }
}

/// Puts an entry, whose columns have the hash `content`, at the end of its tenant's chain.
pub(super) fn append(change: &Change<'_>, entry: &Columns<'_>, content: &Hash) -> rusqlite::Result<()> {
    const SQL: &str = "INSERT INTO journal
        (tenant, position, invocation, kind, at, process, tool, effect, key_prefix, result, body, hash)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    let Columns { tenant, invocation, kind, at, process, tool, effect, key_prefix, result, body } = entry;
    let tip = change.tip(tenant, |connection| end(connection, tenant))?;
    let position = tip.count + 1;
    let head = link(&Hash(tip.head), position, content);
    let values =
        (tenant, Count(position), invocation, kind, at, process, tool, effect, key_prefix, result, body, &head);
    change.prepare_cached(SQL)?.execute(values)?;
    change.ends_at(tenant, Tip { count: position, head: head.0 });
    Ok(())
}

/// Where a tenant's chain ends. After pruning that may be the checkpoint at the border.
pub(super) fn end(connection: &Connection, tenant: &str) -> rusqlite::Result<Tip> {
    const ENDS: [&str; 2] = [
        "SELECT position, hash FROM journal WHERE tenant = ?1 ORDER BY position DESC LIMIT 1",
        "SELECT count, head FROM journal_checkpoints WHERE tenant = ?1 ORDER BY number DESC LIMIT 1",
    ];
    for sql in ENDS {
        let tip = |row: &Row<'_>| Ok(Tip { count: row.get::<_, Count>(0)?.0, head: row.get::<_, Hash>(1)?.0 });
        if let Some(tip) = connection.prepare_cached(sql)?.query_row([tenant], tip).optional()? {
            return Ok(tip);
        }
    }
    Ok(Tip { count: 0, head: Hash::NONE.0 })
}

/// Positions, counts and checkpoints' numbers, as SQLite has whole numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Count(pub u64);

impl ToSql for Count {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        i64::try_from(self.0)
            .map(ToSqlOutput::from)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
    }
}

impl FromSql for Count {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        u64::try_from(number).map(Self).map_err(|_| FromSqlError::OutOfRange(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_has_one_spelling() {
        let hash = Hash::of(&[b"x"]);
        assert_eq!(Hash::parse(&hash.to_string()), Some(hash));
        for wrong in ["", "0", &"0".repeat(63), &"A".repeat(64), &"é".repeat(32)] {
            assert_eq!(Hash::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn no_field_runs_into_the_next() {
        let of = |a: &str, b: &str| Fields::new("t").text(a).text(b).end();
        assert_ne!(of("ab", "c"), of("a", "bc"));
        assert_ne!(of("", "abc"), of("abc", ""));
        let maybe = |a: Option<&str>| Fields::new("t").maybe(a).end();
        assert_ne!(maybe(None), maybe(Some("")));
        assert_ne!(Fields::new("t").end(), Fields::new("u").end());
    }
}
