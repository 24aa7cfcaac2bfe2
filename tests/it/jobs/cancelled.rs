//! Every tool, cancelled while its tenant is silent: at its first request, its second, and so on. Nothing more is
//! sent, the journal has an outcome, and the next call works.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::bounds::leaks::{inside, tools};
use crate::bounds::organisation::{MEMBER, house};

/// How deep into a tool's requests.
const DEPTH: u64 = 4;
const AT_ONCE: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_tool_stops_where_it_is() {
    let house = house().await;
    let (mut cancelled, mut slowest) = (0, Duration::ZERO);
    for tool in tools() {
        let arguments = inside(&tool, MEMBER);
        for depth in 0..DEPTH {
            house.host().halt_after(depth, false);
            let cancel = CancellationToken::new();
            let call = house.cancellable(tool.name, arguments.clone(), cancel.clone());
            tokio::pin!(call);
            let halted = tokio::select! {
                biased;
                _ = &mut call => false,
                () = house.host().halted() => true,
            };
            if !halted {
                house.host().halt_no_more();
                break;
            }
            let asked = house.host().asked().len();
            let since = Instant::now();
            cancel.cancel();
            let Ok(outcome) = timeout(Duration::from_secs(10), call).await else {
                panic!("{} goes on, cancelled at request {depth}", tool.name);
            };
            let took = since.elapsed();
            assert!(took < AT_ONCE, "{} took {took:?}, cancelled at request {depth}", tool.name);
            slowest = slowest.max(took);
            let refusal = outcome.expect_err(tool.name);
            let code = refusal.failure.code().as_str();
            assert!(matches!(code, "CANCELLED" | "OUTCOME_UNKNOWN"), "{}: {}", tool.name, refusal.failure.text());
            assert_eq!(house.host().asked().len(), asked, "{} asked on, cancelled at {depth}", tool.name);
            assert_eq!(house.journal(tool.name).await["outcome"], json!(code), "{}", tool.name);
            cancelled += 1;
        }
    }
    house.call("list_workspaces", json!({})).await;
    house.is_balanced().await;
    println!("{cancelled} calls cancelled, the slowest after {slowest:?}");
    assert!(cancelled > 150, "{cancelled}");
}
