//! list_delegations, and delegations as other tools look them up. The tenant mixes two kinds of rows, the
//! request and its result; here they are one delegation.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DELEGATIONS;
use crate::failure::Failure;
use crate::tools::ids::{DelegationId, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::list::List;
use crate::tools::prose::Prose;
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
    pub(super) status: String,
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

pub(super) async fn fetch(workspace: &WorkspaceId, call: &Invocation) -> Result<Vec<Delegation>, Failure> {
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

impl Delegation {
    pub(super) fn is(&self, id: &DelegationId) -> bool {
        self.delegation_id.as_deref() == Some(id.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
