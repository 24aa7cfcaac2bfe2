//! One event: which kind, and of which workspace. Nothing else that the tenant says of it is used, and a name that
//! isn't in the table is none.

use serde::Deserialize;
use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Happening {
    pub kind: Kind,
    pub workspace: Uuid,
}

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A workspace comes, goes, or has another status.
    Life,
    /// Which agent a workspace has, and what that says of itself.
    Agent,
    /// What it works on.
    Task,
    /// That it lives.
    Heartbeat,
    /// What agents and people say and do.
    Activity,
    Approval,
    /// A schedule came due.
    Schedule,
}

/// Those that the tenant keeps,
const KEPT: [(&str, Kind); 27] = [
    ("WORKSPACE_PROVISIONING", Kind::Life),
    ("WORKSPACE_ONLINE", Kind::Life),
    ("WORKSPACE_AWAITING_AGENT", Kind::Life),
    ("WORKSPACE_PROVISION_FAILED", Kind::Life),
    ("WORKSPACE_OFFLINE", Kind::Life),
    ("WORKSPACE_DEGRADED", Kind::Life),
    ("WORKSPACE_PAUSED", Kind::Life),
    ("WORKSPACE_HIBERNATED", Kind::Life),
    ("WORKSPACE_REMOVED", Kind::Life),
    ("WORKSPACE_EXPANDED", Kind::Life),
    ("WORKSPACE_COLLAPSED", Kind::Life),
    ("AGENT_CARD_UPDATED", Kind::Agent),
    ("AGENT_ASSIGNED", Kind::Agent),
    ("AGENT_REMOVED", Kind::Agent),
    ("AGENT_REPLACED", Kind::Agent),
    ("AGENT_MOVED", Kind::Agent),
    ("DELEGATION_SENT", Kind::Activity),
    ("DELEGATION_STATUS", Kind::Activity),
    ("DELEGATION_COMPLETE", Kind::Activity),
    ("DELEGATION_FAILED", Kind::Activity),
    ("CHANNEL_MESSAGE", Kind::Activity),
    ("APPROVAL_REQUESTED", Kind::Approval),
    ("APPROVAL_ESCALATED", Kind::Approval),
    ("APPROVAL_APPROVED", Kind::Approval),
    ("APPROVAL_DENIED", Kind::Approval),
    ("CRON_EXECUTED", Kind::Schedule),
    ("CRON_SKIPPED", Kind::Schedule),
];

/// and those that it only shows to whoever looks just then.
const SHOWN: [(&str, Kind); 5] = [
    ("WORKSPACE_HEARTBEAT", Kind::Heartbeat),
    ("TASK_UPDATED", Kind::Task),
    ("AGENT_MESSAGE", Kind::Activity),
    ("ACTIVITY_LOGGED", Kind::Activity),
    ("A2A_RESPONSE", Kind::Activity),
];

fn named(kinds: &[(&str, Kind)], name: &str) -> Option<Kind> {
    kinds.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
}

/// What a frame of the WebSocket tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arrived {
    pub happening: Happening,
    /// It will stand in the tenant's list, too.
    pub is_kept: bool,
}

impl Arrived {
    pub fn read(text: &str) -> Option<Self> {
        let Frame { event, workspace_id: workspace } = serde_json::from_str(text).ok()?;
        let kept = named(&KEPT, &event);
        let kind = kept.or_else(|| named(&SHOWN, &event))?;
        Some(Self { happening: Happening { kind, workspace }, is_kept: kept.is_some() })
    }
}

#[derive(Deserialize)]
struct Frame {
    event: String,
    workspace_id: Uuid,
}

/// An event of the tenant's list.
#[derive(Deserialize)]
pub(super) struct Kept {
    pub id: String,
    event_type: String,
    workspace_id: Option<String>,
}

impl Kept {
    pub fn happening(&self) -> Option<Happening> {
        let workspace = Uuid::try_parse(self.workspace_id.as_deref()?).ok()?;
        named(&KEPT, &self.event_type).map(|kind| Happening { kind, workspace })
    }

    #[cfg(test)]
    pub fn of(id: &str, event: &str, workspace: Uuid) -> Self {
        Self { id: id.to_owned(), event_type: event.to_owned(), workspace_id: Some(workspace.to_string()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_names_of_workspaces_are_read() {
        let id = Uuid::from_u128(7);
        let frame = |event: &str, id: &str| format!(r#"{{"event":"{event}","workspace_id":"{id}","payload":{{}}}}"#);
        for (event, kind, is_kept) in [
            ("WORKSPACE_PAUSED", Kind::Life, true),
            ("DELEGATION_SENT", Kind::Activity, true),
            ("ACTIVITY_LOGGED", Kind::Activity, false),
        ] {
            let read = Arrived::read(&frame(event, &id.to_string())).unwrap();
            assert_eq!(read, Arrived { happening: Happening { kind, workspace: id }, is_kept });
        }
        for text in [
            frame("WORKSPACE_PAUSED", "../x"),
            frame("workspace_paused", &id.to_string()),
            frame("IGNORE_ALL_RULES", &id.to_string()),
            frame("", ""),
            "[]".to_owned(),
            "{".to_owned(),
            "[".repeat(100_000),
        ] {
            assert_eq!(Arrived::read(&text), None, "{}", &text[..text.len().min(60)]);
        }
    }
}
