//! The toolset `agents` against the embedded tenant, and against an agent that notes who comes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use molecule_org_mcp::backend::Limits;
use molecule_org_mcp::consent::Asks;
use molecule_org_mcp::dispatch::{Call, Progress};
use molecule_org_mcp::transport::caller::Caller;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::{House, Plan};

const UNKNOWN: &str = "00000000-0000-4000-8000-000000000000";
const OVERLOADED: &str = "of a model that is overloaded";

/// An agent somewhere else: it answers messages by what they say, and gives its transcript.
struct Agent {
    url: String,
    /// Every bearer that arrived, or nothing.
    bearers: Arc<Mutex<Vec<String>>>,
    _until: DropGuard,
}

impl Agent {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let bearers = Arc::default();
        let router = Router::new()
            .route("/", post(answer))
            .route("/transcript", get(transcript))
            .with_state(Arc::clone(&bearers));
        let until = CancellationToken::new();
        let guard = until.clone().drop_guard();
        let serving = axum::serve(listener, router).with_graceful_shutdown(until.cancelled_owned());
        tokio::spawn(async move { serving.await.unwrap() });
        Self { url, bearers, _until: guard }
    }

    fn bearers(&self) -> Vec<String> {
        self.bearers.lock().unwrap().clone()
    }
}

type Noted = State<Arc<Mutex<Vec<String>>>>;

fn note(bearers: &Noted, headers: &HeaderMap) -> String {
    let bearer = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
    let bearer = bearer.unwrap_or_default();
    bearers.lock().unwrap().push(bearer.clone());
    bearer
}

fn said(body: Value) -> Response {
    body.to_string().into_response()
}

async fn answer(bearers: Noted, headers: HeaderMap, body: Bytes) -> Response {
    note(&bearers, &headers);
    let asked: Value = serde_json::from_slice(&body).unwrap();
    let text = asked["params"]["message"]["parts"][0]["text"].as_str().unwrap().to_owned();
    let result = |result: Value| said(json!({ "jsonrpc": "2.0", "id": asked["id"], "result": result }));
    match text.split_once(' ').unwrap_or((&text, "")) {
        ("fail", _) => said(json!({ "error": { "code": -32603, "message": OVERLOADED } })),
        ("status", code) => {
            let status = StatusCode::from_u16(code.parse().unwrap()).unwrap();
            (status, said(json!({ "error": "the agent's own words" }))).into_response()
        }
        ("sleep", seconds) => {
            tokio::time::sleep(Duration::from_secs(seconds.parse().unwrap())).await;
            result(json!("slept"))
        }
        ("words", _) => "no JSON at all".into_response(),
        ("long", _) => result(json!("x".repeat(30_000))),
        ("task", _) => result(json!({
            "kind": "task", "id": "t-1", "status": { "state": "completed" },
            "artifacts": [{ "parts": [{ "kind": "text", "text": "made it" }, { "kind": "file" }] }],
        })),
        _ => result(
            json!({ "kind": "message", "role": "agent", "parts": [{ "kind": "text", "text": format!("echo: {text}") }] }),
        ),
    }
}

