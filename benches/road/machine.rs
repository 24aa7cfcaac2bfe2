//! Where it was measured, and what.

use std::fs;
use std::process::Command;

use sha2::{Digest, Sha256};

use super::figures::mb;
use super::house::PROGRAM;

pub struct Machine(Vec<(&'static str, String)>);

impl Machine {
    pub fn look() -> Self {
        let file = |path| fs::read_to_string(path).unwrap_or_default();
        let processor = file("/proc/cpuinfo")
            .lines()
            .find_map(|line| Some(line.strip_prefix("model name")?.split_once(": ")?.1.to_owned()));
        let cores = std::thread::available_parallelism().map_or_else(|_| "?".to_owned(), |cores| cores.to_string());
        let compiler = Command::new("rustc").arg("--version").output().ok();
        let compiler = compiler.and_then(|said| String::from_utf8(said.stdout).ok());
        // Others at work make every figure worse.
        let load = file("/proc/loadavg").split(' ').next().unwrap_or_default().to_owned();
        // So that figures can't be taken for those of another build.
        let program = fs::read(PROGRAM).unwrap_or_default();
        let digest: String = Sha256::digest(&program).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        Self(vec![
            ("program", format!("{:.1} MB, sha256 {digest}…", mb(program.len() as u64))),
            ("processor", format!("{}, {cores} cores", processor.unwrap_or_else(|| "unknown".to_owned()))),
            ("kernel", format!("Linux {}", file("/proc/sys/kernel/osrelease").trim())),
            ("compiler", compiler.unwrap_or_default().trim().to_owned()),
            ("date", chrono::Utc::now().format("%Y-%m-%d").to_string()),
            ("load at the start", load),
        ])
    }

    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(name, value)| format!("- {name}: {value}"))
    }
}
