//! Resources in the protocol's shape: what is listed, and what a read gives. Each read, and each page of the list,
//! is a call of the tool behind it, on the road.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::Utc;
use rmcp::ErrorData;
use rmcp::model::*;
use rmcp::service::{RequestContext, RoleServer};
use serde_json::{Map, Value, json};

use super::Mcp;
use super::call::{INVOCATION, UNTRUSTED, WARNING};
use crate::consent::Asks;
use crate::dispatch::{Answer, Call, Progress, Refusal};
use crate::failure::{Code, Failure};
use crate::fence;
use crate::resources::{self, Audience, Body, ENTRIES, Entry, JOURNAL_TODAY, Place, WORKSPACES};
use crate::secrets::held;
use crate::tools::beside::Link;

const NEXT: &str = "molecule-org-mcp/next";
/// Workspaces on a page of the list.
const PAGE: u32 = 100;

impl Mcp {
    /// The resources that there is one of, then the workspaces.
    pub(super) async fn resources(
        &self,
        cursor: Option<Cursor>,
        context: &RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let mut listed = Vec::new();
        if cursor.is_none() {
            listed.extend(self.allowed(context)?.into_iter().filter_map(alone));
        }
        let mut next = None;
        if self.0.dispatch.may(&self.caller(context)?)(WORKSPACES) {
            let mut arguments = Map::new();
            arguments.insert("fields".to_owned(), json!(["id", "name", "status"]));
            arguments.insert("limit".to_owned(), json!(PAGE));
            if let Some(cursor) = cursor {
                arguments.insert("cursor".to_owned(), json!(cursor));
            }
            let page = self.read(WORKSPACES, arguments, context).await?.content;
            listed.extend(page.get("items").and_then(Value::as_array).into_iter().flatten().filter_map(workspace));
            next = text(&page, "next").map(ToOwned::to_owned);
        } else if cursor.is_some() {
            return Err(ErrorData::invalid_params("Unknown cursor: the list has one page.", None));
        }
        let mut list = ListResourcesResult::with_all_items(listed).with_ttl_ms(0).with_cache_scope(CacheScope::Private);
        list.next_cursor = next;
        Ok(list)
    }

    pub(super) fn templates(
        &self,
        context: &RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let entries = self.allowed(context)?.into_iter().filter(|entry| entry.is_template());
        let list = ListResourceTemplatesResult::with_all_items(entries.map(template).collect());
        Ok(list.with_ttl_ms(0).with_cache_scope(CacheScope::Private))
    }

    pub(super) async fn contents(
        &self,
        uri: &str,
        context: &RequestContext<RoleServer>,
    ) -> Result<ReadResourceResult, ErrorData> {
        self.contents_at(uri, context).await.map_err(|refusal| naming(uri, refusal))
    }

    async fn contents_at(
        &self,
        uri: &str,
        context: &RequestContext<RoleServer>,
    ) -> Result<ReadResourceResult, ErrorData> {
        let mut place = Place::at(uri).map_err(|failure| refused(failure, Map::new()))?;
        let mut answer = self.read_at(&place, context).await?;
        if place.describes_bytes(&answer.content)
            && let Some(inside) = place.in_container()
        {
            answer = self.read_at(&inside, context).await?;
            place = inside;
        }
        let found = place.contents(&answer.content, answer.bytes.as_deref());
        let contents = match found.body {
            Body::Text(text) => ResourceContents::text(text, uri),
            Body::Bytes(bytes) => ResourceContents::blob(STANDARD.encode(held::clean(bytes)), uri),
        };
        let mut meta = Map::from_iter([(INVOCATION.to_owned(), json!(answer.invocation))]);
        if answer.untrusted {
            meta.insert(UNTRUSTED.to_owned(), json!(WARNING));
        }
        if let Some(next) = found.next {
            meta.insert(NEXT.to_owned(), json!(next));
        }
        let mut result = ReadResourceResult::new(vec![contents.with_mime_type(found.media)]);
        result.meta = Some(MetaObject(meta));
        Ok(result.with_ttl_ms(0).with_cache_scope(CacheScope::Private))
    }

    async fn read_at(&self, place: &Place, context: &RequestContext<RoleServer>) -> Result<Answer, ErrorData> {
        let today = Utc::now().date_naive();
        let arguments = place.arguments(today).map_err(|failure| refused(failure, Map::new()))?;
        self.read(place.entry.tool, arguments, context).await
    }

