//! A grant at each door of the real binary: what its holder is shown and may do, and that it ends at once
//! when it is revoked, wherever the caller stands by then.

use std::path::Path;

use serde_json::{Value, json};

use super::{created, grants, listed};
use crate::process::{Running, command, ended, towards};
use crate::support::{entries, http, state};

struct Door {
    url: String,
    owner: String,
    _server: Running,
}

impl Door {
    fn open(data: &Path, more: &[&str]) -> Self {
        let arguments = [&["http", "--embedded", "--listen", "127.0.0.1:0"], more].concat();
        let mut server = Running::start(command(data), &arguments);
        let url = server.told("ready ").replace("ready ", "");
        let owner = std::fs::read_to_string(data.join("owner-bearer")).unwrap_or_default().trim().to_owned();
        Self { url, owner, _server: server }
    }

    async fn post(&self, path: &str, headers: &[(&str, &str)], message: &Value) -> (u16, Value) {
        let kind = [("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream")];
        let (status, body) =
            http("POST", &format!("{}{path}", self.url), &[&kind, headers].concat(), &message.to_string()).await;
        let lines = body.lines().map(|line| line.trim_start_matches("data: "));
        let json = lines.rev().find_map(|line| serde_json::from_str(line).ok().filter(Value::is_object));
        (status, json.unwrap_or(Value::Null))
    }

    async fn ask(&self, bearer: &str, method: &str, params: Value) -> (u16, Value) {
        let authorization = format!("Bearer {bearer}");
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        self.post("/json", &[("Authorization", &authorization)], &message).await
    }

    async fn call(&self, bearer: &str, tool: &str, arguments: Value) -> (u16, Value) {
        let (status, answer) = self.ask(bearer, "tools/call", json!({ "name": tool, "arguments": arguments })).await;
        (status, answer["result"].clone())
    }

    async fn tools(&self, bearer: &str) -> Vec<String> {
        let (_, answer) = self.ask(bearer, "tools/list", json!({})).await;
        let tools = answer["result"]["tools"].as_array().unwrap();
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    }
}

fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap()
}

#[tokio::test]
async fn a_grant_opens_what_its_role_may_until_it_is_revoked() {
    let data = tempfile::tempdir().unwrap();
    let door = Door::open(data.path(), &["--surface", "full"]);
    let viewer = created(data.path(), &["--name", "eyes", "--role", "viewer", "--expires", "7d"]).await;
    let narrow = ["--name", "keeper", "--role", "operator", "--toolsets", "workspaces,governance"];
    let keeper = created(data.path(), &narrow).await;

    let (all, seen, kept) = (door.tools(&door.owner).await, door.tools(&viewer).await, door.tools(&keeper).await);
    assert!(all.contains(&"mint_org_key".into()) && all.contains(&"list_workspaces".into()));
    assert!(seen.contains(&"list_org_keys".into()) && !seen.contains(&"create_workspace".into()), "{seen:?}");
    assert!(kept.contains(&"create_workspace".into()) && !kept.contains(&"list_org_keys".into()), "{kept:?}");

    // Counted a moment later; the mutation below waits for that.
    let (_, who) = door.call(&keeper, "whoami", json!({})).await;
    let who = &who["structuredContent"];
    assert_eq!((&who["caller"], &who["role"], &who["door"]), (&json!("keeper"), &json!("operator"), &json!("http")));
    assert_eq!(who["toolsets"], json!(["workspaces", "governance"]));
    assert!(who["refused"]["toolset"].as_array().unwrap().contains(&json!("list_org_keys")), "{who}");

    let made = json!({ "name": "made", "external": true });
    let (status, refused) = door.call(&viewer, "create_workspace", made.clone()).await;
    assert_eq!((status, &refused["isError"]), (200, &json!(true)));
    assert!(text(&refused).starts_with("FORBIDDEN_BY_POLICY: "), "{refused}");
    let (_, done) = door.call(&keeper, "create_workspace", made).await;
    assert_eq!(done["isError"], false, "{done}");
    let id = &done["structuredContent"]["id"];

    let line = listed(data.path(), "keeper").await;
    assert_eq!((&who["grant"]["id"], &who["grant"]["expires"]), (&line["id"], &line["expires"]));
    assert_eq!((&line["state"], &line["calls"]), (&json!("live"), &json!({ "create_workspace": 1, "whoami": 1 })));
    assert!(line["last_used"].is_string());

    // The journal names the grant, and the id of what was made.
    let rows = state(data.path());
    let of = |kind: &str, field: &str| -> String {
        let sql = "SELECT json_extract(body, ?1) FROM journal WHERE tool = 'create_workspace' AND kind = ?2
            AND (result = 'done' OR json_extract(body, '$.decision') = 'allowed')";
        rows.query_row(sql, (field, kind), |row| row.get(0)).unwrap()
    };
    assert_eq!((json!(of("intent", "$.grant")), json!(of("outcome", "$.made"))), (line["id"].clone(), id.clone()));

    let gone = grants(data.path(), &["revoke", "keeper"]).await;
    assert_eq!(gone.code, 0, "{}", gone.err);
    assert_eq!(door.call(&keeper, "whoami", json!({})).await.0, 401);
    assert_eq!(door.call(&viewer, "whoami", json!({})).await.0, 200);
    assert_eq!(listed(data.path(), "keeper").await["state"], "revoked");
}

