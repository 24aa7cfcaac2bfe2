//! `cargo bench --bench journal`: what a chained entry costs, beside a bare log in the same run: a file to
//! which the same bytes are appended and synced, by as many writers and with the same way of gathering
//! batches. Rounds take turns: the machine's noise falls on both.

mod log;
mod report;

use std::time::{Duration, Instant};

use chrono::Utc;
use molecule_org_mcp::journal::Journal;
use molecule_org_mcp::journal::entry::{Intent, IntentDetail};
use molecule_org_mcp::store::Store;
use molecule_org_mcp::tools::effect::Effect;
use uuid::Uuid;

use log::Log;
use report::{Round, Series};

pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const WRITERS: usize = 64;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| *word != "--bench").collect();
    // `cargo test --benches` comes here too: an unoptimised build has no figures worth a wait.
    if cfg!(debug_assertions) {
        return Ok(());
    }
    let (rounds, moment) = match words.as_slice() {
        [] | ["--write"] => (15, Duration::from_secs(2)),
        ["--quick"] => (3, Duration::from_millis(700)),
        _ => return Err("usage: cargo bench --bench journal [-- --quick | --write]".into()),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let all = runtime.block_on(measure(rounds, moment))?;
    match words.as_slice() {
        ["--write"] => report::write(&all),
        ["--quick"] => report::print(&all).and_then(|()| report::check(&all)),
        _ => report::print(&all),
    }
}

async fn measure(rounds: usize, moment: Duration) -> Outcome<Vec<Series>> {
    let place =
        tempfile::tempdir_in(std::env::var_os("JOURNAL_BENCH_DIR").unwrap_or_else(|| std::env::temp_dir().into()))?;
    let journal = Journal::open(Store::open(place.path()), place.path(), "https://acme.example");
    let log = Log::open(&place.path().join("log"))?;
    let mut all: Vec<Series> = Vec::new();
    for writers in [WRITERS, 1] {
        let mut bare = Series::new("bare log", writers);
        let mut chained = Series::new("journal", writers);
        // The first warms up.
        for round in 0..=rounds {
            let of_log = together(writers, moment, async || log.append(bytes()).await).await?;
            let of_journal = together(writers, moment, async || Ok(journal.intend(intent()).await?)).await?;
            if round > 0 {
                bare.rounds.push(of_log);
                chained.rounds.push(of_journal);
            }
        }
        all.extend([bare, chained]);
    }
    journal.flush().await?;
    let chain = journal.verify().await?;
    if !chain.ok {
        return Err(format!("the chain isn't whole: {:?}", chain.problem).into());
    }
    Ok(all)
}

/// So many writers, each with one entry after the other.
async fn together<W, F>(writers: usize, moment: Duration, write: W) -> Outcome<Round>
where
    W: Fn() -> F,
    F: Future<Output = Outcome<()>>,
{
    let begun = Instant::now();
    let one = async || {
        let mut took = Vec::new();
        while begun.elapsed() < moment {
            let since = Instant::now();
            write().await?;
            took.push(since.elapsed().as_secs_f64() * 1e3);
        }
        Outcome::Ok(took)
    };
    let all = futures_util::future::try_join_all((0..writers).map(|_| one())).await?;
    Ok(Round { took: all.concat(), seconds: begun.elapsed().as_secs_f64() })
}

/// As a call of an everyday tool has it.
fn intent() -> Intent {
    Intent {
        invocation: Uuid::now_v7(),
        at: Utc::now(),
        tool: "update_workspace".into(),
        effect: Effect::Write,
        key_prefix: "q7RzB2ne".into(),
        detail: IntentDetail {
            tenant: "https://acme.example".into(),
            key_id: Some("613fac6b-7c79-44fa-a26f-75c6ee7e1ffc".into()),
            caller: "local".into(),
            door: "stdio".into(),
            client: Some("claude-code 2.1.0".into()),
            targets: [("workspace_id".to_owned(), "613fac6b-7c79-44fa-a26f-75c6ee7e1ffc".to_owned())].into(),
            arguments: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into(),
            decision: "allowed".into(),
            rule: "default".into(),
            routes: vec!["PATCH /workspaces/{workspace_id}".into(), "GET /workspaces/{workspace_id}".into()],
            ..IntentDetail::default()
        },
    }
}

/// The same bytes, made with as much care.
fn bytes() -> Vec<u8> {
    let Intent { invocation, at, tool, effect, key_prefix, detail } = intent();
    let body = serde_json::to_string(&detail).unwrap_or_default();
    let process = Uuid::nil();
    let tenant = &detail.tenant;
    // The hash's 32 bytes and the position's 8 are in the line, too.
    format!("{tenant}{invocation}intent{at}{process}{tool}{}{key_prefix}{body}{:40}\n", effect.as_str(), "")
        .into_bytes()
}
