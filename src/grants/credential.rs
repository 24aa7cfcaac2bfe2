//! The credential itself: 32 random bytes behind a beginning that no org key has, so that neither a person nor a
//! scanner takes one for the other. It is shown once; what is kept is its digest.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::digest;
use crate::failure::{Code, Failure};
use crate::secrets::Credential;

const START: &str = "mog_";
/// Characters of 32 bytes.
const RANDOM: usize = 43;
/// So much of it may be shown: the beginning and eight characters.
const SHOWN: usize = START.len() + 8;

pub fn fresh() -> Result<Credential, Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        Failure::new(Code::Internal, "this machine gives no random bytes").operator(error.to_string())
    })?;
    Ok(Credential::new(format!("{START}{}", URL_SAFE_NO_PAD.encode(bytes))))
}

/// Whether a text could be one at all. What couldn't is never looked up.
pub fn is_one(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    text.strip_prefix(START).is_some_and(|rest| rest.len() == RANDOM && rest.bytes().all(is_plain))
}

pub(super) fn prefix(credential: &Credential) -> String {
    credential.expose().chars().take(SHOWN).collect()
}

pub(super) fn digest(credential: &str) -> String {
    digest::sha256(credential)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_one_is_one_and_an_org_key_isnt() {
        let (one, other) = (fresh().unwrap(), fresh().unwrap());
        assert!(is_one(one.expose()) && one.expose() != other.expose());
        assert_eq!((prefix(&one).len(), digest(one.expose()).len()), (12, 64));
        let (text, key) = (one.expose(), "k".repeat(43));
        for wrong in
            ["", "mog_", &key, &text[..46], &format!("{text}x"), &text.replace("mog_", "MOG_"), &"é".repeat(24)]
        {
            assert!(!is_one(wrong), "{wrong}");
        }
    }
}
