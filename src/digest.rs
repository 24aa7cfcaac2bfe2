//! Digests as text: how they stand in the journal, in rows, and in place of what mustn't be written down.

use sha2::{Digest, Sha256};

/// The sha256 of something, in hexadecimal digits.
pub fn sha256(bytes: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(bytes))
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
