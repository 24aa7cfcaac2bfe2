//! What the tenant's client makes of a tenant that is slow, broken, gone or odd: each fault once for
//! a read and once for an act.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use molecule_org_mcp::backend::{Base, Client, Limits, Route, Settings, Tenant};
use molecule_org_mcp::failure::{Changed, Code, Failure};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::faults::{FaultyTenant, Reply, Seen, nobody};

const KEY: &str = "canaryKe-_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456";

static READ: Route = Route::get("/things/{id}");
static ACT: Route = Route::post("/things");
static REST: Route = Route::put("/things/{id}/files/{*path}");
static REMOVE: Route = Route::delete("/things/{id}");
static UNDECLARED: Route = Route::get("/other");
static ALLOWED: [Route; 4] = [
    Route::get("/things/{id}"),
    Route::post("/things"),
    Route::put("/things/{id}/files/{*path}"),
    Route::delete("/things/{id}"),
];

#[derive(Debug, Deserialize, PartialEq)]
struct Thing {
    name: String,
}

fn client(url: &str, limits: Limits) -> Client {
    Client::new(Settings {
        base: Base::parse(url).unwrap(),
        token: Arc::new(SecretString::from(KEY)),
        org_id: Some("org-1".into()),
        limits,
    })
    .unwrap()
}

fn quick() -> Limits {
    Limits { total: Duration::from_millis(1500), ..Limits::default() }
}

fn at(client: &Client) -> Tenant {
    client.invocation(Uuid::now_v7(), &ALLOWED, CancellationToken::new())
}

async fn read(tenant: &Tenant) -> Result<Thing, Failure> {
    tenant.ask(&READ).part("id", "one").fetch().await
}

async fn act(tenant: &Tenant) -> Result<Thing, Failure> {
    tenant.ask(&ACT).body(&json!({"name": "one"})).fetch().await
}

fn fine(_: &Seen) -> Reply {
    Reply::json(200, &json!({"name": "one", "secret": "x"}))
}

/// One fault: what a read and an act come to, and how often each is sent.
struct Case {
    name: &'static str,
    reply: Reply,
    read: (Code, usize),
    act: (Code, Changed),
    says: &'static str,
}

fn case(name: &'static str, reply: Reply, read: (Code, usize), act: (Code, Changed), says: &'static str) -> Case {
    Case { name, reply, read, act, says }
}

