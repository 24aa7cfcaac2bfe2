//! Another key in the file that ours is read from: it is used once the tenant has answered a request with it.

use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::client::{ORG_KEYS, Shared};
use super::key;
use super::tenant::Tenant;
use crate::failure::{Code, Failure};
use crate::secrets::Credential;

#[derive(Deserialize)]
struct Listed {
    tokens: Vec<One>,
}

#[derive(Deserialize)]
struct One {
    id: String,
    prefix: String,
}

/// Looks at the file, if there is one. A key that the tenant refused before is tried `again` only where ours is
/// refused, too.
pub(super) async fn look(shared: &Arc<Shared>, again: bool) {
    let Some(file) = shared.keys.file() else { return };
    let mut refused = shared.keys.looking().await;
    let reading = file.clone();
    // A disk that hangs must not hold up others.
    let Ok(Ok(found)) = tokio::task::spawn_blocking(move || reading.read()).await else { return };
    let is = |one: &SecretString| one.expose_secret() == found.expose_secret();
    let known = refused.as_deref().is_some_and(is);
    if is(&shared.keys.now_secret()) || (known && !again) {
        return;
    }
    let found = Arc::new(found);
    let file = file.path().display();
    match prove(shared, &found).await {
        Ok(id) => match shared.keys.adopt(found, id) {
            Ok(()) => tracing::info!(%file, key_prefix = %shared.keys.tag(), "another org key is in use"),
            Err(failure) => tracing::error!(%file, %failure, "this can't be a key"),
        },
        // The tenant may answer the next time.
        Err(failure) if !matches!(failure.code(), Code::Unauthenticated | Code::ForbiddenByTenant) => {
            tracing::warn!(%file, %failure, "another org key can't be tried yet, so the one before stays in use");
        }
        Err(failure) => {
            if !known {
                tracing::error!(%file, %failure, "another org key was refused, so the one before stays in use");
            }
            *refused = Some(found);
        }
    }
}

/// The key's id, where the tenant takes it.
async fn prove(shared: &Arc<Shared>, key: &Arc<SecretString>) -> Result<Option<String>, Failure> {
    let allowed = std::slice::from_ref(&ORG_KEYS);
    let tenant = Tenant::new(Arc::clone(shared), Uuid::now_v7(), allowed, CancellationToken::new());
    let key = Credential::new(key.expose_secret().to_owned());
    let listed: Listed = tenant.ask(&ORG_KEYS).presenting(&key).fetch().await?;
    let tag = key::tag(key.expose());
    Ok(listed.tokens.into_iter().find(|one| one.prefix == tag).map(|one| one.id))
}
