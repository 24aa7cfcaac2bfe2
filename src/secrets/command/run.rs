//! One run of a program: what it reads, what it prints, how it ends.

use std::io::{self, Read, Write};
use std::process::{self, Child, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::Program;

/// More than anybody wants of what it prints.
const MOST: u64 = 64 * 1024 + 2;
/// Of what it says to the operator.
const SAID: u64 = 2 * 1024;
/// For what its pipes still hold, once all of its group are gone.
const REST: Duration = Duration::from_secs(1);

pub(super) enum Trouble {
    Start(String),
    /// With what it said to the operator.
    Late(String),
    Ended(ExitStatus, String),
}

pub(super) fn run(program: Program, input: Option<SecretString>, patience: Duration) -> Result<Vec<u8>, Trouble> {
    let mut child = start(program, input.is_some()).map_err(|error| Trouble::Start(error.to_string()))?;
    feed(&mut child, input.clone());
    let printed = child.stdout.take().map(|pipe| gather(pipe, MOST));
    let said = child.stderr.take().map(|pipe| gather(pipe, SAID));
    let in_time = has_ended(&mut child, patience);
    end_group(&mut child);
    let status = child.wait().map_err(|error| Trouble::Start(error.to_string()))?;
    let printed = rest(printed);
    if in_time && status.success() {
        return Ok(printed);
    }
    let secret = input.or_else(|| String::from_utf8(printed).ok().map(|text| text.trim().into()));
    let said = covered(&rest(said), secret.as_ref());
    Err(if in_time { Trouble::Ended(status, said) } else { Trouble::Late(said) })
}

/// What a sink prints is nobody's: it might repeat what it read.
fn start(program: Program, is_sink: bool) -> io::Result<Child> {
    let mut command = process::Command::new(program.path);
    command.args(program.arguments).env_clear().envs(program.environment);
    command.stdin(if is_sink { Stdio::piped() } else { Stdio::null() });
    command.stdout(if is_sink { Stdio::null() } else { Stdio::piped() });
    command.stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn()
}

/// A program that doesn't read to the end says by its exit code whether that is all right.
fn feed(child: &mut Child, input: Option<SecretString>) {
    if let (Some(mut pipe), Some(input)) = (child.stdin.take(), input) {
        thread::spawn(move || pipe.write_all(input.expose_secret().as_bytes()));
    }
}

/// The beginning of what comes, when all has come.
fn gather(mut pipe: impl Read + Send + 'static, most: u64) -> Receiver<Vec<u8>> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let mut text = Vec::new();
        let _ = pipe.by_ref().take(most).read_to_end(&mut text);
        // A closed pipe would kill a program that says much.
        let _ = io::copy(&mut pipe, &mut io::sink());
        let _ = tell.send(text);
    });
    told
}

fn rest(told: Option<Receiver<Vec<u8>>>) -> Vec<u8> {
    told.and_then(|told| told.recv_timeout(REST).ok()).unwrap_or_default()
}

/// One line for the log, without what it was given or printed.
fn covered(said: &[u8], secret: Option<&SecretString>) -> String {
    let text = String::from_utf8_lossy(said);
    let text = match secret.map(|secret| secret.expose_secret()).filter(|secret| !secret.is_empty()) {
        Some(secret) => text.replace(secret, "…"),
        None => text.into_owned(),
    };
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect::<String>().trim().to_owned()
}

/// Leaves it unreaped, so that its number stays its group's.
#[cfg(unix)]
fn has_ended(child: &mut Child, patience: Duration) -> bool {
    use rustix::io::retry_on_intr;
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let (tell, told) = mpsc::channel();
    let pid = Pid::from_child(child);
    thread::spawn(move || {
        let ended = retry_on_intr(|| waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT));
        let _ = tell.send(ended);
    });
    told.recv_timeout(patience).is_ok()
}

#[cfg(unix)]
fn end_group(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
}

#[cfg(not(unix))]
fn has_ended(child: &mut Child, patience: Duration) -> bool {
    let begun = std::time::Instant::now();
    while begun.elapsed() < patience {
        if !matches!(child.try_wait(), Ok(None)) {
            return true;
        }
        thread::sleep(Duration::from_millis(20));
    }
    false
}

#[cfg(not(unix))]
fn end_group(child: &mut Child) {
    let _ = child.kill();
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::time::Instant;

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    fn shell(script: &str) -> Program {
        Program::find(&["sh", "-c", script].map(str::to_owned), &[]).unwrap()
    }

    fn printed(script: &str, patience: Duration) -> Result<String, Trouble> {
        run(shell(script), None, patience).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn what_a_program_leaves_running_ends_with_it() {
        // What it left behind holds the pipe open: only its end lets the rest be read.
        assert_eq!(printed("sleep 60 & echo value", LONG).ok().as_deref(), Some("value\n"));
    }

    #[test]
    fn a_program_that_does_not_end_is_stopped() {
        let begun = Instant::now();
        assert!(matches!(printed("sleep 60", Duration::from_millis(50)), Err(Trouble::Late(_))));
        assert!(begun.elapsed() < LONG);
    }

    #[test]
    fn what_it_says_is_for_the_log_without_the_secret() {
        let told = |ended| match ended {
            Err(Trouble::Ended(_, said)) => said,
            _ => panic!("it was to fail"),
        };
        let sink = run(shell("key=$(cat); echo \"no $key\nhere\" >&2; exit 3"), Some("the-key".into()), LONG);
        assert_eq!(told(sink), "no … here");
        let source = run(shell("echo the-value; echo has the-value >&2; exit 3"), None, LONG);
        assert_eq!(told(source), "has …");
    }

    #[test]
    fn a_program_that_says_much_is_kept_no_further_than_needed() {
        let much = printed("head -c 1000000 /dev/zero", LONG);
        assert_eq!(much.ok().map(|text| text.len() as u64), Some(MOST));
        let sink = run(shell("cat >/dev/null; head -c 1000000 /dev/zero >&2"), Some("x".into()), LONG);
        assert!(sink.is_ok());
    }
}