#[tokio::test]
async fn every_fault_has_its_code_and_tells_what_changed() {
    use Changed::{No, Unknown, Yes};
    use Code::*;
    let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(90));
    let error = |status, text: &str| Reply::json(status, &json!({"error": text}));
    let html = || Reply::with(200, &[("content-type", "text/html")], "<html>canary</html>");
    let retry = |status, after: &str| Reply::with(status, &[("retry-after", after)], "");
    let big = format!("{{\"name\":\"{}\"}}", "x".repeat(10_000_000));
    let chunked = |rest: &str| Reply::raw(format!("HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n{rest}"));
    let long_chunk = format!("{:x}\r\n{}", big.len(), big);
    let cases = [
        case("slow", Reply::stall(), (TenantTimeout, 1), (OutcomeUnknown, Unknown), "within 1.5 s"),
        case(
            "slow body",
            fine_reply().trickle(20, Duration::from_millis(500)),
            (TenantTimeout, 1),
            (OutcomeUnknown, Unknown),
            "within 1.5 s",
        ),
        case("400", error(400, "bad name"), (InvalidInput, 1), (InvalidInput, No), "answered 400: \"bad name\""),
        case(
            "401",
            error(401, "invalid admin auth token"),
            (Unauthenticated, 1),
            (Unauthenticated, No),
            "answered 401",
        ),
        case("402", error(402, "budget"), (BudgetExceeded, 1), (BudgetExceeded, No), "answered 402"),
        case("403", Reply::text(403, ""), (ForbiddenByTenant, 1), (ForbiddenByTenant, No), "answered 403"),
        case("404 json", error(404, "workspace not found"), (NotFound, 1), (NotFound, No), "workspace not found"),
        case(
            "404 plain",
            Reply::text(404, "404 page not found"),
            (NotSupported, 1),
            (NotSupported, No),
            "no such route",
        ),
        case(
            "404 empty",
            Reply::text(404, ""),
            (NotSupported, 1),
            (NotSupported, No),
            "doesn't know this organisation",
        ),
        case("408", error(408, "too slow"), (TenantError, 1), (TenantError, No), "answered 408"),
        case(
            "409",
            error(409, "name\u{202e}\u{200b} \"taken\""),
            (Conflict, 1),
            (Conflict, No),
            "answered 409: \"name 'taken'\"",
        ),
        case(
            "412",
            Reply::json(
                412,
                &json!({"error": "missing required environment variables", "missing_env": ["A", {"any_of": ["B", "C"]}]}),
            ),
            (PreconditionFailed, 1),
            (PreconditionFailed, No),
            "Missing: A, B or C.",
        ),
        case("413", error(413, "too big"), (TooLarge, 1), (TooLarge, No), "Send less"),
        case("429 bare", retry(429, ""), (RateLimited, 1), (RateLimited, No), "Wait a minute"),
        case("429 seconds", retry(429, "90"), (RateLimited, 1), (RateLimited, No), "Retry after 90 s."),
        case("429 negative", retry(429, "-5"), (RateLimited, 1), (RateLimited, No), "Wait a minute"),
        case("429 date", retry(429, &date), (RateLimited, 1), (RateLimited, No), "Retry after "),
        case(
            "429 body",
            Reply::json(429, &json!({"error": "rate limit exceeded", "retry_after": 7})),
            (RateLimited, 1),
            (RateLimited, No),
            "Retry after 7 s.",
        ),
        case(
            "500",
            error(500, "failed to list"),
            (TenantError, 1),
            (TenantError, Unknown),
            "answered 500: \"failed to list\"",
        ),
        case("500 empty", Reply::text(500, ""), (TenantError, 1), (TenantError, Unknown), "answered 500"),
        case("501", error(501, "no provisioner"), (NotSupported, 1), (NotSupported, No), "no provisioner"),
        case(
            "502 of a proxy",
            Reply::with(502, &[], "<html>canary"),
            (TenantError, 3),
            (TenantError, Unknown),
            "answered 502",
        ),
        case(
            "502 of the tenant",
            error(502, "agent unreachable"),
            (TenantError, 1),
            (TenantError, Unknown),
            "agent unreachable",
        ),
        case("503 of a proxy", Reply::text(503, "canary"), (TenantError, 3), (TenantError, Unknown), "answered 503"),
        case("503, later", retry(503, "60"), (TenantError, 1), (TenantError, Unknown), "answered 503"),
        case("503 of the tenant", error(503, "no docker"), (TenantError, 1), (TenantError, Unknown), "no docker"),
        case("error with a cut body", error(409, "name taken").cut(5), (Conflict, 1), (Conflict, No), "answered 409"),
        case(
            "302",
            Reply::with(302, &[("location", "/elsewhere")], ""),
            (UnexpectedAnswer, 1),
            (UnexpectedAnswer, Unknown),
            "redirect",
        ),
        case("HTML", html(), (UnexpectedAnswer, 1), (OutcomeUnknown, Unknown), "isn't JSON"),
        case("empty", Reply::text(200, ""), (UnexpectedAnswer, 1), (OutcomeUnknown, Unknown), "empty"),
        case(
            "wrong shape",
            Reply::json(200, &json!({"name": {"canary": 1}})),
            (UnexpectedAnswer, 1),
            (OutcomeUnknown, Unknown),
            "at `name`: expected a string",
        ),
        case(
            "no name",
            Reply::json(200, &json!({"canary": "canary"})),
            (UnexpectedAnswer, 1),
            (OutcomeUnknown, Unknown),
            "`name` is missing",
        ),
        case("cut before the answer", Reply::hang_up(), (UnexpectedAnswer, 3), (OutcomeUnknown, Unknown), "connection"),
        case(
            "reset before the answer",
            Reply::raw([]).cut(0),
            (UnexpectedAnswer, 3),
            (OutcomeUnknown, Unknown),
            "connection",
        ),
        case("cut in the head", fine_reply().cut(60), (UnexpectedAnswer, 3), (OutcomeUnknown, Unknown), "connection"),
        case("cut body", fine_reply().cut(5), (UnexpectedAnswer, 3), (OutcomeUnknown, Unknown), "in the middle"),
        case(
            "not HTTP",
            Reply::raw("canary\r\n\r\n").close(),
            (UnexpectedAnswer, 3),
            (OutcomeUnknown, Unknown),
            "connection",
        ),
        case("10 MB", Reply::with(200, &[], &big), (TooLarge, 1), (TooLarge, Yes), "more than 8.0 MiB"),
        case("10 MB, unannounced", chunked(&long_chunk), (TooLarge, 1), (TooLarge, Yes), "more than 8.0 MiB"),
        case(
            "a lie about the length",
            Reply::raw("HTTP/1.1 200 X\r\ncontent-length: 99999999999999\r\n\r\n"),
            (TooLarge, 1),
            (TooLarge, Yes),
            "more than 8.0 MiB",
        ),
    ];
    for Case { name, reply, read: (read_code, times), act: (act_code, changed), says } in cases {
        let faulty = FaultyTenant::start(move |_| reply.clone()).await;
        let client = client(&faulty.url(), quick());

        let tenant = at(&client);
        let failure = read(&tenant).await.unwrap_err();
        assert_eq!((failure.code(), failure.has_changed()), (read_code, No), "read, {name}: {failure}");
        assert!(failure.text().contains(says), "{name}: {}", failure.text());
        assert!(!format!("{failure:?}").contains("canary"), "{name}: {failure:?}");
        assert_eq!(tenant.changed(), No, "{name}");
        assert_eq!(faulty.count(), times, "reads, {name}");
        assert_eq!(tenant.sent().len(), times, "{name}");

        let tenant = at(&client);
        let failure = act(&tenant).await.unwrap_err();
        assert_eq!((failure.code(), failure.has_changed()), (act_code, changed), "act, {name}: {failure}");
        assert_eq!(tenant.changed(), changed, "{name}");
        assert_eq!(faulty.count(), times + 1, "an act is never repeated, {name}");
        assert_eq!(tenant.sent().len(), 1, "{name}");
    }
}

