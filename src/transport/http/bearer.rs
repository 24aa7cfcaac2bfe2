//! The bearer that opens the HTTP door. Only digests are kept and compared, so neither a dump nor
//! the time that a comparison takes says anything about it.

use std::io;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// Who a request comes from, as far as its bearer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Principal([u8; 32]);

impl Principal {
    pub(super) fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }
}

#[derive(Debug)]
pub(super) struct Bearer(Principal);

impl Bearer {
    pub(super) fn new(token: &SecretString) -> io::Result<Self> {
        let token = token.expose_secret();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            let why = "a bearer is printable ASCII without spaces";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        Ok(Self(Principal::of(token)))
    }

    /// `None` unless exactly one Authorization header carries the bearer.
    pub(super) fn admit(&self, headers: &HeaderMap) -> Option<Principal> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (value, None) = (values.next()?, values.next()) else {
            return None;
        };
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        let sent = Principal::of(token.trim_matches(' '));
        (scheme.eq_ignore_ascii_case("bearer") && sent == self.0).then_some(sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_right_header_opens() {
        let bearer = Bearer::new(&SecretString::from("s3cret")).unwrap();
        for (values, opens) in [
            (&["Bearer s3cret"][..], true),
            (&["bearer  s3cret "], true),
            (&[], false),
            (&[""], false),
            (&["Bearer"], false),
            (&["Bearer "], false),
            (&["Bearer s3cre"], false),
            (&["Bearer s3crets"], false),
            (&["Bearer S3CRET"], false),
            (&["Basic s3cret"], false),
            (&["s3cret"], false),
            (&["Bearer s3cret", "Bearer s3cret"], false),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, value.parse().unwrap());
            }
            assert_eq!(bearer.admit(&headers).is_some(), opens, "{values:?}");
        }
    }

    #[test]
    fn an_empty_bearer_opens_nothing() {
        for token in ["", " ", "a b", "ä", "a\n"] {
            assert!(Bearer::new(&SecretString::from(token)).is_err(), "{token:?}");
        }
    }
}
