//! `keyring:NAME`: what this server's name has under NAME in the operating system's keyring.

use crate::failure::Failure;
use crate::secrets::Credential;
use crate::secrets::keyring::{self, RESERVED, held};
use crate::secrets::name::Name;

pub(super) async fn read(name: &Name) -> Result<Credential, Failure> {
    let found = keyring::with(name, held).await?.filter(|value| !value.starts_with(RESERVED.as_bytes()));
    let value = found.ok_or_else(|| super::missing("the keyring has no entry of that name for this server"))?;
    let text = String::from_utf8(value).map_err(|_| super::missing("that entry of the keyring isn't a text"))?;
    super::line(&text)
}
