//! Where a list goes on: opaque to a caller, sealed by this server, and good for one tool only. It
//! names the last item seen, so that items added or removed in between neither repeat nor hide others.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::failure::Failure;

const TAG: usize = 12;
const LONGEST: usize = 512;

/// As it stands in arguments and answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor(String);

impl JsonSchema for Cursor {
    fn schema_name() -> Cow<'static, str> {
        "Cursor".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// Makes cursors and opens them. Made from the tenant's key, so that every process that holds it
/// understands the others' cursors, also after a restart.
#[derive(Clone)]
pub struct Seal([u8; 64]);

impl Seal {
    /// As long as a block of the hash.
    pub fn new(secret: [u8; 64]) -> Self {
        Self(secret)
    }

    pub fn cursor(&self, tool: &str, mark: &str) -> Cursor {
        let mut bytes = self.tag(tool, mark);
        bytes.extend(mark.as_bytes());
        Cursor(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The mark that was sealed for this tool.
    pub fn open(&self, tool: &str, cursor: &Cursor) -> Result<String, Failure> {
        let opened = || {
            let bytes = URL_SAFE_NO_PAD.decode(&cursor.0).ok().filter(|bytes| bytes.len() <= LONGEST)?;
            let (tag, mark) = bytes.split_at_checked(TAG)?;
            let mark = String::from_utf8(mark.to_vec()).ok()?;
            self.mac(tool, &mark).verify_truncated_left(tag).ok()?;
            Some(mark)
        };
        opened().ok_or_else(|| {
            Failure::invalid("this `cursor` isn't one that this list gave")
                .next("Pass `next` of the page before as it is, or start again without `cursor`.")
        })
    }

    fn tag(&self, tool: &str, mark: &str) -> Vec<u8> {
        self.mac(tool, mark).finalize().into_bytes().into_iter().take(TAG).collect()
    }

    fn mac(&self, tool: &str, mark: &str) -> Hmac<Sha256> {
        Hmac::<Sha256>::new(&self.0.into()).chain_update(tool).chain_update([0]).chain_update(mark)
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_sealed_here_for_this_tool_opens() {
        let seal = Seal::new([7; 64]);
        let cursor = seal.cursor("list_a", "last");
        assert_eq!(seal.open("list_a", &cursor).unwrap(), "last");
        assert!(seal.open("list_b", &cursor).is_err());
        assert!(Seal::new([8; 64]).open("list_a", &cursor).is_err());
        for at in 0..cursor.0.len() {
            let mut bent = cursor.0.clone().into_bytes();
            bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
            assert!(seal.open("list_a", &Cursor(String::from_utf8(bent).unwrap())).is_err(), "{at}");
        }
        for forged in ["", "AAAA", "%%%", &"A".repeat(10_000)] {
            assert!(seal.open("list_a", &Cursor(forged.to_owned())).is_err());
        }
    }
}
