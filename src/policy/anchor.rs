//! Where the journal's checkpoints go besides the journal itself, so that whoever rewrites the one
//! would have to rewrite the other.

use std::path::PathBuf;

use serde::Deserialize;

use crate::backend::Base;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Anchor {
    File(PathBuf),
    /// An address that takes each with a POST.
    Web(String),
}

impl TryFrom<String> for Anchor {
    type Error = &'static str;

    /// The error never repeats the value: an address may hold a password.
    fn try_from(text: String) -> Result<Self, Self::Error> {
        const EXPECTED: &str = "expected `file:/…` with a file's whole path, or an https address (http on loopback) \
                                without name, password and query";
        match text.split_once(':') {
            Some(("file", path)) if path.starts_with('/') && !path.ends_with('/') => Ok(Self::File(path.into())),
            Some(("http" | "https", _)) => {
                Base::parse(&text).map(|base| Self::Web(base.to_string())).map_err(|_| EXPECTED)
            }
            _ => Err(EXPECTED),
        }
    }
}
