//! What is found out about the tenant at the start: whether it lets everybody in, and which of its keys is ours.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Ending;
use crate::backend::Route;
use crate::dispatch::Dispatch;
use crate::failure::Failure;
use crate::tools::governance::OPEN;
use crate::tools::keys::{LIST_KEYS, OrgKey, fetch_org_keys};

/// Between two looks at the file that our key is read from.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// For a local session: nobody waits for it, and what is wrong is said loudly.
pub(super) fn in_background(dispatch: &Arc<Dispatch>) {
    follow_key(dispatch);
    let dispatch = Arc::clone(dispatch);
    tokio::spawn(async move {
        match dispatch.client().lets_everybody_in().await {
            Ok(false) => {}
            Ok(true) => tracing::error!("{OPEN}"),
            Err(failure) => tracing::warn!(%failure, "whether this tenant lets everybody in isn't known"),
        }
        look_up_own_key(&dispatch).await;
    });
}

/// Before others than this machine may come: a tenant that can't be asked counts as open.
pub(super) async fn closed_or_refuse(dispatch: &Arc<Dispatch>) -> Result<(), Ending> {
    match dispatch.client().lets_everybody_in().await {
        Ok(false) => {
            follow_key(dispatch);
            look_up_own_key(dispatch).await;
            Ok(())
        }
        Ok(true) => Err(Ending::Failed(OPEN.to_owned())),
        Err(failure) => Err(Ending::Failed(format!(
            "whether this tenant lets everybody in can't be found out, so nothing but loopback is listened on ({failure})"
        ))),
    }
}

/// Whoever puts another key into the file, this server by another process or the operator: it is used from then on.
fn follow_key(dispatch: &Dispatch) {
    if dispatch.server().keys.file().is_none() {
        return;
    }
    let client = dispatch.client().clone();
    tokio::spawn(async move {
        loop {
            sleep(BETWEEN_LOOKS).await;
            client.look_for_key().await;
        }
    });
}

/// Only the journal's entries from now on carry the id; the prefix was known all along.
async fn look_up_own_key(dispatch: &Dispatch) {
    match list_keys(dispatch).await {
        Ok(keys) => keys.iter().for_each(|key| dispatch.server().keys.is_listed(&key.prefix, key.id.as_str())),
        Err(failure) => tracing::warn!(%failure, "our own key couldn't be looked up"),
    }
}

async fn list_keys(dispatch: &Dispatch) -> Result<Vec<OrgKey>, Failure> {
    const ROUTES: &[Route] = &[LIST_KEYS];
    let tenant = dispatch.client().invocation(Uuid::now_v7(), ROUTES, CancellationToken::new());
    fetch_org_keys(&tenant).await
}
