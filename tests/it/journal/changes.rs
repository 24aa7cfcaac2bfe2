//! Random changes to a journal by somebody who can write its file and hasn't got the key, with the last
//! checkpoint kept elsewhere: each is found.

use std::collections::BTreeMap;

use molecule_org_mcp::journal::verify::{self, Kept};
use molecule_org_mcp::journal::{PublicKey, SigningKey};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use sha2::{Digest, Sha256};

use super::{TENANT, open, written};
use crate::support::state;

/// The short form; `CHANGES=10000` is the long one.
const CHANGES: u64 = 1000;

const COLUMNS: [&str; 12] = [
    "tenant",
    "position",
    "invocation",
    "kind",
    "at",
    "process",
    "tool",
    "effect",
    "key_prefix",
    "result",
    "body",
    "hash",
];

/// xorshift: the same seed gives the same changes.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }
}

pub fn seed() -> u64 {
    let seed = std::env::var("SEED").map_or_else(|_| u64::from(std::process::id()) + 1, |text| text.parse().unwrap());
    println!("SEED={seed}");
    seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1
}

type Row = Vec<Value>;

fn rows(of: &Connection) -> Vec<Row> {
    let mut all = of.prepare(&format!("SELECT {} FROM journal ORDER BY rowid", COLUMNS.join(", "))).unwrap();
    let row = |row: &rusqlite::Row| (0..12).map(|n| row.get(n)).collect();
    all.query_map([], row).unwrap().collect::<Result<_, _>>().unwrap()
}

fn put(into: &Connection, rows: &[Row]) {
    into.execute("DELETE FROM journal", []).unwrap();
    for row in rows {
        let sql = format!("INSERT INTO journal ({}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", COLUMNS.join(", "));
        into.execute(&sql, params_from_iter(row)).unwrap();
    }
}

/// Another value for a column; what a STRICT table takes.
fn edited(value: &Value, random: &mut Random) -> Value {
    match value {
        Value::Null => Value::Text("done".into()),
        Value::Integer(number) => {
            Value::Integer(number + [1, -1, 7, 1 << 40][usize::try_from(random.below(4)).unwrap()])
        }
        Value::Real(_) => unreachable!("no column holds one"),
        Value::Text(text) => {
            let mut text: Vec<char> = text.chars().collect();
            let at = usize::try_from(random.below(text.len() as u64 + 1)).unwrap();
            match random.below(3) {
                0 => text.insert(at, 'x'),
                1 if at < text.len() => _ = text.remove(at),
                _ if at < text.len() => text[at] = if text[at] == 'y' { 'z' } else { 'y' },
                _ => text.push('\0'),
            }
            Value::Text(text.into_iter().collect())
        }
        Value::Blob(bytes) => {
            let mut bytes = bytes.clone();
            let at = usize::try_from(random.below(bytes.len() as u64)).unwrap();
            if random.below(4) == 0 {
                _ = bytes.pop();
            } else {
                bytes[at] ^= 1 << random.below(8)
            }
            Value::Blob(bytes)
        }
    }
}

fn text(value: &Value) -> &[u8] {
    let Value::Text(text) = value else { panic!("not a text: {value:?}") };
    text.as_bytes()
}

/// The hash as docs/journal.md says it, written down a second time.
fn hash(previous: &[u8], row: &Row) -> Vec<u8> {
    let mut content = Sha256::new();
    let mut field = |bytes: &[u8]| {
        content.update((bytes.len() as u64).to_be_bytes());
        content.update(bytes);
    };
    field(b"molecule-org-mcp/entry/1");
    for column in [0, 2, 3, 4, 5, 6, 7, 8] {
        field(text(&row[column]));
    }
    match &row[9] {
        Value::Null => content.update([0]),
        result => {
            content.update([1]);
            content.update((text(result).len() as u64).to_be_bytes());
            content.update(text(result));
        }
    }
    content.update((text(&row[10]).len() as u64).to_be_bytes());
    content.update(text(&row[10]));
    let Value::Integer(position) = row[1] else { panic!("no position") };
    let mut link = Sha256::new();
    link.update(b"molecule-org-mcp/journal/1");
    link.update(previous);
    link.update(position.to_be_bytes());
    link.update(content.finalize());
    link.finalize().to_vec()
}

/// Positions and hashes that fit, from this row on.
fn rechain(rows: &mut [Row], from: usize) {
    for at in from..rows.len() {
        let previous = match at.checked_sub(1).map(|before| &rows[before][11]) {
            Some(Value::Blob(hash)) => hash.clone(),
            _ => vec![0; 32],
        };
        rows[at][1] = Value::Integer(i64::try_from(at).unwrap() + 1);
        rows[at][11] = Value::Blob(hash(&previous, &rows[at]));
    }
}

