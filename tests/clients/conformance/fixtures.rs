//! The handler that the suite meets: what has a fixture's name is answered here, everything else by ours. Lists are
//! ours with the fixtures behind them, and capabilities are ours with those that the fixtures need.

use rmcp::ErrorData;
use rmcp::handler::server::ServerHandler;
use rmcp::model::*;
use rmcp::service::{RequestContext, RoleServer, SubscriptionContext};
use rmcp::task_manager::TaskManager;
use tokio::sync::broadcast;

use molecule_org_mcp::transport::mcp::Mcp;

use crate::{prompts, resources, tools};

#[derive(Clone)]
pub struct Fixtures {
    ours: Mcp,
    changes: broadcast::Sender<Change>,
    running: TaskManager,
}

/// A list that a client may listen to, and that a tool of the suite's pretends to change.
#[derive(Clone, Copy)]
pub enum Change {
    Tools,
    Prompts,
}

type Context = RequestContext<RoleServer>;
type Page = Option<PaginatedRequestParams>;

impl Fixtures {
    pub fn around(ours: Mcp) -> Self {
        Self { ours, changes: broadcast::Sender::new(16), running: TaskManager::new() }
    }

    fn capabilities(&self) -> ServerCapabilities {
        let mut all = self.ours.get_info().capabilities;
        all.tools.get_or_insert_default().list_changed = Some(true);
        all.prompts.get_or_insert_default().list_changed = Some(true);
        all.resources.get_or_insert_default().subscribe = Some(true);
        all.completions.get_or_insert_default();
        all.logging.get_or_insert_default();
        all
    }
}

impl ServerHandler for Fixtures {
    fn get_info(&self) -> ServerConfig {
        let mut about = self.ours.get_info();
        about.capabilities = self.capabilities();
        about
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: Context,
    ) -> Result<InitializeResult, ErrorData> {
        let mut result = self.ours.initialize(request, context).await?;
        result.capabilities = self.capabilities();
        Ok(result)
    }

    async fn list_tools(&self, page: Page, context: Context) -> Result<ListToolsResult, ErrorData> {
        let mut result = self.ours.list_tools(page, context).await?;
        result.tools.extend(tools::listed());
        Ok(result)
    }

    /// Which parameters of a tool have a header of their own is looked up here.
    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools::listed().into_iter().find(|tool| tool.name == name).or_else(|| self.ours.get_tool(name))
    }

    async fn call_tool(&self, request: CallToolRequestParams, context: Context) -> Result<CallToolResponse, ErrorData> {
        if tools::is_one(&request.name) {
            tools::call(request, context, &self.changes, &self.running).await
        } else {
            self.ours.call_tool(request, context).await
        }
    }

    async fn list_prompts(&self, page: Page, context: Context) -> Result<ListPromptsResult, ErrorData> {
        let mut result = self.ours.list_prompts(page, context).await?;
        result.prompts.extend(prompts::listed());
        Ok(result)
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: Context,
    ) -> Result<GetPromptResponse, ErrorData> {
        match prompts::get(&request, &context)? {
            Some(prompt) => Ok(prompt),
            None => self.ours.get_prompt(request, context).await,
        }
    }

    async fn complete(&self, request: CompleteRequestParams, context: Context) -> Result<CompleteResult, ErrorData> {
        if prompts::is_one(&request.r#ref) {
            Ok(CompleteResult::default())
        } else {
            self.ours.complete(request, context).await
        }
    }

    async fn list_resources(&self, page: Page, context: Context) -> Result<ListResourcesResult, ErrorData> {
        let mut result = self.ours.list_resources(page, context).await?;
        result.resources.extend(resources::listed());
        Ok(result)
    }

    async fn list_resource_templates(
        &self,
        page: Page,
        context: Context,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let mut result = self.ours.list_resource_templates(page, context).await?;
        result.resource_templates.push(resources::template());
        Ok(result)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: Context,
    ) -> Result<ReadResourceResponse, ErrorData> {
        match resources::read(&request.uri) {
            Some(contents) => Ok(ReadResourceResult::new(vec![contents]).into()),
            None if resources::is_of_the_suite(&request.uri) => Err(resources::not_found(&request.uri)),
            None => self.ours.read_resource(request, context).await,
        }
    }

    async fn subscribe(&self, request: SubscribeRequestParams, context: Context) -> Result<(), ErrorData> {
        if resources::is_of_the_suite(&request.uri) { Ok(()) } else { self.ours.subscribe(request, context).await }
    }

    async fn unsubscribe(&self, request: UnsubscribeRequestParams, context: Context) -> Result<(), ErrorData> {
        if resources::is_of_the_suite(&request.uri) { Ok(()) } else { self.ours.unsubscribe(request, context).await }
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        let mut accepted = self.ours.accepted_subscription_filter(requested).unwrap_or_default();
        accepted.tools_list_changed = Some(true);
        accepted.prompts_list_changed = Some(true);
        Some(accepted)
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let mut changes = self.changes.subscribe();
        let sink = context.sink().clone();
        let telling = async {
            while let Ok(change) = changes.recv().await {
                // What wasn't asked for isn't sent.
                let _ = match change {
                    Change::Tools => sink.notify_tool_list_changed().await,
                    Change::Prompts => sink.notify_prompt_list_changed().await,
                };
            }
        };
        tokio::select! {
            ended = self.ours.listen(context) => ended,
            () = telling => Ok(()),
        }
    }

    async fn set_level(&self, _: SetLevelRequestParams, _: Context) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn get_task(&self, request: GetTaskParams, context: Context) -> Result<GetTaskResult, ErrorData> {
        match self.running.get_task(&request.task_id) {
            Ok(task) => Ok(GetTaskResult::new(task)),
            Err(_) => self.ours.get_task(request, context).await,
        }
    }

    async fn update_task(&self, request: UpdateTaskParams, context: Context) -> Result<(), ErrorData> {
        match self.running.update_task(&request.task_id, request.input_responses.clone()) {
            Ok(()) => Ok(()),
            Err(_) => self.ours.update_task(request, context).await,
        }
    }

    async fn cancel_task(&self, request: CancelTaskParams, context: Context) -> Result<(), ErrorData> {
        match self.running.cancel_task(&request.task_id) {
            Ok(()) => Ok(()),
            Err(_) => self.ours.cancel_task(request, context).await,
        }
    }

    async fn on_custom_request(&self, request: CustomRequest, context: Context) -> Result<CustomResult, ErrorData> {
        self.ours.on_custom_request(request, context).await
    }
}
