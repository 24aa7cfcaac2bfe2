//! A file as a form carries it (`multipart/form-data`), written out whole: it is small, and a body of
//! bytes can be counted, cut off and looked at like any other.

use bytes::Bytes;
use reqwest::header::HeaderValue;
use uuid::Uuid;

/// The content type and the body; none where the name would end the line or the quotes that it stands in.
pub(super) fn of_file(field: &str, name: &str, kind: &str, content: &[u8]) -> Option<(HeaderValue, Bytes)> {
    if name.chars().any(|c| c.is_control() || matches!(c, '"' | '\\')) {
        return None;
    }
    // Nobody who writes a file can guess it, so none can hold it.
    let boundary = Uuid::new_v4().simple();
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n\
         Content-Type: {kind}\r\n\r\n"
    );
    let body = [head.as_bytes(), content, format!("\r\n--{boundary}--\r\n").as_bytes()].concat();
    let kind = HeaderValue::from_str(&format!("multipart/form-data; boundary={boundary}")).ok()?;
    Some((kind, body.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_holds_its_file_between_boundaries() {
        let (kind, body) = of_file("files", "nöte.md", "text/markdown", b"one\r\ntwo").unwrap();
        let boundary = kind.to_str().unwrap().strip_prefix("multipart/form-data; boundary=").unwrap().to_owned();
        let body = String::from_utf8(body.to_vec()).unwrap();
        let head =
            "Content-Disposition: form-data; name=\"files\"; filename=\"nöte.md\"\r\nContent-Type: text/markdown";
        assert_eq!(body, format!("--{boundary}\r\n{head}\r\n\r\none\r\ntwo\r\n--{boundary}--\r\n"));
    }

    #[test]
    fn a_name_that_would_break_out_is_none() {
        for name in ["a\"; x=\"", "a\r\nX: y", "a\\", "a\0"] {
            assert!(of_file("files", name, "text/plain", b"").is_none(), "{name:?}");
        }
    }
}