#[tokio::test]
async fn a_grant_is_taken_in_its_header_alone_and_whole() {
    let data = tempfile::tempdir().unwrap();
    let door = Door::open(data.path(), &[]);
    let right = created(data.path(), &["--name", "one", "--role", "viewer"]).await;
    let key = std::fs::read_to_string(data.path().join("embedded/org-key")).unwrap();
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    let bearer = |token: &str| format!("Bearer {token}");
    let wrong = [
        bearer(&right[..46]),
        bearer(&right.to_uppercase()),
        bearer(&format!("{right}{right}")),
        bearer(&format!("mog_{}", "x".repeat(43))),
        bearer(key.trim()),
        format!("Basic {right}"),
        right.clone(),
    ];
    for path in ["", "/json"] {
        for value in &wrong {
            let (status, body) = door.post(path, &[("Authorization", value)], &ping).await;
            assert_eq!(status, 401, "{value}");
            assert!(!body.to_string().contains(&right[12..]));
        }
        let twice = bearer(&right);
        let twice = [("Authorization", twice.as_str()), ("Authorization", twice.as_str())];
        assert_eq!(door.post(path, &twice, &ping).await.0, 401);
        let query = format!("{path}?access_token={right}&token={right}");
        assert_eq!(door.post(&query, &[], &ping).await.0, 401);
    }
    assert_eq!(door.ask(&right, "tools/list", json!({})).await.0, 200);
    // Not even where the operator made it the bearer.
    let key = "k".repeat(43);
    std::fs::write(data.path().join("owner-bearer"), &key).unwrap();
    let same = ended(towards("http://127.0.0.1:9", &key, data.path()), &["http", "--listen", "127.0.0.1:0"]).await;
    assert!(same.code == 2 && same.err.contains("holds the org key"), "{}", same.err);
    assert!(!same.err.contains(&key), "{}", same.err);
}

#[tokio::test]
async fn an_open_session_ends_with_its_grant_and_is_nobody_elses() {
    let data = tempfile::tempdir().unwrap();
    let door = Door::open(data.path(), &[]);
    let one = created(data.path(), &["--name", "one", "--role", "viewer"]).await;
    let other = created(data.path(), &["--name", "other", "--role", "viewer"]).await;
    let session = begin(&door, &one).await;
    let list = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list" });
    let ask = async |bearer: &str| {
        let authorization = format!("Bearer {bearer}");
        door.post("", &[("Authorization", &authorization), ("Mcp-Session-Id", &session)], &list).await
    };
    let (status, answer) = ask(&one).await;
    let names = answer["result"]["tools"].to_string();
    assert!(status == 200 && names.contains("list_org_keys") && !names.contains("mint_org_key"), "{answer}");
    assert_eq!((ask(&other).await.0, ask(&door.owner).await.0), (404, 404));
    grants(data.path(), &["revoke", "one"]).await;
    assert_eq!(ask(&one).await.0, 401);
}

