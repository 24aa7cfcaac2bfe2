//! list_workspace_tokens, create_workspace_token, revoke_workspace_token, and minting a token for a
//! workspace that somebody else just made.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CREATE_TOKEN, LIST_TOKENS, REVOKE_TOKEN};
use crate::backend::Ask;
use crate::failure::{Changed, Code, Failure};
use crate::secrets::sink::Proved;
use crate::secrets::{Credential, Sink};
use crate::tools::ids::{TokenId, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::list::List;
use crate::tools::tool::Act;
use crate::tools::workspaces::confirm_exists;

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct Token {
    id: TokenId,
    prefix: String,
    created_at: DateTime<Utc>,
    /// Absent: never used.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct Tokens {
    tokens: Vec<Token>,
}

/// All live ones: no workspace has more than fifty, and the tenant gives up to two hundred at once.
pub async fn fetch(workspace: &WorkspaceId, call: &Invocation) -> Result<Vec<Token>, Failure> {
    let listed: Tokens = list(workspace, call).fetch().await?;
    Ok(listed.tokens)
}

fn list(workspace: &WorkspaceId, call: &Invocation) -> Ask {
    call.tenant.ask(&LIST_TOKENS).part("workspace_id", workspace).query("limit", 200)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListWorkspaceTokens {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
}

impl List for ListWorkspaceTokens {
    type Item = Token;

    fn mark(token: &Token) -> String {
        token.id.to_string()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<Token>, Failure> {
        let tokens = fetch(&self.workspace_id, call).await?;
        if tokens.is_empty() {
            // The tenant lists nothing for a workspace that doesn't exist, too.
            confirm_exists(&self.workspace_id, call).await?;
        }
        Ok(tokens)
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateWorkspaceToken {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// Where the token goes, written as mint_org_key's.
    #[serde(default)]
    sink: Sink,
}

#[derive(Serialize, JsonSchema)]
pub struct CreatedToken {
    workspace_id: WorkspaceId,
    /// Absent where the tenant's list doesn't show it yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<TokenId>,
    prefix: String,
    sink: String,
    /// Where the token is now.
    location: String,
}

impl Act for CreateWorkspaceToken {
    type Answer = CreatedToken;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        refuse_limited(call)?;
        confirm_exists(&self.workspace_id, call).await?;
        let place = self.sink.prove(&call.places(), &format!("workspace-{}", self.workspace_id)).await?;
        let token = mint(&self.workspace_id, call).await?;
        let location = deliver(place, &token, &self.workspace_id, call).await?;
        let prefix = token.prefix();
        // Delivered and live: that its id can't be looked up now is no failure.
        let id = find(&prefix, &self.workspace_id, call).await.unwrap_or(None);
        if let Some(id) = &id {
            call.made(id);
        }
        Ok(CreatedToken { workspace_id: self.workspace_id, id, prefix, sink: self.sink.to_string(), location })
    }
}

/// A token knows no role and no end, and where the tenant has no admin token it opens everything: nobody
/// whom a grant limits hands one out.
pub fn refuse_limited(call: &Invocation) -> Result<(), Failure> {
    if !call.caller.is_limited() {
        return Ok(());
    }
    Err(Failure::new(Code::ForbiddenByPolicy, "a workspace's token gives more power than this grant has")
        .next("Ask the operator to do it; no grant gives more than itself."))
}

#[derive(Deserialize)]
struct Minted {
    auth_token: Credential,
}

pub async fn mint(workspace: &WorkspaceId, call: &Invocation) -> Result<Credential, Failure> {
    let ask = call.tenant.ask(&CREATE_TOKEN).part("workspace_id", workspace);
    // Cancelled in between, it would be a token that nobody knows of.
    let minted: Result<Minted, Failure> = ask.regardless().fetch().await;
    minted.map(|minted| minted.auth_token).map_err(|failure| match failure.has_changed() {
        Changed::No => failure,
        _ => failure.next("If list_workspace_tokens shows a new token, nobody holds it: revoke it, then try again."),
    })
}

/// Delivers, or revokes what couldn't be delivered and says so.
pub async fn deliver(
    place: Proved,
    token: &Credential,
    workspace: &WorkspaceId,
    call: &Invocation,
) -> Result<String, Failure> {
    let failure = match place.for_workspace(workspace).deliver(token).await {
        Ok(delivered) => return Ok(delivered.location),
        Err(failure) => failure.changed(Changed::Yes),
    };
    let prefix = token.prefix();
    Err(if take_back(token, workspace, call).await {
        failure.next("The new token was revoked at once; mend the sink and try again.")
    } else {
        failure.next(format!("The new token {prefix} could not be revoked: find it with list_workspace_tokens."))
    })
}

/// Revokes a token that was just minted, also when the caller has gone. False: it may still be live.
pub async fn take_back(token: &Credential, workspace: &WorkspaceId, call: &Invocation) -> bool {
    match find(&token.prefix(), workspace, call).await {
        Ok(Some(id)) => revoke(&id, workspace, call).await.is_ok(),
        _ => false,
    }
}

/// The tenant answers no id for a new token; its prefix finds it.
async fn find(prefix: &str, workspace: &WorkspaceId, call: &Invocation) -> Result<Option<TokenId>, Failure> {
    let listed: Tokens = list(workspace, call).regardless().fetch().await?;
    Ok(listed.tokens.into_iter().find(|token| token.prefix == prefix).map(|token| token.id))
}

async fn revoke(token: &TokenId, workspace: &WorkspaceId, call: &Invocation) -> Result<(), Failure> {
    let ask = call.tenant.ask(&REVOKE_TOKEN).part("workspace_id", workspace).part("token_id", token);
    ask.regardless().received().await.map(|_| ())
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeWorkspaceToken {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// From list_workspace_tokens.
    token_id: TokenId,
}

#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Revoked {
    /// `revoked`
    status: String,
}
