//! Forms in a client, as the protocol carries them: the newest revision between two calls, the older ones
//! while the call waits. Raw JSON, because an honest client wouldn't do most of this.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::process::{Running, bare};

const ERROR: &str = "molecule-org-mcp/error";

struct Client {
    server: Running,
    modern: bool,
    capabilities: Value,
    last: u64,
    _home: tempfile::TempDir,
}

impl Client {
    fn start(modern: bool, capabilities: Value) -> Self {
        let home = tempfile::tempdir().unwrap();
        // Nobody waits here; who has to agree is as it is without a policy.
        let policy = home.path().join("policy.toml");
        std::fs::write(&policy, "[limits]\nread = 0\nwrite = 0\ndestroy = 0\nescalate = 0\n").unwrap();
        let mut command = bare(home.path());
        command.env("MOLECULE_MCP_POLICY", &policy);
        let mut server = Running::start(command, &["stdio", "--embedded"]);
        if !modern {
            let client = json!({ "name": "test", "version": "1" });
            let params = json!({ "protocolVersion": "2025-06-18", "capabilities": capabilities, "clientInfo": client });
            server.send(&json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params }));
            server.answer();
            server.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        }
        Self { server, modern, capabilities, last: 0, _home: home }
    }

    fn send(&mut self, tool: &str, arguments: &Value, more: &Value) {
        self.last += 1;
        let mut params = json!({ "name": tool, "arguments": arguments });
        if self.modern {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
                "io.modelcontextprotocol/clientCapabilities": self.capabilities,
            });
        }
        for (name, value) in more.as_object().unwrap() {
            params[name] = value.clone();
        }
        self.server.send(&json!({ "jsonrpc": "2.0", "id": self.last, "method": "tools/call", "params": params }));
    }

    fn call(&mut self, tool: &str, arguments: &Value, more: &Value) -> Value {
        self.send(tool, arguments, more);
        let answer = self.server.answer();
        assert_eq!(answer["id"], self.last, "{answer}");
        answer["result"].clone()
    }

    fn workspace(&mut self, name: &str) -> Value {
        let made = self.call("create_workspace", &json!({ "name": name, "external": true }), &json!({}));
        json!({ "workspace_id": made["structuredContent"]["id"] })
    }

    /// Asks for a deletion; the sealed state that comes with the form.
    fn asked(&mut self, arguments: &Value) -> String {
        let result = self.call("delete_workspace", arguments, &json!({}));
        assert_eq!(result["resultType"], "input_required", "{result}");
        result["requestState"].as_str().unwrap().to_owned()
    }

    fn answered(&mut self, arguments: &Value, state: &str, answer: Value) -> Value {
        let more = json!({ "requestState": state, "inputResponses": { "consent": answer } });
        self.call("delete_workspace", arguments, &more)
    }
}

fn forms() -> Value {
    json!({ "elicitation": { "form": {} } })
}

fn named(name: &str) -> Value {
    json!({ "action": "accept", "content": { "name": name } })
}

fn code(result: &Value) -> &str {
    match result["isError"].as_bool() {
        Some(true) => result["_meta"][ERROR]["code"].as_str().unwrap(),
        _ if result["resultType"] == "input_required" => "asked",
        _ => "done",
    }
}

#[tokio::test]
async fn the_newest_revision_shows_a_form_between_two_calls() {
    let mut client = Client::start(true, forms());
    let arguments = client.workspace("Old team");
    let result = client.call("delete_workspace", &arguments, &json!({}));
    let form = &result["inputRequests"]["consent"];
    assert_eq!((&form["method"], &form["params"]["mode"]), (&json!("elicitation/create"), &json!("form")));
    let message = form["params"]["message"].as_str().unwrap();
    assert!(message.contains("Workspace \"Old team\"") && message.contains("workspace_id = "), "{message}");
    let name = &form["params"]["requestedSchema"]["properties"]["name"];
    assert_eq!((&name["type"], &name["title"]), (&json!("string"), &json!("Type \"Old team\" to agree")));
    let state = result["requestState"].as_str().unwrap().to_owned();
    let done = client.answered(&arguments, &state, named("Old team"));
    assert_eq!(done["structuredContent"]["status"], "removed", "{done}");
    // Once more with the same answer.
    assert_eq!(code(&client.answered(&arguments, &state, named("Old team"))), "CONSENT_INVALID");
    let written = client.call("query_journal", &json!({ "tool": "delete_workspace" }), &json!({}));
    let outcomes: Vec<&Value> =
        written["structuredContent"]["items"].as_array().unwrap().iter().map(|one| &one["outcome"]).collect();
    assert_eq!(outcomes, ["CONSENT_INVALID", "done", "CONSENT_REQUIRED"]);
}

