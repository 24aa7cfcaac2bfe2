//! Filling a route's placeholders. Whatever a value holds, the path that leaves has the route's own
//! segments and one segment a placeholder (or, for `{*name}`, one a piece between slashes).

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use uuid::Uuid;

use crate::failure::{Code, Failure};

const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What may stand in a path. Tools implement it for their checked newtypes; encoding happens here.
pub trait PathPart {
    fn part(&self) -> Cow<'_, str>;
}

impl PathPart for str {
    fn part(&self) -> Cow<'_, str> {
        Cow::Borrowed(self)
    }
}

impl PathPart for String {
    fn part(&self) -> Cow<'_, str> {
        Cow::Borrowed(self)
    }
}

impl PathPart for Uuid {
    fn part(&self) -> Cow<'_, str> {
        Cow::Owned(self.to_string())
    }
}

pub(super) fn encode(value: &str) -> impl std::fmt::Display + '_ {
    utf8_percent_encode(value, ENCODED)
}

/// The names in a template: `{name}`, or `{*name}` for the rest of the path.
pub(super) fn placeholders(template: &'static str) -> impl Iterator<Item = &'static str> {
    template.split('/').filter_map(|segment| Placeholder::of(segment).map(|p| p.name))
}

struct Placeholder {
    name: &'static str,
    many: bool,
}

impl Placeholder {
    fn of(segment: &'static str) -> Option<Self> {
        let inner = segment.strip_prefix('{')?.strip_suffix('}')?;
        Some(match inner.strip_prefix('*') {
            Some(name) => Self { name, many: true },
            None => Self { name: inner, many: false },
        })
    }
}

/// The path as it goes onto the wire.
pub(super) fn fill(template: &'static str, values: &[(&str, String)]) -> Result<String, Failure> {
    let mut path = String::with_capacity(template.len() + 40);
    for segment in template.split('/').skip(1) {
        path.push('/');
        let Some(placeholder) = Placeholder::of(segment) else {
            path.push_str(segment);
            continue;
        };
        let name = placeholder.name;
        let Some((_, value)) = values.iter().find(|(n, _)| *n == name) else {
            return Err(Failure::new(Code::Internal, format!("`{name}` of {template} wasn't filled")));
        };
        if placeholder.many {
            for (i, piece) in value.split('/').enumerate() {
                if i > 0 {
                    path.push('/');
                }
                push(&mut path, name, piece)?;
            }
        } else {
            push(&mut path, name, value)?;
        }
    }
    Ok(path)
}

fn push(path: &mut String, name: &str, value: &str) -> Result<(), Failure> {
    if value.is_empty() {
        return Err(Failure::invalid(format!("`{name}` can't be empty, or have an empty piece")));
    }
    if value.chars().any(char::is_control) {
        return Err(Failure::invalid(format!("`{name}` can't hold control characters")));
    }
    // Encoded slashes are decoded again by some proxies, so steps hidden between them don't go either.
    if value.split(['/', '\\']).any(|piece| matches!(piece, "." | "..")) {
        return Err(Failure::invalid(format!("`{name}` can't hold `.` or `..` as a piece of a path")));
    }
    path.extend(utf8_percent_encode(value, ENCODED));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "/workspaces/{id}/state";
    const REST: &str = "/workspaces/{id}/files/{*path}";

    fn one(value: &str) -> Result<String, Failure> {
        fill(ONE, &[("id", value.to_owned())])
    }

    #[test]
    fn any_value_is_one_segment_or_refused() {
        let long = "a/".repeat(5_000);
        for value in [
            "../",
            "..",
            ".",
            "",
            "../../settings/secrets/X",
            "..\\..\\x",
            "%2e%2e",
            "%2e%2e%2f",
            "%252e",
            "．．",
            "․․",
            "a／b",
            "a∕b",
            "⁄",
            "?x=1",
            "#x",
            "\\",
            "\0",
            "a\0b",
            "a\nb",
            "a\r\nHost: x",
            "\u{85}",
            "a b",
            "a+b",
            ";v=1",
            "@host",
            "//host",
            ":80",
            "x/./y",
            "x/../y",
            &long,
        ] {
            let Ok(path) = one(value) else { continue };
            assert_eq!(path.split('/').count(), 4, "{value:?} became {path}");
            let url = reqwest::Url::parse(&format!("http://127.0.0.1{path}")).unwrap();
            assert_eq!(url.path(), path, "{value:?} was rewritten");
            assert_eq!(url.query(), None);
            assert_eq!(url.fragment(), None);
            assert_eq!(url.host_str(), Some("127.0.0.1"));
        }
    }

    #[test]
    fn refuses_steps_emptiness_and_control() {
        for value in ["", ".", "..", "../", "a/../b", "a\\..\\b", "\0", "a\u{7f}", "\u{9b}"] {
            assert_eq!(one(value).unwrap_err().code(), Code::InvalidInput, "{value:?}");
        }
    }

    #[test]
    fn encodes_every_byte_that_isnt_unreserved() {
        assert_eq!(one("a b/ü~%").unwrap(), "/workspaces/a%20b%2F%C3%BC~%25/state");
        assert_eq!(one("%2e%2e").unwrap(), "/workspaces/%252e%252e/state");
    }

    #[test]
    fn the_rest_of_a_path_keeps_its_slashes_only() {
        let fill = |path: &str| fill(REST, &[("id", "w".into()), ("path", path.into())]);
        assert_eq!(fill("a/b c.md").unwrap(), "/workspaces/w/files/a/b%20c.md");
        for bad in ["", "/a", "a//b", "a/", "../a", "a/..", "a/./b", "a\\..\\b"] {
            assert_eq!(fill(bad).unwrap_err().code(), Code::InvalidInput, "{bad}");
        }
    }

    #[test]
    fn an_unfilled_placeholder_is_our_mistake() {
        assert_eq!(fill(ONE, &[]).unwrap_err().code(), Code::Internal);
        assert_eq!(placeholders(REST).collect::<Vec<_>>(), ["id", "path"]);
    }
}
