//! What stands beside an answer: links to what it names, the bytes of a file that it describes, and texts that
//! it shows only the start of. Tools put it here while they run; the road keeps those texts once they are cleaned.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde_json::Value;
use uuid::Uuid;

use crate::media;
use crate::resources;

#[derive(Clone, Default)]
pub struct Beside(Arc<Mutex<Inner>>);

/// What the answer names and can be read by its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub uri: String,
    pub media: &'static str,
    /// Bytes.
    pub size: u64,
}

#[derive(Default)]
struct Inner {
    rests: Vec<(Uuid, String)>,
    links: Vec<Link>,
    bytes: Option<Bytes>,
    untrusted: bool,
}

impl Beside {
    /// A text whose start is in the answer.
    pub fn rest(&self, whole: &str) -> Uuid {
        let id = Uuid::now_v7();
        self.inner().rests.push((id, whole.to_owned()));
        id
    }

    /// A file that the answer describes and that isn't text, by its whole path in the container.
    pub fn file(&self, workspace: &str, path: &str, size: u64) -> String {
        let uri = resources::of_file(workspace, path);
        self.inner().links.push(Link { uri: uri.clone(), media: media::of_bytes(path), size });
        uri
    }

    /// What is in that file.
    pub fn bytes(&self, bytes: Bytes) {
        self.inner().bytes = Some(bytes);
    }

    /// The answer quotes the tenant, though it wasn't asked.
    pub fn is_untrusted(&self) {
        self.inner().untrusted = true;
    }

    /// The texts whose ids stand in the answer; those of items that didn't come into it aren't needed.
    pub fn rests_of(&self, answer: &Value) -> Vec<(Uuid, String)> {
        let rests = std::mem::take(&mut self.inner().rests);
        let named: Vec<_> = rests.into_iter().filter(|(id, _)| names(answer, &id.to_string())).collect();
        self.inner().links.extend(named.iter().map(|(id, text)| Link {
            uri: resources::of_result(&id.to_string()),
            media: "text/plain",
            size: text.len() as u64,
        }));
        named
    }

    /// What the answer names, the bytes that it describes, and whether it quotes the tenant.
    pub fn taken(&self) -> (Vec<Link>, Option<Bytes>, bool) {
        let Inner { links, bytes, untrusted, .. } = std::mem::take(&mut *self.inner());
        (links, bytes, untrusted)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn names(value: &Value, id: &str) -> bool {
    match value {
        Value::String(text) => text.contains(id),
        Value::Array(items) => items.iter().any(|item| names(item, id)),
        Value::Object(fields) => fields.values().any(|inner| names(inner, id)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_the_answer_names_is_kept() {
        let beside = Beside::default();
        let (shown, left_out) = (beside.rest("one"), beside.rest("two"));
        let answer = json!({ "items": [{ "text": format!("o; the rest: read_result with `id` {shown}") }] });
        assert_eq!(beside.rests_of(&answer), [(shown, "one".to_owned())]);
        assert_ne!(shown, left_out);
        let links = beside.taken().0;
        assert_eq!((links.len(), links[0].uri.clone()), (1, format!("molecule://results/{shown}")));
    }
}
