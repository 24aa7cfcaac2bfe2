//! Where this program is set up already: the files of this user, and of the project in this directory.

use std::env;
use std::path::PathBuf;

use super::client::Client;
use super::entry::Entry;
use super::file::ClientFile;

/// What one client's file says about us.
pub(in crate::cli) struct Installed {
    pub(in crate::cli) client: Client,
    pub(in crate::cli) file: PathBuf,
    /// The entry with its name; or, of a file that can't be read, why.
    pub(in crate::cli) found: Result<(String, Entry), String>,
}

pub(in crate::cli) fn installed() -> Vec<Installed> {
    let project = env::current_dir().ok();
    let mut files: Vec<(Client, PathBuf)> = Vec::new();
    for client in Client::ALL {
        let in_project = project.as_deref().and_then(|directory| client.project_file(directory));
        let both = client.user_file().into_iter().chain(in_project);
        files.extend(both.filter(|file| file.symlink_metadata().is_ok()).map(|file| (client, file)));
    }
    // In a home directory the project's file is the user's.
    files.dedup();
    files.into_iter().flat_map(|(client, file)| in_file(client, file)).collect()
}

fn in_file(client: Client, file: PathBuf) -> Vec<Installed> {
    let all = ClientFile::open(client, file.clone()).and_then(|file| file.entries());
    let ours = match all {
        Err(trouble) => vec![Err(trouble.why)],
        Ok(all) => {
            all.into_iter().filter_map(|(name, entry)| Some(Ok((name, entry.filter(Entry::is_ours)?)))).collect()
        }
    };
    ours.into_iter().map(|found| Installed { client, file: file.clone(), found }).collect()
}
