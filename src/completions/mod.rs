//! Values that a person is offered while they fill in a prompt or choose a resource. They come from the same
//! read tools that an agent would ask, on the same road: policy, binding and journal hold, and a list is one
//! call of the caller's, however many letters they type.

mod names;
mod rank;
mod shelf;

use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use serde_json::{Map, Value};

pub use names::{Listing, Names};
pub use rank::{Form, Found};
pub use shelf::Times;

use crate::dispatch::Dispatch;
use crate::failure::Failure;
use crate::policy::role::Role;
use crate::tools::ids::WorkspaceId;
use crate::transport::caller::Caller;
use rank::Named;
use shelf::{Label, List, Shelf, Terms};

/// Days of the journal that are offered.
const DAYS: i64 = 31;

pub struct Completions {
    dispatch: Arc<Dispatch>,
    shelf: Shelf,
}

/// What is to be completed.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub names: Names,
    pub form: Form,
    pub typed: &'a str,
    /// The workspace that was chosen before, by its name or id.
    pub workspace: Option<&'a str>,
}

impl Completions {
    pub fn new(dispatch: Arc<Dispatch>, times: Times) -> Self {
        Self { dispatch, shelf: Shelf::new(times) }
    }

    /// What this caller may mean. Nothing, where the names aren't theirs to know or can't be had now.
    pub async fn complete(&self, mut caller: Caller, asked: Asked<'_>) -> Result<Found, Failure> {
        self.dispatch.server().grants.renew(&mut caller, Utc::now())?;
        let list = match asked.names.listing() {
            None => known(asked.names).into(),
            Some(listing) if asked.names.is_within_a_workspace() => {
                let Some(workspace) = self.workspace(&caller, asked.workspace).await else {
                    return Ok(Found::default());
                };
                self.list(&caller, asked.names, listing, Some(workspace)).await
            }
            Some(listing) => self.list(&caller, asked.names, listing, None).await,
        };
        Ok(rank::find(&list, asked.typed, asked.form))
    }

    /// The id of the workspace that is meant, if it is clear which.
    async fn workspace(&self, caller: &Caller, chosen: Option<&str>) -> Option<String> {
        let chosen = chosen?.trim();
        if let Ok(id) = WorkspaceId::try_from(chosen.to_owned()) {
            return Some(id.to_string());
        }
        let all = self.list(caller, Names::Workspaces, Names::Workspaces.listing()?, None).await;
        all.iter().find(|one| one.is(chosen)).map(|one| one.id.clone())
    }

    async fn list(&self, caller: &Caller, names: Names, listing: Listing, workspace: Option<String>) -> List {
        let rules = self.dispatch.server().policy.now();
        let entry = self.dispatch.server().catalogue.find(listing.tool);
        if !entry.is_some_and(|entry| rules.lists(caller, entry, Utc::now())) {
            return List::default();
        }
        let arguments = listing.arguments(workspace.as_deref());
        let label = Label { caller: caller.identity(), names, workspace };
        let terms = Terms { rules, grant: caller.grant.clone() };
        let read = || read(Arc::clone(&self.dispatch), caller.clone(), names, listing, arguments);
        self.shelf.list(label, terms, read).await
    }
}

/// None: it can't be had. Why stands in the journal.
async fn read(
    dispatch: Arc<Dispatch>,
    caller: Caller,
    names: Names,
    listing: Listing,
    arguments: Map<String, Value>,
) -> Option<Vec<Named>> {
    let items = dispatch.whole_list(caller, listing.tool, arguments).await.ok()?;
    Some(Named::all(items.iter().filter(|item| names.hold(item)), &listing))
}

/// What nobody has to be asked for.
fn known(names: Names) -> Vec<Named> {
    match names {
        Names::Roles => Role::ALL.map(|role| Named::plain(role.as_str())).into(),
        Names::Days => {
            let today = Utc::now().date_naive();
            let days = (0..DAYS).filter_map(|back| today.checked_sub_signed(TimeDelta::days(back)));
            ["today".to_owned()]
                .into_iter()
                .chain(days.map(|day| day.to_string()))
                .map(|day| Named::plain(&day))
                .collect()
        }
        _ => Vec::new(),
    }
}
