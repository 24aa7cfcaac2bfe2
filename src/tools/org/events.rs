//! list_events: what the tenant noted of workspaces coming, going and changing.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{EVENTS, EVENTS_OF};
use crate::failure::{Code, Failure};
use crate::tools::ids::{EventId, Word, WorkspaceId};
use crate::tools::input::unless_blank;
use crate::tools::invocation::Invocation;
use crate::tools::list::List;
use crate::tools::prose::Data;
use crate::tools::workspaces::confirm_exists;

/// Characters of a payload in a list, and of one that was asked for.
const EXCERPT: usize = 200;
const ONE: usize = 20_000;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListEvents {
    /// Only of this workspace; default: of all.
    #[serde(default, deserialize_with = "unless_blank")]
    workspace_id: Option<WorkspaceId>,
    /// Only of this type, as `WORKSPACE_ONLINE`.
    event_type: Option<Word>,
    /// Only this one, with its whole payload.
    event_id: Option<EventId>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Event {
    id: EventId,
    event_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace_id: Option<WorkspaceId>,
    #[serde(default, skip_serializing_if = "Data::is_null")]
    payload: Data,
    created_at: DateTime<Utc>,
}

impl List for ListEvents {
    type Item = Event;
    const MOST: u32 = 100;

    fn mark(one: &Event) -> String {
        one.id.to_string()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<Event>, Failure> {
        let mut events: Vec<Event> = match &self.workspace_id {
            None => call.tenant.ask(&EVENTS).fetch().await?,
            Some(id) => call.tenant.ask(&EVENTS_OF).part("workspace_id", id).fetch().await?,
        };
        if let (true, Some(id)) = (events.is_empty(), &self.workspace_id) {
            confirm_exists(id, call).await?;
        }
        if call.caller.is_bound() {
            events.retain(|one| one.workspace_id.as_ref().is_some_and(|id| call.sees(id)));
            events.iter_mut().for_each(Event::leave_out_names);
        }
        if let Some(wanted) = &self.event_id {
            return one(events, wanted, call);
        }
        let is_wanted = |one: &Event| self.event_type.as_ref().is_none_or(|kind| one.event_type == kind.as_str());
        let short = |one: Event| Event { payload: one.payload.excerpt(EXCERPT, "list_events with `event_id`"), ..one };
        Ok(events.into_iter().filter(is_wanted).map(short).collect())
    }
}

impl Event {
    /// Of workspaces that come with a team or go with it: some may be others'.
    fn leave_out_names(&mut self) {
        self.payload.leave_out(&["children", "removed_children"]);
    }
}

fn one(events: Vec<Event>, wanted: &EventId, call: &Invocation) -> Result<Vec<Event>, Failure> {
    let found = events.into_iter().find(|one| one.id == *wanted).ok_or_else(|| {
        Failure::new(Code::NotFound, "no such event among the newest 100")
            .next("With its `workspace_id`, the newest 100 of that workspace are looked at.")
    })?;
    Ok(vec![Event { payload: found.payload.excerpt_of_kept(ONE, "not to be had here", call), ..found }])
}
