//! A folder of the disk with everything in it, for what is handled as a whole: templates and plugins.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// By path with slashes, relative to the folder.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// What can't be read is left out, and links aren't followed.
pub(crate) fn read(folder: &Path) -> Files {
    let mut files = Files::new();
    gather(folder, "", &mut files);
    files
}

fn gather(folder: &Path, prefix: &str, files: &mut Files) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (Ok(name), Ok(kind)) = (entry.file_name().into_string(), entry.file_type()) else { continue };
        let path = format!("{prefix}{name}");
        if kind.is_dir() {
            gather(&entry.path(), &format!("{path}/"), files);
        } else if let (true, Ok(content)) = (kind.is_file(), fs::read(entry.path())) {
            files.insert(path, content);
        }
    }
}

/// The names of the folders in it, in order.
pub(crate) fn subfolders(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = folders.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}
