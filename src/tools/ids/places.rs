//! Where something is: files of a workspace, directories of its host, addresses.

use super::*;

checked_text!(
    /// A plain name, or a whole path where the operator allows its directory; `file:` before it is
    /// how sinks and sources write it.
    BundleFile, "a file's name, or its whole path in a directory that the operator allows",
    |text| within(text.strip_prefix("file:").unwrap_or(text), 1024), { "type": "string" });
checked_text!(
    /// The tenant refuses others, and for an update only after it has written the other fields.
    HostDirectory, "an absolute path without `..` and outside the system's own directories",
    |text| within(text, 1024).filter(|text| is_own_directory(text)), { "type": "string" });
checked_text!(WebAddress, "an http or https address without a user name, blanks or quotes",
    |text| within(text, 2048).filter(|text| is_address(text)), { "type": "string", "format": "uri" });
checked_text!(
    /// Below one of a workspace's roots. A quote would end the one in which the tenant's shell has it.
    FilePath, "a path like `skills/seo/SKILL.md`: relative, no `..`, no empty piece, no quote, at most 1000 bytes",
    |text| within(text, 1000).filter(|text| is_relative(text)),
    { "type": "string", "maxLength": 1000 });
checked_text!(
    /// In a container; `workspace:` before it, as an upload's address has it, is taken off.
    ContainerPath, "a whole path below /workspace, /configs, /home or /plugins, without `..` or empty pieces",
    |text| {
        let path = text.strip_prefix("workspace:").unwrap_or(text);
        let (root, rest) = path.strip_prefix('/')?.split_once('/')?;
        let known = matches!(root, "workspace" | "configs" | "home" | "plugins");
        within(path, 1000).filter(|_| known && is_relative(rest))
    },
    { "type": "string", "maxLength": 1000 });
checked_text!(FileName, "a file's plain name of 1 to 100 bytes, without slashes or quotes",
    |text| within(text, 100).filter(|text| !text.contains(['/', '\\', '"']) && is_relative(text)),
    { "type": "string", "maxLength": 100 });

/// One that a shell, a header and a log can carry: no credentials and nothing to be quoted in it.
fn is_address(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let plain = |c: char| c.is_ascii_graphic() && !"\"'<>\\^`{|}".contains(c);
    !authority.is_empty() && !authority.starts_with(':') && !authority.contains('@') && text.chars().all(plain)
}

fn is_own_directory(path: &str) -> bool {
    const SYSTEM: [&str; 10] = ["etc", "var", "proc", "sys", "dev", "boot", "sbin", "bin", "lib", "usr"];
    let mut pieces = path.split('/').skip(1).filter(|piece| !piece.is_empty());
    let inside = path.starts_with('/') && !path.split('/').any(|piece| piece == "..");
    inside && pieces.next().is_none_or(|first| !SYSTEM.contains(&first))
}

/// The tenant refuses two dots wherever they stand, in a name too.
fn is_relative(path: &str) -> bool {
    !path.contains("..") && !path.contains(['\'', '\\']) && path.split('/').all(|piece| !matches!(piece, "" | "."))
}
