//! What the platform demands of a workspace's fields. Creating answers one text for all of them,
//! patching says the exact rule, importing puts it behind the workspace's name; so a rule gives its
//! words and the caller decides.

const SYSTEM_DIRECTORIES: [&str; 10] =
    ["/etc", "/var", "/proc", "/sys", "/dev", "/boot", "/sbin", "/bin", "/lib", "/usr"];
const YAML_CHARACTERS: [char; 9] = ['{', '}', '[', ']', '|', '>', '*', '&', '!'];

type Rule = Result<(), String>;

pub(crate) fn name(text: &str) -> Rule {
    field("name", text, 255).and_then(|()| no_yaml("name", text))
}

pub(crate) fn role(text: &str) -> Rule {
    field("role", text, 1000).and_then(|()| no_yaml("role", text))
}

pub(crate) fn model(text: &str) -> Rule {
    field("model", text, 100)
}

pub(crate) fn runtime(text: &str) -> Rule {
    field("runtime", text, 100)
}

/// Lengths count bytes, although the text says characters.
fn field(name: &str, text: &str, longest: usize) -> Rule {
    if text.len() > longest {
        return Err(format!("{name} must be at most {longest} characters"));
    }
    if text.contains(['\r', '\n']) {
        return Err(format!("{name} must not contain newline characters"));
    }
    Ok(())
}

fn no_yaml(name: &str, text: &str) -> Rule {
    match text.contains(YAML_CHARACTERS) {
        true => Err(format!("{name} contains invalid characters")),
        false => Ok(()),
    }
}

pub(crate) fn directory(path: &str) -> Rule {
    if !path.starts_with('/') {
        return Err(format!("workspace_dir must be an absolute path ({path})"));
    }
    if path.split('/').any(|part| part == "..") {
        return Err(format!("workspace_dir must not contain '..' ({path})"));
    }
    let within = |system: &str| path.strip_prefix(system).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    match SYSTEM_DIRECTORIES.into_iter().any(within) {
        true => Err(format!("workspace_dir must not be a system path ({path})")),
        false => Ok(()),
    }
}

pub(crate) fn access(access: &str, directory: Option<&str>) -> Rule {
    match access {
        "" | "none" => Ok(()),
        "read_only" | "read_write" if directory.is_some() => Ok(()),
        "read_only" | "read_write" => Err(format!("workspace_access={access:?} requires workspace_dir to be set")),
        _ => Err(format!("workspace_access={access:?} — must be 'none', 'read_only', or 'read_write'")),
    }
}
