//! list_workspace_tokens, create_workspace_token, revoke_workspace_token, and minting a token for a
//! workspace that somebody else just made.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{CREATE_TOKEN, LIST_TOKENS, REVOKE_TOKEN};
use crate::backend::{Ask, Tenant};
use crate::deliveries::{Delivery, Made, Parcel, What};
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
    pub id: TokenId,
    pub prefix: String,
    pub created_at: DateTime<Utc>,
    /// Absent: never used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct Tokens {
    tokens: Vec<Token>,
}

/// All live ones: no workspace has more than fifty, and the tenant gives up to two hundred at once.
pub async fn fetch(workspace: &WorkspaceId, call: &Invocation) -> Result<Vec<Token>, Failure> {
    fetch_of(workspace, &call.tenant).await
}

/// The same, whoever asks.
pub async fn fetch_of(workspace: &WorkspaceId, tenant: &Tenant) -> Result<Vec<Token>, Failure> {
    let listed: Tokens = list(workspace, tenant).fetch().await?;
    Ok(listed.tokens)
}

fn list(workspace: &WorkspaceId, tenant: &Tenant) -> Ask {
    tenant.ask(&LIST_TOKENS).part("workspace_id", workspace).query("limit", 200)
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

    async fn look(&self, call: &Invocation) -> Result<Option<Value>, Failure> {
        refuse_limited(call)?;
        confirm_exists(&self.workspace_id, call).await?;
        self.sink.may(&call.places(), &self.place_name()).await?;
        Ok(None)
    }

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        refuse_limited(call)?;
        confirm_exists(&self.workspace_id, call).await?;
        let place = self.sink.prove(&call.places(), &self.place_name()).await?;
        let token = Fresh::mint(&self.workspace_id, call).await?;
        let prefix = token.token.prefix();
        let location = token.deliver(place, &self.workspace_id, call).await?;
        // Delivered and live: that its id can't be looked up now is no failure.
        let id = find(&prefix, &self.workspace_id, call).await.unwrap_or(None);
        if let Some(id) = &id {
            call.made(id);
        }
        Ok(CreatedToken { workspace_id: self.workspace_id, id, prefix, sink: self.sink.to_string(), location })
    }
}

impl CreateWorkspaceToken {
    /// Where the caller names none.
    fn place_name(&self) -> String {
        format!("workspace-{}", self.workspace_id)
    }
}

/// A token knows no role and no end, and where the tenant has no admin token it opens everything: nobody
/// who is held to less hands one out.
pub fn refuse_limited(call: &Invocation) -> Result<(), Failure> {
    if !call.is_limited() {
        return Ok(());
    }
    Err(Failure::new(Code::ForbiddenByPolicy, "a workspace's token gives more power than the caller has")
        .next("Ask the operator to do it; no grant gives more than itself."))
}

#[derive(Deserialize)]
struct Minted {
    auth_token: Credential,
}

/// A new token on its way.
pub struct Fresh {
    pub token: Credential,
    delivery: Delivery,
}

impl Fresh {
    pub async fn mint(workspace: &WorkspaceId, call: &Invocation) -> Result<Self, Failure> {
        // What was there before can be told from it, should all stop before its prefix is known.
        let seen = fetch(workspace, call).await?.into_iter().map(|token| token.prefix).collect();
        let delivery = begin(workspace, seen, call).await?;
        let ask = call.tenant.ask(&CREATE_TOKEN).part("workspace_id", workspace);
        // Cancelled in between, it would be a token that nobody knows of.
        let minted: Result<Minted, Failure> = ask.regardless().fetch().await;
        match minted {
            Ok(minted) => Self::noted(minted.auth_token, delivery, workspace, call).await,
            Err(failure) if failure.has_changed() == Changed::No => {
                forget(&delivery).await;
                Err(failure)
            }
            Err(failure) => {
                Err(failure
                    .next("If list_workspace_tokens shows a new token, nobody holds it: revoke it, then try again."))
            }
        }
    }

    /// One that the tenant made of itself, with its workspace.
    pub async fn shown(token: Credential, workspace: &WorkspaceId, call: &Invocation) -> Result<Self, Failure> {
        match begin(workspace, Vec::new(), call).await {
            Ok(delivery) => Self::noted(token, delivery, workspace, call).await,
            Err(failure) => {
                let prefix = token.prefix();
                Err(undelivered(failure, &prefix, revoke_found(&prefix, workspace, call).await))
            }
        }
    }

    async fn noted(
        token: Credential,
        delivery: Delivery,
        workspace: &WorkspaceId,
        call: &Invocation,
    ) -> Result<Self, Failure> {
        let noted = delivery.minted(Made { id: None, prefix: token.prefix() }).await;
        let fresh = Self { token, delivery };
        match noted {
            Ok(()) => Ok(fresh),
            Err(failure) => Err(fresh.undelivered(failure, workspace, call).await),
        }
    }

    /// Delivers, or revokes what couldn't be delivered and says so.
    pub async fn deliver(self, place: Proved, workspace: &WorkspaceId, call: &Invocation) -> Result<String, Failure> {
        let location = match place.for_workspace(workspace).deliver(&self.token).await {
            Ok(delivered) => delivered.location,
            Err(failure) => return Err(self.undelivered(failure, workspace, call).await),
        };
        match self.delivery.delivered().await {
            Ok(()) => Ok(location),
            Err(failure) => Err(self.undelivered(failure, workspace, call).await),
        }
    }

    async fn undelivered(self, failure: Failure, workspace: &WorkspaceId, call: &Invocation) -> Failure {
        undelivered(failure, &self.token.prefix(), self.take_back(workspace, call).await)
    }

    /// Revokes it, also when the caller has gone. False: it may still be live.
    pub async fn take_back(&self, workspace: &WorkspaceId, call: &Invocation) -> bool {
        let revoked = revoke_found(&self.token.prefix(), workspace, call).await;
        if revoked {
            forget(&self.delivery).await;
        }
        revoked
    }
}

async fn begin(workspace: &WorkspaceId, seen: Vec<String>, call: &Invocation) -> Result<Delivery, Failure> {
    let what = What::WorkspaceToken { workspace: workspace.to_string() };
    let minter = call.server.keys.tag().to_string();
    let parcel = Parcel { invocation: call.id, what, minter, seen, at: Utc::now() };
    let begun = call.server.deliveries.begin(parcel).await?;
    begun.ok_or_else(|| Failure::new(Code::Conflict, "another token like it is being minted"))
}

/// If this can't be written down, the next start finds that nothing is there.
async fn forget(delivery: &Delivery) {
    if let Err(failure) = delivery.is_gone().await {
        tracing::warn!(%failure, "a token that is gone still stands as being on its way");
    }
}

fn undelivered(failure: Failure, prefix: &str, revoked: bool) -> Failure {
    failure.changed(Changed::Yes).next(match revoked {
        true => "The new token was revoked at once; mend what was in the way and try again.".to_owned(),
        false => format!("The new token {prefix} could not be revoked: find it with list_workspace_tokens."),
    })
}

async fn revoke_found(prefix: &str, workspace: &WorkspaceId, call: &Invocation) -> bool {
    match find(prefix, workspace, call).await {
        Ok(Some(id)) => revoke(&id, workspace, call).await.is_ok(),
        _ => false,
    }
}

/// The tenant answers no id for a new token; its prefix finds it.
async fn find(prefix: &str, workspace: &WorkspaceId, call: &Invocation) -> Result<Option<TokenId>, Failure> {
    let listed: Tokens = list(workspace, &call.tenant).regardless().fetch().await?;
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
