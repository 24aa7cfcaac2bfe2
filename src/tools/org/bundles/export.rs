//! export_bundle. For a workspace that has no template of its own the tenant packs the first template
//! of the server: a wrong configuration, which is said.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::EXPORT_BUNDLE;
use super::{below, text};
use crate::failure::{Code, Failure};
use crate::fence;
use crate::secrets::{Credential, Sink};
use crate::text::start;
use crate::tools::ids::{BundleFile, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::masking::mask;
use crate::tools::prose::Data;
use crate::tools::templates::{self, Template, own};
use crate::tools::tool::Act;

/// Characters of its JSON in an answer.
const SHOWN: usize = 6_000;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportBundle {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// Write it to this new file on the server, for import_bundle, instead of showing it.
    file: Option<BundleFile>,
}

#[derive(Serialize, JsonSchema)]
pub struct Exported {
    name: String,
    /// Itself and those below it.
    workspace_count: usize,
    /// Absent where it went to a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle: Option<Data>,
    /// The file that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    /// What is wrong or missing in it.
    warnings: Vec<String>,
    /// Where a credential stood in clear; it was taken out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    masked: Vec<String>,
}

impl Act for ExportBundle {
    type Answer = Exported;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let place = match &self.file {
            Some(file) => Some(Sink::file(file.as_str()).prove(&call.places(), "bundle").await?),
            None => None,
        };
        let asked = call.tenant.ask(&EXPORT_BUNDLE).part("workspace_id", &self.workspace_id).fetch::<Value>();
        let (mut bundle, templates) = tokio::try_join!(asked, templates::fetch(call))?;
        let foreign = foreign(&bundle, &templates);
        if call.caller.is_bound() && !foreign.is_empty() {
            return Err(strange());
        }
        let warnings = warnings(&foreign);
        let masked = mask(&mut bundle);
        let name = text(&bundle, "name").to_owned();
        let workspace_count = count(&bundle);
        let (bundle, location) = match place {
            None => (Some(Data::from(bundle).excerpt_of_kept(SHOWN, "export_bundle with `file`", call)), None),
            Some(place) => (None, Some(place.deliver(&Credential::new(bundle.to_string())).await?.location)),
        };
        Ok(Exported { name, workspace_count, bundle, location, warnings, masked })
    }
}

fn count(bundle: &Value) -> usize {
    1 + below(bundle).map(count).sum::<usize>()
}

/// Whose configuration it is isn't known, so it may be that of a team outside of the binding.
fn strange() -> Failure {
    let message = "the tenant has no template of such a workspace's name, and would pack another template's contents";
    Failure::new(Code::ForbiddenByPolicy, message).next("Ask the operator to export it, or to import its template.")
}

fn warnings(foreign: &[String]) -> Vec<String> {
    let mut warnings =
        vec!["Not in a bundle: secrets, memories, schedules, addresses, whether it is external.".to_owned()];
    if !foreign.is_empty() {
        let (names, more) =
            (foreign.get(..5).unwrap_or(foreign).join(", "), if foreign.len() > 5 { ", …" } else { "" });
        warnings.push(format!(
            "The configuration in it isn't theirs but that of another template, because the tenant has none of \
             their names: {names}{more}. Importing it would give them that configuration."
        ));
    }
    warnings
}

/// Names in quotes: they are the tenant's text.
fn foreign(bundle: &Value, templates: &[Template]) -> Vec<String> {
    let mut found = Vec::new();
    find_foreign(bundle, templates, &mut found);
    found
}

fn find_foreign(bundle: &Value, templates: &[Template], foreign: &mut Vec<String>) {
    let name = text(bundle, "name");
    let has_prompts = bundle.get("prompts").and_then(Value::as_object).is_some_and(|prompts| !prompts.is_empty());
    if has_prompts && own(name, templates).is_none() {
        foreign.push(fence::quoted(&start(name, 60)));
    }
    for one in below(bundle) {
        find_foreign(one, templates, foreign);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_strangers_configuration_is_said() {
        let templates: Vec<Template> =
            serde_json::from_value(json!([{ "id": "first", "name": "First" }, { "id": "squad-lead", "name": "x" }]))
                .unwrap();
        let config = json!({ "config.yaml": "name: x" });
        let bundle = json!({
            "name": "Squad Lead", "prompts": config,
            "sub_workspaces": [{ "name": "Kid", "prompts": config }, { "name": "Bare", "prompts": {} }],
        });
        assert_eq!(count(&bundle), 3);
        let told = warnings(&foreign(&bundle, &templates));
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[1].contains("\"Kid\".") && !told[1].contains("Bare"), "{told:?}");
        assert!(foreign(&json!({ "name": "First", "prompts": config }), &templates).is_empty());
        assert_eq!(warnings(&[]).len(), 1);
    }
}
