//! The tenant's address, checked once when the configuration is read. It is the operator's choice
//! and nobody else's: no caller's value ever becomes part of host or prefix.

use std::fmt;

use reqwest::Url;

/// An address without a slash at its end, ready to have a route's path appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    text: String,
    secure: bool,
}

impl Base {
    /// The error is for the operator; it never repeats the address, which may hold a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let url = Url::parse(text)
            .map_err(|e| format!("not an address ({e}); it looks like https://acme.moleculesai.app"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("only http and https addresses are possible".into());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("an address can't hold a user name or password; the key goes into MOLECULE_ORG_TOKEN".into());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("an address can't have a query (`?`) or a fragment (`#`)".into());
        }
        let Some(host) = url.host_str() else {
            return Err("an address needs a host".into());
        };
        let secure = url.scheme() == "https";
        if !secure && !is_loopback(host) {
            return Err(
                "the key would cross the network in clear: use https (http only for localhost, 127.0.0.1 and [::1])"
                    .into(),
            );
        }
        let text = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self { text, secure })
    }

    /// A hosted organisation by its slug.
    pub fn of_slug(slug: &str) -> Result<Self, String> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let edges = slug.starts_with('-') || slug.ends_with('-');
        if slug.is_empty() || slug.len() > 63 || edges || !slug.bytes().all(allowed) {
            return Err(
                "a slug has 1 to 63 lower-case letters, digits and inner hyphens, as in https://SLUG.moleculesai.app"
                    .into(),
            );
        }
        Self::parse(&format!("https://{slug}.moleculesai.app"))
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Where a connection goes.
    pub fn host_and_port(&self) -> Option<(String, u16)> {
        let url = Url::parse(&self.text).ok()?;
        let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']').to_owned();
        Some((host, url.port_or_known_default()?))
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_a_prefix_and_drops_the_last_slash() {
        for (given, kept) in [
            ("https://acme.moleculesai.app", "https://acme.moleculesai.app"),
            ("https://acme.moleculesai.app/", "https://acme.moleculesai.app"),
            ("https://host/a/b/", "https://host/a/b"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://localhost", "http://localhost"),
        ] {
            assert_eq!(Base::parse(given).unwrap().as_str(), kept);
        }
    }

    #[test]
    fn refuses_what_could_leak_or_mislead() {
        for bad in [
            "",
            "acme",
            "ftp://host",
            "file:///etc/passwd",
            "https://user:canary@host",
            "https://user@host",
            "https://host?x=1",
            "https://host/#x",
            "http://acme.moleculesai.app",
            "http://127.0.0.1.example.com",
            "http://10.0.0.1",
            "http://0.0.0.0",
        ] {
            let error = Base::parse(bad).unwrap_err();
            assert!(!error.contains("canary"), "{error}");
        }
        assert!(Base::parse("http://example.com").unwrap_err().contains("https"));
    }

    #[test]
    fn a_slug_is_one_label() {
        assert_eq!(Base::of_slug("acme-2").unwrap().as_str(), "https://acme-2.moleculesai.app");
        for bad in ["", "-a", "a-", "A", "a.b", "a/b", "a@b", "ä", &"a".repeat(64)] {
            assert!(Base::of_slug(bad).is_err(), "{bad}");
        }
    }
}
