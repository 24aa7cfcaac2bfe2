//! Where templates of workspaces lie: in the fixtures' folder or the binary, and over them in the database
//! what was imported or written since. The fixtures are only read.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension};
use serde_json::Value;

use super::super::folder::{self, Files};
use super::super::platform::Platform;
use super::yaml;

const CONFIG: &str = "config.yaml";
const BUILT_IN: [(&str, &str); 1] = [("claude-code-default", include_str!("claude-code-default.yaml"))];

pub(crate) struct Template {
    /// The name of its folder.
    pub(crate) id: String,
    /// What its `config.yaml` says.
    pub(crate) config: Value,
    pub(crate) config_text: String,
}

/// Sorted by id; those whose configuration doesn't parse are left out.
pub(crate) fn all(rows: &Connection, platform: &Platform) -> rusqlite::Result<Vec<Template>> {
    let mut ids = imported(rows)?;
    match shelf(platform) {
        Some(shelf) => ids.extend(folder::subfolders(&shelf)),
        None => ids.extend(BUILT_IN.iter().map(|(id, _)| (*id).to_owned())),
    }
    Ok(ids.iter().filter_map(|id| load(rows, platform, id)).collect())
}

pub(crate) fn load(rows: &Connection, platform: &Platform, id: &str) -> Option<Template> {
    let config_text = file(rows, platform, id, CONFIG)?;
    let config = yaml::parse(&config_text)?;
    Some(Template { id: id.to_owned(), config, config_text })
}

pub(crate) fn exists(rows: &Connection, platform: &Platform, id: &str) -> bool {
    file(rows, platform, id, CONFIG).is_some()
}

/// The one whose folder is the workspace's name in lower case with dashes, or whose name is the same.
pub(crate) fn for_workspace(rows: &Connection, platform: &Platform, name: &str) -> rusqlite::Result<Option<Template>> {
    let folder = name.to_lowercase().replace(' ', "-");
    if let Some(template) = load(rows, platform, &folder) {
        return Ok(Some(template));
    }
    let called = |template: &Template| template.config.get("name").and_then(Value::as_str) == Some(name);
    Ok(all(rows, platform)?.into_iter().find(called))
}

/// A text of a template, if it's there and inside.
pub(crate) fn file(rows: &Connection, platform: &Platform, id: &str, path: &str) -> Option<String> {
    String::from_utf8(bytes(rows, platform, id, path)?).ok()
}

pub(crate) fn bytes(rows: &Connection, platform: &Platform, id: &str, path: &str) -> Option<Vec<u8>> {
    let (folder_name, path) = (yaml::inside(Path::new(id))?, yaml::inside(Path::new(path))?);
    // ids of nothing and of the folder itself
    if folder_name.as_os_str().is_empty() {
        return None;
    }
    let kept = kept(rows, id, &path).or_else(|| built_in(platform, id, &path)).map(String::into_bytes);
    kept.or_else(|| fs::read(shelf(platform)?.join(&folder_name).join(&path)).ok())
}

/// Everything in a template's folder.
pub(crate) fn files(rows: &Connection, platform: &Platform, id: &str) -> rusqlite::Result<Files> {
    let mut files = match (shelf(platform), yaml::inside(Path::new(id))) {
        (Some(shelf), Some(folder_name)) => folder::read(&shelf.join(folder_name)),
        _ => Files::new(),
    };
    let built_in = built_in(platform, id, Path::new(CONFIG));
    files.extend(built_in.map(|text| (CONFIG.to_owned(), text.into_bytes())));
    let mut kept = rows.prepare_cached("SELECT path, content FROM template_files WHERE template = ?1")?;
    for written in kept.query_map([id], |row| Ok((row.get(0)?, row.get::<_, String>(1)?.into_bytes())))? {
        files.extend([written?]);
    }
    Ok(files)
}

fn built_in(platform: &Platform, id: &str, path: &Path) -> Option<String> {
    let is_wanted = shelf(platform).is_none() && path == Path::new(CONFIG);
    let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == id).filter(|_| is_wanted)?;
    Some((*text).to_owned())
}

fn kept(rows: &Connection, id: &str, path: &Path) -> Option<String> {
    let mut find = rows.prepare_cached("SELECT content FROM template_files WHERE template = ?1 AND path = ?2").ok()?;
    find.query_row((id, path.to_str()?), |row| row.get(0)).optional().ok()?
}

pub(crate) fn keep(rows: &Connection, id: &str, path: &str, content: &str) -> rusqlite::Result<()> {
    rows.execute(
        "INSERT OR REPLACE INTO template_files (template, path, content) VALUES (?1, ?2, ?3)",
        (id, path, content),
    )
    .map(drop)
}

fn imported(rows: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    rows.prepare_cached("SELECT DISTINCT template FROM template_files")?.query_map([], |row| row.get(0))?.collect()
}

fn shelf(platform: &Platform) -> Option<PathBuf> {
    Some(platform.settings.fixtures.as_ref()?.join("workspace-templates"))
}