    async fn read(
        &self,
        tool: &str,
        arguments: Map<String, Value>,
        context: &RequestContext<RoleServer>,
    ) -> Result<Answer, ErrorData> {
        let call = self.0.dispatch.call(Call {
            caller: self.caller(context)?,
            tool: tool.to_owned(),
            arguments,
            progress: Progress::default(),
            asks: Asks::Nobody,
            cancel: context.ct.clone(),
        });
        // Boxed, because the protocol library copies its handlers' futures from place to place.
        let Some(outcome) = context.ct.run_until_cancelled(Box::pin(call)).await else {
            return Err(ErrorData::internal_error("Cancelled before there was an answer.", None));
        };
        outcome.map_err(|Refusal { invocation, failure, .. }| {
            refused(failure, Map::from_iter([(INVOCATION.to_owned(), json!(invocation))]))
        })
    }

    /// Those whose tools policy lets the caller near.
    fn allowed(&self, context: &RequestContext<RoleServer>) -> Result<Vec<&'static Entry>, ErrorData> {
        let caller = self.caller(context)?;
        let may = self.0.dispatch.may(&caller);
        Ok(ENTRIES.iter().filter(|entry| may(entry.tool)).collect())
    }
}

/// The tool's refusal, which the protocol has no better code for than these three.
pub(super) fn refused(failure: Failure, mut data: Map<String, Value>) -> ErrorData {
    let code = match failure.code() {
        // The protocol library has another code for it in the newest revision.
        Code::NotFound => ErrorCode::RESOURCE_NOT_FOUND,
        Code::InvalidInput => ErrorCode::INVALID_PARAMS,
        _ => ErrorCode::INTERNAL_ERROR,
    };
    if let Value::Object(fields) = failure.fields() {
        data.extend(fields);
    }
    ErrorData::new(code, failure.text(), Some(Value::Object(data)))
}

/// The protocol wants to hear which address was refused.
fn naming(uri: &str, mut refusal: ErrorData) -> ErrorData {
    if let Some(Value::Object(data)) = &mut refusal.data {
        data.insert("uri".to_owned(), json!(uri));
    }
    refusal
}

/// A link in an answer to what can be read by its address.
pub(super) fn link(link: &Link) -> ContentBlock {
    let place = Place::at(&link.uri).ok();
    let (name, title) = place.as_ref().map_or(("resource", "Resource"), |place| (place.entry.name, place.entry.title));
    let resource = Resource::new(&link.uri, name).with_title(title).with_mime_type(link.media).with_size(link.size);
    ContentBlock::resource_link(resource)
}

/// As it is listed by itself.
fn alone(entry: &'static Entry) -> Option<Resource> {
    let uri = match entry.name {
        _ if entry.is_one() => entry.path(),
        "journal" => JOURNAL_TODAY,
        _ => return None,
    };
    let title = if uri == JOURNAL_TODAY { "Journal of today" } else { entry.title };
    Some(
        Resource::new(uri, entry.name)
            .with_title(title)
            .with_description(entry.about)
            .with_mime_type("application/json")
            .with_annotations(annotations(entry)),
    )
}

fn template(entry: &'static Entry) -> ResourceTemplate {
    let template = ResourceTemplate::new(entry.template, entry.name)
        .with_title(entry.title)
        .with_description(entry.about)
        .with_annotations(annotations(entry));
    // Of a file it depends on its name.
    match entry.form {
        resources::Form::Json => template.with_mime_type("application/json"),
        resources::Form::File => template,
    }
}

fn workspace(line: &Value) -> Option<Resource> {
    let name = fence::line(text(line, "name")?).into_owned();
    let status = text(line, "status").unwrap_or_default();
    let entry = ENTRIES.iter().find(|entry| entry.name == "workspace")?;
    Some(
        Resource::new(resources::of_workspace(text(line, "id")?), &name)
            .with_title(name)
            .with_description(format!("Workspace, {status}"))
            .with_mime_type("application/json")
            .with_annotations(annotations(entry)),
    )
}

fn text<'a>(line: &'a Value, name: &str) -> Option<&'a str> {
    line.get(name).and_then(Value::as_str)
}

fn annotations(entry: &Entry) -> Annotations {
    let audience = match entry.audience {
        Audience::Everybody => vec![Role::User, Role::Assistant],
        Audience::Assistant => vec![Role::Assistant],
    };
    Annotations::default().with_audience(audience).with_priority(entry.priority)
}
