//! get_transcript: the tenant asks the agent at the address in its card and hands our bearer on to it. So
//! the organisation's key never goes there: a token of that workspace alone is minted for this one
//! request and revoked after it, whatever came of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{LIVENESS, TRANSCRIPT};
use crate::backend::Heard;
use crate::failure::{Changed, Code, Failure};
use crate::secrets::Credential;
use crate::tools::bounds::Whole;
use crate::tools::ids::WorkspaceId;
use crate::tools::invocation::Invocation;
use crate::tools::keys::tokens;
use crate::tools::prose::{Data, Prose};
use crate::tools::tool::Act;
use crate::tools::workspaces::confirm_exists;

const USUAL_LIMIT: i64 = 50;
/// Of one line, and of an answer that isn't in lines.
const LONGEST_LINE: usize = 600;
const LONGEST_TEXT: usize = 20_000;
const LOG: &str = "the agent's own log";

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetTranscript {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// Go on after this; the `cursor` of the answer before.
    since: Option<Whole<0, 1_000_000_000>>,
    /// Lines; default 50.
    limit: Option<Whole<1, 100>>,
}

#[derive(Serialize, JsonSchema)]
pub struct Transcript {
    /// What the agent says, in its own form.
    lines: Vec<Data>,
    /// Where it answered in another form.
    #[serde(skip_serializing_if = "Prose::is_empty")]
    text: Prose,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<bool>,
    /// False: the agent keeps no transcript.
    #[serde(skip_serializing_if = "Option::is_none")]
    supported: Option<bool>,
    /// The prefix of the workspace token made for this call, if it couldn't be revoked: revoke it with revoke_workspace_token.
    #[serde(skip_serializing_if = "Option::is_none")]
    left_behind: Option<String>,
}

#[derive(Deserialize)]
struct Said {
    lines: Vec<Data>,
    cursor: Option<i64>,
    more: Option<bool>,
    supported: Option<bool>,
}

impl Act for GetTranscript {
    type Answer = Transcript;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        confirm_exists(&self.workspace_id, call).await?;
        let fresh = tokens::Fresh::mint(&self.workspace_id, call).await?;
        let token = &fresh.token;
        let asked = self.ask(token, call).await;
        let revoked = fresh.take_back(&self.workspace_id, call).await;
        match (asked, revoked) {
            (Ok(transcript), true) => Ok(transcript),
            (Ok(transcript), false) => Ok(Transcript { left_behind: Some(token.prefix()), ..transcript }),
            (Err(failure), true) => Err(failure.confirmed(Changed::No)),
            (Err(failure), false) => Err(left_behind(failure, token)),
        }
    }
}

impl GetTranscript {
    async fn ask(&self, token: &Credential, call: &Invocation) -> Result<Transcript, Failure> {
        refuse_powerful(token, call).await?;
        let ask = call.tenant.ask(&TRANSCRIPT).part("workspace_id", &self.workspace_id).presenting(token);
        let ask = match self.since {
            Some(since) => ask.query("since", since.get()),
            None => ask,
        };
        let heard = ask
            .query("limit", self.limit.map_or(USUAL_LIMIT, Whole::get))
            .expecting(&[400, 401, 403, 404, 405, 500, 502, 503]);
        read(heard.heard().await?, token, call)
    }
}

/// A tenant without an admin token takes any workspace's token for an administrator's. The agent must
/// not get one there.
async fn refuse_powerful(token: &Credential, call: &Invocation) -> Result<(), Failure> {
    let opened = call.tenant.ask(&LIVENESS).presenting(token).expecting(&[401, 403]).heard().await?;
    if !(200..300).contains(&opened.status) {
        return Ok(());
    }
    Err(Failure::new(
        Code::PreconditionFailed,
        "this tenant takes any workspace token for an administrator's, and the agent would get one; it wasn't asked",
    )
    .next("The operator has to set the tenant's ADMIN_TOKEN first."))
}

fn read(heard: Heard, token: &Credential, call: &Invocation) -> Result<Transcript, Failure> {
    let error = serde_json::from_str::<Value>(&heard.text).ok();
    let error = error.as_ref().and_then(|body| body.get("error")?.as_str()).unwrap_or_default();
    match (heard.status, error) {
        (404, "workspace not found") => Err(nowhere("its agent has put no address into its card")),
        (503, "workspace not registered (no URL on file)") => Err(nowhere("the address in its agent's card is empty")),
        (502, "workspace unreachable") => Err(nowhere("nobody answers at the address in its agent's card")),
        (400, _) => Err(nowhere("the tenant doesn't ask at the address in its agent's card")),
        (200..=299, _) => Ok(shown(heard.text.replace(token.expose(), "[removed]"), call)),
        (status, _) => Err(Failure::new(Code::TenantError, format!("the agent, or the way to it, answered {status}"))
            .next("The agent may offer no transcript; look at list_activity instead.")),
    }
}

fn nowhere(why: &str) -> Failure {
    Failure::new(Code::PreconditionFailed, format!("the workspace has no agent to ask: {why}"))
        .next("Look at list_activity for what it did.")
}

fn shown(text: String, call: &Invocation) -> Transcript {
    let empty = Transcript {
        lines: vec![],
        text: Prose::default(),
        cursor: None,
        more: None,
        supported: None,
        left_behind: None,
    };
    match serde_json::from_str::<Said>(&text) {
        Ok(said) => Transcript {
            lines: said.lines.into_iter().map(|line| line.excerpt_of_kept(LONGEST_LINE, LOG, call)).collect(),
            cursor: said.cursor,
            more: said.more,
            supported: said.supported,
            ..empty
        },
        Err(_) => {
            Transcript { text: Prose::from(text).excerpt_of_kept(LONGEST_TEXT, "`since` and `limit`", call), ..empty }
        }
    }
}

fn left_behind(failure: Failure, token: &Credential) -> Failure {
    failure.changed(Changed::Yes).next(format!(
        "The workspace token {} that was made for this couldn't be revoked: find it with list_workspace_tokens and \
         revoke it.",
        token.prefix()
    ))
}
