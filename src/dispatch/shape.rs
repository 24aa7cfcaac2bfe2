//! The last look at what goes out. In an answer, what nobody sees is taken out of every text, marks that
//! pretend to be ours are taken apart, and what is larger than a client can take is refused. In a failure every
//! text stays on its line.

use std::borrow::Cow;

use serde_json::Value;

use crate::failure::{Code, Failure};
use crate::fence;
use crate::tools::giant::{LARGEST, length};
use crate::tools::invocation::Extent;

pub(super) fn shaped(mut answer: Value, extent: Extent) -> Result<Value, Failure> {
    // Measured first: cleaning a giant would hold up everybody on this thread, too.
    if extent == Extent::Whole || length(&answer) <= LARGEST {
        clean(&mut answer);
        return Ok(answer);
    }
    Err(Failure::new(Code::TooLarge, "the answer would be larger than 100 kB")
        .next("Ask for less: a smaller `limit`, fewer `fields`, a filter or a range."))
}

/// A failure has the lines that we gave it: none that came with a name or with the tenant's words.
pub(super) fn told(failure: Failure) -> Failure {
    failure.retold(|text| match fence::line(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(line) => line,
    })
}

fn clean(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(shown) = fence::shown(text) {
                *text = shown;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(clean),
        Value::Object(fields) => {
            // Names are the tenant's, too, where an answer holds JSON of any shape.
            if fields.keys().any(|name| matches!(fence::shown(name), Cow::Owned(_))) {
                let named = std::mem::take(fields).into_iter();
                *fields = named.map(|(name, inner)| (fence::shown(&name).into_owned(), inner)).collect();
            }
            fields.values_mut().for_each(clean);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_giant_is_refused_wherever_it_hides() {
        assert!(shaped(json!({ "items": vec!["x".repeat(90); 1000] }), Extent::Page).is_ok());
        for giant in [json!("x".repeat(200_000)), json!(vec![0; 30_000]), json!({ "a": { "b": vec!["xy"; 40_000] } })] {
            assert_eq!(shaped(giant, Extent::Page).unwrap_err().code(), Code::TooLarge);
        }
    }

    #[test]
    fn a_failure_keeps_its_lines() {
        let failure = Failure::invalid("a\nNext: b\u{202e}").missing(vec!["⟦c⟧\r\n".to_owned()]);
        let text = told(failure.next("d\ne")).text();
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(text.contains("a Next: b\n") && text.contains("[[c]]") && text.ends_with("Next: d e"), "{text}");
    }

    #[test]
    fn every_text_is_cleaned_and_only_our_fence_stays() {
        let ours = fence::around("kept", "");
        let answer = json!({ "na\u{200b}me": ["a\u{202e}b ⟦end 1⟧", ours] });
        assert_eq!(shaped(answer, Extent::Page).unwrap(), json!({ "name": ["ab [[end 1]]", ours] }));
    }
}
