//! What a client carries from a question to its next call. It says which question, and is sealed for one
//! call: the same caller, tool and arguments. That a yes works once is kept in the store.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Bond, HOLDS, Question};
use crate::failure::{Code, Failure};

const TAG: usize = 32;
const LONGEST: usize = 200;

pub struct Seal([u8; 64]);

impl Seal {
    pub fn new(secret: [u8; 64]) -> Self {
        Self(secret)
    }

    /// One that nobody has yet.
    pub(super) fn fresh() -> Result<Self, Failure> {
        let mut secret = [0; 64];
        getrandom::fill(&mut secret)
            .map_err(|error| Failure::new(Code::Internal, "no random numbers").operator(error.to_string()))?;
        Ok(Self(secret))
    }

    pub(super) fn secret(&self) -> &[u8; 64] {
        &self.0
    }

    pub fn state(&self, question: &Question, now: DateTime<Utc>) -> String {
        let word = format!("{} {}", question.id, now.timestamp());
        let mut bytes = self.mac(&question.bond, &word).finalize().into_bytes().to_vec();
        bytes.extend(word.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The question's id, if this state was sealed for this call, and not too long ago.
    pub fn open(&self, bond: &Bond, state: &str, now: DateTime<Utc>) -> Option<String> {
        let bytes = Some(state).filter(|state| state.len() <= LONGEST)?;
        let bytes = URL_SAFE_NO_PAD.decode(bytes).ok()?;
        let (tag, word) = bytes.split_at_checked(TAG)?;
        let word = str::from_utf8(word).ok()?;
        self.mac(bond, word).verify_slice(tag).ok()?;
        let (id, sealed) = word.split_once(' ')?;
        let sealed = DateTime::from_timestamp(sealed.parse().ok()?, 0)?;
        (now - sealed <= HOLDS).then(|| id.to_owned())
    }

    fn mac(&self, bond: &Bond, word: &str) -> Hmac<Sha256> {
        let parts = [&bond.tenant, &bond.caller, &bond.tool, &bond.arguments, word];
        parts.iter().fold(Hmac::<Sha256>::new(&self.0.into()), |mac, part| {
            mac.chain_update((part.len() as u64).to_le_bytes()).chain_update(part)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consent::preview::Preview;

    fn bond() -> Bond {
        let text = |text: &str| text.to_owned();
        Bond { tenant: text("t"), caller: text("c"), tool: text("delete_workspace"), arguments: text("d1") }
    }

    fn question(now: DateTime<Utc>) -> Question {
        Question {
            id: "ABCDEFGH".to_owned(),
            bond: bond(),
            grants: vec![],
            targets: Default::default(),
            preview: Preview::default(),
            asked: now,
            until: now + HOLDS,
        }
    }

    #[test]
    fn a_state_opens_for_its_own_call_alone() {
        let (seal, now) = (Seal::new([7; 64]), Utc::now());
        let state = seal.state(&question(now), now);
        assert_eq!(seal.open(&bond(), &state, now).as_deref(), Some("ABCDEFGH"));
        for change in [
            |bond: &mut Bond| bond.tenant.push('x'),
            |bond: &mut Bond| bond.caller.push('x'),
            |bond: &mut Bond| bond.tool.push('x'),
            |bond: &mut Bond| bond.arguments.push('x'),
        ] {
            let mut other = bond();
            change(&mut other);
            assert_eq!(seal.open(&other, &state, now), None, "{other:?}");
        }
        assert_eq!(Seal::new([8; 64]).open(&bond(), &state, now), None);
        assert_eq!(seal.open(&bond(), &state, now + HOLDS + HOLDS), None, "too late");
    }

    #[test]
    fn no_byte_of_it_can_be_another() {
        let (seal, now) = (Seal::new([7; 64]), Utc::now());
        let state = seal.state(&question(now), now);
        let bytes = URL_SAFE_NO_PAD.decode(&state).unwrap();
        for at in 0..bytes.len() {
            for flip in [1, 0x80, 0xff] {
                let mut bent = bytes.clone();
                bent[at] ^= flip;
                assert_eq!(seal.open(&bond(), &URL_SAFE_NO_PAD.encode(bent), now), None, "{at}");
            }
        }
        for forged in ["", "AAAA", "%%%", &"A".repeat(10_000)] {
            assert_eq!(seal.open(&bond(), forged, now), None);
        }
    }
}
