//! Which names a request may be addressed to and which web pages may send it. A page of a stranger
//! can point its own name at our loopback address (DNS rebinding) or post to it from afar; the
//! first shows in Host, the second in Origin.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri};

/// `host[:port]`, compared without case; an address in any spelling is one host.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    host: Host,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Name(String),
    Address(IpAddr),
}

#[derive(Debug, PartialEq, Eq)]
struct Origin {
    scheme: String,
    place: Place,
}

#[derive(Debug)]
pub(super) struct Hosts {
    address: SocketAddr,
    hosts: Vec<Place>,
    origins: Vec<Origin>,
}

impl Hosts {
    pub(super) fn new(address: SocketAddr, hosts: &[String], origins: &[String]) -> io::Result<Self> {
        let wrong = |what: &str, value: &String| {
            io::Error::new(io::ErrorKind::InvalidInput, format!("{value:?} is not {what}"))
        };
        let hosts = hosts.iter().map(|host| place(host).ok_or_else(|| wrong("host[:port]", host)));
        let origins = origins.iter().map(|page| origin(page).ok_or_else(|| wrong("scheme://host[:port]", page)));
        Ok(Self { address, hosts: hosts.collect::<Result<_, _>>()?, origins: origins.collect::<Result<_, _>>()? })
    }

    /// Every name that the request gives for us must be ours.
    pub(super) fn addressed(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let sent = self.sent_to(uri, headers);
        !sent.is_empty() && sent.iter().all(|place| place.as_ref().is_some_and(|place| self.is_ours(place)))
    }

    /// No Origin at all is a program, not a page.
    pub(super) fn welcome(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        headers.get_all(ORIGIN).iter().all(|value| {
            let Some(page) = value.to_str().ok().and_then(origin) else {
                return false;
            };
            self.origins.contains(&page) || self.is_our_page(&page, &self.sent_to(uri, headers))
        })
    }

    fn sent_to(&self, uri: &Uri, headers: &HeaderMap) -> Vec<Option<Place>> {
        let header = headers.get_all(HOST).iter().map(|value| value.to_str().ok().and_then(place));
        let target = uri.authority().map(Authority::as_str).map(place);
        header.chain(target).collect()
    }

    /// The port isn't compared, except where the operator gave one: it may be forwarded, and a
    /// name is what rebinding needs.
    fn is_ours(&self, place: &Place) -> bool {
        let listed =
            self.hosts.iter().any(|ours| ours.host == place.host && (ours.port.is_none() || ours.port == place.port));
        listed
            || match &place.host {
                Host::Name(name) => name == "localhost",
                Host::Address(address) if self.address.ip().is_unspecified() => !address.is_unspecified(),
                Host::Address(address) => {
                    *address == self.address.ip()
                        || *address == IpAddr::from([127, 0, 0, 1])
                        || *address == IpAddr::from(Ipv6Addr::LOCALHOST)
                }
            }
    }

    /// Served by ourselves: under the name that this request is addressed to, or under another name
    /// of ours at our own port.
    fn is_our_page(&self, page: &Origin, sent_to: &[Option<Place>]) -> bool {
        let default = if page.scheme == "https" { 443 } else { 80 };
        let port = page.place.port.unwrap_or(default);
        let same = sent_to
            .iter()
            .flatten()
            .any(|place| place.host == page.place.host && place.port.unwrap_or(default) == port);
        let at_home = page.scheme == "http" && port == self.address.port() && self.is_ours(&page.place);
        self.is_ours(&page.place) && (same || at_home)
    }
}

fn place(text: &str) -> Option<Place> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, rest) = rest.split_once(']')?;
            let port = match rest {
                "" => None,
                rest => Some(rest.strip_prefix(':')?),
            };
            (Host::Address(address.parse::<Ipv6Addr>().ok()?.into()), port)
        }
        None => {
            let (name, port) = match text.split_once(':') {
                Some((name, port)) => (name, Some(port)),
                None => (text, None),
            };
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            if name.is_empty() || !name.bytes().all(plain) {
                return None;
            }
            match name.parse() {
                Ok(address) => (Host::Address(address), port),
                Err(_) => (Host::Name(name.to_ascii_lowercase()), port),
            }
        }
    };
    let port = match port {
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => Some(port.parse().ok()?),
        Some(_) => return None,
        None => None,
    };
    Some(Place { host, port })
}

