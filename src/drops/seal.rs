//! Pages at rest: values under ChaCha20-Poly1305, codes under a MAC. Both keys come from the org key, which
//! isn't in the store, so the store's file says nothing of either.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::code::{self, OneTimeCode};
use crate::failure::{Code, Failure};
use crate::secrets::Credential;

const NONCE: usize = 12;

pub(super) struct Seal {
    values: ChaCha20Poly1305,
    secret: [u8; 64],
}

impl Seal {
    pub(super) fn new(secret: [u8; 64]) -> Self {
        let key = Self::keyed(&secret, "values").finalize().into_bytes();
        Self { values: ChaCha20Poly1305::new(&key), secret }
    }

    fn keyed(secret: &[u8; 64], purpose: &str) -> Hmac<Sha256> {
        <Hmac<Sha256> as KeyInit>::new(&(*secret).into()).chain_update(purpose).chain_update([0])
    }

    /// For this page alone: a row copied to another place doesn't open there.
    pub(super) fn close(&self, id: &str, value: &Credential) -> Result<Vec<u8>, Failure> {
        let nonce: [u8; NONCE] = code::random()?;
        let payload = Payload { msg: value.expose().as_bytes(), aad: id.as_bytes() };
        let sealed =
            self.values.encrypt(&Nonce::from(nonce), payload).map_err(|_| broken("a value can't be sealed"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    pub(super) fn open(&self, id: &str, sealed: &[u8]) -> Result<Credential, Failure> {
        let opened = || {
            let (nonce, sealed) = sealed.split_at_checked(NONCE)?;
            let nonce: [u8; NONCE] = nonce.try_into().ok()?;
            let payload = Payload { msg: sealed, aad: id.as_bytes() };
            let plain = self.values.decrypt(&Nonce::from(nonce), payload).ok()?;
            String::from_utf8(plain).ok().map(Credential::new)
        };
        opened().ok_or_else(|| broken("what waited there was sealed under another org key"))
    }

    pub(super) fn mac(&self, id: &str, code: &OneTimeCode) -> [u8; 32] {
        let mac = Self::keyed(&self.secret, "codes").chain_update(id).chain_update([0]);
        mac.chain_update(code.bytes()).finalize().into_bytes().into()
    }
}

fn broken(message: &str) -> Failure {
    Failure::new(Code::Internal, message).next("Revoke what waited there, if anything did, and begin again.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_opens_for_its_own_page_and_key_alone() {
        let seal = Seal::new([7; 64]);
        let sealed = seal.close("a", &Credential::new("the value".to_owned())).unwrap();
        assert_eq!(seal.open("a", &sealed).unwrap().expose(), "the value");
        assert!(!sealed.windows(9).any(|bytes| bytes == b"the value"));
        assert!(seal.open("b", &sealed).is_err() && Seal::new([8; 64]).open("a", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[at] ^= 1;
            assert!(seal.open("a", &bent).is_err(), "{at}");
        }
        assert!(seal.open("a", &sealed[..5]).is_err());
    }
}
