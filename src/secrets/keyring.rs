//! The operating system's keyring: Secret Service, Keychain or Credential Manager. All that this server keeps
//! there stands under its own name; asking may make the system ask a person, so it has a time limit.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use keyring_core::api::CredentialStoreApi;
use keyring_core::{Entry, Error};

#[cfg(target_os = "macos")]
use apple_native_keyring_store::keychain::Store;
#[cfg(windows)]
use windows_native_keyring_store::Store;
#[cfg(target_os = "linux")]
use zbus_secret_service_keyring_store::Store;

use super::aside;
use super::name::Name;
use crate::failure::{Code, Failure};

/// One at a time in this process: looking whether an entry is free and taking it are two requests.
static TURN: Mutex<()> = Mutex::new(());

const SERVICE: &str = "molecule-org-mcp";

/// Long enough for a person to unlock it.
const PATIENCE: Duration = Duration::from_secs(20);

/// How the value of an entry begins that waits for its credential: as good as none.
pub(super) const RESERVED: &str = "reserved by molecule-org-mcp ";

/// Does something with the entry of this name, which needn't exist.
pub(super) async fn with<T: Send + 'static>(
    name: &Name,
    work: impl FnOnce(&Entry) -> Result<T, Error> + Send + 'static,
) -> Result<T, Failure> {
    let name = name.clone();
    let done = aside::within(PATIENCE, move || {
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        work(&entry(&name)?)
    });
    let done = done.await;
    done.ok_or_else(|| {
        Failure::new(Code::PreconditionFailed, format!("the keyring didn't answer within {} s", PATIENCE.as_secs()))
            .next("It may be waiting to be unlocked: ask the operator to unlock it, or name another place.")
    })?
    .map_err(|error| unusable(&error))
}

/// Whether a keyring answers when it is asked for an entry that nobody made.
pub async fn answers(within: Duration) -> Result<(), Failure> {
    let Some(name) = Name::new("doctor") else { return Ok(()) };
    let asked = tokio::time::timeout(within, with(&name, held)).await;
    let late = || Failure::new(Code::PreconditionFailed, format!("it didn't answer within {} s", within.as_secs()));
    asked.map_err(|_| late())?.map(drop)
}

/// What is there, if anything is.
pub(super) fn held(entry: &Entry) -> Result<Option<Vec<u8>>, Error> {
    match entry.get_secret() {
        Ok(secret) => Ok(Some(secret)),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(any(target_os = "linux", target_os = "macos", windows))]
pub(super) fn entry(name: &Name) -> Result<Entry, Error> {
    Store::new()?.build(SERVICE, name.as_str(), None)
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
pub(super) fn entry(_: &Name) -> Result<Entry, Error> {
    Err(Error::NotSupportedByStore("this operating system has no keyring that this server knows".to_owned()))
}

fn unusable(error: &Error) -> Failure {
    let message = match error {
        Error::NoStorageAccess(_) => "the keyring is locked, or refuses this server",
        Error::Ambiguous(_) => "the keyring has several entries of that name",
        _ => "this machine has no keyring that answers",
    };
    Failure::new(Code::PreconditionFailed, message)
        .next("Name another kind of place, or ask the operator to start and unlock a keyring for this server's user.")
        .operator(format!("keyring: {error}"))
}
