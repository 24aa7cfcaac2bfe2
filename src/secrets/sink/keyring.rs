//! `keyring:NAME`: a new entry in the operating system's keyring. A mark of ours reserves it when it is proved,
//! which shows that the keyring is unlocked and can be written, and goes again if nothing is delivered.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use keyring_core::{Entry, Error};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::{Delivered, Slot};
use crate::failure::{Code, Failure};
use crate::secrets::Credential;
use crate::secrets::keyring::{self, RESERVED, held};
use crate::secrets::name::Name;

/// For cleaning up; a mark that stays is taken for an empty entry anyhow.
const AT_MOST: Duration = Duration::from_secs(1);

/// An entry that holds our mark and waits for its credential.
pub(super) struct Reserved {
    name: Name,
    mark: String,
    delivered: bool,
}

pub(super) async fn prove(name: &Name) -> Result<Reserved, Failure> {
    let mark = format!("{RESERVED}{}", Uuid::new_v4());
    let ours = mark.clone();
    let free = keyring::with(name, move |entry| {
        let free = held(entry)?.is_none_or(|there| there.starts_with(RESERVED.as_bytes()));
        if free { entry.set_secret(ours.as_bytes()).map(|()| true) } else { Ok(false) }
    });
    if free.await? {
        return Ok(Reserved { name: name.clone(), mark, delivered: false });
    }
    Err(taken())
}

fn taken() -> Failure {
    Failure::new(Code::Conflict, "the keyring has an entry of that name already")
        .next("Name another entry: nothing is overwritten.")
}

impl Slot for Reserved {
    fn deliver(mut self: Box<Self>, credential: &Credential) -> BoxFuture<'_, Result<Delivered, Failure>> {
        async move {
            let (mark, secret) = (self.mark.clone(), SecretString::from(credential.expose()));
            let ours = keyring::with(&self.name, move |entry| {
                let ours = is(entry, &mark)?;
                if ours { entry.set_secret(secret.expose_secret().as_bytes()).map(|()| true) } else { Ok(false) }
            });
            if !ours.await? {
                return Err(taken());
            }
            self.delivered = true;
            Ok(Delivered { location: format!("the keyring's entry {}", self.name) })
        }
        .boxed()
    }
}

fn is(entry: &Entry, mark: &str) -> Result<bool, Error> {
    Ok(held(entry)?.is_some_and(|there| there == mark.as_bytes()))
}

impl Drop for Reserved {
    /// A place that was proved and not used leaves nothing behind.
    fn drop(&mut self) {
        if self.delivered {
            return;
        }
        let (name, mark) = (self.name.clone(), std::mem::take(&mut self.mark));
        let (tell, told) = mpsc::channel();
        thread::spawn(move || {
            let gone = keyring::entry(&name)
                .and_then(|entry| if is(&entry, &mark)? { entry.delete_credential() } else { Ok(()) });
            let _ = tell.send(gone);
        });
        let _ = told.recv_timeout(AT_MOST);
    }
}
