//! How it went with each, and the answer that says so: what needs a look first, and short enough for
//! hundreds.

use schemars::JsonSchema;
use serde::Serialize;

use crate::failure::{Changed, Code, Failure};
use crate::text::start;
use crate::tools::ids::WorkspaceId;

/// Those of whom it is told why; of the others only a code.
const TOLD: usize = 50;
/// Bytes of a reason, and of a name: with 500 of them the answer still isn't too large.
const REASON: usize = 160;
const NAME: usize = 60;

/// In the order in which they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ended {
    Failed,
    /// Perhaps it was done.
    Unknown,
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
        Self { id, name: cut(&name, NAME), outcome, why: None, code: None }
    }

    pub(super) fn because(mut self, why: &str) -> Self {
        self.why = Some(cut(why, REASON));
        self
    }

    /// What was done stays done, though something failed afterwards.
    pub(super) fn after(id: WorkspaceId, name: String, failure: &Failure) -> Self {
        let (outcome, before) = match failure.has_changed() {
            Changed::No => (Ended::Failed, ""),
            Changed::Unknown => (Ended::Unknown, "perhaps it was done: "),
            Changed::Yes => (Ended::Done, "it was done, and then: "),
        };
        let item = Self::new(id, name, outcome).because(&format!("{before}{failure}"));
        Self { code: Some(failure.code()), ..item }
    }

    /// Another call has to see to it. What was done perhaps is looked at first, and isn't done again blindly.
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
    /// Perhaps done: look at each before it is tried again.
    unknown: usize,
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
    let (failed, unknown, not_reached) = (count(Ended::Failed), count(Ended::Unknown), count(Ended::NotReached));
    if done + skipped + unknown == 0 {
        return Err(nothing_worked(&items, id, is_cancelled));
    }
    for item in items.iter_mut().skip(TOLD) {
        item.why = item.code.map(|code| code.to_string());
    }
    let resume = items.iter().any(Item::is_left).then(|| id.to_owned());
    Ok(Report { done, skipped, failed, unknown, not_reached, items, resume })
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

/// As many whole characters as find room in so many bytes.
fn cut(text: &str, bytes: usize) -> String {
    let most = text.char_indices().take_while(|(at, c)| at + c.len_utf8() <= bytes).count();
    start(text, most).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: usize) -> WorkspaceId {
        WorkspaceId::try_from(format!("00000000-0000-4000-8000-{n:012}")).unwrap()
    }

    #[test]
    fn what_needs_a_look_comes_first_and_hundreds_stay_short() {
        let failure = Failure::new(Code::ForbiddenByPolicy, "漢".repeat(1_000));
        let failed = (0..499).map(|n| Item::after(id(n), "字".repeat(130), &failure));
        let done = Item::new(id(499), "a".to_owned(), Ended::Done);
        let report = report(std::iter::once(done).chain(failed).collect(), "token", false).unwrap();
        assert_eq!((report.done, report.failed, report.resume.as_deref()), (1, 499, Some("token")));
        assert_eq!(report.items.last().unwrap().outcome, Ended::Done);
        assert!(serde_json::to_string(&report).unwrap().len() < 98_000);
    }

    #[test]
    fn what_was_done_isnt_left_whatever_came_after() {
        let after = |changed| Item::after(id(1), String::new(), &Failure::new(Code::TenantError, "x").changed(changed));
        let done = after(Changed::Yes);
        assert!(done.outcome == Ended::Done && !done.is_left() && done.why.is_some());
        let perhaps = after(Changed::Unknown);
        assert!(perhaps.outcome == Ended::Unknown && !perhaps.is_left());
        assert!(perhaps.why.as_deref().unwrap().starts_with("perhaps"), "{perhaps:?}");
        assert!(report(vec![perhaps], "token", false).unwrap().resume.is_none());
        assert!(after(Changed::No).is_left());
    }

    #[test]
    fn where_nothing_worked_it_is_an_error_that_says_how_to_go_on() {
        let failure = Failure::new(Code::NotFound, "gone");
        let failed = report(vec![Item::after(id(1), String::new(), &failure)], "token", false).err().unwrap();
        assert!(failed.code() == Code::NotFound && failed.text().contains("resume: \"token\""), "{}", failed.text());
        let never = report(vec![Item::new(id(1), String::new(), Ended::NotReached)], "token", true).err().unwrap();
        assert_eq!(never.code(), Code::Cancelled);
        assert!(report(vec![Item::new(id(1), String::new(), Ended::Skipped)], "t", true).unwrap().resume.is_none());
    }
}
