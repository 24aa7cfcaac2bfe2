//! report_activity and notify_user. The tenant answers success also for what it lost, so both look in
//! the activity log for what they have written.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::activity::{Activity, Source, fetch};
use super::{NOTIFY, REPORT};
use crate::failure::{Changed, Code, Failure};
use crate::tools::bounds::{Text, Whole};
use crate::tools::ids::{Line, Word, WorkspaceId};
use crate::tools::input::unless_blank;
use crate::tools::invocation::Invocation;
use crate::tools::prose::Data;
use crate::tools::tool::Act;
use crate::tools::workspaces::confirm_exists;

/// Of the log, before and after: more than others write in between.
const LOOKED_AT: i64 = 50;

#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    A2aSend,
    A2aReceive,
    TaskUpdate,
    AgentLog,
    SkillPromotion,
    MemoryWrite,
    Error,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::A2aSend => "a2a_send",
            Self::A2aReceive => "a2a_receive",
            Self::TaskUpdate => "task_update",
            Self::AgentLog => "agent_log",
            Self::SkillPromotion => "skill_promotion",
            Self::MemoryWrite => "memory_write",
            Self::Error => "error",
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportActivity {
    /// Whose activity; from list_workspaces.
    workspace_id: WorkspaceId,
    /// What kind of entry.
    activity_type: Kind,
    /// What happened, in a line or two.
    #[serde(default, deserialize_with = "unless_blank")]
    summary: Option<Text<4_000>>,
    /// Default ok.
    #[serde(default, deserialize_with = "unless_blank")]
    status: Option<Word>,
    /// By what.
    #[serde(default, deserialize_with = "unless_blank")]
    method: Option<Word>,
    /// Whom it concerns.
    target_id: Option<WorkspaceId>,
    /// What went wrong.
    #[serde(default, deserialize_with = "unless_blank")]
    error_detail: Option<Text<10_000>>,
    /// How long it took.
    duration_ms: Option<Whole<0, 1_000_000_000_000>>,
    /// Any JSON.
    request_body: Option<Value>,
    /// Any JSON.
    response_body: Option<Value>,
}

#[derive(Serialize, JsonSchema)]
pub struct Reported {
    /// `logged`, and found in the log.
    status: &'static str,
    activity_id: String,
}

impl Act for ReportActivity {
    type Answer = Reported;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        confirm_exists(&self.workspace_id, call).await?;
        let kind = self.activity_type.as_str();
        let log = || fetch(&self.workspace_id, Some(kind), None, LOOKED_AT, call);
        let before = ids(&log().await?);
        let ask = call.tenant.ask(&REPORT).part("workspace_id", &self.workspace_id);
        ask.body(&self.body()).received().await?;
        let found = log().await?.into_iter().find(|one| !before.contains(&one.id) && self.is(one));
        match found {
            Some(one) => Ok(Reported { status: "logged", activity_id: one.id }),
            None => Err(Failure::new(Code::UnexpectedAnswer, "the tenant said `logged`, but its log doesn't show it")
                .changed(Changed::Unknown)
                .next("Look with list_activity before you report it again.")),
        }
    }
}

impl ReportActivity {
    fn body(&self) -> Value {
        json!({
            "activity_type": self.activity_type,
            "summary": self.summary,
            "status": self.status,
            "method": self.method,
            "target_id": self.target_id,
            "error_detail": self.error_detail,
            "duration_ms": self.duration_ms,
            "request_body": self.request_body,
            "response_body": self.response_body,
        })
    }

    fn is(&self, one: &Activity) -> bool {
        one.summary.as_str() == self.summary.as_ref().map_or("", Text::as_str)
            && one.method.as_str() == self.method.as_ref().map_or("", Word::as_str)
            && one.status.as_str() == self.status.as_ref().map_or("ok", Word::as_str)
    }
}

fn ids(log: &[Activity]) -> BTreeSet<String> {
    log.iter().map(|one| one.id.clone()).collect()
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotifyUser {
    /// In whose name; from list_workspaces.
    workspace_id: WorkspaceId,
    /// What the person reads.
    message: Text<20_000>,
    /// Files of the workspace to show with it, at most 10.
    #[serde(default)]
    #[schemars(length(max = 10))]
    attachments: Vec<Attachment>,
    /// A category that other servers take; nothing comes of it.
    #[serde(default, rename = "type")]
    #[schemars(skip)]
    _category: Option<Value>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Attachment {
    /// As `workspace:/workspace/report.pdf`.
    uri: Line,
    /// As people see it.
    name: Word,
}

#[derive(Serialize, JsonSchema)]
pub struct Notified {
    /// `sent`
    status: &'static str,
    /// Whether the workspace's activity log shows it.
    recorded: bool,
    /// Whether anybody saw it: the tenant doesn't say.
    delivery: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

impl Act for NotifyUser {
    type Answer = Notified;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        if self.attachments.len() > 10 {
            return Err(Failure::invalid("`attachments`: expected at most 10"));
        }
        let log = || fetch(&self.workspace_id, Some("a2a_receive"), Some(Source::Canvas), LOOKED_AT, call);
        let before = ids(&log().await?);
        let body = json!({ "message": self.message, "attachments": self.attachments });
        call.tenant.ask(&NOTIFY).part("workspace_id", &self.workspace_id).body(&body).received().await?;
        // It was sent, whether or not the log can be read now.
        let after = log().await.unwrap_or_default();
        let recorded = after.iter().any(|one| !before.contains(&one.id) && self.is(one));
        let note = (!recorded).then_some(
            "It went out to whoever watches now, but isn't in the log: nobody can read it later. The tenant loses \
             messages whose 80th byte is inside a character.",
        );
        Ok(Notified { status: "sent", recorded, delivery: "unconfirmed", note })
    }
}

impl NotifyUser {
    fn is(&self, one: &Activity) -> bool {
        let said = Data::from(json!(self.message));
        one.method.as_str() == "notify" && one.response_body.get("result").is_some_and(|result| result == said)
    }
}
