//! A process that holds keys keeps its memory to itself: it leaves no core dump, other processes of the same user
//! can't read its memory, and a panic says where it was and nothing of what it was about.

use std::io::Write;
use std::panic::{self, Location};

/// Where the system can't do the one or the other, the rest still holds.
pub fn begin() {
    no_dumps();
    panic::set_hook(Box::new(|panic| {
        let _ = writeln!(std::io::stderr().lock(), "{}", told(panic.location()));
    }));
}

/// Never the payload, which may quote a value.
fn told(place: Option<&Location<'_>>) -> String {
    let place = place.map_or_else(|| "an unknown place".to_owned(), |at| format!("{}:{}", at.file(), at.line()));
    format!("molecule-org-mcp: a mistake of ours at {place}; what it was about isn't shown, as it may be a secret")
}

#[cfg(unix)]
fn no_dumps() {
    use rustix::process::{Resource, Rlimit, setrlimit};

    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};

        // A core may also go to a program, which no limit of size keeps from it.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

#[cfg(not(unix))]
fn no_dumps() {}
