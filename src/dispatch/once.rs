//! Once and not twice: what a creating tool does under an idempotency key.

use serde_json::{Map, Value};

use super::record;
use crate::digest;
use crate::failure::{Changed, Code, Failure};
use crate::repeats::{Before, End, Once};
use crate::tools::tool::{IDEMPOTENCY_KEY, Tool};
use crate::transport::caller::Caller;

const LONGEST: usize = 200;

/// Takes the key out of the arguments, where the tool has one.
pub(super) fn take(
    tool: &Tool,
    arguments: &mut Map<String, Value>,
    caller: &Caller,
    tenant: &str,
) -> Result<Option<Once>, Failure> {
    if !tool.creates {
        return Ok(None);
    }
    let key = match arguments.remove(IDEMPOTENCY_KEY) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(key)) if key.is_empty() => return Ok(None),
        Some(Value::String(key)) if key.len() <= LONGEST => key,
        Some(_) => {
            return Err(Failure::invalid(format!("`{IDEMPOTENCY_KEY}`: expected a text of up to {LONGEST} bytes")));
        }
    };
    Ok(Some(Once {
        tenant: tenant.to_owned(),
        caller: caller.identity(),
        tool: tool.name,
        key: digest::sha256(&key),
        arguments: record::digest(arguments),
    }))
}

/// Why it isn't begun now, where it isn't.
pub(super) fn refused(before: &Before) -> Option<Failure> {
    let (message, next) = match before {
        Before::Running => (
            "the first call under this idempotency key is still under way",
            "Call again in a moment, with the same key and arguments, for its outcome.",
        ),
        Before::Other => (
            "this idempotency key was used with other arguments within the last 24 hours",
            "Take another key for another call.",
        ),
        Before::Nothing | Before::Done { .. } | Before::Unclear { .. } => return None,
    };
    Some(Failure::new(Code::Conflict, message).next(next))
}

/// Somebody took the key between our look and our intent.
pub(super) fn overtaken() -> Failure {
    refused(&Before::Running).unwrap_or_else(|| Failure::new(Code::Conflict, "somebody was quicker"))
}

/// What the key stands for from now on.
pub(super) fn end(result: &Result<Value, Failure>) -> End {
    match result {
        Ok(answer) => End::Done(answer.to_string()),
        Err(failure) if failure.has_changed() == Changed::No => End::Nothing,
        Err(_) => End::Unclear,
    }
}
