//! What doctor looks at, and what it found there. The names are stable: scripts match on them, and
//! docs/doctor.md lists them all.

use std::collections::BTreeSet;

use serde::Serialize;
use tokio::sync::mpsc::UnboundedSender;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Check {
    Configuration,
    Tenant,
    Tls,
    Clock,
    RateLimit,
    OrganisationId,
    OpenTenant,
    Key,
    OrgKeys,
    Routes,
    DataDirectory,
    Disk,
    KeyFile,
    CredentialDirs,
    Database,
    Processes,
    Journal,
    Outcomes,
    Grant,
    Consent,
    Webhooks,
    Policy,
    Commands,
    Keyring,
    Anchor,
    Surface,
    Clients,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Ok,
    /// It works, and somebody should know.
    Warning,
    Problem,
    /// It couldn't be looked at, or there is nothing to look at.
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) check: Check,
    pub(super) state: State,
    pub(super) found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
}

impl Check {
    pub(super) fn ok(self, found: impl Into<String>) -> Finding {
        Finding { check: self, state: State::Ok, found: found.into(), next: None }
    }

    pub(super) fn warning(self, found: impl Into<String>, next: impl Into<String>) -> Finding {
        Finding { check: self, state: State::Warning, found: found.into(), next: Some(next.into()) }
    }

    pub(super) fn problem(self, found: impl Into<String>, next: impl Into<String>) -> Finding {
        Finding { check: self, state: State::Problem, found: found.into(), next: Some(next.into()) }
    }

    pub(super) fn unknown(self, why: impl Into<String>) -> Finding {
        Finding { check: self, state: State::Unknown, found: why.into(), next: None }
    }
}

/// What one group of checks tells. Whatever it doesn't come to is told as unknown, so that nothing is missing.
pub(super) struct Report {
    checks: &'static [Check],
    told: BTreeSet<Check>,
    why: String,
    listener: UnboundedSender<Finding>,
}

impl Report {
    pub(super) fn new(checks: &'static [Check], listener: UnboundedSender<Finding>) -> Self {
        let why = "it couldn't be looked at within its time".to_owned();
        Self { checks, told: BTreeSet::new(), why, listener }
    }

    pub(super) fn tell(&mut self, finding: Finding) {
        self.told.insert(finding.check);
        // Nobody listens when the command has been given up.
        let _ = self.listener.send(finding);
    }

    /// Why none of the others can be looked at.
    pub(super) fn end(mut self, why: impl Into<String>) {
        self.why = why.into();
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        for check in self.checks.iter().filter(|check| !self.told.contains(check)) {
            let _ = self.listener.send(check.unknown(&self.why));
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::unbounded_channel;

    use super::*;

    #[tokio::test]
    async fn what_isnt_come_to_is_told_as_unknown() {
        let (listener, mut told) = unbounded_channel();
        let mut report = Report::new(&[Check::Tenant, Check::Tls, Check::Clock], listener);
        report.tell(Check::Tenant.problem("gone", "look"));
        report.end("the tenant is gone");
        assert_eq!(told.recv().await, Some(Check::Tenant.problem("gone", "look")));
        assert_eq!(told.recv().await, Some(Check::Tls.unknown("the tenant is gone")));
        assert_eq!(told.recv().await, Some(Check::Clock.unknown("the tenant is gone")));
        assert_eq!(told.recv().await, None);
    }
}
