//! Turning an answer's bytes into the declared type. What didn't fit is told by place and
//! expectation only: the value itself may be a secret.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::error::Category;

use super::clean;

/// From this size on parsing would delay whoever shares the thread.
const LARGE: usize = 128 * 1024;

/// Why an answer couldn't be read, fit to be shown.
#[derive(Debug)]
pub(super) struct Misfit(pub(super) String);

pub(super) fn is_large(bytes: &[u8]) -> bool {
    bytes.len() > LARGE
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Misfit> {
    // Whoever keeps the path makes a text of each field's name: that is for what didn't fit.
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Ok(value);
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Misfit("it was empty".into()));
    }
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut parser).map_err(misfit)?;
    parser.end().map_err(|_| Misfit("something follows the JSON".into()))?;
    Ok(value)
}

pub(super) fn fit<T: DeserializeOwned>(value: Value) -> Result<T, Misfit> {
    serde_path_to_error::deserialize(value).map_err(misfit)
}

fn misfit(e: serde_path_to_error::Error<serde_json::Error>) -> Misfit {
    if matches!(e.inner().classify(), Category::Syntax | Category::Eof) {
        return Misfit("it isn't JSON".into());
    }
    let place = clean::words(&e.path().to_string(), &[]);
    let expectation = expectation(&e.inner().to_string());
    Misfit(if place == "." { expectation } else { format!("at `{place}`: {expectation}") })
}

/// Serde's words without the value that they quote: only what comes after the last `expected`, and
/// field names that are in our own source.
fn expectation(words: &str) -> String {
    let words = words.rsplit_once(" at line ").map_or(words, |(words, _)| words);
    if let Some(rest) = words.strip_prefix("missing field `")
        && let Some(name) = rest.strip_suffix('`')
    {
        return format!("`{}` is missing", clean::words(name, &[]));
    }
    match words.rsplit_once(", expected ") {
        Some((_, expected)) => format!("expected {}", clean::words(expected, &[])),
        None => "it has another form".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    struct Listed {
        #[expect(dead_code, reason = "only its decoding is of interest")]
        rows: Vec<Row>,
    }

    #[derive(Debug, Deserialize)]
    struct Row {
        #[expect(dead_code, reason = "only its decoding is of interest")]
        count: u64,
        #[expect(dead_code, reason = "only its decoding is of interest")]
        kind: Option<Kind>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Agent,
        Team,
    }

    fn why(bytes: &str) -> String {
        decode::<Listed>(bytes.as_bytes()).unwrap_err().0
    }

    #[test]
    fn tells_place_and_expectation_and_never_the_value() {
        for (bytes, told) in [
            (r#"{"rows":[{"count":1},{"count":"canary"}]}"#, "at `rows[1].count`: expected u64"),
            (r#"{"rows":[{"count":"canary, expected canary"}]}"#, "at `rows[0].count`: expected u64"),
            (r#"{"rows":[{"count":1,"kind":"canary"}]}"#, "at `rows[0].kind`: expected `agent` or `team`"),
            (r#"{"rows":[{}]}"#, "at `rows[0]`: `count` is missing"),
            (r#"{"canary":1}"#, "`rows` is missing"),
            (r#""canary""#, "expected struct Listed"),
            ("<html>canary</html>", "it isn't JSON"),
            (r#"{"rows":[{"count":1"#, "it isn't JSON"),
            ("", "it was empty"),
            (" \n", "it was empty"),
            (r#"{"rows":[]} canary"#, "something follows the JSON"),
        ] {
            assert_eq!(why(bytes), told, "{bytes}");
        }
        let deep = "[".repeat(100_000);
        assert!(decode::<Value>(deep.as_bytes()).is_err());
    }
}