/// A session of the older revisions; its id.
async fn begin(door: &Door, bearer: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let client = json!({ "name": "test", "version": "1" });
    let params = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client });
    let body = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params }).to_string();
    let address = door.url.strip_prefix("http://").unwrap().strip_suffix("/mcp").unwrap();
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: Bearer {bearer}\r\n\
         Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let session = answer.lines().find_map(|line| line.strip_prefix("mcp-session-id: ")).expect("a session");
    session.trim().to_owned()
}

#[tokio::test]
async fn a_grant_binds_a_process_and_its_next_call_is_refused_when_it_is_gone() {
    let data = tempfile::tempdir().unwrap();
    let credential = created(data.path(), &["--name", "desk", "--role", "viewer"]).await;
    let mut bound = command(data.path());
    bound.env("MOLECULE_MCP_GRANT", &credential);
    let mut desk = Running::start(bound, &["--embedded", "--surface", "full"]);
    desk.greet();
    desk.call(1, "create_workspace", json!({ "name": "x", "external": true }));
    assert!(text(&desk.answer()["result"]).starts_with("FORBIDDEN_BY_POLICY"));
    desk.call(2, "whoami", json!({}));
    let who = desk.answer()["result"]["structuredContent"].clone();
    assert_eq!((&who["caller"], &who["door"], &who["role"]), (&json!("desk"), &json!("stdio"), &json!("viewer")));
    let shown = |desk: &mut Running, id: u64| {
        desk.send(&json!({ "jsonrpc": "2.0", "id": id, "method": "tools/list" }));
        desk.answer()["result"]["tools"].as_array().unwrap().len()
    };
    assert!(shown(&mut desk, 3) > 40);

    assert_eq!(grants(data.path(), &["revoke", "desk"]).await.code, 0);
    desk.call(4, "whoami", json!({}));
    let refused = desk.answer()["result"].clone();
    assert!(text(&refused).starts_with("UNAUTHENTICATED: this grant was revoked"), "{refused}");
    assert_eq!(shown(&mut desk, 5), 0);
    desk.close();
    let found = entries(data.path());
    assert_eq!((found.intents, found.outcomes, found.matched), (3, 3, 3));
}

