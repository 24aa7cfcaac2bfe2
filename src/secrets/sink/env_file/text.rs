//! What such a file says, and the same with one variable set: pure. A value in quotes may go over several
//! lines, as shells and dotenv readers have it.

use std::ops::Range;

/// The new text, and whether it had the variable.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Set {
    pub(super) text: String,
    pub(super) replaced: bool,
}

/// Sets the variable wherever it stands, or at the end. What can't be done is told without a value.
pub(super) fn set(text: &str, variable: &str, value: &str) -> Result<Set, &'static str> {
    let value = quoted(value)?;
    let all = assignments(text)?;
    // A line at the end of a file that holds one key would spoil that key.
    if all.is_empty() && text.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#')) {
        return Err("isn't a file of variables");
    }
    let places: Vec<Range<usize>> =
        all.into_iter().filter(|(name, _)| *name == variable).map(|(_, place)| place).collect();
    let mut new = text.to_owned();
    for place in places.iter().rev() {
        new.replace_range(place.clone(), &value);
    }
    if places.is_empty() {
        let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        if !text.is_empty() && !text.ends_with('\n') {
            new.push_str(end);
        }
        new.push_str(&format!("{variable}={value}{end}"));
    }
    Ok(Set { text: new, replaced: !places.is_empty() })
}

/// As a shell and a dotenv reader both take it.
fn quoted(value: &str) -> Result<String, &'static str> {
    if value.chars().all(|c| c.is_ascii_alphanumeric() || "_-./:@%+=,".contains(c)) {
        return Ok(value.to_owned());
    }
    if value.contains('\'') || value.chars().any(char::is_control) {
        return Err("can't hold this value: it has a quote or a control character");
    }
    Ok(format!("'{value}'"))
}

/// Each variable that is set, and where its value stands.
fn assignments(text: &str) -> Result<Vec<(&str, Range<usize>)>, &'static str> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let line = rest.split('\n').next().unwrap_or_default();
        let mut end = at + line.len();
        if let Some((name, offset)) = assignment(line) {
            let start = at + offset;
            let length = value(text.get(start..).unwrap_or_default())?;
            found.push((name, start..start + length));
            let after = text.get(start + length..).unwrap_or_default();
            end = start + length + after.find('\n').unwrap_or(after.len());
        }
        at = end + 1;
    }
    Ok(found)
}

/// The name that a line sets, and where in it the value begins.
fn assignment(line: &str) -> Option<(&str, usize)> {
    let start = line.trim_start();
    let exported = start.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t']));
    let start = exported.map_or(start, str::trim_start);
    let length = start.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(start.len());
    let (name, rest) = start.split_at_checked(length)?;
    let rest = rest.trim_start_matches([' ', '\t']).strip_prefix('=')?;
    (!name.is_empty()).then(|| (name, line.len() - rest.len()))
}

/// How long the value is that stands here: in its quotes, or up to a comment or the line's end.
fn value(text: &str) -> Result<usize, &'static str> {
    let line = text.split('\n').next().unwrap_or_default();
    let blanks = line.len() - line.trim_start().len();
    match line.trim_start().chars().next() {
        None => Ok(0),
        Some('#') if blanks > 0 => Ok(0),
        Some(quote @ ('"' | '\'')) => {
            let inside = text.get(blanks + 1..).unwrap_or_default();
            let closed = closing(inside, quote).ok_or("has a quote that is never closed")?;
            let after = inside.get(closed + 1..).unwrap_or_default();
            let glued = after.find(char::is_whitespace).unwrap_or(after.len());
            Ok(blanks + 1 + closed + 1 + glued)
        }
        Some(_) => {
            let comment = [" #", "\t#"].iter().filter_map(|mark| line.get(blanks..)?.find(mark)).min();
            let whole = comment.and_then(|at| line.get(..blanks + at)).unwrap_or(line);
            Ok(whole.trim_end().len())
        }
    }
}

fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote == '"' => escaped = true,
            c if c == quote => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(text: &str) -> String {
        set(text, "KEY", "new").unwrap().text
    }

    #[test]
    fn only_the_value_changes() {
        for (before, expected) in [
            ("KEY=old\n", "KEY=new\n"),
            ("KEY=old", "KEY=new"),
            ("export KEY='old'\n", "export KEY=new\n"),
            ("  KEY = \"old\" # why\n", "  KEY =new # why\n"),
            ("KEY=\n", "KEY=new\n"),
            ("KEY= # none yet\n", "KEY=new # none yet\n"),
            ("KEY=a b c # why\n", "KEY=new # why\n"),
            ("KEY=a#b\r\nB=2\r\n", "KEY=new\r\nB=2\r\n"),
            ("KEY=\"a\\\"b\nc\"\nB=2\n", "KEY=new\nB=2\n"),
            ("KEY=1\nKEY=2\n", "KEY=new\nKEY=new\n"),
            ("A=it's\nKEY=old\n", "A=it's\nKEY=new\n"),
        ] {
            assert_eq!(after(before), expected, "{before:?}");
        }
    }

    #[test]
    fn what_only_looks_like_it_stays_and_a_line_is_added() {
        for before in ["#KEY=old\n", "KEYS=1\n", "MY_KEY=1\n", "A='\nKEY=inside\n'\n", "exportKEY=1\nKEY\na KEY=1\n"] {
            assert_eq!(set(before, "KEY", "new").unwrap(), Set { text: format!("{before}KEY=new\n"), replaced: false });
        }
        assert_eq!(after("A=1\r\nB=2"), "A=1\r\nB=2\r\nKEY=new\r\n");
        assert_eq!(after(""), "KEY=new\n");
    }

    #[test]
    fn what_cannot_be_understood_or_held_is_refused() {
        for text in ["A=\"never closed\nKEY=old\n", "q7RzB2ne\n", "{ \"json\": 1 }"] {
            assert!(set(text, "KEY", "new").is_err(), "{text}");
        }
        for value in ["two\nlines", "it's", "nul\0"] {
            assert!(set("", "KEY", value).is_err());
        }
    }

    #[test]
    fn a_shell_reads_the_very_value() {
        for value in ["q7RzB2ne-_x", "a b", "$(reboot) `x` \\ \" # &", "ä"] {
            let text = set("OTHER=1\n", "KEY", value).unwrap().text;
            let script = format!("{text}printf %s \"$KEY\"");
            let output = std::process::Command::new("sh").arg("-c").arg(script).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), value);
        }
    }
}
