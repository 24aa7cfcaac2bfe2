//! Checkpoints that are kept elsewhere: in a file, and at an address that isn't always there.

use std::fs::{self, File};
use std::io::BufReader;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use molecule_org_mcp::anchor::Anchor;
use molecule_org_mcp::journal::verify::Kept;
use tokio::net::TcpListener;

use super::{open, verified, written};

#[tokio::test]
async fn a_file_gets_every_checkpoint_and_vouches_for_the_chain() {
    let home = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let path = elsewhere.path().join("acme/anchor.jsonl");
    let journal = open(home.path());
    journal.anchored(Anchor::parse(&format!("file:{}", path.display())).unwrap());
    written(&journal, 25).await;
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 3);
    let kept = Kept::read(BufReader::new(File::open(&path).unwrap())).unwrap();
    let report = verified(home.path(), &kept);
    assert!(report.ok && report.chains[0].kept_checkpoints == 3, "{report:?}");
}

#[tokio::test]
async fn an_endpoint_that_fails_at_first_gets_it_in_the_end_and_nobody_waits() {
    let taken = Arc::new(Mutex::new(Vec::new()));
    let noting = Arc::clone(&taken);
    let router = Router::new().route(
        "/acme",
        post(move |headers: HeaderMap, body: String| async move {
            assert_eq!(headers["content-type"], "application/json");
            let mut taken = noting.lock().unwrap();
            taken.push(body);
            // A redirect is as good as a refusal.
            let away = [("location", "http://127.0.0.1:1/elsewhere")];
            if taken.len() == 1 { (StatusCode::TEMPORARY_REDIRECT, away) } else { (StatusCode::OK, away) }
        }),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/acme", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let home = tempfile::tempdir().unwrap();
    let journal = open(home.path());
    journal.anchored(Anchor::parse(&address).unwrap());
    let checkpoint = written(&journal, 10).await.pop().unwrap();
    let until = tokio::time::Instant::now() + Duration::from_secs(10);
    while taken.lock().unwrap().len() < 2 {
        assert!(tokio::time::Instant::now() < until, "it was never tried again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let taken = taken.lock().unwrap();
    assert_eq!(taken[0], taken[1]);
    let mut kept = Kept::read(taken[1].as_bytes()).unwrap();
    kept.add(checkpoint);
    assert!(verified(home.path(), &kept).ok);
}
