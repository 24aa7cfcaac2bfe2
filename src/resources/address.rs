//! Addresses as text: what is percent-encoded in them, and what isn't one.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::failure::Failure;

pub const SCHEME: &str = "molecule://";

/// What RFC 3986 calls unreserved stays.
const PIECE: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const PATH: AsciiSet = PIECE.remove(b'/');

pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, &PIECE).to_string()
}

pub fn encoded_path(path: &str) -> String {
    utf8_percent_encode(path, &PATH).to_string()
}

/// What a piece means. Whether that may stand where it stands, its type says.
pub fn decoded(text: &str) -> Result<String, Failure> {
    let whole = text.split('%').skip(1).all(|after| {
        let digits = after.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    let meant = percent_decode_str(text).decode_utf8();
    let meant = meant.ok().filter(|meant| whole && !meant.contains(char::is_control));
    meant.map(Into::into).ok_or_else(|| {
        Failure::invalid("a part of the address isn't percent-encoded UTF-8 without control characters")
            .next("Write `%` as `%25`, and each other byte that isn't a letter, a digit or one of `-_.~/` as `%XX`.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_again() {
        for text in ["a b", "ü/漢字", "100%", "a?b#c&d=e+f", "..", "%2e%2e", "⟦x⟧"] {
            assert_eq!(decoded(&encoded(text)).unwrap(), text);
            assert_eq!(decoded(&encoded_path(text)).unwrap(), text);
            assert!(encoded(text).bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~%".contains(&byte)));
        }
    }

    #[test]
    fn what_is_no_encoding_is_refused() {
        for bad in ["%", "%2", "%zz", "a%2", "%00", "a%0ab", "%c0%ae", "%ff", "a\0b", "%%41"] {
            assert!(decoded(bad).is_err(), "{bad:?}");
        }
    }
}
