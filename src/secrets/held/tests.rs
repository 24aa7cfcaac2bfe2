use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::json;

use super::*;

fn held(values: &[&str]) -> Register {
    let mut register = Register::default();
    for value in values {
        register.add(Arc::new((*value).into()));
    }
    register
}

fn cleaned(register: &mut Register, text: &str) -> String {
    let clean = register.build(Instant::now()).without(text.as_bytes());
    clean.map_or(text.to_owned(), |clean| String::from_utf8(clean).unwrap())
}

const SECRETS: [&str; 5] = [
    "abcdefgh-_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456",
    "two words, a \"quote\" and a \\",
    "line\nof a key/with+marks~and(brackets)!*'",
    "pässwörd \u{1f511} key",
    "exactly8",
];

#[test]
fn every_form_of_a_secret_is_found_wherever_it_stands() {
    for secret in SECRETS {
        let mut register = held(&[secret]);
        let json = json!({ "a": secret }).to_string();
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        let percent = percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC).to_string();
        for form in [secret, &json, &json!({ "text": json }).to_string(), &hex, &hex.to_uppercase(), &percent] {
            let clean = cleaned(&mut register, &format!("before {form} after"));
            assert!(clean.contains(REMOVED), "{secret}: {form}");
            assert!(clean.starts_with("before ") && clean.ends_with(" after"), "{clean}");
        }
    }
}

#[test]
fn base64_is_found_whatever_was_encoded_with_it() {
    for secret in SECRETS {
        let mut register = held(&[secret]);
        for before in ["", "u", "ab", "Bearer ", "user:", "{\"token\":\""] {
            for after in ["", "x", "\"}", " and so on"] {
                for engine in [STANDARD, URL_SAFE] {
                    let form = engine.encode(format!("{before}{secret}{after}"));
                    let clean = cleaned(&mut register, &format!("{{\"a\":\"{form}\"}}"));
                    assert!(clean.contains(REMOVED), "{before}{secret}{after}: {form}");
                }
            }
        }
    }
}

#[test]
fn what_isnt_held_stays_as_it_is() {
    assert!(held(&[]).build(Instant::now()).without(b"nothing is held").is_none());
    let mut register = held(&["abcdefgh-_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456", "short", "1234567890"]);
    for plain in ["", "abcdefgh-_", "short", "{\"cents\":1234567890}", "a\u{1f511}b"] {
        assert!(register.build(Instant::now()).without(plain.as_bytes()).is_none(), "{plain}");
    }
}

#[test]
fn several_are_found_in_one_message_and_what_is_between_them_stays() {
    let mut register = held(&["first-secret", "first-secret-and-longer", "second-secret"]);
    let clean = cleaned(&mut register, "first-secret|first-secret-and-longer|x|second-secretsecond-secret");
    assert_eq!(clean, "[removed]|[removed]|x|[removed][removed]");
}

#[test]
fn the_same_secret_may_be_held_twice() {
    let mut register = Register::default();
    let [one, other] = [(); 2].map(|()| register.add(Arc::new("held-twice".into())));
    register.leave(one, None);
    assert_eq!(cleaned(&mut register, "held-twice"), REMOVED);
    register.leave(other, None);
    assert_eq!(cleaned(&mut register, "held-twice"), "held-twice");
}

#[test]
fn what_was_let_go_is_known_for_a_while_and_then_forgotten() {
    let mut register = Register::default();
    let (now, value) = (Instant::now(), Arc::new(SecretString::from("let-go-of")));
    let number = register.add(Arc::clone(&value));
    register.leave(number, Some(now + ON_ITS_WAY));
    assert!(register.build(now).without(b"let-go-of").is_some());
    assert!(register.net(|| now).is_some(), "nothing has changed");
    assert_eq!(Arc::strong_count(&value), 2);
    assert!(register.net(|| now + ON_ITS_WAY).is_none(), "its time is over");
    assert!(register.build(now + ON_ITS_WAY).without(b"let-go-of").is_none());
    assert_eq!(Arc::strong_count(&value), 1, "the register has let go of the memory");
}

#[test]
fn whoever_holds_one_is_known_until_then() {
    let value = "only-this-test-holds-it";
    let kept = Held::new(Arc::new(value.into()));
    assert_eq!(clean_text(format!("a {value} b")), "a [removed] b");
    drop(kept);
    assert_eq!(clean(value.into()), value.as_bytes());
    drop(crate::secrets::Credential::new("a-credential-that-went".into()));
    assert_eq!(clean_text("a-credential-that-went".into()), REMOVED);
}

#[test]
fn a_long_secret_doesnt_hide_a_short_one() {
    let mut register = held(&["exactly8", SECRETS[0]]);
    for before in 0..20 {
        let text = format!("{}exactly8 {}", "x".repeat(before), "y".repeat(30));
        assert!(cleaned(&mut register, &text).contains(REMOVED), "{text}");
    }
    let mut register = held(&[SECRETS[0], "a-second-one-that-is-longer-than-forty-three-characters"]);
    for before in 0..60 {
        let text = format!("{}{}", "x".repeat(before), SECRETS[0]);
        assert_eq!(cleaned(&mut register, &text), format!("{}{REMOVED}", "x".repeat(before)));
    }
}