/// It says its caller's credential back, as a careless agent's log would.
async fn transcript(bearers: Noted, request: Request) -> Response {
    let bearer = note(&bearers, request.headers());
    let query = request.uri().query().unwrap_or_default().to_owned();
    if query.contains("since=500") {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    if query.contains("since=600") {
        tokio::time::sleep(Duration::from_secs(20)).await;
    }
    let lines = json!([{ "type": "user", "text": "hi" }, { "type": "log", "text": bearer, "query": query }]);
    said(json!({ "supported": true, "lines": lines, "cursor": 2, "more": false }))
}

async fn workspace(house: &House, name: &str, url: &str) -> String {
    let made = house.call("create_workspace", json!({ "name": name, "external": true, "url": url })).await;
    made["id"].as_str().unwrap().to_owned()
}

/// The agent's card says where its transcript is. Only the workspace itself may say so.
async fn register(house: &House, workspace: &str, url: &str) {
    let card = json!({ "workspace_id": workspace, "agent_card": { "name": "agent", "url": url } });
    assert_eq!(house.host().ask("POST", "/registry/update-card", "", card).await.0, 200);
}

async fn settles(house: &House, workspace: &str, delegation: &Value) -> Value {
    for _ in 0..200 {
        let listed = house.call("list_delegations", json!({ "workspace_id": workspace })).await;
        let items = listed["items"].as_array().unwrap().clone();
        let found = items.into_iter().find(|one| one["delegation_id"] == *delegation).unwrap();
        if found["status"] == "completed" {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the delegation never ended");
}

fn says(text: &str, code: &str, words: &[&str]) {
    assert!(text.starts_with(&format!("{code}: ")), "{text}");
    for word in words {
        assert!(text.contains(word), "no {word:?} in: {text}");
    }
}

/// Each of its tools once, as an administrator would come by it.
pub async fn scene(house: &House) {
    let agent = Agent::start().await;
    let (one, two) = (workspace(house, "Scene One", &agent.url).await, workspace(house, "Scene Two", &agent.url).await);
    talk(house, &one).await;
    delegate(house, &one, &two).await;
    look_around(house, &one, &two).await;
    follow(house, &one).await;
    register(house, &one, &agent.url).await;
    let said = house.call("get_transcript", json!({ "workspace_id": one, "limit": 20 })).await;
    assert_eq!((&said["lines"][0]["text"], &said["cursor"]), (&json!("hi"), &json!(2)));
    let ledger = house.call("query_agent_ledger", json!({ "workspace_id": one })).await;
    assert_eq!((&ledger["chain"], &ledger["reason"]), (&json!("unknown"), &json!("there are no entries")));
}

async fn talk(house: &House, one: &str) {
    let said = house.call("chat_with_agent", json!({ "workspace_id": one, "message": "hello" })).await;
    assert!(said["text"].as_str().unwrap().contains("echo: hello"), "{said}");
    assert_eq!(said["status"], "answered");
    let made = house.call("chat_with_agent", json!({ "workspace_id": one, "message": "task" })).await;
    assert_eq!((&made["task_state"], &made["other_parts"]), (&json!("completed"), &json!(1)));
}

async fn delegate(house: &House, one: &str, two: &str) {
    let task = json!({ "workspace_id": one, "target_id": two, "task": "say hi", "idempotency_key": "k1" });
    let begun = house.call("async_delegate", task.clone()).await;
    assert_eq!((&begun["status"], &begun["already_delegated"]), (&json!("delegated"), &json!(false)));
    let ended = settles(house, one, &begun["delegation_id"]).await;
    assert!(ended["response"].as_str().unwrap().contains("echo: say hi"), "{ended}");
    let again = house.call("delegate_task", task).await;
    assert_eq!((&again["delegation_id"], &again["already_delegated"]), (&begun["delegation_id"], &json!(true)));

    let noted = json!({ "workspace_id": one, "target_id": two, "task": "by hand", "delegation_id": "task-0007" });
    assert_eq!(house.call("record_delegation", noted.clone()).await["status"], "dispatched");
    says(&house.refusal("record_delegation", noted).await, "CONFLICT", &["recorded already"]);
    let done = json!({ "workspace_id": one, "delegation_id": "task-0007", "status": "completed", "error": "" });
    assert_eq!(house.call("update_delegation_status", done.clone()).await["status"], "completed");
    says(&house.refusal("update_delegation_status", done).await, "CONFLICT", &["completed already"]);
    let ghost = json!({ "workspace_id": one, "delegation_id": "ghost", "status": "failed" });
    says(&house.refusal("update_delegation_status", ghost).await, "NOT_FOUND", &["no such delegation"]);
}

async fn look_around(house: &House, one: &str, two: &str) {
    let peers = house.call("list_peers", json!({ "workspace_id": one, "limit": 200 })).await;
    let peer = peers["items"].as_array().unwrap().iter().find(|peer| peer["id"] == *two).unwrap().clone();
    assert_eq!(peer["relation"], "sibling");
    let found = house.call("discover_workspace", json!({ "workspace_id": one })).await;
    assert_eq!(found["has_address"], true);
    let pair = json!({ "caller_id": one, "target_id": two });
    assert_eq!(house.call("check_access", pair).await["allowed"], true);
    let stranger = json!({ "caller_id": one, "target_id": UNKNOWN });
    says(&house.refusal("check_access", stranger).await, "NOT_FOUND", &[]);
}

async fn follow(house: &House, one: &str) {
    let report = json!({ "workspace_id": one, "activity_type": "agent_log", "summary": "Nightly audit done", "error_detail": "" });
    let logged = house.call("report_activity", report).await;
    let listed = house.call("list_activity", json!({ "workspace_id": one, "type": "agent_log" })).await;
    assert_eq!(listed["items"][0]["id"], logged["activity_id"]);
    assert!(listed["items"][0].get("request_body").is_none());
    let received = json!({ "workspace_id": one, "type": "a2a_receive", "long": true, "limit": 1 });
    assert!(house.call("list_activity", received).await.to_string().contains("made it"));
    let found = house.call("session_search", json!({ "workspace_id": one, "q": "NIGHTLY" })).await;
    assert_eq!((&found["count"], &found["items"][0]["kind"]), (&json!(1), &json!("activity")));
    assert_eq!(house.call("list_traces", json!({ "workspace_id": one })).await["count"], 0);
    let told = house.call("notify_user", json!({ "workspace_id": one, "message": "Two\nlines", "type": "info" })).await;
    assert_eq!((&told["recorded"], &told["delivery"]), (&json!(true), &json!("unconfirmed")));
    let lost = format!("{}é", "x".repeat(79));
    let told = house.call("notify_user", json!({ "workspace_id": one, "message": lost })).await;
    assert_eq!((&told["status"], &told["recorded"]), (&json!("sent"), &json!(false)));
}

fn open(limits: Limits) -> House {
    House::open(Plan { seeded: true, limits, ..Plan::default() })
}

#[tokio::test]
async fn the_scene() {
    scene(&open(Limits::default())).await;
}

#[tokio::test]
async fn what_an_agent_answers_is_told_from_what_the_tenant_says() {
    let (house, agent) = (open(Limits::default()), Agent::start().await);
    let one = workspace(&house, "Talker", &agent.url).await;
    let chat = |message: &str| json!({ "workspace_id": one, "message": message });
    let failed = house.refusal("chat_with_agent", chat("fail")).await;
    says(&failed, "TENANT_ERROR", &[OVERLOADED, "Part of it was done"]);
    for status in [401, 404, 500] {
        let refused = house.refusal("chat_with_agent", chat(&format!("status {status}"))).await;
        says(&refused, "TENANT_ERROR", &["the agent's own words", "isn't known"]);
    }
    let words = house.call("chat_with_agent", chat("words")).await;
    assert!(words["text"].as_str().unwrap().contains("no JSON at all"));
    let long = house.call("chat_with_agent", json!({ "workspace_id": one, "message": "long", "length": 100 })).await;
    assert!(long["text"].as_str().unwrap().contains("100 of 30000 characters"), "{long}");

    let nobody = workspace(&house, "Nobody", "http://localhost:1").await;
    let refused = house.refusal("chat_with_agent", json!({ "workspace_id": nobody, "message": "x" })).await;
    says(&refused, "PRECONDITION_FAILED", &["nobody listens", "Nothing was changed"]);
    let refused = house.refusal("chat_with_agent", json!({ "workspace_id": UNKNOWN, "message": "x" })).await;
    says(&refused, "NOT_FOUND", &[]);
    let budget = json!({ "budget_limit": 0 });
    house.host().ask_as_owner("PATCH", &format!("/workspaces/{one}/budget"), budget).await;
    says(&house.refusal("chat_with_agent", chat("hello")).await, "BUDGET_EXCEEDED", &[]);
}

#[tokio::test]
async fn a_slow_agent_doesnt_cost_the_tenant_its_trust() {
    let (house, agent) = (open(Limits::default()), Agent::start().await);
    let one = workspace(&house, "Sleeper", &agent.url).await;
    let chats = (0..6).map(|_| {
        let chat = json!({ "workspace_id": one, "message": "sleep 3", "deadline_seconds": 1 });
        house.refusal("chat_with_agent", chat)
    });
    for refused in futures_util::future::join_all(chats).await {
        says(&refused, "OUTCOME_UNKNOWN", &["within 1 s", "list_activity"]);
    }
    house.call("get_workspace", json!({ "workspace_id": one })).await;
}

#[tokio::test]
async fn a_delegation_that_couldnt_arrive_isnt_begun() {
    let (house, agent) = (open(Limits::default()), Agent::start().await);
    let one = workspace(&house, "Delegator", &agent.url).await;
    let child = json!({ "name": "Child", "external": true, "url": agent.url, "parent_id": "de300000-0000-4000-8000-000000000001" });
    let child = house.call("create_workspace", child).await["id"].clone();
    let task = |target: &Value| json!({ "workspace_id": one, "target_id": target, "task": "x" });
    says(&house.refusal("delegate_task", task(&child)).await, "CONFLICT", &["may not talk", "list_peers"]);
    says(&house.refusal("delegate_task", task(&json!(one))).await, "INVALID_INPUT", &["itself"]);
    says(&house.refusal("delegate_task", task(&json!(UNKNOWN))).await, "NOT_FOUND", &[UNKNOWN]);
    let waiting = house.call("create_workspace", json!({ "name": "Waiting", "external": true })).await["id"].clone();
    says(&house.refusal("delegate_task", task(&waiting)).await, "PRECONDITION_FAILED", &["no agent"]);
    assert_eq!(house.call("list_delegations", json!({ "workspace_id": one })).await["count"], 0);
}

#[tokio::test]
async fn whoever_waits_for_an_agent_hears_of_it() {
    let (house, agent) = (open(Limits::default()), Agent::start().await);
    let one = workspace(&house, "Thinker", &agent.url).await;
    let (watcher, mut steps) = tokio::sync::mpsc::unbounded_channel();
    let arguments = json!({ "workspace_id": one, "message": "sleep 2", "deadline_seconds": 30 });
    let call = Call {
        caller: Caller::terminal(),
        tool: "chat_with_agent".to_owned(),
        arguments: arguments.as_object().unwrap().clone(),
        progress: Progress::to(watcher),
        asks: Asks::Nobody,
        cancel: CancellationToken::new(),
    };
    let said = house.dispatch.call(call).await.unwrap().content;
    assert!(said["text"].as_str().unwrap().contains("slept"));
    let step = steps.recv().await.unwrap();
    assert_eq!((step.done, step.total), (1, Some(30)));
}

async fn tokens(house: &House, workspace: &str) -> Value {
    house.call("list_workspace_tokens", json!({ "workspace_id": workspace })).await["count"].clone()
}

#[tokio::test]
async fn the_org_key_never_reaches_an_agent() {
    let (house, agent) = (open(Limits::default()), Agent::start().await);
    let one = workspace(&house, "Curious", &agent.url).await;
    register(&house, &one, &agent.url).await;
    let said = house.call("get_transcript", json!({ "workspace_id": one, "since": 1, "limit": 2 })).await;
    assert_eq!(said["lines"][1]["text"], "Bearer [removed]", "{said}");
    assert_eq!(said["lines"][1]["query"], "since=1&limit=2");
    house.call("chat_with_agent", json!({ "workspace_id": one, "message": "hello" })).await;
    let two = workspace(&house, "Helper", &agent.url).await;
    let task = json!({ "workspace_id": one, "target_id": two, "task": "hello" });
    let begun = house.call("delegate_task", task).await;
    settles(&house, &one, &begun["delegation_id"]).await;

    let (key, bearers) = (house.host().key.expose_secret().to_owned(), agent.bearers());
    assert_eq!(bearers.len(), 3, "{bearers:?}");
    assert!(bearers[0].starts_with("Bearer ") && bearers.iter().all(|bearer| !bearer.contains(&key)));
    // What it was given opens nothing any more.
    let token = bearers[0].strip_prefix("Bearer ").unwrap();
    let memory = format!("/workspaces/{one}/memory");
    assert_eq!(house.host().ask("GET", &memory, token, Value::Null).await.0, 401);
    assert_eq!(tokens(&house, &one).await, 0);
}

#[tokio::test]
async fn the_token_of_a_transcript_goes_in_every_case() {
    let (house, agent) = (open(Limits::default()), Agent::start().await);
    let one = workspace(&house, "Failing", &agent.url).await;
    let refused = house.refusal("get_transcript", json!({ "workspace_id": one })).await;
    says(&refused, "PRECONDITION_FAILED", &["no address into its card", "Nothing was changed"]);
    register(&house, &one, &agent.url).await;
    let refused = house.refusal("get_transcript", json!({ "workspace_id": one, "since": 500 })).await;
    says(&refused, "TENANT_ERROR", &["answered 500", "Nothing was changed"]);
    assert_eq!(tokens(&house, &one).await, 0);

    let cancel = CancellationToken::new();
    let slow = house.cancellable("get_transcript", json!({ "workspace_id": one, "since": 600 }), cancel.clone());
    let asked = agent.bearers().len();
    let cancelling = async {
        while agent.bearers().len() == asked {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(tokens(&house, &one).await, 1);
        cancel.cancel();
    };
    let (refused, ()) = tokio::join!(slow, cancelling);
    says(&refused.unwrap_err().failure.text(), "CANCELLED", &["Nothing was changed"]);
    assert_eq!(tokens(&house, &one).await, 0);
}

/// A tenant that knows one workspace and one token; `answers` says how some of its routes differ.
async fn before(answers: &'static [(&'static str, u16)]) -> (House, Arc<Mutex<Vec<String>>>, DropGuard) {
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let noting = Arc::clone(&asked);
    let tenant = Router::new().fallback(move |request: Request| {
        let asked = format!("{} {}", request.method(), request.uri().path());
        noting.lock().unwrap().push(asked.clone());
        async move { stub(&asked, answers) }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let until = CancellationToken::new();
    let guard = until.clone().drop_guard();
    let serving = axum::serve(listener, tenant).with_graceful_shutdown(until.cancelled_owned());
    tokio::spawn(async move { serving.await.unwrap() });
    (House::before(&url, Plan::default()), asked, guard)
}

fn stub(asked: &str, answers: &[(&str, u16)]) -> Response {
    let status = answers.iter().find(|(route, _)| asked.starts_with(route)).map_or(200, |(_, status)| *status);
    let body = match asked.rsplit('/').next().unwrap() {
        "liveness" => json!({ "error": "invalid admin auth token" }),
        "transcript" => json!({ "lines": [] }),
        "tokens" if asked.starts_with("POST") => json!({ "auth_token": "w".repeat(43) }),
        "tokens" => {
            let token = json!({ "id": UNKNOWN, "prefix": "wwwwwwww", "created_at": "2026-11-21T00:00:00Z" });
            json!({ "tokens": [token] })
        }
        _ => json!({ "id": UNKNOWN, "name": "one", "status": "online" }),
    };
    (StatusCode::from_u16(status).unwrap(), said(body)).into_response()
}

#[tokio::test]
async fn an_agent_gets_no_token_that_opens_the_organisation() {
    let (house, asked, _until) = before(&[]).await;
    let refused = house.refusal("get_transcript", json!({ "workspace_id": UNKNOWN })).await;
    says(&refused, "PRECONDITION_FAILED", &["an administrator's", "ADMIN_TOKEN", "Nothing was changed"]);
    let asked = asked.lock().unwrap().clone();
    assert!(asked.iter().all(|asked| !asked.ends_with("/transcript")), "{asked:?}");
    assert!(asked.last().unwrap().starts_with("DELETE "), "{asked:?}");
}

#[tokio::test]
async fn a_token_that_stays_is_named() {
    const STAYS: (&str, u16) = ("DELETE ", 500);
    let (house, _, _until) = before(&[("GET /admin/liveness", 401), STAYS]).await;
    let said = house.call("get_transcript", json!({ "workspace_id": UNKNOWN })).await;
    assert_eq!(said["left_behind"], "wwwwwwww");
    let (house, _, _until) = before(&[STAYS]).await;
    let refused = house.refusal("get_transcript", json!({ "workspace_id": UNKNOWN })).await;
    says(&refused, "PRECONDITION_FAILED", &["wwwwwwww", "couldn't be revoked", "list_workspace_tokens"]);
}

#[tokio::test]
async fn what_a_ledger_shows_is_said_and_no_more() {
    let house = open(Limits::default());
    for row in std::fs::read_to_string(crate::snapshot::file("tests/fixtures/seeds/audit.jsonl")).unwrap().lines() {
        house.host().seed(&serde_json::from_str(row).unwrap());
    }
    let of = |last: u32, more: Value| {
        let mut asked = json!({ "workspace_id": format!("5eed0000-0000-4000-8000-00000000a{last:03}") });
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        house.call("query_agent_ledger", asked)
    };
    // Seeded with signatures of another key: the links hold, and the tenant finds the signatures wrong.
    let signed = of(1, json!({})).await;
    assert_eq!((&signed["chain"], &signed["count"]), (&json!("broken"), &json!(6)), "{signed}");
    assert!(signed["reason"].as_str().unwrap().contains("a signature that doesn't fit"), "{signed}");
    for (broken, entry) in [(3, "li-"), (7, "entry mi-2 follows")] {
        let judged = of(broken, json!({})).await;
        assert!(judged["chain"] == "broken" && judged["reason"].as_str().unwrap().contains(entry), "{judged}");
    }
    let first = of(4, json!({ "limit": 200 })).await;
    assert_eq!((&first["count"], first["items"].as_array().unwrap().len()), (&json!(505), 200));
    let second = of(4, json!({ "limit": 200, "cursor": first["next"] })).await;
    let third = of(4, json!({ "limit": 200, "cursor": second["next"] })).await;
    assert_eq!(third["items"].as_array().unwrap().len(), 105);
    assert!(third.get("next").is_none());
    let demo = "de300000-0000-4000-8000-000000000002";
    let whole = house.call("query_agent_ledger", json!({ "workspace_id": demo })).await;
    assert_eq!((&whole["chain"], &whole["count"]), (&json!("valid"), &json!(8)), "{whole}");
    // A filter cuts the beginning off, and says nothing about the chain.
    let later = json!({ "workspace_id": demo, "session_id": "release-4.18", "limit": 1 });
    let later = house.call("query_agent_ledger", later).await;
    assert_eq!((&later["chain"], &later["count"]), (&json!("valid"), &json!(3)), "{later}");
    assert_eq!(later["items"][0]["id"], "demo-build-runner-6");
}
