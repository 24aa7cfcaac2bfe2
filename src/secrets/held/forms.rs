//! How a secret may look in what goes out: as it is, escaped in JSON (also in JSON inside JSON), in base64 of both
//! alphabets wherever it begins in what was encoded, in hex, and percent-encoded as the usual encoders do it.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::zeroize::Zeroizing;
use serde_json::Number;

/// What is shorter occurs in every other message: taking it out would wreck the protocol.
const SHORTEST: usize = 8;
/// What is longer is a file rather than a credential, and an automaton over it would cost megabytes.
const LONGEST: usize = 8 * 1024;
/// JSON in a text of JSON in a text of JSON.
const DEEPEST: usize = 3;

/// What `encodeURIComponent`, RFC 3986 and forms leave as it is.
const COMPONENT: &AsciiSet = &UNRESERVED.remove(b'!').remove(b'*').remove(b'\'').remove(b'(').remove(b')');
const UNRESERVED: &AsciiSet = &FORM.remove(b'~').add(b'*');
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'*');

pub(super) type Form = Zeroizing<String>;

/// None for what can't be looked for. A number is none either: `[removed]` in its place would be no JSON.
pub(super) fn of(value: &str) -> Vec<Form> {
    if !(SHORTEST..=LONGEST).contains(&value.len()) || value.parse::<Number>().is_ok() {
        return Vec::new();
    }
    let mut forms = vec![Form::new(value.to_owned())];
    for form in escaped(value).into_iter().chain(encoded(value)).chain(hex(value)).chain(percent(value)) {
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms
}

fn escaped(value: &str) -> Vec<Form> {
    let (mut forms, mut ascii, mut plain) = (Vec::new(), Form::new(value.to_owned()), Form::new(value.to_owned()));
    for _ in 0..DEEPEST {
        plain = in_json(&plain);
        // As writers do it that keep to ASCII.
        ascii = all_ascii(&in_json(&ascii));
        forms.extend([plain.clone(), ascii.clone()]);
    }
    forms
}

fn in_json(text: &str) -> Form {
    let quoted = Form::new(serde_json::Value::from(text).to_string());
    Form::new(quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default().to_owned())
}

fn all_ascii(text: &str) -> Form {
    let mut ascii = Form::default();
    for c in text.chars() {
        if c.is_ascii() {
            ascii.push(c);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| ascii.push_str(&format!("\\u{unit:04x}")));
        }
    }
    ascii
}

/// The characters that depend on nothing else, for each of the three places where it may begin in a group of three
/// bytes. At most two characters at either end are left, which hold a few bits of it.
fn encoded(value: &str) -> Vec<Form> {
    let places = (0..3_usize).map(|before| {
        let bytes = Zeroizing::new([vec![0; before], value.as_bytes().to_vec()].concat());
        let (from, until) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
        [STANDARD_NO_PAD.encode(&*bytes), URL_SAFE_NO_PAD.encode(&*bytes)]
            .map(Form::new)
            .map(|text| Form::new(text.get(from..until).unwrap_or_default().to_owned()))
    });
    places.flatten().collect()
}

fn hex(value: &str) -> [Form; 2] {
    let lower: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
    let upper = lower.to_ascii_uppercase();
    [lower, upper].map(Form::new)
}

fn percent(value: &str) -> Vec<Form> {
    let mut forms = Vec::new();
    for left_alone in [COMPONENT, UNRESERVED, FORM, NON_ALPHANUMERIC] {
        let upper = Form::new(utf8_percent_encode(value, left_alone).to_string());
        let lower = lower_digits(&upper);
        forms.extend([Form::new(upper.replace("%20", "+")), Form::new(lower.replace("%20", "+")), upper, lower]);
    }
    forms
}

fn lower_digits(encoded: &str) -> Form {
    let mut parts = encoded.split('%');
    let mut lower = Form::new(parts.next().unwrap_or_default().to_owned());
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        lower.extend(["%", &digits.to_ascii_lowercase(), rest]);
    }
    lower
}
