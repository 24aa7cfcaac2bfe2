//! Plugins: a registry of folders, and what lies in a workspace's container. The organisation may say
//! which ones its workspaces get.

mod allowlist;
mod archive;
mod checks;
mod install;
mod lists;
mod registry;
mod source;

pub(crate) use allowlist::{replace_allowlist, show_allowlist};
pub(crate) use archive::download;
pub(crate) use install::{install, uninstall};
pub(crate) use lists::{available, compatibility, installed, registered, sources};
