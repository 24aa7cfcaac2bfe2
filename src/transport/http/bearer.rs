//! The bearers that open the HTTP door: the owner's, and grants. Digests are compared, so that the time that it
//! takes says nothing; a grant is looked up by its digest on every request.

use std::io;
use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use chrono::Utc;
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use crate::failure::Failure;
use crate::grants::{Grants, State};
use crate::secrets::held::Held;
use crate::transport::caller::{Caller, Door};

/// Who a request comes from, as far as its bearer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Principal([u8; 32]);

impl Principal {
    pub(super) fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }
}

pub(super) struct Bearers {
    owner: Principal,
    /// For as long as it opens the door, nothing that leaves repeats it.
    _held: Held,
    grants: Grants,
}

impl Bearers {
    pub(super) fn new(owner: &SecretString, grants: Grants) -> io::Result<Self> {
        let held = Held::new(Arc::new(owner.clone()));
        let owner = held.expose();
        if owner.is_empty() || !owner.bytes().all(|byte| byte.is_ascii_graphic()) {
            let why = "a bearer is printable ASCII without spaces";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        Ok(Self { owner: Principal::of(owner), _held: held, grants })
    }

    pub(super) fn is_owner(&self, token: &str) -> bool {
        Principal::of(token) == self.owner
    }

    /// Nobody, unless exactly one Authorization header carries a bearer that is good now. A failure: whether
    /// it is can't be found out.
    pub(super) fn admit(&self, headers: &HeaderMap) -> Result<Option<(Principal, Caller)>, Failure> {
        let Some(token) = presented(headers) else { return Ok(None) };
        let sent = Principal::of(token);
        if self.is_owner(token) {
            return Ok(Some((sent, Caller::operator("owner", Door::Http))));
        }
        let known = self.grants.recognise(token, Utc::now())?;
        let live = known.filter(|known| known.state == State::Live);
        Ok(live.map(|known| (sent, Caller::presenting(known.grant, Door::Http))))
    }
}

fn presented(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else {
        return None;
    };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_matches(' '))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    fn bearers(owner: &str, home: &tempfile::TempDir) -> io::Result<Bearers> {
        Bearers::new(&SecretString::from(owner), Grants::new(Store::open(home.path())))
    }

    #[test]
    fn exactly_one_right_header_opens() {
        let home = tempfile::tempdir().unwrap();
        let bearers = bearers("s3cret", &home).unwrap();
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
            assert_eq!(bearers.admit(&headers).unwrap().is_some(), opens, "{values:?}");
        }
    }

    #[test]
    fn an_empty_bearer_opens_nothing() {
        let home = tempfile::tempdir().unwrap();
        for token in ["", " ", "a b", "ä", "a\n"] {
            assert!(bearers(token, &home).is_err(), "{token:?}");
        }
    }
}
