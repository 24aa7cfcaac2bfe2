//! import_bundle. The tenant answers 201 whatever became of it; each workspace's status says whether it
//! worked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::IMPORT_BUNDLE;
use super::{LARGEST, below, text};
use crate::failure::{Code, Failure};
use crate::secrets::source;
use crate::tools::given::GivenData;
use crate::tools::ids::{BundleFile, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::masking::{literal_credential, refuse_masks};
use crate::tools::prose::Prose;
use crate::tools::tool::Act;

/// Of a bundle that comes as an argument.
const INLINE: usize = 1 << 20;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportBundle {
    /// A file on the server, as export_bundle wrote it.
    file: Option<BundleFile>,
    /// The bundle itself, 1 MiB at most.
    #[schemars(with = "Option<Map<String, Value>>")]
    bundle: Option<GivenData>,
}

#[derive(Serialize, JsonSchema)]
pub struct ImportedBundle {
    /// `complete`, `partial` or `failed`: by how many workspaces failed.
    status: &'static str,
    /// Parents first. `provisioning` goes on to `online` or `failed` by itself.
    workspaces: Vec<ImportedWorkspace>,
    failed: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct ImportedWorkspace {
    /// Absent where it wasn't created.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<WorkspaceId>,
    name: String,
    status: String,
    #[serde(skip_serializing_if = "Prose::is_empty")]
    error: Prose,
}

#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    workspace_id: String,
    #[serde(default)]
    name: String,
    status: String,
    #[serde(default)]
    error: Prose,
    #[serde(default)]
    children: Vec<Told>,
}

impl Act for ImportBundle {
    type Answer = ImportedBundle;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let bundle = self.bundle(call)?;
        let warnings = check(&bundle)?;
        let told: Told = call.tenant.ask(&IMPORT_BUNDLE).body(&bundle).fetch().await?;
        let mut workspaces = Vec::new();
        flatten(told, &mut workspaces);
        let failed = workspaces.iter().filter(|one| one.status == "failed").count();
        let status = match failed {
            0 => "complete",
            some if some < workspaces.len() => "partial",
            _ => "failed",
        };
        Ok(ImportedBundle { status, workspaces, failed, warnings })
    }
}

impl ImportBundle {
    fn bundle(self, call: &Invocation) -> Result<Value, Failure> {
        match (self.file, self.bundle) {
            (Some(file), None) => {
                let places = call.places();
                places.rules.source(source::Kind::File)?;
                let text = places.directories.read(file.as_str(), LARGEST)?;
                // Serde's words might quote what is in the file.
                serde_json::from_str(&text)
                    .ok()
                    .filter(Value::is_object)
                    .ok_or_else(|| Failure::new(Code::InvalidInput, "that file holds no bundle"))
            }
            (None, Some(bundle)) => {
                let bundle = bundle.into_value();
                if !bundle.is_object() {
                    return Err(Failure::invalid("`bundle`: expected an object, as export_bundle gives it"));
                }
                if bundle.to_string().len() > INLINE {
                    return Err(
                        Failure::invalid("`bundle` is larger than 1 MiB").next("Have it put in a file: `file`.")
                    );
                }
                Ok(bundle)
            }
            _ => Err(Failure::invalid("give either `file` or `bundle`").next("export_bundle with `file` writes one.")),
        }
    }
}

/// What the tenant would take and nobody can mean.
fn check(bundle: &Value) -> Result<Vec<String>, Failure> {
    refuse_masks(bundle, "bundle").map_err(|failure| {
        failure.next("Put a reference like ${NAME} there, and give the new workspace that secret with set_secret.")
    })?;
    if let Some(place) = literal_credential(bundle, "bundle") {
        return Err(Failure::invalid(format!("{place} holds a credential in clear"))
            .next("Take it out, and give the new workspace that secret with set_secret."));
    }
    let mut warnings = Vec::new();
    check_names(bundle, "bundle", &mut warnings)?;
    Ok(warnings)
}

fn check_names(bundle: &Value, path: &str, warnings: &mut Vec<String>) -> Result<(), Failure> {
    if text(bundle, "name").trim().is_empty() {
        return Err(Failure::invalid(format!(
            "{path} has no `name`; the tenant would make a nameless workspace of it"
        )));
    }
    if bundle.get("tier").and_then(Value::as_i64).unwrap_or(0) < 1 {
        warnings.push(format!("{path} has no `tier`: its workspace has tier 0; update_workspace mends it."));
    }
    for (at, one) in below(bundle).enumerate() {
        check_names(one, &format!("{path}.sub_workspaces[{at}]"), warnings)?;
    }
    Ok(())
}

fn flatten(told: Told, into: &mut Vec<ImportedWorkspace>) {
    let id = WorkspaceId::try_from(told.workspace_id).ok();
    let error = told.error.excerpt(300, "diagnose_workspace");
    into.push(ImportedWorkspace { id, name: told.name, status: told.status, error });
    for child in told.children {
        flatten(child, into);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_bundle_that_nobody_can_mean_is_refused() {
        for bundle in [
            json!({}),
            json!({ "name": " " }),
            json!({ "name": "A", "sub_workspaces": [{ "tier": 2 }] }),
            json!({ "name": "A", "agent_card": { "auth_token": "abc" } }),
            json!({ "name": "A", "prompts": { "config.yaml": "api_key: (masked)" } }),
        ] {
            assert!(check(&bundle).is_err(), "{bundle}");
        }
        assert_eq!(check(&json!({ "name": "A", "tier": 2 })).unwrap(), Vec::<String>::new());
        let warned = check(&json!({ "name": "A", "tier": 2, "sub_workspaces": [{ "name": "B" }] })).unwrap();
        assert!(warned[0].starts_with("bundle.sub_workspaces[0] has no `tier`"), "{warned:?}");
    }
}
