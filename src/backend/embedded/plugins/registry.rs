//! Where plugins lie: a folder each, in the fixtures or built in. What one says of itself stands in its
//! `plugin.yaml`; without a readable one it's a plugin all the same.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::folder::{self, Files};
use super::super::platform::Platform;
use super::super::templates::yaml;

pub(super) const MANIFEST: &str = "plugin.yaml";

const BUILT_IN: [(&str, [(&str, &str); 2]); 3] = [
    (
        "code-review",
        [
            (MANIFEST, include_str!("built_in/code-review/plugin.yaml")),
            ("skills/review/SKILL.md", include_str!("built_in/code-review/review.md")),
        ],
    ),
    (
        "graph-memory",
        [
            (MANIFEST, include_str!("built_in/graph-memory/plugin.yaml")),
            ("skills/recall/SKILL.md", include_str!("built_in/graph-memory/recall.md")),
        ],
    ),
    (
        "release-notes",
        [
            (MANIFEST, include_str!("built_in/release-notes/plugin.yaml")),
            ("skills/notes/SKILL.md", include_str!("built_in/release-notes/notes.md")),
        ],
    ),
];

/// A plugin as it's listed.
#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
pub(super) struct About {
    /// Its folder's name, whatever the manifest says.
    pub(super) name: String,
    version: String,
    description: String,
    author: String,
    tags: Option<Vec<String>>,
    skills: Option<Vec<String>>,
    runtimes: Option<Vec<String>>,
}

impl About {
    pub(super) fn read(name: &str, files: &Files) -> Self {
        let manifest = files.get(MANIFEST).and_then(|bytes| yaml::parse::<Self>(std::str::from_utf8(bytes).ok()?));
        Self { name: name.to_owned(), ..manifest.unwrap_or_default() }
    }

    /// One that declares no runtime runs on all. Dashes and underscores are the same, upper and lower
    /// case aren't.
    pub(super) fn runs_on(&self, runtime: &str) -> bool {
        let same = |one: &str| one.replace('-', "_");
        let declared = self.runtimes.as_deref().unwrap_or_default();
        declared.is_empty() || declared.iter().any(|declared| same(declared) == same(runtime))
    }
}

/// In the order of their names.
pub(super) fn all(platform: &Platform) -> Vec<About> {
    let all: BTreeMap<String, Files> = match &platform.settings.fixtures {
        Some(fixtures) => {
            let shelf = fixtures.join("plugins");
            folder::subfolders(&shelf).into_iter().map(|name| (name.clone(), folder::read(&shelf.join(name)))).collect()
        }
        None => BUILT_IN.iter().map(|(name, files)| ((*name).to_owned(), owned(files))).collect(),
    };
    all.iter().map(|(name, files)| About::read(name, files)).collect()
}

/// The files of the plugin of that name, which must be a valid one.
pub(super) fn load(platform: &Platform, name: &str) -> Option<Files> {
    match &platform.settings.fixtures {
        Some(fixtures) => {
            let folder = fixtures.join("plugins").join(name);
            folder.is_dir().then(|| folder::read(&folder))
        }
        None => BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, files)| owned(files)),
    }
}

fn owned(files: &[(&str, &str)]) -> Files {
    files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
}
