//! A house to test in: an embedded tenant that notes what it is asked, a data directory of its own,
//! and the road between.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::future::pending;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use molecule_org_mcp::backend::embedded::{self, Tenant};
use molecule_org_mcp::backend::{Base, Client, Limits, Settings};
use molecule_org_mcp::capsules::Capsules;
use molecule_org_mcp::consent::{Asks, Consents};
use molecule_org_mcp::deliveries::Deliveries;
use molecule_org_mcp::dispatch::{Answer, Books, Call, Dispatch, Progress, Refusal};
use molecule_org_mcp::drops::Drops;
use molecule_org_mcp::events::Events;
use molecule_org_mcp::fleets::Fleets;
use molecule_org_mcp::grants::Grants;
use molecule_org_mcp::imports::Imports;
use molecule_org_mcp::jobs::Jobs;
use molecule_org_mcp::journal::Journal;
use molecule_org_mcp::leases::Leases;
use molecule_org_mcp::policy::Rules;
use molecule_org_mcp::policy::grant::Grant;
use molecule_org_mcp::policy::live::Live;
use molecule_org_mcp::policy::origin::Origin;
use molecule_org_mcp::policy::role::Role;
use molecule_org_mcp::results::Results;
use molecule_org_mcp::secrets::Directories;
use molecule_org_mcp::store::Store;
use molecule_org_mcp::tools::catalogue::Catalogue;
use molecule_org_mcp::tools::cursor::Seal;
use molecule_org_mcp::tools::invocation::Server;
use molecule_org_mcp::tools::surface::Surface;
use molecule_org_mcp::tools::toolset::Toolset;
use molecule_org_mcp::transport::caller::{Caller, Door};
use molecule_org_mcp::webhooks::Outbox;
use rusqlite::Connection;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::canary::marks::Marks;
use crate::process;

/// How long the tenant takes for each workspace of an import.
const PACE: Duration = Duration::from_millis(20);

/// One request as it arrived at the tenant.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub request_id: String,
}

/// What goes wrong on the way back, next.
#[derive(Default)]
struct Mischief {
    /// After so many acts one is refused.
    refused: Mutex<Option<u64>>,
    lost: AtomicU64,
    twice: AtomicBool,
    /// After an answer was lost nothing can be read.
    silent: AtomicBool,
    speechless: AtomicBool,
    /// So many requests pass, then one stays; after it was done, or before.
    halt: Mutex<Option<(u64, bool)>>,
    /// What servers ask by themselves isn't what is to be halted.
    spares_reads: AtomicBool,
    halted: Notify,
}

