//! Processes that are measured: started with nothing of our own environment, ended with us, and
//! looked at through /proc.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::Outcome;

/// What /proc counts time in; Linux shows user space a hundred a second whatever its own rate is.
const TICK: Duration = Duration::from_millis(10);

pub struct Process {
    child: Child,
}

impl Process {
    /// With `command`'s own variables only: a credential or a setting of whoever measures stays out.
    pub fn start(command: &mut Command) -> Outcome<Self> {
        Ok(Self { child: command.spawn()? })
    }

    /// The same for one that says `ready http://ADDRESS…` on stderr once it listens.
    pub fn listening(command: &mut Command) -> Outcome<(Self, SocketAddr)> {
        let mut process = Self::start(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()))?;
        let mut said = BufReader::new(process.child.stderr.take().ok_or("stderr is not piped")?);
        let mut all = String::new();
        let address = loop {
            let mut line = String::new();
            if said.read_line(&mut line)? == 0 {
                return Err(format!("it ended before it listened: {all}").into());
            }
            if let Some(url) = line.strip_prefix("ready http://") {
                break url.trim().split('/').next().unwrap_or_default().parse()?;
            }
            all.push_str(&line);
        };
        // Read to its end, so that nobody waits for room in the pipe.
        std::thread::spawn(move || said.lines().map_while(Result::ok).for_each(drop));
        Ok((process, address))
    }

    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Bytes that are in memory now.
pub fn resident(pid: u32) -> Outcome<u64> {
    status(pid, "VmRSS:")
}

/// The most bytes that were in memory at one time.
pub fn peak(pid: u32) -> Outcome<u64> {
    status(pid, "VmHWM:")
}

/// Lets `peak` begin anew.
pub fn forget_peak(pid: u32) -> Outcome<()> {
    Ok(fs::write(format!("/proc/{pid}/clear_refs"), "5")?)
}

fn status(pid: u32, field: &str) -> Outcome<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(field)).ok_or("the process is gone")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1024)
}

/// User and system time of all its threads, those that ended included.
pub fn cpu(pid: u32) -> Outcome<Duration> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name stands in brackets and may hold anything; `utime` is the twelfth field behind it.
    let (_, fields) = text.rsplit_once(')').ok_or("an unknown form of /proc/PID/stat")?;
    let ticks: u32 = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u32>().ok()).sum();
    Ok(TICK * ticks)
}
