//! The order of things. `-- --write` puts the figures into `docs/performance.md`; `-- --quick` takes
//! seconds, and fails where a goal that doesn't depend on the machine's noise is missed by far.

mod ask;
mod cold;
mod decide;
mod door;
mod figures;
mod giant;
mod house;
mod http;
mod lines;
mod machine;
mod memory;
mod process;
mod proxy;
mod report;
mod steady;

pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// How much is done of each.
pub struct Size {
    starts: usize,
    rounds: usize,
    calls: usize,
    /// Of changes in a round: a workspace holds fifty tokens at most.
    changes: usize,
    in_flight: &'static [usize],
    moment: std::time::Duration,
    giants: usize,
}

const FULL: Size = Size {
    starts: 30,
    rounds: 15,
    calls: 500,
    changes: 40,
    in_flight: &[1, 16, 64],
    moment: std::time::Duration::from_millis(600),
    giants: 5,
};

const QUICK: Size = Size {
    starts: 7,
    rounds: 3,
    calls: 300,
    changes: 10,
    in_flight: &[64],
    moment: std::time::Duration::from_millis(250),
    giants: 1,
};

pub fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        // The references are processes of their own, so that their time and memory are their own.
        [proxy::ROLE, tenant] => proxy::serve(tenant),
        [giant::ROLE, key] => giant::serve(key),
        // `cargo test --benches` comes here too: an unoptimised build has no figures worth a wait.
        _ if cfg!(debug_assertions) => Ok(()),
        words => {
            let quick = words.contains(&"--quick");
            // One thread: what it takes is the same for everybody, and the rest is the others'.
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let report = runtime.block_on(measure(if quick { &QUICK } else { &FULL }))?;
            report.print()?;
            if words.contains(&"--write") {
                report.write()?;
            }
            if quick { report.check() } else { Ok(()) }
        }
    }
}

async fn measure(size: &Size) -> Outcome<report::Report> {
    let machine = machine::Machine::look();
    let house = house::House::open().await?;
    let cold = cold::measure(&house, size).await?;
    let memory = memory::measure(&house, size).await?;
    let doors = house.doors().await?;
    let reads = steady::reads(&house, &doors, size).await?;
    let changes = steady::changes(&house, &doors, size).await?;
    drop(doors);
    let giants = giant::measure(&house, size).await?;
    let decisions = decide::measure()?;
    Ok(report::Report { machine, decisions, cold, memory, reads, changes, giants })
}
