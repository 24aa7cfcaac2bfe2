//! One JSON-RPC message out of bytes. What isn't one becomes a `Fault`, an error that the sender
//! can act on: rmcp answers these with silence on stdio and with bare text over HTTP. Both doors
//! read through here, so a mistake has the same answer at each.

use rmcp::model::ClientJsonRpcMessage;
use serde_json::{Value, json};

pub(super) const PARSE_ERROR: i32 = -32700;
pub(super) const INVALID_REQUEST: i32 = -32600;
const INVALID_PARAMS: i32 = -32602;

/// A JSON-RPC error answer to what could not be taken as a request.
#[derive(Debug, PartialEq)]
pub(super) struct Fault {
    id: Value,
    code: i32,
    message: String,
}

impl Fault {
    pub(super) fn new(code: i32, message: impl Into<String>) -> Self {
        Self { id: Value::Null, code, message: message.into() }
    }

    pub(super) fn to(mut self, id: Value) -> Self {
        self.id = id;
        self
    }

    pub(super) fn body(&self) -> Vec<u8> {
        let error = json!({ "code": self.code, "message": self.message });
        json!({ "jsonrpc": "2.0", "id": self.id, "error": error }).to_string().into_bytes()
    }
}

/// `None` is a response that makes no sense: answering those would have two peers complain to each
/// other forever.
pub(super) fn read(bytes: &[u8]) -> Result<Option<ClientJsonRpcMessage>, Fault> {
    // Windows shells put a byte order mark before what they pipe.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let place = error.valid_up_to();
        Fault::new(PARSE_ERROR, format!("Parse error: not UTF-8 at byte {place}."))
    })?;
    // Serde would take an array for a struct.
    if !text.trim_start().starts_with('[')
        && let Ok(message) = serde_json::from_str(text)
    {
        return Ok(Some(message));
    }
    match serde_json::from_str(text) {
        Ok(value) => fault_of(&value).map_or(Ok(None), Err),
        Err(error) => Err(Fault::new(PARSE_ERROR, format!("Parse error: {error}."))),
    }
}

/// Why this JSON isn't a message.
fn fault_of(value: &Value) -> Option<Fault> {
    let fault = |message: &str| Some(Fault::new(INVALID_REQUEST, message));
    let object = match value {
        Value::Object(object) => object,
        Value::Array(_) => return fault("Batches aren't taken: send one message at a time."),
        _ => return fault("A message is a JSON object."),
    };
    let method = object.get("method");
    if method.is_none() && (object.contains_key("result") || object.contains_key("error")) {
        return None;
    }
    let id = match object.get("id") {
        Some(Value::Null) => return fault("The id may not be null: use a string or an integer."),
        Some(id) if !(id.is_string() || id.is_i64()) => {
            return fault("The id must be a string or an integer.");
        }
        id => id.cloned().unwrap_or_default(),
    };
    let wrong_params = object.get("params").is_some_and(|params| !params.is_object());
    let (code, message) = match method {
        _ if object.get("jsonrpc") != Some(&json!("2.0")) => (INVALID_REQUEST, "`jsonrpc` must be \"2.0\"."),
        None => (INVALID_REQUEST, "`method` is missing."),
        Some(method) if !method.is_string() => (INVALID_REQUEST, "`method` must be a string."),
        Some(_) if wrong_params => (INVALID_PARAMS, "`params` must be an object."),
        Some(_) if object.contains_key("result") || object.contains_key("error") => {
            (INVALID_REQUEST, "A message is a request or a response, not both.")
        }
        Some(_) => (INVALID_PARAMS, "A field of `params` has the wrong type."),
    };
    Some(Fault::new(code, message).to(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mistake_is_named() {
        for (sent, code, id, word) in [
            ("{", PARSE_ERROR, json!(null), "Parse error"),
            ("{\"a\":\0}", PARSE_ERROR, json!(null), "Parse error"),
            ("[]", INVALID_REQUEST, json!(null), "Batches"),
            (r#" [{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, INVALID_REQUEST, json!(null), "Batches"),
            ("7", INVALID_REQUEST, json!(null), "object"),
            (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, INVALID_REQUEST, json!(null), "null"),
            (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, INVALID_REQUEST, json!(null), "integer"),
            (r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, INVALID_REQUEST, json!(null), "integer"),
            (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, INVALID_REQUEST, json!(1), "jsonrpc"),
            (r#"{"id":"a","method":"ping"}"#, INVALID_REQUEST, json!("a"), "jsonrpc"),
            (r#"{"jsonrpc":"2.0","id":1}"#, INVALID_REQUEST, json!(1), "missing"),
            (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, INVALID_REQUEST, json!(1), "string"),
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":1}"#, INVALID_REQUEST, json!(1), "both"),
            (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}"#, INVALID_PARAMS, json!(1), "object"),
            (r#"{"jsonrpc":"2.0","id":1,"method":"nobody/knows","params":7}"#, INVALID_PARAMS, json!(1), "object"),
        ] {
            let fault = read(sent.as_bytes()).unwrap_err();
            assert_eq!((fault.code, &fault.id), (code, &id), "{sent}");
            assert!(fault.message.contains(word), "{sent}: {}", fault.message);
        }
        assert_eq!(read(b"{\"\xff\":1}").unwrap_err().code, PARSE_ERROR);
    }

    #[test]
    fn senseless_responses_have_no_answer() {
        for sent in [r#"{"jsonrpc":"2.0","id":{},"result":1}"#, r#"{"jsonrpc":"2.0","id":[1],"error":"no"}"#] {
            assert!(matches!(read(sent.as_bytes()), Ok(None)), "{sent}");
        }
    }

    #[test]
    fn messages_pass() {
        for sent in [
            r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":"a","method":"nobody/knows","params":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":7}}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            "\u{feff}{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\r",
        ] {
            assert!(matches!(read(sent.as_bytes()), Ok(Some(_))), "{sent}");
        }
    }
}
