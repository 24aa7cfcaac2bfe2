//! What opens a page besides its link: twelve letters and digits that a person types, told to the operator
//! and to nobody else. And the ids of pages, which say nothing.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};

use crate::failure::{Code, Failure};

/// Letters and digits that nobody takes for each other: five bits each.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const CHARACTERS: usize = 12;

pub struct OneTimeCode(SecretString);

impl OneTimeCode {
    pub fn new() -> Result<Self, Failure> {
        let bytes: [u8; CHARACTERS] = random()?;
        let letters =
            bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 32))).map(|byte| char::from(*byte));
        Ok(Self(letters.collect::<String>().into()))
    }

    /// As a person writes it: with or without groups, in any case.
    pub fn typed(text: &str) -> Self {
        let letters = text.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase());
        Self(letters.take(2 * CHARACTERS).collect::<String>().into())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}

/// In groups of four, for the operator's eyes.
impl fmt::Display for OneTimeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, letter) in self.0.expose_secret().chars().enumerate() {
            if at > 0 && at % 4 == 0 {
                f.write_str("-")?;
            }
            write!(f, "{letter}")?;
        }
        Ok(())
    }
}

pub(super) fn new_id() -> Result<String, Failure> {
    random::<16>().map(|bytes| URL_SAFE_NO_PAD.encode(bytes))
}

pub(super) fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::new(Code::Internal, "no random numbers").operator(error.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_write_it() {
        let code = OneTimeCode::new().unwrap();
        let shown = code.to_string();
        assert_eq!(shown.len(), 14, "{shown}");
        for typed in
            [shown.clone(), shown.to_lowercase(), shown.replace('-', ""), format!(" {} ", shown.replace('-', " "))]
        {
            assert_eq!(OneTimeCode::typed(&typed).bytes(), code.bytes(), "{typed}");
        }
        assert_ne!(OneTimeCode::typed(&shown[1..]).bytes(), code.bytes());
    }
}
