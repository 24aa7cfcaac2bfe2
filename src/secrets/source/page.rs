//! `drop`: a one-time page on which a person types the value. The call that wants it is refused with the
//! page's link until then; the same call made again uses the value, once.

use chrono::Utc;

use crate::drops::Wanted;
use crate::failure::{Code, Failure};
use crate::secrets::{Credential, Places};

/// Whether a value was typed in; otherwise where it can be.
pub(super) async fn ready(places: &Places<'_>) -> Result<(), Failure> {
    match places.drops.ask(places.purpose(places.about), Utc::now()).await? {
        Wanted::Filled => Ok(()),
        Wanted::Waits(link) => {
            Err(Failure::new(Code::PreconditionFailed, "the value waits for a person to type it in")
                .next(format!(
                    "Give the person this link, and make the same call again once they have handed the value over: {}",
                    link.text()
                ))
                .page(link.url))
        }
    }
}

pub(super) async fn read(places: &Places<'_>) -> Result<Credential, Failure> {
    let taken = places.drops.take(places.purpose(places.about), Utc::now()).await?;
    match taken {
        Some(value) => Ok(value),
        // A call that didn't look first, or another one like it took the value.
        None => ready(places)
            .await
            .and(Err(Failure::new(Code::Conflict, "the value came just now").next("Make the same call again."))),
    }
}
