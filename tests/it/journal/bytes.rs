//! Whatever the bytes are, the verifier answers: a database, an export, checkpoints and a key, made of
//! noise and of real ones with a few bytes changed.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use molecule_org_mcp::journal::verify::{self, Kept};
use molecule_org_mcp::journal::{Line, PublicKey, SigningKey, export};
use molecule_org_mcp::store::open_to_read;

use super::changes::{Random, seed};
use super::{TENANT, open, written};
use crate::process::{command, ended};
use crate::support::state;

/// The short form; `BYTES=100000` is a long one.
const ROUNDS: u64 = 400;

fn noise(random: &mut Random, length: u64) -> Vec<u8> {
    (0..length).map(|_| u8::try_from(random.below(256)).unwrap()).collect()
}

fn bent(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=random.below(8) {
        let at = usize::try_from(random.below(bytes.len().max(1) as u64)).unwrap();
        match random.below(5) {
            0 => bytes.truncate(at),
            1 if at < bytes.len() => drop(bytes.remove(at)),
            2 => bytes.splice(at..at, noise(random, 5)).for_each(drop),
            _ if at < bytes.len() => bytes[at] = u8::try_from(random.below(256)).unwrap(),
            _ => {}
        }
    }
    bytes
}

/// A whole journal in one file, its export, and its last checkpoint as a line.
async fn real(home: &Path) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let journal = open(home);
    let last = written(&journal, 20).await.pop().unwrap();
    drop(journal);
    let state = state(home);
    state.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let mut exported = Vec::new();
    export::chain(&state, TENANT, None, &mut exported).unwrap();
    (fs::read(home.join("state.db")).unwrap(), exported, Line::Checkpoint(last).to_string().into_bytes())
}

#[tokio::test]
async fn whatever_the_bytes_are_there_is_an_answer() {
    let rounds = std::env::var("BYTES").map_or(ROUNDS, |text| text.parse().unwrap());
    let home = tempfile::tempdir().unwrap();
    let (database, exported, line) = real(home.path()).await;
    let key = SigningKey::find(home.path()).unwrap().map(|key| key.public());
    let whole = verify::export::all(Cursor::new(&exported), key, &Kept::read(Cursor::new(&line)).unwrap());
    assert!(whole.ok, "{whole:?}");
    let mut random = Random(seed());
    let place = tempfile::tempdir().unwrap();
    let mut found = [0; 4];
    for round in 0..rounds {
        let length = random.below(5000);
        let (state, lines, kept) = match round % 4 {
            0 => (noise(&mut random, length), noise(&mut random, 300), noise(&mut random, 200)),
            _ => (bent(&database, &mut random), bent(&exported, &mut random), bent(&line, &mut random)),
        };
        fs::write(place.path().join("state.db"), &state).unwrap();
        let checkpoints = Kept::read(Cursor::new(&kept));
        found[0] += u64::from(checkpoints.is_err());
        let checkpoints = checkpoints.unwrap_or_default();
        found[1] += u64::from(!verify::export::all(Cursor::new(&lines), key, &checkpoints).ok);
        let answer = open_to_read(place.path()).map(|state| verify::database::all(&state, key, &checkpoints).ok);
        found[2] += u64::from(!answer.unwrap_or(false));
        let key = bent(key.unwrap().to_string().as_bytes(), &mut random);
        found[3] += u64::from(PublicKey::parse(&String::from_utf8_lossy(&key)).is_none());
        fs::write(place.path().join("journal-key"), &key).unwrap();
        let _ = SigningKey::find(place.path());
    }
    println!("{rounds} rounds; refused: {found:?} (checkpoints, exports, databases, keys)");
    assert!(found.iter().all(|one| *one > 0), "{found:?}");
}

#[tokio::test]
async fn the_command_fails_in_order_on_noise() {
    let home = tempfile::tempdir().unwrap();
    let (_, exported, _) = real(home.path()).await;
    let mut random = Random(seed());
    let (noisy, whole) = (home.path().join("noise"), home.path().join("whole"));
    fs::write(&noisy, noise(&mut random, 3000)).unwrap();
    fs::write(&whole, exported).unwrap();
    let (noisy, whole) = (noisy.to_str().unwrap(), whole.to_str().unwrap());
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("state.db"), noise(&mut random, 9000)).unwrap();
    for (data, arguments, code) in [
        (home.path(), &["journal", "verify"][..], 0),
        (home.path(), &["journal", "verify", "--file", whole], 0),
        (home.path(), &["journal", "verify", "--file", noisy], 1),
        (home.path(), &["journal", "verify", "--checkpoint", noisy], 1),
        (home.path(), &["journal", "verify", "--checkpoint", "/nowhere"], 1),
        (home.path(), &["journal", "verify", "--public-key", "ed25519:x"], 2),
        (place.path(), &["journal", "verify"], 1),
        (place.path(), &["journal", "query"], 1),
        (place.path(), &["journal", "export"], 1),
        (Path::new("/nowhere"), &["journal", "verify"], 2),
    ] {
        let ended = ended(command(data), arguments).await;
        assert_eq!(ended.code, code, "{arguments:?} {} {}", ended.out, ended.err);
        assert!(!ended.err.contains("panicked"), "{arguments:?} {}", ended.err);
    }
}
