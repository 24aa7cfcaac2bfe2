//! What happens at the tenant reaches whoever watches it, and nobody else.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use molecule_org_mcp::grants::{Until, Wish};
use molecule_org_mcp::policy::Rules;
use molecule_org_mcp::policy::binding::Binding;
use molecule_org_mcp::policy::role::Role;
use molecule_org_mcp::tools::ids::WorkspaceId;
use serde_json::json;

use super::*;
use crate::grants::{operator, wish};
use crate::support::Plan;

/// What is told up to a marker's change. Bursts are held back for a moment, so that what happened before the marker
/// may be told after it: until nothing comes any more.
async fn marked(house: &House, ear: &mut Ear, marker: &str) -> Vec<String> {
    beat(house.host(), marker).await;
    let mut stale = BTreeSet::new();
    while !stale.contains(&place(marker)) {
        stale.insert(ear.stale().await);
    }
    stale.extend(rest(ear).await);
    stale.remove(&place(marker));
    stale.into_iter().collect()
}

/// What is still on its way.
async fn rest(ear: &mut Ear) -> BTreeSet<String> {
    const LONGER_THAN_A_BURST: Duration = Duration::from_millis(300);
    let mut stale = BTreeSet::new();
    while let Ok(uri) = timeout(LONGER_THAN_A_BURST, ear.stale()).await {
        stale.insert(uri);
    }
    stale
}

#[tokio::test]
async fn each_door_and_era_hears_of_what_it_watches_and_of_nothing_else() {
    let house = House::open(Plan::default());
    let host = house.host();
    let (one, other, marker) =
        (workspace(host, "one").await, workspace(host, "other").await, workspace(host, "marker").await);
    let (mine, last) = (place(&one), place(&marker));
    let door = Door::open(&house.dispatch).await;

    let mut old_pipe = Pipe::greeted(&house.dispatch).await;
    for uri in [&mine, &last] {
        assert_eq!(old_pipe.subscribe(uri).await["result"], json!({}));
    }
    is_up(&house).await;
    let mut session = door.session(BEARER).await;
    for uri in [&mine, &last] {
        assert_eq!(session.ask("resources/subscribe", json!({ "uri": uri })).await["result"], json!({}));
    }
    let mut new_pipe = Pipe::open(&house.dispatch);
    let accepted = new_pipe.listen(1, watching(&[&mine, &last])).await;
    assert_eq!(accepted["notifications"], watching(&[&mine, &last]));
    let mut stream = door.listen(BEARER, watching(&[&mine, &last])).await;

    beat(host, &other).await;
    beat(host, &one).await;
    for ear in [&mut old_pipe.ear, &mut session.stream.ear, &mut new_pipe.ear, &mut stream.ear] {
        assert_eq!(marked(&house, ear, &marker).await, std::slice::from_ref(&mine));
    }
    assert_eq!(asked(host, "/ws"), 1, "one line for all of them");

    // Whoever has had enough hears nothing more.
    old_pipe.ask(2, "resources/unsubscribe", json!({ "uri": mine })).await;
    session.ask("resources/unsubscribe", json!({ "uri": mine })).await;
    let enough = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 1 } });
    new_pipe.send(&enough).await;
    beat(host, &one).await;
    assert_eq!(marked(&house, &mut old_pipe.ear, &marker).await, [""; 0]);
    assert_eq!(marked(&house, &mut session.stream.ear, &marker).await, [""; 0]);
    while stream.ear.stale().await != mine {}

    // And with the last of them the line to the tenant is gone.
    drop(stream);
    session.end().await;
    let ended = (old_pipe.door, new_pipe.door);
    drop((old_pipe.to, new_pipe.to));
    ended.0.await.unwrap();
    ended.1.await.unwrap();
    is_quiet(&house).await;
}

#[tokio::test]
async fn an_event_is_heard_within_a_tenth_of_a_second() {
    let house = House::open(Plan::default());
    let host = house.host();
    let one = workspace(host, "one").await;
    let uri = place(&one);
    let door = Door::open(&house.dispatch).await;
    let mut old = Pipe::greeted(&house.dispatch).await;
    old.subscribe(&uri).await;
    is_up(&house).await;
    let mut new = door.listen(BEARER, watching(&[&uri])).await;
    let mut took = [Vec::new(), Vec::new()];
    for _ in 0..50 {
        // Past the moment in which a second change is told together with the first.
        tokio::time::sleep(Duration::from_millis(60)).await;
        old.ear.so_far();
        new.ear.so_far();
        let begun = Instant::now();
        beat(host, &one).await;
        for (ear, took) in [&mut old.ear, &mut new.ear].into_iter().zip(&mut took) {
            assert_eq!(ear.stale().await, uri);
            took.push(begun.elapsed());
        }
    }
    for (door, mut took) in ["stdio, 2025-06-18", "HTTP, 2026-07-28"].into_iter().zip(took) {
        took.sort();
        println!("{door}: p50 {:?}, p95 {:?}, most {:?}", took[25], took[47], took[49]);
        assert!(took[47] < Duration::from_millis(100), "{door}: {took:?}");
    }
}

