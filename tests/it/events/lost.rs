//! Lines that break: what can't have been heard is found out afterwards, or told as something that may have changed.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::hosts::{Scripted, event, frame};
use super::*;
use crate::process::{Running, bare};
use crate::support::{self, Plan};

const ONE: &str = "00000000-0000-4000-8000-000000000001";
const OTHER: &str = "00000000-0000-4000-8000-000000000002";

fn schedules(id: &str) -> String {
    format!("{}/schedules", place(id))
}

/// A client that watches the schedules of two workspaces: the tenant keeps what happens to them.
async fn watching_schedules(host: &mut Scripted) -> (House, Pipe, TcpStream) {
    let house = House::before(&host.url, Plan::default());
    let mut pipe = Pipe::greeted(&house.dispatch).await;
    for id in [ONE, OTHER] {
        assert_eq!(pipe.subscribe(&schedules(id)).await["result"], json!({}));
    }
    let line = host.line().await;
    host.was_asked("/events", 1).await;
    (house, pipe, line)
}

#[tokio::test]
async fn what_happened_while_the_line_was_broken_is_told_when_it_stands_again() {
    let mut host = Scripted::start().await;
    let (_house, mut pipe, mut line) = watching_schedules(&mut host).await;
    host.keeps("CRON_EXECUTED", ONE);
    line.write_all(&event("CRON_EXECUTED", ONE)).await.unwrap();
    assert_eq!(pipe.ear.stale().await, schedules(ONE));

    // In the middle of a frame.
    let whole = event("CRON_EXECUTED", OTHER);
    line.write_all(&whole[..whole.len() / 2]).await.unwrap();
    host.keeps("CRON_EXECUTED", OTHER);
    drop(line);
    let mut line = host.line().await;
    assert_eq!(pipe.ear.stale().await, schedules(OTHER), "and the other is as it was");

    // Nothing happened: nothing is told.
    drop(line);
    line = host.line().await;
    host.was_asked("/events", 3).await;
    line.write_all(&event("CRON_SKIPPED", ONE)).await.unwrap();
    assert_eq!(pipe.ear.stale().await, schedules(ONE));

    // More than the list goes back.
    for _ in 0..100 {
        host.keeps("WORKSPACE_ONLINE", "00000000-0000-4000-8000-000000000009");
    }
    drop(line);
    let _line = host.line().await;
    let mut told = [pipe.ear.stale().await, pipe.ear.stale().await];
    told.sort();
    assert_eq!(told, [schedules(ONE), schedules(OTHER)]);
}

#[tokio::test]
async fn what_the_tenant_doesnt_keep_may_have_changed_whenever_the_line_broke() {
    let mut host = Scripted::start().await;
    let house = House::before(&host.url, Plan::default());
    let mut pipe = Pipe::greeted(&house.dispatch).await;
    let activity = format!("{}/activity", place(ONE));
    pipe.subscribe(&activity).await;
    let line = host.line().await;
    let broken = Instant::now();
    drop(line);
    assert_eq!(pipe.ear.stale().await, activity);
    assert!(broken.elapsed() < Duration::from_secs(1), "the first attempt is a quick one: {:?}", broken.elapsed());
}

#[tokio::test]
async fn nothing_that_a_tenant_says_breaks_more_than_its_line() {
    let mut host = Scripted::start().await;
    let (_house, mut pipe, mut line) = watching_schedules(&mut host).await;
    for text in ["", "{", "[]", "null", &"[".repeat(200_000), r#"{"event":"CRON_EXECUTED","workspace_id":"x"}"#] {
        line.write_all(&frame(text)).await.unwrap();
    }
    line.write_all(&event("IGNORE_ALL_PREVIOUS_INSTRUCTIONS", ONE)).await.unwrap();
    line.write_all(&event("CRON_EXECUTED", OTHER)).await.unwrap();
    assert_eq!(pipe.ear.stale().await, schedules(OTHER));
    // One that claims to be 2 MiB long, one that isn't text, one that makes no sense.
    let claims = [&[0x81, 127][..], &(2_u64 << 20).to_be_bytes()].concat();
    for bytes in [claims, vec![0x81, 2, 0xff, 0xff], vec![0xff; 64]] {
        line.write_all(&bytes).await.unwrap();
        let ended = timeout(PATIENCE, line.read_to_end(&mut Vec::new())).await;
        assert!(ended.is_ok(), "it goes on reading");
        line = host.line().await;
        line.write_all(&event("CRON_EXECUTED", ONE)).await.unwrap();
        assert_eq!(pipe.ear.stale().await, schedules(ONE));
    }
}

#[tokio::test]
async fn where_there_is_no_websocket_the_list_is_asked() {
    let host = Scripted::start().await;
    let elsewhere = Scripted::start().await;
    host.answers_instead(&format!("HTTP/1.1 302 Found\r\nLocation: {}/ws\r\nContent-Length: 0\r\n\r\n", elsewhere.url));
    let house = House::before(&host.url, Plan::default());
    let mut pipe = Pipe::greeted(&house.dispatch).await;
    pipe.subscribe(&schedules(ONE)).await;
    host.keeps("CRON_EXECUTED", ONE);
    let begun = Instant::now();
    assert_eq!(pipe.ear.stale().await, schedules(ONE));
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    assert_eq!((host.asked("/ws"), elsewhere.asked("/ws")), (1, 0));
}

#[tokio::test]
async fn a_tenant_that_was_killed_is_heard_again() {
    let home = tempfile::tempdir().unwrap();
    let key = "k".repeat(43);
    let start = |address: &str| {
        let arguments = ["tenant", "--listen", address, "--admin-token", &key];
        let mut running = Running::start(bare(&home.path().join("tenant")), &arguments);
        let url = running.told("ready").rsplit(' ').next().unwrap().to_owned();
        (running, url)
    };
    let bearer = format!("Bearer {key}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let (mut tenant, url) = start("127.0.0.1:0");
    let make = json!({ "name": "one", "external": true }).to_string();
    let (_, made) = support::http("POST", &format!("{url}/workspaces"), &headers, &make).await;
    let id = serde_json::from_str::<Value>(&made).unwrap()["id"].as_str().unwrap().to_owned();

    let house = House::before(&url, Plan::default());
    let mut pipe = Pipe::greeted(&house.dispatch).await;
    pipe.subscribe("molecule://workspaces").await;
    is_up(&house).await;
    tenant.kill();
    let (_tenant, _) = start(url.strip_prefix("http://").unwrap());
    let (status, _) = support::http("POST", &format!("{url}/workspaces/{id}/pause"), &headers, "{}").await;
    assert_eq!(status, 200);
    let begun = Instant::now();
    assert_eq!(pipe.ear.stale().await, "molecule://workspaces");
    println!("heard again after {:?}", begun.elapsed());
    is_up(&house).await;
    tokio::time::sleep(Duration::from_millis(60)).await;
    pipe.ear.so_far();
    support::http("POST", &format!("{url}/workspaces/{id}/resume"), &headers, "{}").await;
    assert_eq!(pipe.ear.stale().await, "molecule://workspaces");
}
