//! The protocol handler: rmcp's requests onto the road, and what comes back into the protocol's
//! shapes. Both doors use it, one clone a connection or request. No macros: the tools are data, and
//! what we don't offer is refused as an unknown method instead of answered with empty lists.

mod about;
mod call;
mod completions;
mod elicitation;
mod listen;
mod listing;
mod prompts;
mod resources;
mod tasks;
mod watched;
mod wrong;

use std::sync::Arc;

use axum::http::request::Parts;
use rmcp::ErrorData;
use rmcp::handler::server::ServerHandler;
use rmcp::model::*;
use rmcp::service::{NotificationContext, Peer, RequestContext, RoleServer, SubscriptionContext};

pub use self::listing::list;

use self::listen::{Party, Sessions};
use super::caller::{Caller, ClientName};
use crate::completions::{Completions, Times};
use crate::dispatch::Dispatch;

#[derive(Clone)]
pub struct Mcp(Arc<Inner>);

struct Inner {
    dispatch: Arc<Dispatch>,
    completions: Completions,
    /// Whom the door recognised; each call adds what its request says about the client. None: the door
    /// says so with each request.
    caller: Option<Caller>,
    about: ServerConfig,
    sessions: Sessions,
}

impl Mcp {
    /// For one caller alone.
    pub fn new(dispatch: Arc<Dispatch>, caller: Caller) -> Self {
        Self::made(dispatch, Some(caller))
    }

    /// For whoever a door lets in: it puts a `Caller` into each request.
    pub fn behind_a_door(dispatch: Arc<Dispatch>) -> Self {
        Self::made(dispatch, None)
    }

    fn made(dispatch: Arc<Dispatch>, caller: Option<Caller>) -> Self {
        let about = about::about(dispatch.instructions());
        let completions = Completions::new(Arc::clone(&dispatch), Times::default());
        Self(Arc::new(Inner { dispatch, completions, caller, about, sessions: Sessions::default() }))
    }

    /// A request that nobody was recognised for isn't the operator's.
    fn caller(&self, context: &RequestContext<RoleServer>) -> Result<Caller, ErrorData> {
        let mut caller = self.recognised(&context.extensions)?;
        let parts = context.extensions.get::<Parts>();
        let header = parts.and_then(|parts| parts.headers.get("traceparent")).and_then(|value| value.to_str().ok());
        caller.client = context.client_info().and_then(client_name);
        caller.trace = context.meta.get_traceparent().or(header).and_then(trace_id);
        Ok(caller)
    }

    fn recognised(&self, extensions: &Extensions) -> Result<Caller, ErrorData> {
        let in_request = || extensions.get::<Parts>()?.extensions.get::<Caller>();
        let recognised = self.0.caller.as_ref().or_else(in_request);
        recognised.cloned().ok_or_else(|| ErrorData::internal_error("Who calls isn't known.", None))
    }

    fn party<'a>(&self, peer: &'a Peer<RoleServer>, extensions: &'a Extensions) -> Result<Party<'a>, ErrorData> {
        Ok(Party { caller: self.recognised(extensions)?, peer, extensions })
    }
}

impl ServerHandler for Mcp {
    fn get_info(&self) -> ServerConfig {
        self.0.about.clone()
    }

    /// Remembers the revision that was agreed on; the default remembers the one asked for.
    async fn initialize(
        &self,
        mut request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        let mut result = self.negotiate_initialize(&request)?;
        // Only the newest revision has any.
        result.capabilities.extensions = None;
        request.protocol_version = result.protocol_version.clone();
        context.peer.set_peer_info(request);
        Ok(result)
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        spoken(&context)?;
        one_page(request)?;
        let dispatch = &self.0.dispatch;
        let tools = dispatch.list(&self.caller(&context)?);
        Ok(list(tools.into_iter(), dispatch.server().output_schemas))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        spoken(&context)?;
        self.call(request, context).await
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        self.get(&request.task_id, &context).await
    }

    async fn update_task(
        &self,
        request: UpdateTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.update(&request.task_id, &context).await
    }

    async fn cancel_task(
        &self,
        request: CancelTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.cancel(&request.task_id, &context).await
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        spoken(&context)?;
        one_page(request)?;
        Ok(prompts::list(self.0.dispatch.may(&self.caller(&context)?)))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        spoken(&context)?;
        prompts::get(request, self.0.dispatch.may(&self.caller(&context)?))
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        spoken(&context)?;
        self.resources(request.and_then(|page| page.cursor), &context).await
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        spoken(&context)?;
        one_page(request)?;
        self.templates(&context)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        spoken(&context)?;
        Ok(self.contents(&request.uri, &context).await?.into())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        spoken(&context)?;
        let caller = self.caller(&context)?;
        let may = self.0.dispatch.may(&caller);
        completions::complete(request, &self.0.completions, caller, may).await
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(listen::acceptable(requested))
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let caller = self.caller(context.request_context())?;
        listen::stream(&self.0.dispatch, caller, context).await
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        let party = self.party(&context.peer, &context.extensions)?;
        self.0.sessions.subscribe(&self.0.dispatch, party, request.uri).await
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.0.sessions.unsubscribe(&self.party(&context.peer, &context.extensions)?, &request.uri);
        Ok(())
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        if let Ok(party) = self.party(&context.peer, &context.extensions) {
            self.0.sessions.begun(&self.0.dispatch, party);
        }
    }

    /// rmcp brings a known method here when its parameters have the wrong shape.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        Err(wrong::custom(&request, &context))
    }
}

/// A request that belongs to neither era can't be answered in the right shape.
fn spoken(context: &RequestContext<RoleServer>) -> Result<(), ErrorData> {
    match context.protocol_version() {
        Some(_) => Ok(()),
        None => Err(ErrorData::invalid_params(
            "Which revision of MCP? Send `initialize` first, or carry \
             `_meta[\"io.modelcontextprotocol/protocolVersion\"]` in each request.",
            None,
        )),
    }
}

/// For lists that are never long.
fn one_page(request: Option<PaginatedRequestParams>) -> Result<(), ErrorData> {
    match request.and_then(|page| page.cursor) {
        None => Ok(()),
        Some(_) => Err(ErrorData::invalid_params("Unknown cursor: the list has one page.", None)),
    }
}

/// Where a stateless request says nothing, rmcp puts its own name.
fn client_name(client: Implementation) -> Option<ClientName> {
    (client != Implementation::from_build_env())
        .then(|| ClientName { name: plain(&client.name), version: plain(&client.version) })
}

/// The trace id of a W3C `traceparent`.
fn trace_id(traceparent: &str) -> Option<String> {
    let id = traceparent.split('-').nth(1)?;
    let hex = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    (hex && id.bytes().any(|byte| byte != b'0')).then(|| id.to_ascii_lowercase())
}

/// A stranger's name for itself, fit for a log line.
fn plain(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trace_ids_are_taken_only_from_well_formed_headers() {
        let id = "0af7651916cd43dd8448eb211c80319c";
        assert_eq!(trace_id(&format!("00-{id}-00f067aa0ba902b7-01")).as_deref(), Some(id));
        for bad in ["", "00", "00-xyz-1-01", "00-00000000000000000000000000000000-1-01"] {
            assert_eq!(trace_id(bad), None, "{bad}");
        }
    }
}
