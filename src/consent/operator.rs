//! The operator's passphrase, which keeps others of the same user from agreeing in the operator's place.
//! At rest it is an argon2id hash. Five wrong ones close the way for a quarter of an hour; a try is counted
//! before it is looked at, so that many at once are no way around.

use std::time::Duration;

use argon2::Argon2;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, params};
use secrecy::{ExposeSecret, SecretString};

use super::Consents;
use crate::failure::{Code, Failure};
use crate::journal::entry::stamp;
use crate::store::Durability;

const TRIES: u32 = 5;
const CLOSED: TimeDelta = TimeDelta::minutes(15);
/// What a wrong one costs.
const DELAY: Duration = Duration::from_secs(1);
/// Characters of a passphrase, at least.
pub const SHORTEST: usize = 8;

type Hash = [u8; 32];

/// What a try finds.
enum Try {
    NoneSet,
    Closed,
    Against { salt: String, hash: String },
}

pub fn passphrase_is_set(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT count(*) > 0 FROM operator", [], |row| row.get(0))
}

impl Consents {
    pub async fn has_passphrase(&self) -> Result<bool, Failure> {
        self.store().change(Durability::Written, passphrase_is_set).await
    }

    /// Fine where none is set.
    pub async fn check_passphrase(&self, given: SecretString, now: DateTime<Utc>) -> Result<(), Failure> {
        let (salt, hash) = match self.store().change(Durability::Synced, move |open| count_try(open, now)).await? {
            Try::NoneSet => return Ok(()),
            Try::Closed => return Err(closed()),
            Try::Against { salt, hash } => (salt, hash),
        };
        let salt = STANDARD_NO_PAD.decode(salt).unwrap_or_default();
        let found = hashed(given, salt).await?;
        if !is_same(&STANDARD_NO_PAD.decode(hash).unwrap_or_default(), &found) {
            tokio::time::sleep(DELAY).await;
            return Err(Failure::new(Code::ConsentInvalid, "that isn't the operator's passphrase")
                .next("After five wrong ones nothing is taken for 15 minutes."));
        }
        let reset = |open: &Connection| open.execute("UPDATE operator SET wrong = 0, closed_until = NULL", []);
        self.store().change(Durability::Written, reset).await.map(|_| ())
    }

    /// None takes it away. Whoever calls has checked the old one.
    pub async fn set_passphrase(&self, new: Option<SecretString>) -> Result<(), Failure> {
        let Some(new) = new else {
            let remove = |open: &Connection| open.execute("DELETE FROM operator", []);
            return self.store().change(Durability::Synced, remove).await.map(|_| ());
        };
        if new.expose_secret().chars().count() < SHORTEST {
            return Err(Failure::invalid(format!("a passphrase has at least {SHORTEST} characters")));
        }
        let mut salt = [0_u8; 16];
        getrandom::fill(&mut salt)
            .map_err(|error| Failure::new(Code::Internal, "no random numbers").operator(error.to_string()))?;
        let hash = hashed(new, salt.to_vec()).await?;
        let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
        let put = move |open: &Connection| {
            open.execute("INSERT OR REPLACE INTO operator (one, salt, hash) VALUES (1, ?1, ?2)", params![salt, hash])
        };
        self.store().change(Durability::Synced, put).await.map(|_| ())
    }
}

fn count_try(connection: &Connection, now: DateTime<Utc>) -> rusqlite::Result<Try> {
    let row = "SELECT salt, hash, wrong, closed_until FROM operator";
    let found = connection
        .query_row(row, [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get::<_, u32>(2)?, row.get::<_, Option<String>>(3)?))
        })
        .optional()?;
    let Some((salt, hash, wrong, closed_until)) = found else { return Ok(Try::NoneSet) };
    if closed_until.is_some_and(|until| until > stamp(now)) {
        return Ok(Try::Closed);
    }
    let last = wrong + 1 >= TRIES;
    let (wrong, closed_until) = if last { (0, Some(stamp(now + CLOSED))) } else { (wrong + 1, None) };
    connection.execute("UPDATE operator SET wrong = ?1, closed_until = ?2", params![wrong, closed_until])?;
    Ok(Try::Against { salt, hash })
}

fn closed() -> Failure {
    Failure::new(Code::ConsentInvalid, "too many wrong passphrases").next("Try again in 15 minutes.")
}

/// Argon2id as recommended: 19 MiB, two passes. Off the runtime's threads.
async fn hashed(passphrase: SecretString, salt: Vec<u8>) -> Result<Hash, Failure> {
    let broken = |detail: String| Failure::new(Code::Internal, "the passphrase can't be hashed").operator(detail);
    let work = move || {
        let mut hash = Hash::default();
        Argon2::default()
            .hash_password_into(passphrase.expose_secret().as_bytes(), &salt, &mut hash)
            .map(|()| hash)
            .map_err(|error| error.to_string())
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| broken(error.to_string()))?.map_err(broken)
}

/// In the same time wherever they differ.
fn is_same(one: &[u8], two: &Hash) -> bool {
    one.len() == two.len() && one.iter().zip(two).fold(0, |found, (a, b)| found | (a ^ b)) == 0
}
