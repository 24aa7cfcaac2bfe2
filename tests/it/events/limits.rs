//! Where watching ends: what can't be watched, how much, and when the server goes.

use std::time::Instant;

use serde_json::json;

use super::*;
use crate::support::Plan;

#[tokio::test]
async fn what_cant_be_watched_is_told() {
    let house = House::open(Plan::default());
    let mut pipe = Pipe::greeted(&house.dispatch).await;
    let answer = pipe.subscribe("molecule://workspace").await;
    assert_eq!(answer["error"]["code"], -32002, "{answer}");
    assert!(answer["error"]["message"].as_str().unwrap().starts_with("NOT_FOUND"), "{answer}");
    let nobody = "00000000-0000-4000-8000-000000000000";
    for n in 0..100 {
        let uri = format!("{}/files/{n}.md", place(nobody));
        assert_eq!(pipe.subscribe(&uri).await["result"], json!({}));
    }
    let answer = pipe.subscribe("molecule://org").await;
    assert!(answer["error"]["message"].as_str().unwrap().starts_with("TOO_LARGE"), "{answer}");
    pipe.ask(2, "resources/unsubscribe", json!({ "uri": format!("{}/files/7.md", place(nobody)) })).await;
    assert_eq!(pipe.subscribe("molecule://org").await["result"], json!({}));

    let mut modern = Pipe::open(&house.dispatch);
    let accepted = modern.listen(1, watching(&["molecule://workspace", "molecule://org"])).await;
    assert_eq!(accepted["notifications"], watching(&["molecule://org"]));
    assert_eq!(modern.ear.answer(1).await["error"]["code"], -32602);
}

#[tokio::test]
async fn an_endpoint_without_streams_says_where_they_are() {
    let house = House::open(Plan::default());
    let door = Door::open(&house.dispatch).await;
    let body = request(4, "subscriptions/listen", modern(json!({ "notifications": watching(&["molecule://org"]) })));
    let more = "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: subscriptions/listen\r\n";
    let mut answer = Stream::open(door.address, "POST /mcp/json", BEARER, more, &body.to_string()).await;
    assert_eq!(answer.status(), 400);
    assert!(answer.ear.answer(4).await["error"]["message"].as_str().unwrap().contains("use /mcp"));
    let body = request(4, "resources/subscribe", json!({ "uri": "molecule://org" })).to_string();
    // No id of a session makes one here.
    let more = "MCP-Protocol-Version: 2025-06-18\r\nMcp-Session-Id: forged-1\r\n";
    let mut answer = Stream::open(door.address, "POST /mcp/json", BEARER, more, &body).await;
    let told = answer.ear.answer(4).await;
    assert!(told["error"]["message"].as_str().unwrap().contains("Use /mcp"), "{told}");
}

#[tokio::test]
async fn streams_end_in_order_when_the_server_does() {
    let house = House::open(Plan::default());
    let door = Door::open(&house.dispatch).await;
    let mut stream = door.listen(BEARER, watching(&["molecule://org"])).await;
    let begun = Instant::now();
    door.until.cancel();
    let last = stream.ear.answer(1).await;
    assert_eq!(last["result"]["resultType"], "complete", "{last}");
    assert_eq!(stream.ear.last().await, None);
    door.serving.await.unwrap().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(house.dispatch.server().events.watched(), (0, false));
}

#[tokio::test]
async fn the_end_of_the_input_doesnt_wait_for_streams() {
    let house = House::open(Plan::default());
    let mut pipe = Pipe::open(&house.dispatch);
    pipe.listen(1, watching(&["molecule://org"])).await;
    let begun = Instant::now();
    drop(pipe.to);
    pipe.door.await.unwrap();
    assert!(begun.elapsed() < Duration::from_millis(350), "{:?}", begun.elapsed());
    is_quiet(&house).await;
}
