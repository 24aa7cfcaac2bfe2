//! Where the new key goes: the sink that the call names, or the file that this server reads its own key from.

use std::path::PathBuf;

use crate::draft::Draft;
use crate::failure::{Code, Failure};
use crate::secrets::Sink;
use crate::secrets::sink::{self, Proved};
use crate::tools::invocation::Invocation;
use crate::tools::keys::OrgKey;
use crate::tools::keys::fresh::Fresh;

pub(super) enum Place {
    Sink(Proved),
    KeyFile(Draft),
}

/// Whether this key needs, or can have, a sink.
pub(super) fn check(sink: Option<&Sink>, old: &OrgKey, call: &Invocation) -> Result<(), Failure> {
    // The old key goes at once, and nobody may ever open the page.
    if sink.is_some_and(|sink| sink.kind() == sink::Kind::Drop) {
        return Err(Failure::invalid("`sink`: a one-time page may stay closed, and the old key would be gone by then")
            .next("Name another sink; or mint a key to `drop`, and revoke the old one when its holder has the new."));
    }
    let keys = &call.server.keys;
    let own = keys.is_own(&old.prefix);
    match (keys.file().filter(|_| own), sink) {
        (Some(_), None) | (None, Some(_)) => Ok(()),
        (Some(file), Some(_)) => Err(Failure::invalid(format!(
            "this server reads its own key from {} and the new one goes there: leave out `sink`",
            file.path().display()
        ))),
        (None, None) if own => Err(Failure::new(
            Code::PreconditionFailed,
            "this server was given its key in its environment, where it can't put another",
        )
        .next(
            "Ask the operator to start it with MOLECULE_ORG_TOKEN_FILE; or name a `sink` that they take the new key \
             from before this server starts again.",
        )),
        (None, None) => Err(Failure::invalid("`sink`: say where the new key goes, such as `file:NAME`")),
    }
}

impl Place {
    /// Before anything is minted.
    pub(super) async fn prove(sink: Option<&Sink>, name: &str, call: &Invocation) -> Result<Self, Failure> {
        if let Some(sink) = sink {
            return Ok(Self::Sink(sink.prove(&call.places(), name).await?));
        }
        let file = call.server.keys.file().ok_or_else(|| Failure::invalid("`sink`: say where the new key goes"))?;
        file.prepare().map(Self::KeyFile).map_err(|error| {
            let message = "the file that this server reads its key from can't be replaced; nothing was minted";
            Failure::new(Code::PreconditionFailed, message)
                .next("Ask the operator to let this server write to it and to its directory.")
                .operator(format!("{}: {error}", file.path().display()))
        })
    }

    pub(super) fn key_file(&self, call: &Invocation) -> Option<PathBuf> {
        match self {
            Self::Sink(_) => None,
            Self::KeyFile(_) => call.server.keys.file().map(|file| file.path().to_owned()),
        }
    }

    /// Puts the key there and says where that is. A key in the file is in use from then on.
    pub(super) async fn take(self, key: &Fresh, call: &Invocation) -> Result<String, Failure> {
        match self {
            Self::Sink(place) => place.deliver(&key.secret).await.map(|delivered| delivered.location),
            Self::KeyFile(draft) => {
                let location = draft.location();
                call.server.keys.succeed(draft, key.secret.shared(), Some(key.id.to_string())).await?;
                Ok(location)
            }
        }
    }
}
