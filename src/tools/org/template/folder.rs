//! A template in a directory of the operator's: `org.yaml` and what it includes. The tenant shows of a template
//! it holds little more than a name; a copy on this machine can be read. Nothing outside of the directory is
//! read, neither by `..` nor through a link.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::OrgTemplate;
use super::read::{self, LARGEST};
use crate::failure::{Code, Failure};

const TAG: &str = "!include ";
/// No honest template includes deeper.
const DEEPEST: usize = 16;

/// The template of that name in one of the directories; none where there is no such folder.
pub fn find(directories: &[PathBuf], name: &str) -> Result<Option<OrgTemplate>, Failure> {
    let folder = directories.iter().map(|one| one.join(name)).find(|folder| folder.join("org.yaml").is_file());
    folder.map(|folder| open(&folder)).transpose()
}

pub fn open(folder: &Path) -> Result<OrgTemplate, Failure> {
    read::object(value(folder)?, "template")
}

/// The document with everything that it includes.
pub fn value(folder: &Path) -> Result<Value, Failure> {
    let root = fs::canonicalize(folder).map_err(|_| missing("that directory"))?;
    read::value(&expand(&root, &root.join("org.yaml"), DEEPEST)?)
}

/// The file that is named stands in the place of the tag as JSON, which is YAML, too.
fn expand(root: &Path, file: &Path, depth: usize) -> Result<String, Failure> {
    let depth = depth.checked_sub(1).ok_or_else(|| Failure::invalid("the template includes itself, or too deep"))?;
    let real = fs::canonicalize(file).map_err(|_| missing("org.yaml, or a file that it includes,"))?;
    let size = fs::metadata(&real).map_or(0, |found| found.len());
    if !real.starts_with(root) {
        return Err(Failure::new(Code::ForbiddenByPolicy, "the template includes a file outside of its directory"));
    }
    if size > LARGEST as u64 {
        return Err(Failure::new(Code::TooLarge, "a file of the template is longer than 4 MiB"));
    }
    let text = fs::read_to_string(&real).map_err(|_| missing("org.yaml, or a file that it includes,"))?;
    let lines: Result<Vec<String>, Failure> = text.lines().map(|line| expand_line(root, &real, line, depth)).collect();
    Ok(lines?.join("\n"))
}

fn expand_line(root: &Path, file: &Path, line: &str, depth: usize) -> Result<String, Failure> {
    let Some((before, named)) = line.split_once(TAG).filter(|(before, _)| is_value_position(before)) else {
        return Ok(line.to_owned());
    };
    let named = named.split(" #").next().unwrap_or(named).trim().trim_matches(['"', '\'']);
    let included = file.parent().unwrap_or(root).join(named);
    let included = read::value(&expand(root, &included, depth)?)?;
    Ok(format!("{before}{included}"))
}

/// After a key or the dash of a list; not in a comment or in the middle of a text.
fn is_value_position(before: &str) -> bool {
    let before = before.trim_end();
    before.is_empty() || ((before.ends_with(':') || before.ends_with('-')) && !before.contains('#'))
}

fn missing(what: &str) -> Failure {
    Failure::new(Code::NotFound, format!("{what} isn't there, or can't be read as text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = home.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        home
    }

    #[test]
    fn what_is_included_stands_in_its_place() {
        let home = folder(&[
            ("team/org.yaml", "name: Team\nworkspaces:\n  - !include agents/lead.yaml\n"),
            ("team/agents/lead.yaml", "name: Lead\nchildren: !include ../kids.yaml # two\n"),
            ("team/kids.yaml", "- name: A\n- name: B\n"),
        ]);
        let template = find(&[home.path().to_owned()], "team").unwrap().unwrap();
        let paths: Vec<String> = template.tree().into_iter().map(|one| one.path).collect();
        assert_eq!(paths, ["Lead", "Lead / A", "Lead / B"]);
        assert!(find(&[home.path().to_owned()], "none").unwrap().is_none());
    }

    #[test]
    fn nothing_outside_is_read() {
        let home = folder(&[
            ("outside.yaml", "name: Secret\n"),
            ("up/org.yaml", "name: T\nworkspaces:\n  - !include ../outside.yaml\n"),
            ("round/org.yaml", "name: T\nworkspaces: !include org.yaml\n"),
            ("link/org.yaml", "name: T\nworkspaces:\n  - !include kid.yaml\n"),
        ]);
        #[cfg(unix)]
        std::os::unix::fs::symlink(home.path().join("outside.yaml"), home.path().join("link/kid.yaml")).unwrap();
        for name in ["up", "round", "link"] {
            assert!(open(&home.path().join(name)).is_err(), "{name}");
        }
    }
}
