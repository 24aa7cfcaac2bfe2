//! Files that show what others see, compared on each run and written anew with `UPDATE=1`.

use std::fs;
use std::path::{Path, PathBuf};

pub fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

pub fn is(path: &str, text: &str) {
    let place = file(path);
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(&place, text).unwrap();
        return;
    }
    let kept = fs::read_to_string(&place).unwrap_or_default();
    assert!(
        kept == text,
        "{path} isn't what it was; look at the difference, then run with UPDATE=1\n{}",
        first_difference(&kept, text)
    );
}

/// What stands on a page between `<!-- WHAT: written by … -->` and `<!-- end of WHAT -->`.
pub fn part(path: &str, what: &str, text: &str) {
    let page = fs::read_to_string(file(path)).unwrap();
    let begins = page.find(&format!("<!-- {what}: ")).expect("where it begins");
    let begins = begins + page[begins..].find("-->\n").unwrap() + "-->\n".len();
    let ends = begins + page[begins..].find(&format!("<!-- end of {what} -->")).expect("where it ends");
    is(path, &format!("{}{text}{}", &page[..begins], &page[ends..]));
}

/// In this directory there are these files and no others.
pub fn only(directory: &str, names: &[String]) {
    let found = fs::read_dir(file(directory)).unwrap().map(|found| found.unwrap().file_name());
    for name in found.map(|name| name.into_string().unwrap()) {
        assert!(names.contains(&name), "{directory}/{name} belongs to nothing; delete it");
    }
}

fn first_difference(kept: &str, now: &str) -> String {
    let at = kept.lines().zip(now.lines()).take_while(|(kept, now)| kept == now).count();
    let line = |text: &str| text.lines().nth(at).unwrap_or("(the end)").to_owned();
    format!("line {}\n- {}\n+ {}", at + 1, line(kept), line(now))
}