#[tokio::test]
async fn two_hundred_hear_of_it() {
    let house = House::open(Plan::default());
    let host = house.host();
    let one = workspace(host, "one").await;
    let uri = place(&one);
    let door = Door::open(&house.dispatch).await;
    let mut first = door.listen(BEARER, watching(&[&uri])).await;
    assert_eq!(first.ear.stale().await, uri, "what happened before the line stood may be anything");
    is_up(&house).await;
    let mut streams = Vec::new();
    for _ in 0..200 {
        streams.push(door.listen(BEARER, watching(&[&uri])).await);
    }
    let begun = Instant::now();
    beat(host, &one).await;
    for stream in &mut streams {
        assert_eq!(stream.ear.stale().await, uri);
    }
    println!("200 subscribers heard of it after {:?}", begun.elapsed());
    assert_eq!((asked(host, "/ws"), asked(host, "/events")), (1, 1));
    assert_eq!(house.dispatch.server().events.watched(), (201, true));
    drop((first, streams));
    is_quiet(&house).await;
}

#[tokio::test]
async fn nobody_watches_and_the_tenant_isnt_asked() {
    let house = House::open(Plan::default());
    let mut pipe = Pipe::greeted(&house.dispatch).await;
    let door = Door::open(&house.dispatch).await;
    let _session = door.session(BEARER).await;
    let _lists = door.listen(BEARER, json!({ "toolsListChanged": true })).await;
    pipe.ask(3, "tools/list", json!({})).await;
    assert_eq!(house.host().asked().len(), 0, "{:?}", house.host().asked());
}

#[tokio::test]
async fn what_this_server_does_is_told_where_the_tenant_has_no_event() {
    let house = House::open(Plan::default());
    let id = workspace(house.host(), "one").await;
    let mut pipe = Pipe::greeted(&house.dispatch).await;
    let file = format!("{}/files/notes.md", place(&id));
    for uri in ["molecule://keys", "molecule://journal/today", &file] {
        assert_eq!(pipe.subscribe(uri).await["result"], json!({}), "{uri}");
    }
    house.call("write_file", json!({ "workspace_id": id, "path": "notes.md", "content": "x" })).await;
    let told = [pipe.ear.stale().await, pipe.ear.stale().await];
    assert_eq!(told, ["molecule://journal/today".to_owned(), file]);
    // A read changes nothing, the journal's least of all.
    house.call("query_journal", json!({})).await;
    house.call("mint_org_key", json!({ "name": "k", "sink": "file:k" })).await;
    let mut told = [pipe.ear.stale().await, pipe.ear.stale().await];
    told.sort();
    assert_eq!(told, ["molecule://journal/today", "molecule://keys"]);
}

#[tokio::test]
async fn a_bound_caller_hears_nothing_of_others() {
    let house = House::open(Plan::default());
    let host = house.host();
    let (top, other) = (workspace(host, "top").await, workspace(host, "other").await);
    let child = below(host, "child", &top).await;
    // Its first sign of life brings it online, which the list shows.
    beat(host, &child).await;
    let own = Binding { subtrees: [WorkspaceId::try_from(top.clone()).unwrap()].into(), ..Binding::default() };
    let grants = &house.dispatch.server().grants;
    let bound = Wish { binding: Some(own), until: Some(Until::Never), ..wish("bound", Role::Viewer) };
    let issued = grants.issue(bound, operator(), &Rules::default(), chrono::Utc::now()).await.unwrap();
    let bearer = issued.credential.expose().to_owned();
    let door = Door::open(&house.dispatch).await;

    let mut refused = door.listen(&bearer, watching(&[&place(&other)])).await;
    let answer = refused.ear.answer(1).await;
    let text = answer["error"]["message"].as_str().unwrap();
    assert!(text.starts_with("FORBIDDEN_BY_POLICY") && !text.contains(&other), "{text}");
    let mut refused = door.listen(&bearer, watching(&["molecule://keys"])).await;
    assert!(refused.ear.answer(1).await["error"]["message"].as_str().unwrap().starts_with("FORBIDDEN_BY_POLICY"));

    let all = "molecule://workspaces";
    let mut stream = door.listen(&bearer, watching(&[&place(&child), all])).await;
    is_up(&house).await;
    // What may have been missed before the line stood.
    rest(&mut stream.ear).await;
    let (status, _) = host.ask_as_owner("POST", &format!("/workspaces/{other}/pause"), json!({})).await;
    assert_eq!(status, 200);
    beat(host, &child).await;
    assert_eq!(rest(&mut stream.ear).await, [place(&child)].into(), "the list that it sees is as it was");
    let (status, _) = host.ask_as_owner("POST", &format!("/workspaces/{child}/pause"), json!({})).await;
    assert_eq!(status, 200);
    assert_eq!(rest(&mut stream.ear).await, [all.to_owned(), place(&child)].into());
}
