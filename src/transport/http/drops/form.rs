//! What a form sends (`application/x-www-form-urlencoded`). Its texts are secrets.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

#[derive(Default)]
pub(super) struct Form(BTreeMap<String, String>);

impl Form {
    pub(super) fn read(body: &[u8]) -> Self {
        let text = str::from_utf8(body).unwrap_or_default();
        let fields = text.split('&').filter_map(|field| field.split_once('='));
        Self(fields.filter_map(|(name, value)| Some((decoded(name)?, decoded(value)?))).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn take(&self, name: &str) -> String {
        self.0.get(name).cloned().unwrap_or_default()
    }
}

fn decoded(text: &str) -> Option<String> {
    percent_decode_str(&text.replace('+', " ")).decode_utf8().ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_browsers_write_it() {
        let form = Form::read(b"code=ABCD-EF+GH&value=a%2Bb+%26+%C3%A4%3D&empty=&broken=%ff&alone");
        assert_eq!(form.get("code"), Some("ABCD-EF GH"));
        assert_eq!(form.take("value"), "a+b & ä=");
        assert_eq!((form.get("empty"), form.get("broken"), form.get("alone")), (Some(""), None, None));
        assert!(Form::read(b"\xff\xff").get("code").is_none());
    }
}
