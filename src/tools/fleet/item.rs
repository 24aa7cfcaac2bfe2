//! How it went with each, and the answer that says so: what needs a look first, and short enough for
//! hundreds.

use schemars::JsonSchema;
use serde::Serialize;

use crate::failure::{Code, Failure};
use crate::text::start;
use crate::tools::ids::WorkspaceId;

/// Those of whom it is told why; of the others only a code.
const TOLD: usize = 50;
/// Characters of a reason.
const REASON: usize = 160;

/// In the order in which they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ended {
    Failed,
    NotReached,
    /// It was so already.
    Skipped,
    Done,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct Item {
    pub(super) id: WorkspaceId,
    /// Absent: it couldn't be looked at.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) name: String,
    pub(super) outcome: Ended,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) why: Option<String>,
    #[serde(skip)]
    pub(super) code: Option<Code>,
}

impl Item {
    pub(super) fn new(id: WorkspaceId, name: String, outcome: Ended) -> Self {
        Self { id, name, outcome, why: None, code: None }
    }

    pub(super) fn because(mut self, why: &str) -> Self {
        self.why = Some(start(why, REASON).into_owned());
        self
    }

    pub(super) fn failed(id: WorkspaceId, name: String, failure: &Failure) -> Self {
        let item = Self::new(id, name, Ended::Failed).because(&failure.to_string());
        Self { code: Some(failure.code()), ..item }
    }

    /// Another call has to see to it.
    pub(super) fn is_left(&self) -> bool {
        matches!(self.outcome, Ended::Failed | Ended::NotReached)
    }
}

#[derive(Serialize, JsonSchema)]
pub struct Report {
    done: usize,
    /// They were so already.
    skipped: usize,
    failed: usize,
    /// Not begun: cancelled, or the tenant wants no more for now.
    not_reached: usize,
    items: Vec<Item>,
    /// With it in place of the workspaces, and all else the same, another call does what failed or wasn't reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    resume: Option<String>,
}

/// Where nothing worked, that is an error.
pub(super) fn report(mut items: Vec<Item>, id: &str, is_cancelled: bool) -> Result<Report, Failure> {
    items.sort_by(|one, other| (one.outcome, &one.name, &one.id).cmp(&(other.outcome, &other.name, &other.id)));
    let count = |ended: Ended| items.iter().filter(|item| item.outcome == ended).count();
    let (done, skipped) = (count(Ended::Done), count(Ended::Skipped));
    let (failed, not_reached) = (count(Ended::Failed), count(Ended::NotReached));
    if done + skipped == 0 {
        return Err(nothing_worked(&items, id, is_cancelled));
    }
    for item in items.iter_mut().skip(TOLD) {
        item.why = item.code.map(|code| code.to_string());
    }
    let resume = items.iter().any(Item::is_left).then(|| id.to_owned());
    Ok(Report { done, skipped, failed, not_reached, items, resume })
}

fn nothing_worked(items: &[Item], id: &str, is_cancelled: bool) -> Failure {
    let next = format!("For another try call again with `resume: \"{id}\"` in place of the workspaces.");
    let first = items.iter().find_map(|item| Some((item.code?, item.why.as_deref()?)));
    match first {
        Some((code, why)) => {
            let message = format!("of {} workspaces none worked; the first: {why}", items.len());
            Failure::new(code, message).next(format!("Mend what is in the way. {next}"))
        }
        None if is_cancelled => Failure::new(Code::Cancelled, "cancelled before the first was begun").next(next),
        None => Failure::new(Code::RateLimited, "the tenant wants no more for now; none was begun").next(next),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: usize) -> WorkspaceId {
        WorkspaceId::try_from(format!("00000000-0000-4000-8000-{n:012}")).unwrap()
    }

    #[test]
    fn what_needs_a_look_comes_first_and_hundreds_stay_short() {
        let failure = Failure::new(Code::TenantError, "x".repeat(1_000));
        let failed = (0..499).map(|n| Item::failed(id(n), "n".repeat(60), &failure));
        let done = Item::new(id(499), "a".to_owned(), Ended::Done);
        let report = report(std::iter::once(done).chain(failed).collect(), "token", false).unwrap();
        assert_eq!((report.done, report.failed, report.resume.as_deref()), (1, 499, Some("token")));
        assert_eq!(report.items.last().unwrap().outcome, Ended::Done);
        assert!(serde_json::to_string(&report).unwrap().len() < 90_000);
    }

    #[test]
    fn where_nothing_worked_it_is_an_error_that_says_how_to_go_on() {
        let failure = Failure::new(Code::NotFound, "gone");
        let failed = report(vec![Item::failed(id(1), String::new(), &failure)], "token", false).err().unwrap();
        assert!(failed.code() == Code::NotFound && failed.text().contains("resume: \"token\""), "{}", failed.text());
        let never = report(vec![Item::new(id(1), String::new(), Ended::NotReached)], "token", true).err().unwrap();
        assert_eq!(never.code(), Code::Cancelled);
        assert!(report(vec![Item::new(id(1), String::new(), Ended::Skipped)], "t", true).unwrap().resume.is_none());
    }
}
