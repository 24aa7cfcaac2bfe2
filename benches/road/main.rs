//! `cargo bench --bench road`: what the road costs. The release binary is measured beside a bare
//! proxy and the tenant itself, all before the same tenant and in the same run, in rounds that take
//! turns: the machine's noise then falls on each of them. `docs/performance.md` says how to read it.

/// Pipes are read as Unix has them, memory and time of processes as Linux tells them.
#[cfg(target_os = "linux")]
#[path = "road.rs"]
mod road;

#[cfg(target_os = "linux")]
fn main() -> road::Outcome<()> {
    road::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {}
