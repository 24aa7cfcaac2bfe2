//! A page before its credential is there: proved to be shown and written, so that nothing is minted in vain.

use chrono::{DateTime, Utc};

use super::{Drops, HOLDS, Link, OneTimeCode, table};
use crate::failure::{Code, Failure};
use crate::secrets::Credential;
use crate::store::Durability;

/// A page that waits for its credential. Dropped unused, it leaves nothing behind.
pub struct Reserved {
    pub(super) drops: Drops,
    pub(super) id: String,
    pub(super) link: Link,
    pub(super) code: Option<OneTimeCode>,
}

impl Reserved {
    /// Puts a credential on the page, until its own end if that comes first. If nobody reveals it, it will be
    /// revoked as a token of `workspace`, or as an org key.
    pub async fn hold(
        &self,
        credential: &Credential,
        workspace: Option<String>,
        end: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Link, Failure> {
        // The minting took its time: the page lasts from now on.
        let until = end.map_or(now + HOLDS, |end| end.min(now + HOLDS));
        let link = Link { until, ..self.link.clone() };
        self.drops.shows()?.show(&self.drops, link.until).await?;
        let held = table::Held {
            id: self.id.clone(),
            sealed: self.drops.0.seal.close(&self.id, credential)?,
            prefix: credential.prefix(),
            workspace,
            until: link.until,
        };
        let is_there = self.drops.0.store.change(Durability::Synced, move |rows| table::hold(rows, &held)).await?;
        if !is_there {
            return Err(Failure::new(Code::Internal, "the one-time page was gone before the credential came")
                .next("Mint again."));
        }
        self.drops.lock_here().push(self.id.clone());
        self.drops.tell_code(self.code.as_ref(), &link);
        Ok(link)
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        let id = std::mem::take(&mut self.id);
        self.drops.0.store.write_later(Box::new(move |rows| table::forget_reserved(rows, &id)));
    }
}
