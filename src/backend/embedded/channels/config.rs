//! A channel's configuration, at rest and as it is shown. Of its secrets the platform seals two and masks
//! one; webhook addresses are credentials too, and lie and are shown in clear.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::super::answer::{Refusal, Refuse, broken};
use super::super::vault::{self, Vault};

pub(crate) type Config = Map<String, Value>;

const SEALED: [&str; 2] = ["bot_token", "webhook_secret"];
const MARK: &str = "sealed:";

pub(super) fn stored(vault: &Vault, channel: &str, mut config: Config) -> Result<String, Refusal> {
    for name in SEALED {
        if let Some(plain) = config.get(name).and_then(Value::as_str) {
            let sealed = vault.seal(&vault::place(channel, name), plain);
            let sealed = sealed.refuse(broken("failed to encrypt channel config"))?;
            config.insert(name.to_owned(), format!("{MARK}{}", STANDARD.encode(sealed)).into());
        }
    }
    Ok(Value::from(config).to_string())
}

/// What a seed left in clear is taken as it is.
pub(super) fn opened(vault: &Vault, channel: &str, stored: &str) -> Config {
    let mut config: Config = serde_json::from_str(stored).unwrap_or_default();
    for name in SEALED {
        let sealed = config.get(name).and_then(Value::as_str).and_then(|text| text.strip_prefix(MARK));
        let bytes = sealed.and_then(|text| STANDARD.decode(text).ok());
        if let Some(plain) = bytes.and_then(|bytes| vault.unseal(&vault::place(channel, name), &bytes)) {
            config.insert(name.to_owned(), plain.into());
        }
    }
    config
}

pub(super) fn shown(mut config: Config) -> Config {
    if let Some(Value::String(token)) = config.get_mut("bot_token") {
        *token = masked(token);
    }
    config
}

fn masked(token: &str) -> String {
    let letters: Vec<char> = token.chars().collect();
    match (letters.first_chunk::<4>(), letters.last_chunk::<4>()) {
        (Some(first), Some(last)) if letters.len() > 8 => {
            format!("{}...{}", String::from_iter(first), String::from_iter(last))
        }
        _ => "***".to_owned(),
    }
}

pub(super) fn text<'a>(config: &'a Config, name: &str) -> &'a str {
    config.get(name).and_then(Value::as_str).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn a_token_shows_its_ends_at_most() {
        for (token, shown) in
            [("", "***"), ("12345678", "***"), ("123456789", "1234...6789"), ("ééééxéééé", "éééé...éééé")]
        {
            assert_eq!(masked(token), shown);
        }
    }
}
