//! Where org templates lie: a folder each with an `org.yaml`, in the fixtures or built in. One with an
//! `org.yml` is listed but can't be imported, as on the platform.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::answer::{Refusal, Refuse, bad, missing};
use super::super::platform::Platform;
use super::super::templates::yaml;
use super::template::OrgTemplate;

const BUILT_IN: [(&str, &str); 2] = [
    ("research-desk", include_str!("../templates/research-desk.yaml")),
    ("starter-team", include_str!("../templates/starter-team.yaml")),
];

/// By folder; those that don't parse are left out silently.
pub(super) fn all(platform: &Platform) -> Vec<(String, OrgTemplate)> {
    let Some(shelf) = shelf(platform) else {
        let built_in = BUILT_IN.iter().map(|(dir, text)| ((*dir).to_owned(), Some((*text).to_owned())));
        return built_in.filter_map(shaped).collect();
    };
    let entries = fs::read_dir(&shelf).into_iter().flatten().flatten();
    let mut dirs: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    dirs.sort();
    let expanded = |dir: String| {
        let folder = shelf.join(&dir);
        let text = ["org.yaml", "org.yml"].iter().find_map(|name| yaml::expand(&folder, Path::new(name)));
        (dir, text)
    };
    dirs.into_iter().map(expanded).filter_map(shaped).collect()
}

fn shaped((dir, text): (String, Option<String>)) -> Option<(String, OrgTemplate)> {
    Some((dir, yaml::parse(&text?)?))
}

pub(super) fn load(platform: &Platform, dir: &str) -> Result<OrgTemplate, Refusal> {
    let folder = yaml::inside(Path::new(dir)).refuse(bad("invalid org directory"))?;
    let unknown = || missing(&format!("org template not found: {dir}"));
    let text = match shelf(platform) {
        Some(shelf) => {
            let folder = shelf.join(folder);
            folder.join("org.yaml").is_file().then_some(()).refuse(unknown())?;
            yaml::expand(&folder, Path::new("org.yaml"))
        }
        None => {
            let found = BUILT_IN.iter().find(|(name, _)| Path::new(name) == folder);
            Some(found.refuse(unknown())?.1.to_owned())
        }
    };
    let text = text.refuse(bad("org template expansion failed"))?;
    yaml::parse(&text).refuse(bad("invalid org template"))
}

fn shelf(platform: &Platform) -> Option<PathBuf> {
    Some(platform.settings.fixtures.as_ref()?.join("org-templates"))
}