/// Does one thing to the journal, and says what.
fn change(journal: &Connection, random: &mut Random) -> &'static str {
    let mut rows = rows(journal);
    let count = rows.len() as u64;
    let (one, other) = (random.below(count), random.below(count - 1));
    let other = usize::try_from(if other >= one { other + 1 } else { other }).unwrap();
    let one = usize::try_from(one).unwrap();
    let unsigned = |number: usize| {
        journal.execute("DELETE FROM journal_checkpoints WHERE count > ?1", [i64::try_from(number).unwrap()]).unwrap();
    };
    let what = match random.below(11) {
        0 | 1 => {
            let column = usize::try_from(random.below(12)).unwrap();
            rows[one][column] = edited(&rows[one][column], random);
            COLUMNS[column]
        }
        2 => {
            rows.remove(one);
            "deleted"
        }
        3 => {
            let copy = rows[one].clone();
            rows.insert(other, copy);
            "doubled"
        }
        4 => {
            rows.swap(one, other);
            "swapped"
        }
        5 => {
            // In each other's places.
            let (left, right) = (rows[one].clone(), rows[other].clone());
            for column in [1, 11] {
                rows[one][column].clone_from(&right[column]);
                rows[other][column].clone_from(&left[column]);
            }
            rows.swap(one, other);
            "exchanged"
        }
        6 => {
            rows.truncate(one);
            "truncated"
        }
        7 => {
            rows.truncate(one);
            unsigned(one);
            "truncated with its checkpoints"
        }
        8 => {
            rows[one][10] = edited(&rows[one][10], random);
            rechain(&mut rows, one);
            "replaced by a fork"
        }
        9 => {
            match random.below(3) {
                0 => drop(rows.remove(one)),
                1 => rows.swap(one, other),
                _ => rows[one][6] = edited(&rows[one][6], random),
            }
            rechain(&mut rows, one.min(other));
            unsigned(one.min(other));
            "replaced by a fork with no checkpoints"
        }
        _ => {
            rows.drain(..=one);
            journal.execute("DELETE FROM journal_checkpoints WHERE count < ?1", [i64::try_from(one).unwrap()]).unwrap();
            journal
                .execute(
                    "INSERT INTO journal_prunings SELECT tenant, number, count, at, public_key, signature
                     FROM journal_checkpoints ORDER BY number LIMIT 1",
                    [],
                )
                .unwrap();
            "pruned without a signature"
        }
    };
    put(journal, &rows);
    what
}

#[tokio::test]
async fn every_change_is_found() {
    let changes = std::env::var("CHANGES").map_or(CHANGES, |text| text.parse().unwrap());
    let home = tempfile::tempdir().unwrap();
    let journal = open(home.path());
    let last = written(&journal, 30).await.pop().unwrap();
    drop(journal);
    let key = SigningKey::find(home.path()).unwrap().unwrap().public();
    let mut kept = Kept::default();
    kept.add(last);
    let state = state(home.path());
    // Whoever changes the file isn't held up by what the tables promise.
    state.execute_batch("DROP INDEX journal_position; PRAGMA ignore_check_constraints = ON").unwrap();
    let whole = |kept: &Kept| chains_are_whole(&state, key, kept);
    assert!(whole(&kept), "it is whole to begin with");
    let mut random = Random(seed());
    let mut found: BTreeMap<&str, u64> = BTreeMap::new();
    for n in 0..changes {
        state.execute_batch("BEGIN").unwrap();
        let what = change(&state, &mut random);
        assert!(!whole(&kept), "change {n}: {what}");
        *found.entry(what).or_default() += 1;
        state.execute_batch("ROLLBACK").unwrap();
    }
    assert!(whole(&kept), "it is whole again");
    println!("{changes} changes, every one found: {found:?}");
}

/// By the chain alone: what SQLite finds wrong with the file doesn't count.
fn chains_are_whole(state: &Connection, key: PublicKey, kept: &Kept) -> bool {
    verify::database::all(state, Some(key), kept).chains.iter().all(|chain| chain.ok)
}

#[tokio::test]
async fn every_change_of_a_checkpoint_is_found() {
    let home = tempfile::tempdir().unwrap();
    written(&open(home.path()), 30).await;
    let key = SigningKey::find(home.path()).unwrap().unwrap().public();
    let state = state(home.path());
    let mut random = Random(seed());
    for column in ["tenant", "number", "count", "head", "root", "frontier", "at", "public_key", "signature"] {
        for _ in 0..20 {
            state.execute_batch("BEGIN").unwrap();
            let number = random.below(3) + 1;
            let sql = format!("SELECT {column} FROM journal_checkpoints WHERE number = {number}");
            let value: Value = state.query_row(&sql, [], |row| row.get(0)).unwrap();
            let sql = format!("UPDATE OR REPLACE journal_checkpoints SET {column} = ?1 WHERE number = {number}");
            state.execute(&sql, [edited(&value, &mut random)]).unwrap();
            assert!(!chains_are_whole(&state, key, &Kept::default()), "{column} of {number}");
            state.execute_batch("ROLLBACK").unwrap();
        }
    }
    // One that isn't the last can't be taken away either.
    state.execute("DELETE FROM journal_checkpoints WHERE number = 2", []).unwrap();
    assert!(!chains_are_whole(&state, key, &Kept::default()));
}

#[tokio::test]
async fn the_first_bad_entry_is_named() {
    let home = tempfile::tempdir().unwrap();
    written(&open(home.path()), 30).await;
    let key = SigningKey::find(home.path()).unwrap().map(|key| key.public());
    let state = state(home.path());
    let invocation: String = state
        .query_row("SELECT invocation FROM journal WHERE tenant = ?1 AND position = 31", [TENANT], |row| row.get(0))
        .unwrap();
    for (sql, position, named) in [
        ("UPDATE journal SET at = '2020' WHERE position IN (31, 40)", 31, Some(invocation.as_str())),
        ("DELETE FROM journal WHERE position = 31", 31, None),
        ("DELETE FROM journal WHERE position > 30", 31, None),
        ("UPDATE journal SET rowid = 1000 + rowid WHERE position = 30", 30, None),
    ] {
        state.execute_batch("BEGIN").unwrap();
        state.execute(sql, []).unwrap();
        let report = verify::database::all(&state, key, &Kept::default());
        let problem = report.chains[0].problem.clone().unwrap();
        assert_eq!((problem.position, problem.invocation.as_deref()), (Some(position), named), "{sql}: {problem:?}");
        state.execute_batch("ROLLBACK").unwrap();
    }
}
