//! The last look at what goes to a caller who is bound to some workspaces. Tools leave out what is said of
//! others; where another's id still stands in a text, it is covered.

use std::collections::BTreeSet;

use serde_json::Value;
use uuid::Uuid;

use crate::failure::Failure;
use crate::tools::ids::WorkspaceId;
use crate::tools::invocation::Invocation;

/// In place of an id.
const COVER: &str = "(a workspace outside)";
/// Characters of a UUID, and of its first part.
const WHOLE: usize = 36;
const FIRST: usize = 8;

pub(super) fn over(result: Result<Value, Failure>, call: &Invocation) -> Result<Value, Failure> {
    if !call.caller.is_bound() {
        return result;
    }
    let others = call.tree.others(|place| call.caller.sees(place));
    match result {
        Ok(mut answer) => {
            cover(&mut answer, &others);
            Ok(answer)
        }
        Err(failure) => Err(failure.retold(|text| covered(&text, &others).unwrap_or(text))),
    }
}

fn cover(value: &mut Value, others: &BTreeSet<WorkspaceId>) {
    match value {
        Value::String(text) => {
            if let Some(covered) = covered(text, others) {
                *text = covered;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| cover(item, others)),
        Value::Object(fields) => {
            fields.values_mut().for_each(|inner| cover(inner, others));
            if fields.keys().any(|name| covered(name, others).is_some()) {
                let named = std::mem::take(fields).into_iter();
                *fields = named.map(|(name, inner)| (covered(&name, others).unwrap_or(name), inner)).collect();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The text without others' ids, where it has any.
fn covered(text: &str, others: &BTreeSet<WorkspaceId>) -> Option<String> {
    let ids = text.match_indices('-').filter_map(|(dash, _)| {
        let found = text.get(dash.checked_sub(FIRST)?..)?.get(..WHOLE)?;
        let id = Uuid::try_parse(found).ok()?.hyphenated().to_string();
        let is_others = WorkspaceId::try_from(id).is_ok_and(|id| others.contains(&id));
        is_others.then_some(found)
    });
    let found: BTreeSet<&str> = ids.collect();
    let without = |text: String, id: &&str| text.replace(id, COVER);
    (!found.is_empty()).then(|| found.iter().fold(text.to_owned(), without))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const OURS: &str = "11111111-1111-4111-8111-111111111111";
    const THEIRS: &str = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";

    #[test]
    fn anothers_id_is_covered_wherever_it_stands() {
        let others = BTreeSet::from([WorkspaceId::try_from(THEIRS.to_owned()).unwrap()]);
        let upper = THEIRS.to_uppercase();
        let mut answer = json!({
            "id": OURS, "source_id": THEIRS, "n": 1,
            "text": format!("von Ämtern-{THEIRS}-x, {upper}, {OURS}"), "deep": [{ THEIRS: "-" }],
        });
        cover(&mut answer, &others);
        let expected = json!({
            "id": OURS, "source_id": COVER, "n": 1,
            "text": format!("von Ämtern-{COVER}-x, {COVER}, {OURS}"), "deep": [{ COVER: "-" }],
        });
        assert_eq!(answer, expected);
    }
}
