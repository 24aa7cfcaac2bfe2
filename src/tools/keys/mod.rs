//! Organisation keys and workspace tokens. A new credential goes to a sink, never into an answer.

mod fresh;
mod inspect;
mod lifetime;
mod lineage;
mod list;
mod mint;
mod orphans;
mod revoke;
mod rotate;
mod tree;
mod usage;
pub mod workspace_tokens;
pub use workspace_tokens as tokens;

pub use inspect::{Finding, Thresholds, findings};
pub use lineage::{Tree, drawn, forest};
pub use list::{OrgKey, fetch_org_keys};

use super::secrets;
use super::tool::{Draft, Tool};
use super::workspaces::GET;
use crate::backend::Route;

pub const LIST_KEYS: Route = Route::get("/org/tokens");
const MINT_KEY: Route = Route::post("/org/tokens");
/// The tenant lists no more org keys than this.
pub const CAP: usize = 500;
pub const REVOKE_TREE: &str = "revoke_key_tree";

const REVOKE_KEY: Route = Route::delete("/org/tokens/{key}");
pub const LIST_TOKENS: Route = Route::get("/workspaces/{workspace_id}/tokens");
pub(super) const CREATE_TOKEN: Route = Route::post("/workspaces/{workspace_id}/tokens");
pub const REVOKE_TOKEN: Route = Route::delete("/workspaces/{workspace_id}/tokens/{token_id}");

/// With those of the sinks.
const MINTING: &[Route] =
    &[LIST_KEYS, MINT_KEY, REVOKE_KEY, GET, secrets::LIST, secrets::SET, secrets::LIST_GLOBAL, secrets::SET_GLOBAL];

pub const TOOLS: &[Tool] = &[
    Draft::read("list_org_keys", &[LIST_KEYS])
        .about("List live org keys: prefix, name, who minted each, age and idle days, which one this server uses.")
        .said("api keys, credentials, who has access, unused key, last used")
        .everyday()
        .org_wide()
        .lists::<list::ListOrgKeys>(),
    Draft::escalate("mint_org_key", MINTING)
        .giving_everything()
        .creates()
        .by_name()
        .about("Mint an org key, which gives full power over the organisation, for good or for a time. The key goes to its sink, never into the answer, which says where.")
        .said("temporary key, lease, short-lived, create new api key, generate credential, issue access, give CI access, fresh company-wide credential, another admin key, let a pipeline talk to the platform")
        .example(r#"{"name":"ci-deploy","sink":"file:ci-deploy"}"#)
        .everyday()
        .org_wide()
        .giving_everything()
        .creates()
        .keeping(&["name", "sink", "expires_in"])
        .acts::<mint::MintOrgKey>(),
    Draft::escalate("rotate_org_key", MINTING)
        .about("Replace an org key without a gap: mint, prove it by a request, deliver, then revoke the old one. This server's own key goes where it reads it from. Call again to go on after a failure.")
        .long()
        .said("renew api key, replace a key, roll over credentials, key rotation, change the server's own key, exchange an old key, zero downtime")
        .example(r#"{"key":"q7RzB2ne","sink":"file:ci-deploy-2"}"#)
        .org_wide()
        .giving_everything()
        .keeping(&["name", "sink"])
        .acts::<rotate::RotateOrgKey>(),
    Draft::destroy("revoke_key", &[LIST_KEYS, REVOKE_KEY])
        .about("Revoke an org key by id or prefix, effective on its next request. Cannot be undone.")
        .said("leaked key, delete api key, disable credential, cut off access, compromised, kill an admin credential, contractor left, invalidate a company-wide key, withdraw access, revoke one key by its name")
        .example(r#"{"key":"q7RzB2ne"}"#)
        .everyday()
        .org_wide()
        .keeping(&["including_own"])
        .acts::<revoke::RevokeKey>(),
    Draft::destroy(REVOKE_TREE, &[LIST_KEYS, REVOKE_KEY])
        .about("Revoke an org key and every key that it minted, directly or through others, each outcome reported. Calling again goes on with what is left. Cannot be undone.")
        .long()
        .said("leaked key that minted more, cascade, revoke descendants, children of a key, everything that a compromised key created, orphaned keys of a revoked key, whole lineage")
        .example(r#"{"key":"q7RzB2ne"}"#)
        .org_wide()
        .idempotent()
        .keeping(&["including_own"])
        .acts::<tree::RevokeKeyTree>(),
    Draft::read("inspect_org_keys", &[LIST_KEYS])
        .about("Judge the org keys: unused, old, unnamed, duplicate names, minted by a key that is gone, nearness to the cap of 500; the tree of who minted whom, and what this server did with each in the last 30 days.")
        .long()
        .said("which keys were minted by which, audit api keys, hygiene, stale credentials, who created which key, risky, clean up keys, lineage, keys nobody uses any more")
        .org_wide()
        .acts::<inspect::InspectOrgKeys>(),
    Draft::read("list_workspace_tokens", &[LIST_TOKENS, GET])
        .about("List a workspace's live tokens by id and prefix, newest first.")
        .said("agent credentials, bearer of a workspace, how many tokens does an agent have, are they used")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc"}"#)
        .lists::<workspace_tokens::ListWorkspaceTokens>(),
    Draft::escalate(
        "create_workspace_token",
        &[GET, CREATE_TOKEN, LIST_TOKENS, REVOKE_TOKEN, secrets::LIST, secrets::SET, secrets::LIST_GLOBAL, secrets::SET_GLOBAL],
    )
        .about("Create a token for one workspace (50 at most). It goes to its sink; the answer says where.")
        .said("mint token for an agent, issue agent credential, let an external agent log in, authenticate")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","sink":"file:laptop-agent"}"#)
        .not_to_oneself()
        .creates()
        .keeping(&["sink"])
        .acts::<workspace_tokens::CreateWorkspaceToken>(),
    Draft::destroy("revoke_workspace_token", &[REVOKE_TOKEN])
        .about("Revoke a workspace token, effective on its next request. Cannot be undone. Revoking the last one leaves the workspace's registry calls open.")
        .said("delete agent credential, disable token, leaked token of an agent, lost laptop, invalidate an agent's own credential, bearer made public, kill one agent's token")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","token_id":"9d2c7a41-86f3-4e0b-b1a5-7c64e2f09d18"}"#)
        .sends::<workspace_tokens::RevokeWorkspaceToken, workspace_tokens::Revoked>(),
];