#[tokio::test]
async fn one_call_is_bound_as_well_and_a_bad_grant_stops_the_start() {
    let data = tempfile::tempdir().unwrap();
    let credential = created(data.path(), &["--name", "desk", "--role", "viewer"]).await;
    let file = data.path().join("desk");
    std::fs::write(&file, format!("{credential}\n")).unwrap();
    let with = |variables: &[(&str, &str)]| {
        let mut command = command(data.path());
        command.envs(variables.iter().copied());
        command
    };
    let path = file.to_str().unwrap();
    let call = ["call", "--embedded", "create_workspace", "name=x", "external=true"];
    let given: &[(&str, &str)] = &[("MOLECULE_MCP_GRANT", &credential)];
    let named: &[(&str, &str)] = &[("MOLECULE_MCP_GRANT_FILE", path)];
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        let open = ended(with(named), &call).await;
        assert!(open.code == 2 && open.err.contains("chmod 600"), "{}", open.err);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    for variables in [given, named] {
        let refused = ended(with(variables), &call).await;
        assert_eq!(refused.code, 3, "{}", refused.err);
        let tools = ended(with(variables), &["tools", "--surface", "full"]).await.out;
        assert!(tools.contains("list_org_keys") && !tools.contains("mint_org_key "), "{tools}");
        let who = ended(with(variables), &["call", "--embedded", "whoami"]).await.json();
        assert_eq!((&who["caller"], &who["door"]), (&json!("desk"), &json!("cli")));
    }
    let both = [given[0], named[0]];
    let stranger = format!("mog_{}", "s".repeat(43));
    for (variables, words) in [
        (&both[..], "both set"),
        (&[("MOLECULE_MCP_GRANT", stranger.as_str())][..], "isn't known"),
        (&[("MOLECULE_MCP_GRANT", "")][..], "doesn't hold a grant"),
        (&[("MOLECULE_MCP_GRANT_FILE", "/nowhere/at/all")][..], "/nowhere/at/all"),
    ] {
        for door in [&["--embedded"][..], &call] {
            let wrong = ended(with(variables), door).await;
            assert_eq!((wrong.code, wrong.out.as_str()), (2, ""), "{words}: {}", wrong.err);
            assert!(wrong.err.contains(words), "{}", wrong.err);
            assert!(!wrong.err.contains(&credential) && !wrong.err.contains(&stranger), "{}", wrong.err);
        }
    }
    let http = ended(with(given), &["http", "--embedded"]).await;
    assert!(http.code == 2 && http.err.contains("as its bearer"), "{}", http.err);
    grants(data.path(), &["revoke", "desk"]).await;
    for door in [&["--embedded"][..], &call] {
        let gone = ended(with(given), door).await;
        assert!(gone.code == 2 && gone.err.contains("the grant `desk` was revoked"), "{}", gone.err);
    }
}

#[tokio::test]
async fn where_grants_cant_be_looked_up_only_the_owner_enters() {
    let data = tempfile::tempdir().unwrap();
    let credential = created(data.path(), &["--name", "one", "--role", "viewer"]).await;
    let door = Door::open(data.path(), &[]);
    assert_eq!(door.call(&credential, "whoami", json!({})).await.0, 200);
    state(data.path()).execute_batch("ALTER TABLE grants RENAME TO hidden").unwrap();
    let (status, answer) = door.ask(&credential, "tools/list", json!({})).await;
    assert_eq!(status, 503, "{answer}");
    assert!(answer.to_string().contains("JOURNAL_UNAVAILABLE"), "{answer}");
    assert_eq!(door.ask(&door.owner, "tools/list", json!({})).await.0, 200);
    let mut bound = command(data.path());
    bound.env("MOLECULE_MCP_GRANT", &credential);
    assert_eq!(ended(bound, &["call", "--embedded", "whoami"]).await.code, 1);
}

#[tokio::test]
async fn a_key_minted_under_a_grant_is_listed_with_who_minted_it() {
    let data = tempfile::tempdir().unwrap();
    let person = ["--person", "ada", "--issuer", "https://issuer.example"];
    let admin = ["--name", "boss", "--role", "admin", "--expires", "never"];
    let credential = created(data.path(), &[&admin[..], &person[..]].concat()).await;
    let mut bound = command(data.path());
    bound.env("MOLECULE_MCP_GRANT", &credential);
    let minted = ended(bound, &["call", "--embedded", "mint_org_key", "name=ci"]).await;
    if minted.code == 3 {
        // A person has to agree first; that is somebody else's test.
        assert!(minted.err.contains("CONSENT_REQUIRED"), "{}", minted.err);
        return;
    }
    let minted = minted.json();
    let keys = ended(command(data.path()), &["call", "--embedded", "list_org_keys"]).await.json();
    let by = |id: &Value| {
        let keys = keys["items"].as_array().unwrap();
        keys.iter().find(|key| key["id"] == *id).map(|key| key["minted_by"].clone()).unwrap()
    };
    let grant = &listed(data.path(), "boss").await["id"];
    let maker = json!({ "caller": "boss", "grant": grant, "person": "ada (https://issuer.example)" });
    assert_eq!(by(&minted["id"]), maker);
    let own = keys["items"].as_array().unwrap().iter().find(|key| key["own"] == true).unwrap();
    assert_eq!(own.get("minted_by"), None);
}
