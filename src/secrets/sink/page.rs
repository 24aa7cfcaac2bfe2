//! `drop`: a one-time page, where a person reveals the credential once.

use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{Delivered, Slot};
use crate::drops::Reserved;
use crate::failure::Failure;
use crate::secrets::{Credential, Places};

struct OneTimePage {
    reserved: Reserved,
    /// Whose token it will be, if it isn't an org key.
    workspace: Option<String>,
    /// When it is revoked anyway.
    end: Option<DateTime<Utc>>,
}

pub(super) async fn prove(places: &Places<'_>, usual: &str) -> Result<impl Slot + 'static, Failure> {
    let reserved = places.drops.reserve(places.purpose(usual), Utc::now()).await?;
    Ok(OneTimePage { reserved, workspace: None, end: None })
}

impl Slot for OneTimePage {
    fn for_workspace(&mut self, workspace: &str) {
        self.workspace = Some(workspace.to_owned());
    }

    fn until(&mut self, end: DateTime<Utc>) {
        self.end = Some(end);
    }

    fn deliver(self: Box<Self>, credential: &Credential) -> BoxFuture<'_, Result<Delivered, Failure>> {
        async move {
            let Self { reserved, workspace, end } = *self;
            let link = reserved.hold(credential, workspace, end, Utc::now()).await?;
            Ok(Delivered { location: link.text() })
        }
        .boxed()
    }
}