#[tokio::test]
async fn a_forged_state_opens_nothing() {
    let mut client = Client::start(true, forms());
    let (one, two) = (client.workspace("One"), client.workspace("Two"));
    let (state, other) = (client.asked(&one), client.asked(&two));
    let bytes = URL_SAFE_NO_PAD.decode(&state).unwrap();
    for at in 0..bytes.len() {
        let mut bent = bytes.clone();
        bent[at] ^= 1;
        let bent = URL_SAFE_NO_PAD.encode(bent);
        assert_eq!(code(&client.answered(&one, &bent, named("One"))), "CONSENT_INVALID", "{at}");
    }
    assert_eq!(code(&client.answered(&one, &other, named("One"))), "CONSENT_INVALID", "another call's");
    assert_eq!(code(&client.answered(&one, "", named("One"))), "CONSENT_INVALID");
    let mut changed = one.clone();
    changed["purge"] = json!(true);
    assert_eq!(code(&client.answered(&changed, &state, named("One"))), "CONSENT_INVALID", "another argument");
    for unclear in [json!(null), json!({}), json!({ "action": "yes" }), json!({ "action": "accept" })] {
        assert_eq!(code(&client.answered(&one, &state, unclear.clone())), "CONSENT_INVALID", "{unclear}");
    }
    let without = client.call("delete_workspace", &one, &json!({ "inputResponses": { "consent": named("One") } }));
    assert_eq!(code(&without), "asked", "an answer to nothing");
    assert_eq!(code(&client.answered(&one, &state, named("One"))), "done", "the true one still works");
}

#[tokio::test]
async fn a_form_can_be_declined_cancelled_or_filled_in_wrong() {
    let mut client = Client::start(true, forms());
    let one = client.workspace("One");
    let state = client.asked(&one);
    assert_eq!(code(&client.answered(&one, &state, json!({ "action": "decline" }))), "CONSENT_INVALID");
    assert_eq!(code(&client.answered(&one, &state, named("One"))), "CONSENT_INVALID", "no stays no");
    assert_eq!(code(&client.call("delete_workspace", &one, &json!({}))), "CONSENT_INVALID", "and isn't asked again");

    let two = client.workspace("Two");
    let state = client.asked(&two);
    let put_aside = client.answered(&two, &state, json!({ "action": "cancel" }));
    assert_eq!(code(&put_aside), "CONSENT_REQUIRED");
    assert!(put_aside["_meta"][ERROR]["next"].as_str().unwrap().contains("consents agree"), "{put_aside}");
    assert_eq!(code(&client.answered(&two, &state, named("two"))), "CONSENT_INVALID", "another name");
    let state = client.asked(&two);
    assert_eq!(code(&client.answered(&two, &state, named("Two"))), "done", "the second try");
}

#[tokio::test]
async fn who_shows_no_forms_gets_the_next_way() {
    for (modern, capabilities) in
        [(true, json!({})), (true, json!({ "elicitation": { "url": {} } })), (false, json!({}))]
    {
        let mut client = Client::start(modern, capabilities.clone());
        let one = client.workspace("One");
        let result = client.call("delete_workspace", &one, &json!({}));
        assert_eq!(code(&result), "CONSENT_REQUIRED", "{modern} {capabilities}");
        assert_eq!(result["_meta"][ERROR]["consent_id"].as_str().unwrap().len(), 8);
    }
}

#[tokio::test]
async fn an_older_client_is_asked_while_the_call_waits() {
    let mut client = Client::start(false, json!({ "elicitation": {} }));
    let one = client.workspace("One");
    for (answer, expected) in [(named("two"), "CONSENT_INVALID"), (named("One"), "done")] {
        client.send("delete_workspace", &one, &json!({}));
        let question = client.server.answer();
        assert_eq!(question["method"], "elicitation/create", "{question}");
        assert!(question["params"]["message"].as_str().unwrap().contains("Workspace \"One\""));
        // Meanwhile others are answered.
        let id = client.last;
        let listed = client.call("list_workspaces", &json!({}), &json!({}));
        assert_eq!(code(&listed), "done");
        client.server.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": answer }));
        let ended = client.server.answer();
        assert_eq!(ended["id"], id);
        assert_eq!(code(&ended["result"]), expected, "{ended}");
    }
}

#[tokio::test]
async fn a_yes_or_no_is_a_switch() {
    let mut client = Client::start(true, forms());
    let one = client.workspace("One");
    let result = client.call("create_workspace_token", &one, &json!({}));
    let schema = &result["inputRequests"]["consent"]["params"]["requestedSchema"];
    assert_eq!(schema["properties"]["agree"]["type"], "boolean", "{result}");
    let state = &result["requestState"];
    let answer = json!({ "action": "accept", "content": { "agree": true } });
    let more = json!({ "requestState": state, "inputResponses": { "consent": answer } });
    assert_eq!(code(&client.call("create_workspace_token", &one, &more)), "done");
}