impl Mischief {
    async fn around(&self, request: Request, next: Next) -> Response {
        let reads = request.method() == "GET";
        if if reads { self.speechless.load(Relaxed) } else { self.refuses() } {
            let answer = Response::builder().status(503).header("content-type", "application/json");
            return answer.body(Body::from(r#"{"error":"out of order"}"#)).unwrap();
        }
        let ours = request.headers().contains_key("x-request-id");
        let counts = ours && !(reads && self.spares_reads.load(Relaxed));
        let Some(done_first) = self.halts(counts) else { return self.after(request, next).await };
        if done_first {
            next.run(request).await;
        }
        self.halted.notify_one();
        pending().await
    }

    fn refuses(&self) -> bool {
        let mut refused = self.refused.lock().unwrap();
        let left = *refused;
        *refused = left.and_then(|left| left.checked_sub(1));
        left == Some(0)
    }

    fn halts(&self, ours: bool) -> Option<bool> {
        let mut halt = self.halt.lock().unwrap();
        let (left, done_first) = halt.as_mut().filter(|_| ours)?;
        if let Some(less) = left.checked_sub(1) {
            *left = less;
            return None;
        }
        let done_first = *done_first;
        *halt = None;
        Some(done_first)
    }

    /// The tenant has done it, and the answer breaks off.
    async fn after(&self, request: Request, next: Next) -> Response {
        if request.method() == "GET" || self.lost.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_err() {
            return next.run(request).await;
        }
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        if self.twice.swap(false, Relaxed) {
            let again = Request::from_parts(parts.clone(), Body::from(body.clone()));
            next.clone().run(again).await;
        }
        let answer = next.run(Request::from_parts(parts, Body::from(body))).await;
        self.speechless.store(self.silent.load(Relaxed), Relaxed);
        assert!(answer.status().is_success(), "the tenant was to do it: {}", answer.status());
        let cut = futures_util::stream::iter([Ok("{"), Err(std::io::Error::other("cut"))]);
        Response::new(Body::from_stream(cut))
    }
}

/// An embedded tenant on a port of its own.
pub struct Host {
    pub url: String,
    pub key: SecretString,
    tenant: Tenant,
    asked: Arc<Mutex<Vec<Asked>>>,
    mischief: Arc<Mischief>,
    state: TempDir,
    /// Of the org key, which no answer may hold.
    marks: Marks,
    _until: DropGuard,
}

impl Host {
    /// Every request waits for `delay` before the tenant looks at it.
    pub fn start(seeded: bool, delay: Duration) -> Self {
        let state = tempfile::tempdir().unwrap();
        let mut settings = embedded::Settings::everyday(state.path().to_owned());
        settings.rate_limit = u32::MAX;
        settings.mint_limit = 0;
        settings.pace = PACE;
        let tenant = Tenant::open(settings).unwrap();
        if seeded {
            tenant.seed_demo().unwrap();
        }
        let key = tenant.mint_org_key("the-house", "admin-token").unwrap();
        let marks = Marks::of(&[key.expose_secret()]);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noting = Arc::clone(&asked);
        let mischief = Arc::new(Mischief::default());
        let losing = Arc::clone(&mischief);
        let router = tenant.router().layer(from_fn(move |request: Request, next: Next| {
            noting.lock().unwrap().push(note(&request));
            let losing = Arc::clone(&losing);
            async move {
                if !delay.is_zero() {
                    tokio::time::sleep(delay).await;
                }
                losing.around(request, next).await
            }
        }));
        let service = router.into_make_service_with_connect_info::<std::net::SocketAddr>();
        let until = CancellationToken::new();
        let guard = until.clone().drop_guard();
        let serving = axum::serve(listener, service).with_graceful_shutdown(until.cancelled_owned());
        tokio::spawn(async move { serving.await.unwrap() });
        Self { url, key, tenant, asked, mischief, state, marks, _until: guard }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// So many answers to what changes something are lost from now on, once it is done.
    pub fn lose_answers(&self, count: u64) {
        self.mischief.lost.store(count, Relaxed);
    }

    /// After so many more acts the next is refused.
    pub fn refuse_after(&self, count: u64) {
        *self.mischief.refused.lock().unwrap() = Some(count);
    }

    /// From the next answer that is lost on nothing can be read either.
    pub fn fall_silent(&self) {
        self.mischief.silent.store(true, Relaxed);
    }

    pub fn speak_again(&self) {
        self.mischief.silent.store(false, Relaxed);
        self.mischief.speechless.store(false, Relaxed);
    }

    /// After so many more of a server's requests the next is never answered; `done_first` or not at all.
    pub fn halt_after(&self, count: u64, done_first: bool) {
        *self.mischief.halt.lock().unwrap() = Some((count, done_first));
    }

    /// The next that changes something is never answered, nor done.
    pub fn halt_act(&self) {
        self.mischief.spares_reads.store(true, Relaxed);
        self.halt_after(0, false);
    }

    pub fn halt_no_more(&self) {
        *self.mischief.halt.lock().unwrap() = None;
    }

    /// Returns when that one has arrived, and was done.
    pub async fn halted(&self) {
        self.mischief.halted.notified().await;
    }

    /// A key of somebody else's.
    pub fn mint(&self, name: &str) -> SecretString {
        self.tenant.mint_org_key(name, "admin-token").unwrap()
    }

    /// The next of them is done twice.
    pub fn do_the_next_twice(&self) {
        self.mischief.twice.store(true, Relaxed);
    }

    /// A row that no route can make.
    pub fn seed(&self, row: &Value) {
        self.seed_lines(&row.to_string());
    }

    pub fn seed_lines(&self, rows: &str) {
        let file = self.state.path().join("row.jsonl");
        std::fs::write(&file, rows).unwrap();
        self.tenant.seed_rows(&file).unwrap();
    }

    /// As somebody else than the server would ask, with this bearer.
    pub async fn ask(&self, method: &str, path: &str, bearer: &str, body: Value) -> (u16, Value) {
        let bearer = format!("Bearer {bearer}");
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, body) = http(method, &format!("{}{path}", self.url), &headers, &body).await;
        (status, serde_json::from_str(&body).unwrap_or(Value::Null))
    }

    pub async fn ask_as_owner(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        self.ask(method, path, self.key.expose_secret(), body).await
    }
}

fn note(request: &Request) -> Asked {
    let id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok());
    Asked {
        method: request.method().to_string(),
        path: request.uri().to_string(),
        request_id: id.unwrap_or_default().to_owned(),
    }
}

/// One request over a connection of its own: status and body.
pub async fn http(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
    let answer = http_whole(method, url, headers, body).await;
    let (head, body) = answer.split_once("\r\n\r\n").expect("a whole answer");
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// The same: all that came back, byte for byte.
pub async fn http_whole(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> String {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut text = format!("{method} /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// What a test may choose.
pub struct Plan {
    pub rules: Rules,
    pub limits: Limits,
    pub surface: Surface,
    /// With the demo organisation in it.
    pub seeded: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self { rules: waived(), limits: Limits::default(), surface: Surface::Full, seeded: false }
    }
}

/// With this role, and limited by nothing else.
pub fn grant(role: Role) -> Grant {
    Grant {
        id: "g".to_owned(),
        name: "somebody".to_owned(),
        role,
        binding: None,
        toolsets: None,
        expires: None,
        read_only: false,
        own_workspace: None,
        person: None,
        parent: None,
    }
}

pub fn holding(grant: Grant) -> Caller {
    Caller::holding(Arc::new(grant), Door::Http)
}

/// Nobody is asked, and nobody has to wait.
pub fn waived() -> Rules {
    Origin { file: Some(process::waived()), read_only: false, toolsets: Toolset::ALL.into() }.rules().unwrap()
}

pub struct House {
    pub dispatch: Arc<Dispatch>,
    pub home: TempDir,
    host: Option<Host>,
    calls: AtomicU64,
    done: Mutex<BTreeSet<String>>,
    refused: Mutex<BTreeSet<String>>,
}

impl House {
    /// With an embedded tenant behind it.
    pub fn open(plan: Plan) -> Self {
        let host = Host::start(plan.seeded, Duration::ZERO);
        let (url, key) = (host.url.clone(), host.key.clone());
        Self { host: Some(host), ..Self::built(&url, key, plan) }
    }

    /// With whatever answers at `url` behind it.
    pub fn before(url: &str, plan: Plan) -> Self {
        Self::built(url, SecretString::from("k".repeat(43)), plan)
    }

    fn built(url: &str, key: SecretString, plan: Plan) -> Self {
        let home = tempfile::tempdir().unwrap();
        let dispatch = road(home.path(), url, key, plan);
        Self { dispatch, home, host: None, calls: AtomicU64::new(0), done: Mutex::default(), refused: Mutex::default() }
    }

    pub fn host(&self) -> &Host {
        self.host.as_ref().expect("an embedded tenant")
    }

    pub async fn try_call(&self, tool: &str, arguments: Value) -> Result<Answer, Refusal> {
        self.cancellable(tool, arguments, CancellationToken::new()).await
    }

    /// For a caller who may change its mind.
    pub async fn cancellable(
        &self,
        tool: &str,
        arguments: Value,
        cancel: CancellationToken,
    ) -> Result<Answer, Refusal> {
        self.send(Caller::terminal(), tool, arguments, cancel).await
    }

    /// As somebody else than the operator.
    pub async fn call_as(&self, caller: &Caller, tool: &str, arguments: Value) -> Result<Answer, Refusal> {
        self.send(caller.clone(), tool, arguments, CancellationToken::new()).await
    }

    async fn send(
        &self,
        caller: Caller,
        tool: &str,
        arguments: Value,
        cancel: CancellationToken,
    ) -> Result<Answer, Refusal> {
        let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
        let progress = Progress::default();
        self.calls.fetch_add(1, Relaxed);
        let result = self
            .dispatch
            .call(Call { caller, tool: tool.into(), arguments, progress, asks: Asks::Nobody, cancel })
            .await;
        if let Some(host) = &self.host {
            let said = match &result {
                Ok(answer) => answer.content.to_string(),
                Err(refusal) => refusal.failure.text(),
            };
            host.marks.look(&format!("the answer to {tool}"), said.as_bytes());
        }
        if let Ok(answer) = &result {
            self.is_as_declared(tool, &answer.content);
            self.done.lock().unwrap().insert(tool.to_owned());
        } else {
            self.refused.lock().unwrap().insert(tool.to_owned());
        }
        result
    }

    pub async fn call(&self, tool: &str, arguments: Value) -> Value {
        match self.try_call(tool, arguments).await {
            Ok(answer) => answer.content,
            Err(refusal) => panic!("{tool}: {}", refusal.failure.text()),
        }
    }

    /// Clients check an answer against the output schema, and so does this house.
    fn is_as_declared(&self, tool: &str, answer: &Value) {
        let entry = self.dispatch.server().catalogue.find(tool).unwrap();
        let schema = Value::Object((*entry.listed().output).clone());
        let validator = jsonschema::validator_for(&schema).unwrap();
        let mistakes: Vec<String> = validator.iter_errors(answer).map(|error| error.to_string()).collect();
        assert!(mistakes.is_empty(), "{tool} answered {answer}: {mistakes:?}");
    }

    /// The failure's text, which is all that an agent sees.
    pub async fn refusal(&self, tool: &str, arguments: Value) -> String {
        match self.try_call(tool, arguments).await {
            Ok(answer) => panic!("{tool} answered {}", answer.content),
            Err(refusal) => refusal.failure.text(),
        }
    }

    /// The newest record of a tool in the journal.
    pub async fn journal(&self, tool: &str) -> Value {
        let found = self.call("query_journal", json!({ "tool": tool, "limit": 1 })).await;
        found["items"][0].clone()
    }

    /// Tools that were called and answered.
    pub fn done(&self) -> BTreeSet<String> {
        self.done.lock().unwrap().clone()
    }

    /// Tools that were called and refused.
    pub fn refused(&self) -> BTreeSet<String> {
        self.refused.lock().unwrap().clone()
    }

    /// Every call has one intent and one outcome, and nothing else stands in the journal.
    pub async fn is_balanced(&self) {
        self.dispatch.server().journal.flush().await.unwrap();
        let calls = self.calls.load(Relaxed);
        assert_eq!(entries(self.home.path()), Entries { intents: calls, outcomes: calls, matched: calls });
    }
}

#[derive(Debug, PartialEq, Eq)]
pub struct Entries {
    pub intents: u64,
    pub outcomes: u64,
    /// Invocations with exactly one of each.
    pub matched: u64,
}

pub fn entries(data: &Path) -> Entries {
    let state = state(data);
    let count = |sql: &str| state.query_row(sql, [], |row| row.get::<_, u32>(0).map(u64::from)).unwrap();
    Entries {
        intents: count("SELECT count(*) FROM journal WHERE kind = 'intent'"),
        outcomes: count("SELECT count(*) FROM journal WHERE kind = 'outcome'"),
        matched: count(
            "SELECT count(*) FROM (SELECT 1 FROM journal GROUP BY invocation
             HAVING count(*) = 2 AND count(DISTINCT kind) = 2)",
        ),
    }
}

pub fn state(data: &Path) -> Connection {
    let state = Connection::open(data.join("state.db")).unwrap();
    state.busy_timeout(Duration::from_secs(5)).unwrap();
    state
}

fn road(home: &Path, url: &str, key: SecretString, plan: Plan) -> Arc<Dispatch> {
    let client = Client::new(Settings {
        base: Base::parse(url).unwrap(),
        token: Arc::new(key),
        org_id: None,
        limits: plan.limits,
    })
    .unwrap();
    let store = Store::open(home);
    let books = Books::new(&store);
    let journal = Journal::open(store.clone(), home, url);
    let server = Server {
        elsewhere: None,
        address: client.address().to_owned(),
        tenant: client.address().to_owned(),
        keys: client.keys().clone(),
        deliveries: Deliveries::new(store.clone(), url),
        directories: Directories::new(home.join("credentials"), vec![]),
        drops: Drops::new(store.clone(), client.derived_secret("drops"), told(home)),
        template_dirs: vec![home.join("templates")],
        capsules: Capsules::new(store.clone(), home, url),
        fleets: Fleets::new(store.clone(), url),
        imports: Imports::new(store.clone(), url),
        policy: Live::new(plan.rules),
        results: Results::default(),
        leases: Leases::new(store.clone()),
        outbox: Outbox::new(store.clone()),
        events: Events::new(client.clone()),
        consents: Consents::new(store.clone()),
        grants: Grants::new(store.clone()),
        jobs: Jobs::new(store, url, journal.clone()),
        journal,
        catalogue: Catalogue::new(),
        surface: plan.surface,
        output_schemas: false,
        seal: Seal::new(client.derived_secret("cursor")),
    };
    Arc::new(Dispatch::new(Arc::new(server), client, books))
}

/// What the operator would be told on stderr goes to a file in the house.
fn told(home: &Path) -> impl Fn(&str) + Send + Sync + 'static {
    let file = home.join("told");
    move |text: &str| {
        let mut file = OpenOptions::new().create(true).append(true).open(&file).unwrap();
        writeln!(file, "{text}").unwrap();
    }
}

/// A road for a door to stand before; its house lasts as long as the test.
pub fn dispatch() -> Arc<Dispatch> {
    let house = House::open(Plan::default());
    let dispatch = Arc::clone(&house.dispatch);
    tokio::spawn(async move {
        let _kept = house;
        pending::<()>().await;
    });
    dispatch
}

/// A call that succeeds at once.
pub fn quick() -> (&'static str, Value) {
    ("whoami", json!({}))
}

/// A call that succeeds after about so long.
pub fn slow(milliseconds: u64) -> (&'static str, Value) {
    let children: Vec<Value> =
        (0..milliseconds / 20).map(|n| json!({ "name": format!("w{n}"), "external": true })).collect();
    let lead = json!({ "name": "lead", "external": true, "children": children });
    // Of one template there is one import at a time.
    let name = format!("slow {}", uuid::Uuid::new_v4());
    ("import_org", json!({ "inline": { "name": name, "workspaces": [lead] } }))
}
