//! YAML with `!include`: the file that is named stands in the place of the tag, as JSON, which is YAML
//! too. Includes stay inside the template's folder and may include further, up to a depth that no
//! honest template reaches.

use std::fs;
use std::path::{Component, Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::Value;

const TAG: &str = "!include ";
const DEEPEST: usize = 16;

pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_saphyr::from_str(text).ok()
}

/// The document in `folder/file` with everything that it includes, as one text that is YAML.
pub(crate) fn expand(folder: &Path, file: &Path) -> Option<String> {
    let text = expand_to(folder, file, DEEPEST)?;
    parse::<Value>(&text).map(|_| text)
}

fn expand_to(folder: &Path, file: &Path, depth: usize) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    let text = fs::read_to_string(folder.join(file)).ok()?;
    let lines: Option<Vec<String>> = text.lines().map(|line| expand_line(folder, file, line, depth)).collect();
    Some(lines?.join("\n"))
}

fn expand_line(folder: &Path, file: &Path, line: &str, depth: usize) -> Option<String> {
    let Some((before, named)) = line.split_once(TAG).filter(|(before, _)| is_value_position(before)) else {
        return Some(line.to_owned());
    };
    let named = named.split(" #").next().unwrap_or(named).trim().trim_matches(['"', '\'']);
    let path = inside(&file.parent()?.join(named))?;
    let included: Value = parse(&expand_to(folder, &path, depth)?)?;
    Some(format!("{before}{included}"))
}

/// After a key or the dash of a list; not in a comment or in the middle of a text.
fn is_value_position(before: &str) -> bool {
    let before = before.trim_end();
    before.is_empty() || ((before.ends_with(':') || before.ends_with('-')) && !before.contains('#'))
}

/// A relative path without its dots; none if it leaves where it begins.
pub(crate) fn inside(path: &Path) -> Option<PathBuf> {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => clean.push(name),
            Component::CurDir => {}
            Component::ParentDir if clean.pop() => {}
            _ => return None,
        }
    }
    Some(clean)
}
