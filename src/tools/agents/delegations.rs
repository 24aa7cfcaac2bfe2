//! list_delegations, record_delegation, update_delegation_status. The tenant mixes two kinds of rows, the
//! request and its result; here they are one delegation.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{DELEGATIONS, RECORD_DELEGATION, UPDATE_DELEGATION};
use crate::failure::{Changed, Code, Failure};
use crate::tools::bounds::Text;
use crate::tools::ids::{DelegationId, WorkspaceId};
use crate::tools::input::unless_blank;
use crate::tools::invocation::Invocation;
use crate::tools::list::List;
use crate::tools::prose::Prose;
use crate::tools::tool::Act;
use crate::tools::workspaces::confirm_exists;

#[derive(Deserialize)]
struct Row {
    id: String,
    target_id: Option<String>,
    #[serde(default)]
    summary: String,
    status: String,
    created_at: DateTime<Utc>,
    delegation_id: Option<String>,
    #[serde(default)]
    error: Prose,
    #[serde(default)]
    response_preview: Prose,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Delegation {
    /// Absent: a result whose request is too old to be listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    delegation_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_id: Option<String>,
    /// pending, dispatched, queued, completed or failed.
    status: String,
    created_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Prose::is_empty")]
    response: Prose,
    #[serde(skip_serializing_if = "Prose::is_empty")]
    error: Prose,
    #[serde(skip)]
    row: String,
}

async fn fetch(workspace: &WorkspaceId, call: &Invocation) -> Result<Vec<Delegation>, Failure> {
    let rows: Vec<Row> = call.tenant.ask(&DELEGATIONS).part("workspace_id", workspace).fetch().await?;
    Ok(joined(rows))
}

/// Newest first, as the rows are. The request's own status is kept up to date by the tenant; the result
/// adds what was answered and when. The result of a failed one has no id: its request is the one before
/// it to the same target with the same error.
fn joined(rows: Vec<Row>) -> Vec<Delegation> {
    let mut found: Vec<Delegation> = Vec::new();
    for row in rows.into_iter().rev() {
        let is_request = row.summary.starts_with("Delegating");
        let its_request = found.iter_mut().rev().find(|one| match &row.delegation_id {
            Some(id) => one.delegation_id.as_ref() == Some(id),
            None => {
                one.answered_at.is_none()
                    && one.status == row.status
                    && one.error == row.error
                    && one.target_id == filled(&row.target_id)
            }
        });
        match its_request {
            Some(one) if is_request => one.status = row.status,
            Some(one) => {
                one.answered_at = Some(row.created_at);
                one.response = row.response_preview;
            }
            None => found.push(Delegation {
                delegation_id: row.delegation_id,
                target_id: filled(&row.target_id),
                status: row.status,
                created_at: row.created_at,
                answered_at: (!is_request).then_some(row.created_at),
                response: row.response_preview,
                error: row.error,
                row: row.id,
            }),
        }
    }
    found.reverse();
    found
}

const REST: &str = "list_activity, type delegation";

fn shortened(one: Delegation) -> Delegation {
    Delegation { response: one.response.excerpt(300, REST), error: one.error.excerpt(300, REST), ..one }
}

fn filled(text: &Option<String>) -> Option<String> {
    text.clone().filter(|text| !text.is_empty())
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListDelegations {
    /// Who delegated; from list_workspaces.
    workspace_id: WorkspaceId,
}

impl List for ListDelegations {
    type Item = Delegation;
    const MOST: u32 = 50;

    fn mark(one: &Delegation) -> String {
        one.row.clone()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<Delegation>, Failure> {
        let found = fetch(&self.workspace_id, call).await?;
        if found.is_empty() {
            confirm_exists(&self.workspace_id, call).await?;
        }
        Ok(found.into_iter().map(shortened).collect())
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordDelegation {
    /// Who delegated; from list_workspaces.
    workspace_id: WorkspaceId,
    /// Who does it.
    target_id: WorkspaceId,
    /// What is to be done.
    task: Text<200_000>,
    /// A new id of your own choice.
    delegation_id: DelegationId,
}

#[derive(Serialize, JsonSchema)]
pub struct Recorded {
    delegation_id: DelegationId,
    /// As the tenant's list shows it now.
    status: String,
}

impl Act for RecordDelegation {
    type Answer = Recorded;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let (known, (), ()) = tokio::try_join!(
            fetch(&self.workspace_id, call),
            confirm_exists(&self.workspace_id, call),
            confirm_exists(&self.target_id, call),
        )?;
        if known.iter().any(|one| one.is(&self.delegation_id)) {
            return Err(Failure::new(Code::Conflict, "a delegation with this id is recorded already")
                .next("Take another `delegation_id`, or change that one with update_delegation_status."));
        }
        let body = json!({ "target_id": self.target_id, "task": self.task, "delegation_id": self.delegation_id });
        call.tenant.ask(&RECORD_DELEGATION).part("workspace_id", &self.workspace_id).body(&body).received().await?;
        read_back(self.delegation_id, &self.workspace_id, call).await
    }
}

impl Delegation {
    fn is(&self, id: &DelegationId) -> bool {
        self.delegation_id.as_deref() == Some(id.as_str())
    }
}

async fn read_back(id: DelegationId, workspace: &WorkspaceId, call: &Invocation) -> Result<Recorded, Failure> {
    let listed = fetch(workspace, call).await?;
    match listed.into_iter().find(|one| one.is(&id)) {
        Some(one) => Ok(Recorded { delegation_id: id, status: one.status }),
        None => Err(Failure::new(Code::UnexpectedAnswer, "the tenant said that it was recorded, but doesn't list it")
            .changed(Changed::Unknown)
            .next("Look again with list_delegations.")),
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum End {
    Completed,
    Failed,
}

impl End {
    fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateDelegationStatus {
    /// Who delegated.
    workspace_id: WorkspaceId,
    /// From list_delegations.
    delegation_id: DelegationId,
    /// How it ended.
    status: End,
    /// Why it failed.
    #[serde(default, deserialize_with = "unless_blank")]
    error: Option<Text<10_000>>,
    /// What came of it; 300 characters are listed.
    #[serde(default, deserialize_with = "unless_blank")]
    response_preview: Option<Text<50_000>>,
}

impl Act for UpdateDelegationStatus {
    type Answer = Recorded;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        self.check(&fetch(&self.workspace_id, call).await?)?;
        let body = json!({
            "status": self.status,
            "error": self.error.as_ref().map(Text::as_str),
            "response_preview": self.response_preview.as_ref().map(Text::as_str),
        });
        let ask = call.tenant.ask(&UPDATE_DELEGATION).part("workspace_id", &self.workspace_id);
        ask.part("delegation_id", &self.delegation_id).body(&body).received().await?;
        let now = read_back(self.delegation_id, &self.workspace_id, call).await?;
        if now.status == self.status.as_str() {
            return Ok(now);
        }
        Err(Failure::new(
            Code::UnexpectedAnswer,
            format!("the tenant said `{}`, but lists it as {}", self.status.as_str(), now.status),
        )
        .changed(Changed::Unknown)
        .next("Look again with list_delegations."))
    }
}

impl UpdateDelegationStatus {
    /// The tenant answers success for any id, and adds a row for each repetition.
    fn check(&self, listed: &[Delegation]) -> Result<(), Failure> {
        let found = listed.iter().find(|one| one.is(&self.delegation_id));
        let one = found.ok_or_else(|| {
            Failure::new(Code::NotFound, "this workspace has no such delegation among its newest")
                .next("Use a `delegation_id` from list_delegations.")
        })?;
        if one.status == self.status.as_str() {
            return Err(
                Failure::new(Code::Conflict, format!("it is {} already", one.status)).next("Nothing is left to do.")
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(second: u32, text: &str) -> Row {
        let mut row = serde_json::from_str::<serde_json::Value>(text).unwrap();
        row["created_at"] = json!(format!("2026-11-21T00:00:{second:02}Z"));
        row["id"] = json!(format!("row-{second}"));
        serde_json::from_value(row).unwrap()
    }

    #[test]
    fn a_request_and_its_result_are_one() {
        let rows = vec![
            row(5, r#"{"summary":"Delegation failed","status":"failed","target_id":"t2","error":"no URL"}"#),
            row(
                4,
                r#"{"summary":"Delegating to t2","status":"failed","target_id":"t2","delegation_id":"b","error":"no URL"}"#,
            ),
            row(
                3,
                r#"{"summary":"Delegation completed (hi)","status":"completed","target_id":"t","delegation_id":"a","response_preview":"hi"}"#,
            ),
            row(2, r#"{"summary":"Delegating to t","status":"completed","target_id":"t","delegation_id":"a"}"#),
            row(1, r#"{"summary":"Delegation failed","status":"failed","target_id":"","error":"of an older one"}"#),
        ];
        let joined = joined(rows);
        let ids: Vec<_> = joined.iter().map(|one| (one.delegation_id.as_deref(), one.status.as_str())).collect();
        assert_eq!(ids, [(Some("b"), "failed"), (Some("a"), "completed"), (None, "failed")]);
        assert!(joined.iter().all(|one| one.answered_at.is_some()));
        assert_eq!((joined[1].response.as_str(), &joined[2].target_id), ("hi", &None));
    }
}