fn fine_reply() -> Reply {
    Reply::with(
        200,
        &[("content-type", "application/json; charset=utf-8")],
        r#"{"name":"one","more":"and more and more"}"#,
    )
}

#[tokio::test]
async fn a_tenant_that_is_down_changed_nothing() {
    let client = client(&nobody().await, Limits::default());
    let tenant = at(&client);
    for failure in [read(&tenant).await.unwrap_err(), act(&tenant).await.unwrap_err()] {
        assert_eq!((failure.code(), failure.has_changed()), (Code::TenantUnreachable, Changed::No));
        assert!(failure.text().contains("refused the connection"), "{}", failure.text());
    }
    assert_eq!(tenant.changed(), Changed::No);
    assert_eq!(tenant.sent(), []);
}

#[tokio::test]
async fn a_plain_listener_behind_https_is_unreachable() {
    let faulty = FaultyTenant::start(|_| Reply::hang_up()).await;
    let client = client(&faulty.url().replace("http:", "https:"), quick());
    let failure = read(&at(&client)).await.unwrap_err();
    assert!(matches!(failure.code(), Code::TenantUnreachable | Code::TenantTimeout), "{failure}");
}

#[tokio::test]
async fn a_request_says_who_and_nothing_else() {
    let faulty = FaultyTenant::start(fine).await;
    let client = client(&format!("{}/prefix/", faulty.url()), Limits::default());
    let id = Uuid::now_v7();
    let tenant = client.invocation(id, &ALLOWED, CancellationToken::new());
    let thing: Thing = tenant.ask(&READ).part("id", "a b").query("q", "x&y=1#").query("n", 2).fetch().await.unwrap();
    assert_eq!(thing.name, "one");
    act(&tenant).await.unwrap();
    assert_eq!(tenant.changed(), Changed::Yes);
    let [get, post] = faulty.seen().try_into().unwrap();
    assert_eq!((get.method.as_str(), get.path.as_str()), ("GET", "/prefix/things/a%20b?q=x%26y%3D1%23&n=2"));
    assert_eq!(get.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    assert_eq!(get.header("x-request-id"), Some(id.to_string().as_str()));
    assert_eq!(get.header("user-agent"), Some(concat!("molecule-org-mcp/", env!("CARGO_PKG_VERSION"))));
    assert_eq!(get.header("x-molecule-org-id"), Some("org-1"));
    assert_eq!(get.header("accept"), Some("application/json"));
    let mut names: Vec<_> = get.headers.iter().map(|(n, _)| n.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "authorization", "host", "user-agent", "x-molecule-org-id", "x-request-id"]);
    assert_eq!((post.method.as_str(), post.path.as_str()), ("POST", "/prefix/things"));
    assert_eq!(post.header("content-type"), Some("application/json"));
    assert_eq!(post.body, br#"{"name":"one"}"#);
    assert_eq!(faulty.connections(), 1, "connections are kept");
    let sent: Vec<_> = tenant.sent().iter().map(|s| (s.route, s.status)).collect();
    assert_eq!(sent, [(READ, Some(200)), (ACT, Some(200))]);
    assert!(!format!("{client:?} {tenant:?}").contains(KEY));
}

#[tokio::test]
async fn no_value_leads_elsewhere() {
    let faulty = FaultyTenant::start(fine).await;
    let client = client(&faulty.url(), Limits::default());
    let tenant = at(&client);
    let long = "x/".repeat(5_000);
    for value in [
        "..",
        ".",
        "",
        "../settings",
        "../../settings/secrets/X",
        "%2e%2e",
        "%2e%2e%2fsettings",
        "..%2f",
        "．．",
        "․․/",
        "a／b",
        "a∕b",
        "x?y=1",
        "x#y",
        "..\\x",
        "\0",
        "x\0",
        "x\r\nHost: evil",
        "//evil",
        "@evil",
        "x;y",
        &long,
    ] {
        let before = faulty.count();
        match tenant.ask(&READ).part("id", value).fetch::<Thing>().await {
            Ok(_) => {
                let path = faulty.seen().pop().unwrap().path;
                assert_eq!(path.split('/').count(), 3, "{value:?} became {path}");
                assert!(!path.contains(['?', '#', '\\']), "{path}");
            }
            Err(failure) => {
                assert_eq!(failure.code(), Code::InvalidInput, "{value:?}");
                assert_eq!(faulty.count(), before, "{value:?}");
            }
        }
    }
}

#[tokio::test]
async fn mistakes_of_ours_are_told_before_anything_is_sent() {
    let faulty = FaultyTenant::start(fine).await;
    let client = client(&faulty.url(), Limits::default());
    let tenant = at(&client);
    let undeclared = tenant.ask(&UNDECLARED).fetch::<Thing>().await.unwrap_err();
    let unfilled = tenant.ask(&READ).fetch::<Thing>().await.unwrap_err();
    assert_eq!((undeclared.code(), unfilled.code()), (Code::Internal, Code::Internal));
    assert_eq!(faulty.count(), 0);
}

#[tokio::test]
async fn send_takes_placeholders_from_the_input() {
    let faulty = FaultyTenant::start(fine).await;
    let client = client(&faulty.url(), Limits::default());
    let tenant = at(&client);
    let input = |value: Value| value.as_object().unwrap().clone();
    tenant
        .send::<Value>(&READ, input(json!({"id": "a/b", "limit": 5, "tag": ["x", "y z"], "none": null})))
        .await
        .unwrap();
    tenant.send::<Value>(&REMOVE, input(json!({"id": "a", "confirm": true}))).await.unwrap();
    tenant.send::<Value>(&REST, input(json!({"id": "a", "path": "d/e f", "content": "c"}))).await.unwrap();
    tenant.send::<Value>(&ACT, input(json!({}))).await.unwrap();
    assert_eq!(tenant.send::<Value>(&READ, input(json!({}))).await.unwrap_err().code(), Code::Internal);
    let seen: Vec<_> =
        faulty.seen().iter().map(|s| (s.path.clone(), String::from_utf8(s.body.clone()).unwrap())).collect();
    let expected = [
        ("/things/a%2Fb?limit=5&tag=x&tag=y%20z", ""),
        ("/things/a?confirm=true", ""),
        ("/things/a/files/d/e%20f", r#"{"content":"c"}"#),
        ("/things", "{}"),
    ];
    assert_eq!(seen, expected.map(|(p, b)| (p.to_owned(), b.to_owned())));
}

#[tokio::test]
async fn expected_refusals_are_answers() {
    let faulty = FaultyTenant::start(|seen| match seen.nth {
        0 => Reply::json(409, &json!({"error": "taken", "id": 7})),
        1 => Reply::text(404, "404 page not found"),
        _ => Reply::text(200, "metric 1\n"),
    })
    .await;
    let client = client(&faulty.url(), Limits::default());
    let tenant = at(&client);
    let received = tenant.ask(&ACT).expecting(&[409]).received().await.unwrap();
    assert_eq!((received.status, &received.body["id"]), (409, &json!(7)));
    assert_eq!(received.decode::<Thing>().unwrap_err().code(), Code::OutcomeUnknown);
    let received = tenant.ask(&ACT).expecting(&[404]).received().await.unwrap();
    assert_eq!((received.status, received.body), (404, Value::Null));
    assert_eq!(tenant.changed(), Changed::No);
    assert_eq!(tenant.ask(&READ).part("id", "x").text().await.unwrap(), "metric 1\n");
}

#[tokio::test]
async fn a_read_is_asked_again_and_succeeds() {
    for first in
        [Reply::hang_up(), Reply::text(503, ""), Reply::with(429, &[("retry-after", "1")], ""), fine_reply().cut(3)]
    {
        let faulty = FaultyTenant::start(move |seen| if seen.nth == 0 { first.clone() } else { fine_reply() }).await;
        let client = client(&faulty.url(), Limits::default());
        let tenant = at(&client);
        assert_eq!(read(&tenant).await.unwrap().name, "one");
        assert_eq!(faulty.count(), 2);
    }
}

#[tokio::test]
async fn a_wait_that_doesnt_fit_isnt_begun() {
    let faulty = FaultyTenant::start(|_| Reply::with(429, &[("retry-after", "3")], "")).await;
    let client = client(&faulty.url(), quick());
    let started = Instant::now();
    let failure = read(&at(&client)).await.unwrap_err();
    assert_eq!(failure.wait(), Some(Duration::from_secs(3)));
    assert!(started.elapsed() < Duration::from_millis(1000));
}

#[tokio::test]
async fn within_replaces_the_deadline() {
    let faulty = FaultyTenant::start(|_| fine_reply().after(Duration::from_millis(1900))).await;
    let client = client(&faulty.url(), quick());
    let tenant = at(&client);
    assert_eq!(read(&tenant).await.unwrap_err().code(), Code::TenantTimeout);
    let patient = tenant.ask(&ACT).within(Duration::from_secs(5));
    patient.fetch::<Thing>().await.unwrap();
    assert_eq!(tenant.changed(), Changed::Yes);
}

#[tokio::test]
async fn cancelling_closes_the_connection_at_once() {
    let faulty = FaultyTenant::start(|_| Reply::stall()).await;
    let client = client(&faulty.url(), Limits::default());
    for (n, (route, changed)) in [(&READ, Changed::No), (&ACT, Changed::Unknown)].into_iter().enumerate() {
        let cancel = CancellationToken::new();
        let tenant = client.invocation(Uuid::now_v7(), &ALLOWED, cancel.clone());
        // On another task: tools may be run from any, so their futures must be able to go there.
        let call = tokio::spawn({
            let tenant = tenant.clone();
            async move {
                let ask = tenant.ask(route);
                let ask = if route == &READ { ask.part("id", "x") } else { ask };
                ask.fetch::<Thing>().await
            }
        });
        faulty.reached(n + 1).await;
        let started = Instant::now();
        cancel.cancel();
        let failure = call.await.unwrap().unwrap_err();
        assert_eq!((failure.code(), failure.has_changed()), (Code::Cancelled, changed));
        faulty.deserted(n + 1).await;
        assert!(started.elapsed() < Duration::from_millis(1000), "{:?}", started.elapsed());
        assert_eq!(tenant.changed(), changed);
        assert_eq!(tenant.sent().len(), 1);
        assert_eq!(read(&tenant).await.unwrap_err().code(), Code::Cancelled);
        assert_eq!(faulty.count(), n + 1, "a cancelled invocation sends nothing more");
    }
}

#[tokio::test]
async fn a_dropped_act_is_unclear() {
    let faulty = FaultyTenant::start(|_| Reply::stall()).await;
    let client = client(&faulty.url(), Limits::default());
    let tenant = at(&client);
    let dropped = tokio::time::timeout(Duration::from_millis(500), act(&tenant)).await;
    assert!(dropped.is_err());
    assert_eq!(tenant.changed(), Changed::Unknown);
    assert_eq!(tenant.sent().first().map(|s| s.status), Some(None));
}

#[tokio::test]
async fn no_more_calls_than_places() {
    let faulty = FaultyTenant::start(|_| fine_reply().after(Duration::from_millis(30))).await;
    let client = client(&faulty.url(), Limits { in_flight: 4, ..Limits::default() });
    let calls: Vec<_> = (0..24)
        .map(|_| {
            let tenant = at(&client);
            tokio::spawn(async move { read(&tenant).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(faulty.most_under_way(), 4);
}

#[tokio::test]
async fn a_call_without_a_place_is_told_so() {
    let faulty = FaultyTenant::start(|_| Reply::stall()).await;
    let limits = Limits { in_flight: 1, queue: Duration::from_millis(100), ..Limits::default() };
    let client = client(&faulty.url(), limits);
    let first = at(&client);
    let busy = tokio::spawn(async move { read(&first).await });
    faulty.reached(1).await;
    let tenant = at(&client);
    let failure = act(&tenant).await.unwrap_err();
    assert_eq!((failure.code(), failure.has_changed()), (Code::TenantTimeout, Changed::No));
    assert!(failure.message().contains("free place"), "{failure}");
    assert_eq!((faulty.count(), tenant.changed()), (1, Changed::No));
    busy.abort();
}

#[tokio::test]
async fn a_dead_tenant_is_left_alone_after_a_while() {
    let client = client(&nobody().await, Limits { attempts: 1, ..Limits::default() });
    let tenant = at(&client);
    for _ in 0..5 {
        assert_eq!(act(&tenant).await.unwrap_err().wait(), None);
    }
    let failure = act(&tenant).await.unwrap_err();
    assert_eq!((failure.code(), failure.has_changed()), (Code::TenantUnreachable, Changed::No));
    assert!(failure.wait().is_some_and(|w| w > Duration::from_secs(4)), "{failure:?}");
}

#[tokio::test]
async fn an_answer_of_any_kind_keeps_the_breaker_closed() {
    let faulty =
        FaultyTenant::start(|seen| if seen.nth % 5 == 4 { Reply::text(500, "") } else { Reply::hang_up() }).await;
    let client = client(&faulty.url(), Limits { attempts: 1, ..Limits::default() });
    let tenant = at(&client);
    for _ in 0..50 {
        read(&tenant).await.unwrap_err();
    }
    assert_eq!(faulty.count(), 50);
}

#[tokio::test]
async fn a_failing_tenant_isnt_flooded() {
    for calls in [100, 1000] {
        let faulty = FaultyTenant::start(|_| Reply::text(503, "")).await;
        let client = client(&faulty.url(), Limits::default());
        for _ in 0..calls {
            read(&at(&client)).await.unwrap_err();
        }
        assert!(faulty.count() * 10 <= calls * 11, "{} requests for {calls} calls", faulty.count());
    }
}

#[tokio::test]
async fn who_lets_everybody_in_is_noticed() {
    for (reply, expected) in [
        (Reply::json(200, &json!([])), Some(true)),
        (Reply::json(401, &json!({"error": "invalid admin auth token"})), Some(false)),
        (Reply::text(403, ""), Some(false)),
        (Reply::text(404, ""), None),
        (Reply::json(500, &json!({"error": "x"})), None),
    ] {
        let faulty = FaultyTenant::start(move |_| reply.clone()).await;
        let client = client(&faulty.url(), Limits::default());
        assert_eq!(client.lets_everybody_in().await.ok(), expected);
        let seen = faulty.seen().pop().unwrap();
        assert_eq!((seen.method.as_str(), seen.path.as_str()), ("GET", "/org/tokens"));
        let stranger = seen.header("authorization").unwrap().strip_prefix("Bearer ").unwrap();
        assert_eq!(stranger.len(), 43);
        assert_ne!(stranger, KEY);
    }
}

#[tokio::test]
async fn the_key_is_in_no_failure_even_if_the_tenant_repeats_it() {
    let faulty = FaultyTenant::start(|seen| {
        let header = seen.header("authorization").unwrap_or_default();
        Reply::json(400 + (seen.nth % 15) as u16, &json!({"error": format!("bad {header}!"), "missing_env": [header]}))
    })
    .await;
    let client = client(&faulty.url(), Limits::default());
    for _ in 0..15 {
        let failure = act(&at(&client)).await.unwrap_err();
        assert!(!format!("{failure:?}{}{}", failure.text(), failure.fields()).contains(KEY), "{failure:?}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_large_answer_doesnt_delay_others() {
    let rows: Vec<_> =
        (0..60_000).map(|n| json!({"id": n, "name": format!("workspace {n}"), "note": "x".repeat(120)})).collect();
    let large = json!({"name": "one", "rows": rows}).to_string();
    assert!(large.len() > 9_000_000);
    let large = Reply::with(200, &[], large);
    let faulty =
        FaultyTenant::start(move |seen| if seen.path.ends_with("large") { large.clone() } else { fine_reply() }).await;
    let client = client(&faulty.url(), Limits { answer_bytes: 16 << 20, ..Limits::default() });
    let tenant = at(&client);
    read(&tenant).await.unwrap();
    // A busy machine makes anybody wait; one undisturbed try in five shows that it isn't us.
    let mut waits = Vec::new();
    for _ in 0..5 {
        waits.push(longest_wait_beside(&tenant).await);
    }
    assert!(waits.iter().any(|worst| *worst < Duration::from_millis(20)), "others waited {waits:?}");
}

/// How long somebody else waits, at most, while a large answer is read.
async fn longest_wait_beside(tenant: &Tenant) -> Duration {
    let big = tokio::spawn({
        let tenant = tenant.clone();
        async move { tenant.ask(&READ).part("id", "large").fetch::<Thing>().await }
    });
    let mut worst = Duration::ZERO;
    while !big.is_finished() {
        let started = Instant::now();
        tokio::time::sleep(Duration::from_millis(1)).await;
        worst = worst.max(started.elapsed());
    }
    assert_eq!(big.await.unwrap().unwrap().name, "one");
    worst
}
