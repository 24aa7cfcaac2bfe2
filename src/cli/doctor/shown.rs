//! Findings for a person: a line each, and what to do below. In colours at a terminal, unless NO_COLOR says
//! otherwise.

use std::io::{IsTerminal, stdout};

use serde_json::{Value, json};

use super::finding::{Finding, State};
use crate::fence;

#[derive(Clone, Copy)]
pub(super) struct Colours(bool);

impl Colours {
    pub(super) fn of_stdout() -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self(!unwanted && stdout().is_terminal())
    }

    fn around(self, state: State, text: &str) -> String {
        let colour = match state {
            State::Ok => "32",
            State::Warning => "33",
            State::Problem => "31",
            State::Unknown => "2",
        };
        if self.0 { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

pub(super) fn finding(finding: &Finding, colours: Colours) -> String {
    let state = match finding.state {
        State::Ok => "ok",
        State::Warning => "warning",
        State::Problem => "PROBLEM",
        State::Unknown => "-",
    };
    // What the tenant said can't bring colours or lines of its own.
    let state = colours.around(finding.state, &format!("{state:<8}"));
    let mut text = format!("{state} {:<16} {}", name(finding), fence::line(&finding.found));
    if let Some(next) = &finding.next {
        text.push_str(&format!("\n{:<26}> {}", "", fence::line(next)));
    }
    text
}

fn name(finding: &Finding) -> String {
    match json!(finding.check) {
        Value::String(name) => name,
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Check;
    use super::*;

    #[test]
    fn a_finding_is_a_line_and_what_to_do_another() {
        let found = Check::Tls.problem("not\u{1b}[31m\ntrusted", "Look.");
        let plain = "PROBLEM  tls              not[31m trusted\n                          > Look.";
        assert_eq!(finding(&found, Colours(false)), plain);
        let coloured = finding(&found, Colours(true));
        assert!(coloured.starts_with("\u{1b}[31mPROBLEM \u{1b}[0m tls") && coloured.matches('\u{1b}').count() == 2);
        assert_eq!(finding(&Check::Disk.ok("12 GiB free"), Colours(false)), "ok       disk             12 GiB free");
    }
}
