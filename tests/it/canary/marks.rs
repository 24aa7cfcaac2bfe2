//! The marked credentials, and the search for them: as they are, in base64 wherever they begin, in hex, and
//! percent-encoded. It shares nothing with the filter that it is to judge.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

pub const KEY: &str = "CanaryOrgKey-ownABCDEFGHIJKLMNOPQRSTUVW0123";
pub const MINTED: &str = "CanaryMinted-_newZYXWVUTSRQPONMLKJIHGFE4567";
pub const TOKEN: &str = "CanaryWsTokenwsAZBYCXDWEVFUGTHSIRJQKPLO8901";
/// The owner's, over HTTP.
pub const BEARER: &str = "CanaryBearer-httpQPWOEIRUTYALSKDJFHGMZNXBC7";
/// Short and with marks, so that no rule about the look of keys finds them.
pub const FROM_FILE: &str = "canary/file secret, 17";
pub const FROM_ENV: &str = "canary.env!23";
pub const NOBODY_ASKED: &str = "canary-that-nobody-asked-for";
const CANARIES: [&str; 7] = [KEY, BEARER, MINTED, TOKEN, FROM_FILE, FROM_ENV, NOBODY_ASKED];

pub const ID: &str = "613fac6b-7c79-44fa-a26f-75c6ee7e1ffc";

/// A part of a key is a leak as well, but for the prefix that names it.
const PART: usize = 12;
/// The same in hex, and in base64.
const PART_IN_HEX: usize = 2 * PART;
const PART_IN_BASE64: usize = PART / 3 * 4;

/// Every part of some secrets, in every form.
pub struct Marks(AhoCorasick);

impl Marks {
    pub fn of(secrets: &[&str]) -> Self {
        let mut parts: Vec<Vec<u8>> = Vec::new();
        for secret in secrets {
            let mut all = |text: &str, length: usize| parts.extend(text.as_bytes().windows(length).map(<[u8]>::to_vec));
            all(secret, PART);
            all(&percent(secret), 2 * PART);
            all(&hex(secret), PART_IN_HEX);
            all(&hex(secret).to_uppercase(), PART_IN_HEX);
            // A group of three bytes may begin at any of the first three.
            for from in 0..3 {
                all(&STANDARD_NO_PAD.encode(&secret[from..]), PART_IN_BASE64);
                all(&URL_SAFE_NO_PAD.encode(&secret[from..]), PART_IN_BASE64);
            }
        }
        Self(AhoCorasick::new(parts).unwrap())
    }

    pub fn look(&self, place: &str, bytes: &[u8]) {
        if let Some(found) = self.0.find(bytes) {
            let around = &bytes[found.start().saturating_sub(120)..(found.start() + 80).min(bytes.len())];
            panic!("a secret is in {place}: …{}…", String::from_utf8_lossy(around));
        }
    }
}

pub fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

pub fn percent(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

pub fn leaks(place: &str, bytes: &[u8]) {
    static CANARY: LazyLock<Marks> = LazyLock::new(|| Marks::of(&CANARIES));
    CANARY.look(place, bytes);
}

#[test]
fn a_part_of_a_key_would_be_found_in_every_form() {
    let part = &KEY[9..30];
    for form in [part.to_owned(), hex(part), STANDARD_NO_PAD.encode(format!("user:{part}")), percent(&FROM_FILE[2..])] {
        let found = std::panic::catch_unwind(|| leaks("here", format!("nothing{form}nothing").as_bytes()));
        assert!(found.is_err(), "{form}");
    }
    leaks("here", b"CanaryOr is a prefix, and so is canary.env");
}

pub fn leaks_below(directory: &Path) {
    for found in fs::read_dir(directory).unwrap() {
        let path = found.unwrap().path();
        match path.is_dir() {
            true if path.ends_with("credentials") => {}
            true => leaks_below(&path),
            false if path.ends_with("owner-bearer") => {}
            false => leaks(&path.display().to_string(), &fs::read(&path).unwrap()),
        }
    }
}
