//! What a plugin passes between being fetched and being installed: the digest that the caller expects,
//! the one that the plugin itself declares, and the organisation's list.

use axum::http::StatusCode;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::super::answer::{Refusal, refused_with};
use super::super::folder::Files;
use super::registry::MANIFEST;

/// Declares a digest of everything beside it.
const DECLARATION: &str = "manifest.json";

/// The caller's digest is one of `plugin.yaml`.
pub(super) fn expected(files: &Files, expected: Option<&str>) -> Result<(), Refusal> {
    let Some(expected) = expected.filter(|expected| !expected.is_empty()) else { return Ok(()) };
    let Some(manifest) = files.get(MANIFEST) else {
        return Err(unprocessable("sha256 check failed: plugin.yaml not found in staged plugin"));
    };
    let actual = hex(&Sha256::digest(manifest));
    match actual.eq_ignore_ascii_case(expected) {
        true => Ok(()),
        false => Err(unprocessable(&format!("sha256 mismatch: expected {expected}, got {actual}"))),
    }
}

/// A plugin that declares nothing passes.
pub(super) fn declared(files: &Files) -> Result<(), Refusal> {
    let failed = || unprocessable("plugin manifest integrity check failed");
    let Some(declaration) = files.get(DECLARATION) else { return Ok(()) };
    let declaration: Value = serde_json::from_slice(declaration).map_err(|_| failed())?;
    match declaration.get("sha256") {
        None => Ok(()),
        Some(declared) => {
            let is_right = declared.as_str().is_some_and(|declared| declared.eq_ignore_ascii_case(&digest(files)));
            is_right.then_some(()).ok_or_else(failed)
        }
    }
}

/// Over each path, a NUL and the content.
fn digest(files: &Files) -> String {
    let mut digest = Sha256::new();
    for (path, content) in files.iter().filter(|(path, _)| path.as_str() != DECLARATION) {
        digest.update(path.as_bytes());
        digest.update([0]);
        digest.update(content);
    }
    hex(&digest.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unprocessable(told: &str) -> Refusal {
    refused_with(StatusCode::UNPROCESSABLE_ENTITY, told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_digest_must_be_that_of_the_files() {
        let files = |declared: &str| {
            let declaration = format!("{{\"sha256\": \"{declared}\"}}").into_bytes();
            Files::from([("a".to_owned(), b"b".to_vec()), (DECLARATION.to_owned(), declaration)])
        };
        let right = hex(&Sha256::digest(b"a\0b"));
        assert!(declared(&files(&right.to_uppercase())).is_ok());
        assert!(declared(&files("00")).is_err());
        assert!(declared(&Files::from([(DECLARATION.to_owned(), b"{}".to_vec())])).is_ok());
    }
}
