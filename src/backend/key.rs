//! What may be known of a key: how it is tagged in journal and log, and what a made-up one looks
//! like.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::digest;
use crate::failure::{Code, Failure};

const ORG_KEY_CHARACTERS: usize = 43;

/// Whether a text has the form of an org key, or of a workspace's token: both are made alike.
fn has_key_form(text: &str) -> bool {
    text.len() == ORG_KEY_CHARACTERS && text.chars().all(is_of_a_key)
}

/// Whether anything in a text has it, between characters that no key has.
pub fn holds_key_form(text: &str) -> bool {
    text.split(|c| !is_of_a_key(c)).any(has_key_form)
}

fn is_of_a_key(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

/// An org key's first eight characters, as the tenant shows them too; anything else by a digest,
/// because eight characters of a short password would be too many.
pub fn tag(key: &str) -> String {
    if has_key_form(key) {
        return key.chars().take(8).collect();
    }
    let beginning: String = digest::sha256(key).chars().take(8).collect();
    format!("other:{beginning}")
}

/// A key in the right form that nobody issued.
pub(super) fn made_up() -> Result<String, Failure> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes)
        .map_err(|e| Failure::new(Code::Internal, "no random numbers to be had").operator(e.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn org_keys_show_their_prefix_and_others_a_digest() {
        let key = "abcdefgh-_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456";
        assert_eq!(key.len(), 43);
        assert_eq!(tag(key), "abcdefgh");
        assert_eq!(tag("password"), "other:5e884898");
        assert!(tag(&key.replace('-', "+")).starts_with("other:"));
        assert!(tag(&key[1..]).starts_with("other:"));
        assert!(tag("").starts_with("other:"));
    }

    #[test]
    fn a_key_is_found_whatever_stands_around_it() {
        let key = "abcdefgh-_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456";
        for text in [key, &format!("KEY={key}\n\n"), &format!("{{\"key\":\"{key}\"}}"), &format!("\u{e4}{key}\0x")] {
            assert!(holds_key_form(text), "{text}");
        }
        for text in ["", "KEY=", &key[1..], &format!("{key}x"), &format!("ghp_{key}"), &key.replace('-', "+")] {
            assert!(!holds_key_form(text), "{text}");
        }
    }

    #[test]
    fn a_made_up_key_has_the_form_of_one() {
        let key = made_up().unwrap();
        assert_eq!(tag(&key), &key[..8]);
        assert_ne!(key, made_up().unwrap());
    }
}
