//! A folder as it's listed: files, and the folders that they lie in. Pure.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

/// What a folder itself takes on the platform's disk.
const FOLDER_SIZE: usize = 4096;

#[derive(Serialize, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    path: String,
    size: usize,
    dir: bool,
}

/// Down to that depth, each folder before what is in it. `files` are all paths with their sizes, of which
/// those below `folder` count.
pub(super) fn entries(files: impl IntoIterator<Item = (String, usize)>, folder: &str, depth: usize) -> Vec<Entry> {
    // by parts: as text `a-b` would come before `a/c`
    let mut found: BTreeMap<PathBuf, Entry> = BTreeMap::new();
    let prefix = if folder.is_empty() { String::new() } else { format!("{}/", folder) };
    for (path, size) in files {
        let Some(path) = path.strip_prefix(&prefix) else { continue };
        let parts: Vec<&str> = path.split('/').collect();
        for length in 1..=parts.len().min(depth) {
            let dir = length < parts.len();
            let path = parts.iter().take(length).copied().collect::<Vec<_>>().join("/");
            let size = if dir { FOLDER_SIZE } else { size };
            found.entry(PathBuf::from(&path)).or_insert(Entry { path, size, dir });
        }
    }
    found.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::entries;

    fn listed(folder: &str, depth: usize) -> Vec<String> {
        let files = ["a-b", "a/c", "a/d/e", "z"].map(|path| (path.to_owned(), 1));
        entries(files, folder, depth).into_iter().map(|entry| format!("{} {}", entry.path, entry.size)).collect()
    }

    #[test]
    fn folders_come_before_what_is_in_them() {
        assert_eq!(listed("", 1), ["a 4096", "a-b 1", "z 1"]);
        assert_eq!(listed("", 2), ["a 4096", "a/c 1", "a/d 4096", "a-b 1", "z 1"]);
        assert_eq!(listed("a", 5), ["c 1", "d 4096", "d/e 1"]);
    }

    #[test]
    fn a_file_is_no_folder() {
        assert_eq!(listed("z", 1), [""; 0]);
    }
}