/// Not for paths: an origin has none, and the opaque `null` is nobody's.
fn origin(text: &str) -> Option<Origin> {
    let (scheme, rest) = text.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let place = place(rest)?;
    matches!(scheme.as_str(), "http" | "https").then_some(Origin { scheme, place })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(address: &str) -> Hosts {
        let names = ["Admin.example.com".to_string(), "pinned.example.com:8443".to_string()];
        let pages = ["https://pages.example.com".to_string()];
        Hosts::new(address.parse().unwrap(), &names, &pages).unwrap()
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn host_matrix() {
        let plain = Uri::from_static("/mcp");
        let local = hosts("127.0.0.1:8787");
        let open = hosts("0.0.0.0:8787");
        for (host, at_local, at_open) in [
            ("localhost", true, true),
            ("localhost:8787", true, true),
            ("LOCALHOST:8787", true, true),
            ("localhost:9000", true, true),
            ("127.0.0.1", true, true),
            ("127.0.0.1:8787", true, true),
            ("[::1]", true, true),
            ("[::1]:8787", true, true),
            ("[0:0:0:0:0:0:0:1]:8787", true, true),
            ("admin.example.com", true, true),
            ("ADMIN.EXAMPLE.COM:443", true, true),
            ("pinned.example.com:8443", true, true),
            ("pinned.example.com", false, false),
            ("pinned.example.com:8787", false, false),
            ("192.168.1.5:8787", false, true),
            ("[fe80::1]:8787", false, true),
            ("0.0.0.0:8787", false, false),
            ("[::]:8787", false, false),
            ("", false, false),
            (":8787", false, false),
            ("evil.example", false, false),
            ("evil.example:8787", false, false),
            ("localhost.evil.example", false, false),
            ("localhost.", false, false),
            ("localhost:", false, false),
            ("localhost:+8787", false, false),
            ("localhost:99999", false, false),
            ("localhost:8787:8787", false, false),
            ("localhost@evil.example", false, false),
            ("evil.example@localhost", false, false),
            ("localhost/evil", false, false),
            ("localhost evil.example", false, false),
            ("localhost,evil.example", false, false),
            ("127.1", false, false),
            ("2130706433", false, false),
            ("0x7f.0.0.1", false, false),
            ("127.0.0.1.nip.io", false, false),
            ("::1", false, false),
            ("[::1", false, false),
            ("[::1]8787", false, false),
            ("[localhost]", false, false),
            ("sub.admin.example.com", false, false),
        ] {
            let sent = headers(&[("host", host)]);
            assert_eq!(local.addressed(&plain, &sent), at_local, "{host} at loopback");
            assert_eq!(open.addressed(&plain, &sent), at_open, "{host} everywhere");
        }
        assert!(!local.addressed(&plain, &headers(&[])));
        let twice = headers(&[("host", "localhost"), ("host", "evil.example")]);
        assert!(!local.addressed(&plain, &twice));
        let absolute = Uri::from_static("http://evil.example/mcp");
        assert!(!local.addressed(&absolute, &headers(&[("host", "localhost")])));
        assert!(local.addressed(&Uri::from_static("http://localhost:8787/mcp"), &headers(&[])));
    }

    #[test]
    fn origin_matrix() {
        let plain = Uri::from_static("/mcp");
        let local = hosts("127.0.0.1:8787");
        for (host, page, welcome) in [
            ("localhost:8787", "http://localhost:8787", true),
            ("localhost:8787", "HTTP://LOCALHOST:8787", true),
            ("127.0.0.1:8787", "http://127.0.0.1:8787", true),
            ("127.0.0.1:8787", "http://localhost:8787", true),
            ("localhost:9000", "http://localhost:9000", true),
            ("admin.example.com", "https://admin.example.com", true),
            ("admin.example.com", "https://admin.example.com:443", true),
            ("localhost:8787", "https://pages.example.com", true),
            ("localhost:8787", "http://pages.example.com", false),
            ("localhost:8787", "https://pages.example.com:8443", false),
            ("localhost:8787", "http://localhost", false),
            ("localhost:8787", "http://localhost:3000", false),
            ("localhost:8787", "http://127.0.0.1:3000", false),
            ("evil.example:8787", "http://evil.example:8787", false),
            ("localhost:8787", "http://evil.example", false),
            ("localhost:8787", "http://evil.example:8787", false),
            ("localhost:8787", "https://localhost.evil.example:8787", false),
            ("localhost:8787", "null", false),
            ("localhost:8787", "", false),
            ("localhost:8787", "localhost:8787", false),
            ("localhost:8787", "http://localhost:8787/", false),
            ("localhost:8787", "http://user@localhost:8787", false),
            ("localhost:8787", "file://localhost:8787", false),
            ("localhost:8787", "chrome-extension://abcdef", false),
            ("localhost:8787", "http://localhost:8787, http://evil.example", false),
        ] {
            let sent = headers(&[("host", host), ("origin", page)]);
            assert_eq!(local.welcome(&plain, &sent), welcome, "{page} to {host}");
        }
        assert!(local.welcome(&plain, &headers(&[("host", "localhost")])));
    }

    #[test]
    fn a_mistyped_allowance_is_an_error() {
        let address = "127.0.0.1:1".parse().unwrap();
        assert!(Hosts::new(address, &["http://a".into()], &[]).is_err());
        assert!(Hosts::new(address, &[], &["example.com".into()]).is_err());
    }
}
