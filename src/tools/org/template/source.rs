//! Where a template comes from: one that the tenant holds, an object in the arguments, or a file on this server.

use super::super::ORG_TEMPLATES;
use super::super::list::Listed;
use super::{OrgTemplate, folder, read};
use crate::failure::{Code, Failure};
use crate::secrets::source;
use crate::tools::given::GivenData;
use crate::tools::ids::{BundleFile, TemplateName};
use crate::tools::invocation::Invocation;
use crate::transport::caller::Door;

/// Of a template that comes as an argument, but for those that a person's own terminal reads from a file.
const INLINE: usize = 1 << 20;

/// As the arguments name it.
pub struct Source<'a> {
    pub template: Option<&'a TemplateName>,
    pub inline: Option<&'a GivenData>,
    pub file: Option<&'a BundleFile>,
}

/// A template, as far as it can be known.
pub enum Opened {
    /// The tenant's own, of which it tells only a summary.
    Held(TemplateName),
    /// Read by us. `held` is the tenant's copy of it, where it has one.
    Read { template: Box<OrgTemplate>, held: Option<TemplateName> },
}

impl Source<'_> {
    pub async fn open(&self, call: &Invocation) -> Result<Opened, Failure> {
        let read = |template| Ok(Opened::Read { template: Box::new(template), held: None });
        match (self.template, self.inline, self.file) {
            (Some(name), None, None) => held(name, call).await,
            (None, Some(inline), None) => {
                let inline = inline.clone().into_value();
                if call.caller.door != Door::Cli && inline.to_string().len() > INLINE {
                    return Err(
                        Failure::invalid("`inline` is larger than 1 MiB").next("Have it put in a file: `file`.")
                    );
                }
                read(read::object(inline, "inline")?)
            }
            (None, None, Some(file)) => {
                let places = call.places();
                places.rules.source(source::Kind::File)?;
                read(read::text(&places.directories.read(file.as_str(), read::LARGEST as u64)?)?)
            }
            _ => Err(Failure::invalid("give either `template`, `inline` or `file`")
                .next("list_org_templates shows the templates there are.")),
        }
    }
}

/// With a local copy, that one; it has to be the same as the tenant's, as far as anybody can tell.
async fn held(name: &TemplateName, call: &Invocation) -> Result<Opened, Failure> {
    let Some(template) = folder::find(&call.server.template_dirs, name.as_str())? else {
        return Ok(Opened::Held(name.clone()));
    };
    let template = Box::new(template);
    let Some(listed) = listed(name, call).await? else { return Ok(Opened::Read { template, held: None }) };
    if (listed.name.as_str(), listed.workspaces as usize) != (template.name.as_str(), template.tree().len()) {
        return Err(Failure::new(Code::Conflict, "the operator's local copy isn't the template that the tenant holds")
            .next("Ask the operator to bring the copy up to date, or give the template as `inline` or `file`."));
    }
    Ok(Opened::Read { template, held: Some(name.clone()) })
}

pub async fn find_listed(name: &TemplateName, call: &Invocation) -> Result<Listed, Failure> {
    listed(name, call).await?.ok_or_else(|| {
        Failure::new(Code::NotFound, "the tenant has no such org template").next("list_org_templates names them.")
    })
}

/// What the tenant tells of one that it holds.
pub async fn listed(name: &TemplateName, call: &Invocation) -> Result<Option<Listed>, Failure> {
    let all: Vec<Listed> = call.tenant.ask(&ORG_TEMPLATES).fetch().await?;
    Ok(all.into_iter().find(|one| one.dir == name.as_str()))
}
