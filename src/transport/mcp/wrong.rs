//! Requests of the wrong shape, told what is wrong with them.

use rmcp::ErrorData;
use rmcp::model::*;
use rmcp::service::{RequestContext, RoleServer};
use serde_json::Value;

/// rmcp brings a known method as a custom one when its parameters have the wrong shape.
pub(super) fn custom(request: &CustomRequest, context: &RequestContext<RoleServer>) -> ErrorData {
    let wrong_shape =
        |method: &str| ErrorData::invalid_params(format!("The params of {method} have the wrong shape."), None);
    // The newest revision has no handshake and no ping.
    let modern = context.meta.protocol_version().is_some_and(|version| !version.has_initialize());
    match request.method.as_str() {
        "tools/call" => ErrorData::invalid_params(wrong_with_call(request.params.as_ref()), None),
        "prompts/get" => ErrorData::invalid_params(
            "prompts/get: `params` is an object with `name`, and `arguments` as an object of texts.",
            None,
        ),
        "completion/complete" => ErrorData::invalid_params(
            "completion/complete: `params` is an object with `ref` (`type` ref/prompt and `name`, or ref/resource and \
             `uri`) and `argument` (`name` and `value`, texts).",
            None,
        ),
        method @ ("server/discover"
        | "tools/list"
        | "prompts/list"
        | "resources/list"
        | "resources/templates/list"
        | "resources/read") => wrong_shape(method),
        method @ "subscriptions/listen" if modern => wrong_shape(method),
        method @ ("tasks/get" | "tasks/update" | "tasks/cancel") if modern => wrong_shape(method),
        method @ ("initialize" | "ping" | "resources/subscribe" | "resources/unsubscribe") if !modern => {
            wrong_shape(method)
        }
        _ => ErrorData::new(ErrorCode::METHOD_NOT_FOUND, request.method.clone(), None),
    }
}

fn wrong_with_call(params: Option<&Value>) -> String {
    let why = match params {
        None => "`params` is missing",
        Some(Value::Object(params)) => match (params.get("name"), params.get("arguments")) {
            (None, _) => "`params.name` is missing",
            (Some(name), _) if !name.is_string() => "`params.name` must be a string",
            (_, Some(arguments)) if !(arguments.is_object() || arguments.is_null()) => {
                "`params.arguments` must be an object"
            }
            _ => "a field of `params` has the wrong type",
        },
        Some(_) => "`params` must be an object",
    };
    format!("tools/call: {why}.")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_wrong_call_is_told_what_is_wrong() {
        for (params, word) in [
            (None, "`params` is missing"),
            (Some(json!([])), "`params` must be an object"),
            (Some(json!({})), "`params.name` is missing"),
            (Some(json!({ "name": 7 })), "`params.name` must be a string"),
            (Some(json!({ "name": "a", "arguments": [] })), "`params.arguments` must be"),
        ] {
            assert!(wrong_with_call(params.as_ref()).contains(word), "{params:?}");
        }
    }
}
