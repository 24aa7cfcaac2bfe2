//! A change: what it is about, and which resources it makes stale. Pure.

use chrono::Utc;

use crate::backend::feed::{Happening, Kind, Missed};
use crate::policy::target::Target;
use crate::resources::{Place, Subject};
use crate::tools::ids::WorkspaceId;
use crate::tools::toolset::Toolset;

use Subject::{Activity, Files, Journal, Keys, OrgTemplates, Organisation, Schedules, Workspace};

#[derive(Clone, Debug)]
pub struct Change {
    subjects: &'static [Subject],
    /// Those that it is about. Empty: any.
    pub workspaces: Vec<WorkspaceId>,
    pub roster: Roster,
}

/// Whether there are other workspaces than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Roster {
    Same,
    /// That can't be told from the change.
    Unknown,
    /// Some may have come or gone.
    Another,
}

impl Change {
    pub const KEYS: Self = Self::anywhere(&[Keys]);

    const fn anywhere(subjects: &'static [Subject]) -> Self {
        Self { subjects, workspaces: Vec::new(), roster: Roster::Same }
    }

    pub fn of(happening: Happening) -> Self {
        let subjects: &[Subject] = match happening.kind {
            Kind::Life | Kind::Agent | Kind::Task | Kind::Approval => &[Organisation, Workspace],
            Kind::Heartbeat => &[Workspace],
            Kind::Activity => &[Activity],
            Kind::Schedule => &[Schedules, Activity],
        };
        let workspaces = WorkspaceId::try_from(happening.workspace.to_string()).into_iter().collect();
        let roster = if happening.kind == Kind::Life { Roster::Another } else { Roster::Same };
        Self { subjects, workspaces, roster }
    }

    /// All that the tenant tells of: what it says of nothing else can't be missed.
    pub fn missed(missed: Missed) -> Self {
        match missed {
            Missed::Anything => {
                let all = Self::anywhere(&[Organisation, Workspace, Activity, Schedules]);
                Self { roster: Roster::Unknown, ..all }
            }
            Missed::Unkept => Self::anywhere(&[Organisation, Workspace, Activity]),
        }
    }

    /// What a call of this process did that isn't a read. The journal isn't told of reads: whoever reads it because
    /// it changed would go on for ever.
    pub fn by_call(toolset: Toolset, target: &Target) -> Self {
        let subjects: &[Subject] = match toolset {
            Toolset::Org => &[Journal, Organisation, Workspace, Activity, Schedules, Files, OrgTemplates],
            Toolset::Workspaces | Toolset::Fleet => &[Journal, Organisation, Workspace, Activity, Schedules, Files],
            Toolset::Keys => &[Journal, Keys, Organisation],
            Toolset::Approvals | Toolset::Secrets | Toolset::Budgets | Toolset::Platform => {
                &[Journal, Organisation, Workspace]
            }
            Toolset::Schedules => &[Journal, Schedules],
            Toolset::Agents => &[Journal, Organisation, Workspace, Activity],
            Toolset::Channels => &[Journal, Workspace, Activity],
            Toolset::Files | Toolset::Plugins => &[Journal, Workspace, Files],
            Toolset::Memory
            | Toolset::Instructions
            | Toolset::Checkpoints
            | Toolset::Artifacts
            | Toolset::Governance
            | Toolset::Surface => &[Journal],
        };
        let workspaces = target.places.iter().map(|place| place.id.clone()).collect();
        // Of workspaces that come or go the tenant tells.
        Self { subjects, workspaces, roster: Roster::Same }
    }

    pub fn makes_stale(&self, place: &Place) -> bool {
        let is_there = place.workspace().is_none_or(|own| self.workspaces.is_empty() || self.workspaces.contains(&own));
        self.subjects.contains(&place.entry.subject) && is_there && is_open(place)
    }
}

/// A day of the journal that is over stays as it is.
fn is_open(place: &Place) -> bool {
    let today = || Utc::now().date_naive().to_string();
    place.value("day").is_none_or(|day| day == "today" || day == today())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::policy::target::Reach;

    const ONE: &str = "00000000-0000-4000-8000-000000000001";
    const OTHER: &str = "00000000-0000-4000-8000-000000000002";

    fn stale(change: &Change) -> Vec<String> {
        let of_one = ["", "/activity", "/config", "/schedules", "/files", "/files/a.md"];
        let of_one = of_one.iter().map(|rest| format!("molecule://workspaces/{ONE}{rest}"));
        let others = ["molecule://org", "molecule://workspaces", "molecule://keys", "molecule://journal/today"];
        let more = ["molecule://journal/2020-01-01", "molecule://templates", "molecule://results/x"];
        let all = of_one.chain(others.into_iter().chain(more).map(str::to_owned));
        let is_stale = |uri: &String| change.makes_stale(&Place::at(uri).unwrap());
        let short = |uri: String| uri.trim_start_matches("molecule://").replace(&format!("workspaces/{ONE}"), "1");
        all.filter(is_stale).map(short).collect()
    }

    fn happened(kind: Kind, workspace: &str) -> Vec<String> {
        stale(&Change::of(Happening { kind, workspace: Uuid::try_parse(workspace).unwrap() }))
    }

    #[test]
    fn an_event_makes_stale_what_it_is_about_and_nothing_else() {
        assert_eq!(happened(Kind::Life, ONE), ["1", "1/config", "org", "workspaces"]);
        assert_eq!(happened(Kind::Life, OTHER), ["org", "workspaces"]);
        assert_eq!(happened(Kind::Heartbeat, OTHER), [""; 0]);
        assert_eq!(happened(Kind::Activity, ONE), ["1/activity"]);
        assert_eq!(happened(Kind::Schedule, ONE), ["1/activity", "1/schedules"]);
    }

    #[test]
    fn a_call_makes_stale_what_it_may_have_changed() {
        let by = |toolset, id: &str| {
            let arguments = serde_json::Map::from_iter([("workspace_id".to_owned(), id.into())]);
            stale(&Change::by_call(toolset, &Target::of(Reach::Named, &arguments, &Default::default())))
        };
        assert_eq!(by(Toolset::Files, ONE), ["1", "1/config", "1/files", "1/files/a.md", "journal/today"]);
        assert_eq!(by(Toolset::Files, OTHER), ["journal/today"]);
        // The overview shows keys at risk, and is one subject with the list of workspaces.
        assert_eq!(by(Toolset::Keys, ""), ["org", "workspaces", "keys", "journal/today"]);
        // One that names no workspace may have changed any.
        assert!(by(Toolset::Fleet, "").contains(&"1/files".to_owned()));
    }

    #[test]
    fn what_was_missed_is_what_the_tenant_tells_of() {
        let all = stale(&Change::missed(Missed::Anything));
        assert_eq!(all, ["1", "1/activity", "1/config", "1/schedules", "org", "workspaces"]);
    }
}
