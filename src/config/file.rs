//! The configuration file's choices (TOML). An error says line and column, and never the value: a key
//! may have been pasted here by mistake.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{ConfigError, Layer, values, wrong};
use crate::toml_file;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The tenant's address, or its slug.
    url: Option<String>,
    org: Option<String>,
    org_id: Option<String>,
    /// The org key isn't written here: it is read from this file.
    org_token_file: Option<PathBuf>,
    data: Option<PathBuf>,
    toolsets: Option<Vec<String>>,
    surface: Option<String>,
    output_schemas: Option<bool>,
    read_only: Option<bool>,
    policy: Option<PathBuf>,
    listen: Option<String>,
    log: Option<String>,
    credential_dirs: Option<Vec<PathBuf>>,
    template_dirs: Option<Vec<PathBuf>>,
    allowed_hosts: Option<Vec<String>>,
    allowed_origins: Option<Vec<String>>,
}

pub(super) fn layer(path: &Path) -> Result<Layer, ConfigError> {
    let of = |error: String| wrong(format!("{}: {error}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| of(error.to_string()))?;
    let file: File = toml_file::parse(&text).map_err(&of)?;
    let named = |name: &str, error: String| of(format!("{name}: {error}"));
    Ok(Layer {
        data: file.data,
        url: file.url,
        slug: file.org,
        org_id: file.org_id,
        token: None,
        token_file: file.org_token_file,
        grant: None,
        grant_file: None,
        toolsets: parse(file.toolsets.map(|names| names.join(",")), values::toolsets)
            .map_err(|error| named("toolsets", error))?,
        surface: parse(file.surface, values::surface).map_err(|error| named("surface", error))?,
        output_schemas: file.output_schemas,
        read_only: file.read_only,
        policy: file.policy,
        listen: parse(file.listen, values::listen).map_err(|error| named("listen", error))?,
        log: parse(file.log, values::log).map_err(|error| named("log", error))?,
        credential_dirs: file.credential_dirs,
        template_dirs: file.template_dirs,
        allowed_hosts: file.allowed_hosts,
        allowed_origins: file.allowed_origins,
    })
}

fn parse<T>(text: Option<String>, value: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, String> {
    text.as_deref().map(value).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(text: &str) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        layer(file.path()).unwrap_err().to_string()
    }

    #[test]
    fn errors_have_a_place_and_no_value() {
        let error = error_of("org = \"acme\"\nread_only = \"a-secret\"\n");
        assert!(error.contains("line 2, column 13: expected a boolean"), "{error}");
        assert!(!error.contains("a-secret"));
        let error = error_of("read-only = true\n");
        assert!(error.contains("line 1") && error.contains("read_only"), "{error}");
    }
}
