//! The environment's choices. Every variable that begins like ours must be one of ours.

use std::ffi::OsString;

use super::{ConfigError, Layer, checked_grant, checked_token, values, wrong};
use crate::nearest;

const KNOWN: [&str; 17] = [
    "MOLECULE_ORG_TOKEN",
    "MOLECULE_ORG_TOKEN_FILE",
    "MOLECULE_URL",
    "MOLECULE_API_URL",
    "MOLECULE_ORG",
    "MOLECULE_ORG_ID",
    "MOLECULE_MCP_GRANT",
    "MOLECULE_MCP_GRANT_FILE",
    "MOLECULE_MCP_DATA",
    "MOLECULE_MCP_TOOLSETS",
    "MOLECULE_MCP_SURFACE",
    "MOLECULE_MCP_OUTPUT_SCHEMAS",
    "MOLECULE_MCP_READ_ONLY",
    "MOLECULE_MCP_POLICY",
    "MOLECULE_MCP_LISTEN",
    "MOLECULE_MCP_LOG",
    // The platform's own; it may stand in the same environment.
    "MOLECULE_MCP_ALLOW_SEND_MESSAGE",
];

/// These limit what a caller may do. A version that doesn't know how must not start as if it did.
const NOT_YET: [&str; 1] = ["MOLECULE_MCP_DATABASE_URL"];

pub(super) fn layer(variables: impl Iterator<Item = (OsString, OsString)>) -> Result<Layer, ConfigError> {
    let mut layer = Layer::default();
    let mut api_url = None;
    for (name, value) in variables {
        let Some(name) = name.to_str().filter(|name| name.starts_with("MOLECULE_")).map(ToOwned::to_owned) else {
            continue;
        };
        let value = value.into_string().map_err(|_| wrong(format!("{name} isn't valid text")))?;
        let of = |error: String| wrong(format!("{name}: {error}"));
        match name.as_str() {
            // Nothing in its place would be the operator's power.
            "MOLECULE_MCP_GRANT" => layer.grant = Some(checked_grant(value.trim(), &name)?),
            "MOLECULE_MCP_GRANT_FILE" => layer.grant_file = Some(value.into()),
            // What else is set to nothing is as good as not set.
            _ if value.is_empty() && KNOWN.contains(&name.as_str()) => {}
            "MOLECULE_ORG_TOKEN" => layer.token = Some(checked_token(value.trim(), &name)?),
            "MOLECULE_ORG_TOKEN_FILE" => layer.token_file = Some(value.into()),
            "MOLECULE_URL" => layer.url = Some(value),
            "MOLECULE_API_URL" => api_url = Some(value),
            "MOLECULE_ORG" => layer.slug = Some(value),
            "MOLECULE_ORG_ID" => layer.org_id = Some(value),
            "MOLECULE_MCP_DATA" => layer.data = Some(value.into()),
            "MOLECULE_MCP_TOOLSETS" => layer.toolsets = Some(values::toolsets(&value).map_err(of)?),
            "MOLECULE_MCP_SURFACE" => layer.surface = Some(values::surface(&value).map_err(of)?),
            "MOLECULE_MCP_OUTPUT_SCHEMAS" => layer.output_schemas = Some(values::switch(&value).map_err(of)?),
            "MOLECULE_MCP_READ_ONLY" => layer.read_only = Some(values::switch(&value).map_err(of)?),
            "MOLECULE_MCP_POLICY" => layer.policy = Some(value.into()),
            "MOLECULE_MCP_LISTEN" => layer.listen = Some(values::listen(&value).map_err(of)?),
            "MOLECULE_MCP_LOG" => layer.log = Some(values::log(&value).map_err(of)?),
            "MOLECULE_MCP_ALLOW_SEND_MESSAGE" => {}
            name if NOT_YET.contains(&name) => {
                return Err(wrong(format!("{name} is set, and this version can't honour it yet: unset it to go on")));
            }
            // Other names of the platform are none of our business; a misspelt one of ours is.
            name if name.starts_with("MOLECULE_MCP_") => {
                return Err(wrong(nearest::unknown("variable", name, KNOWN)));
            }
            _ => {}
        }
    }
    layer.url = layer.url.or(api_url);
    Ok(layer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Layer, ConfigError> {
        layer(variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))))
    }

    #[test]
    fn a_misspelt_variable_is_an_error_with_the_right_name() {
        let error = of(&[("MOLECULE_MCP_READONLY", "1")]).unwrap_err().to_string();
        assert!(error.contains("did you mean `MOLECULE_MCP_READ_ONLY`"), "{error}");
        let error = of(&[("MOLECULE_MCP_TOOLSETS", "kyes")]).unwrap_err().to_string();
        assert!(error.contains("did you mean `keys`"), "{error}");
        assert!(of(&[("MOLECULE_MCP_READ_ONLY", "maybe")]).is_err());
        assert!(of(&[("MOLECULE_MCP_POLICY", "x")]).unwrap_err().to_string().contains("can't honour"));
    }

    #[test]
    fn the_platforms_own_names_pass() {
        let layer = of(&[("MOLECULE_MCP_ALLOW_SEND_MESSAGE", "true"), ("MOLECULE_ENV", "x"), ("PATH", "y")]).unwrap();
        assert!(layer.url.is_none());
        assert_eq!(of(&[("MOLECULE_API_URL", "http://a")]).unwrap().url.as_deref(), Some("http://a"));
        let both = of(&[("MOLECULE_API_URL", "http://a"), ("MOLECULE_URL", "http://b")]).unwrap();
        assert_eq!(both.url.as_deref(), Some("http://b"));
    }

    #[test]
    fn a_key_is_never_repeated_in_an_error() {
        let error = of(&[("MOLECULE_ORG_TOKEN", "two words")]).unwrap_err().to_string();
        assert!(!error.contains("two words"), "{error}");
    }

    #[test]
    fn a_grant_is_told_from_other_credentials_and_never_repeated() {
        let key = "k".repeat(43);
        for wrong in ["", "x", &key, &format!("MOG_{key}")] {
            let error = of(&[("MOLECULE_MCP_GRANT", wrong)]).unwrap_err().to_string();
            assert!(error.contains("doesn't hold a grant") && !error.contains(&key), "{error}");
        }
        assert!(of(&[("MOLECULE_MCP_GRANT", &format!(" mog_{key}\n"))]).unwrap().grant.is_some());
    }
}
