//! What this server says of itself.

use rmcp::model::*;

pub(super) fn about(instructions: &str) -> ServerConfig {
    let capabilities = ServerCapabilities::builder()
        .enable_tools()
        .enable_tool_list_changed()
        .enable_prompts()
        .enable_prompts_list_changed()
        .enable_completions()
        .enable_resources()
        .enable_resources_subscribe()
        .enable_resources_list_changed();
    ServerConfig::new(capabilities.build())
        .with_server_info(
            Implementation::new("molecule-org-mcp", env!("CARGO_PKG_VERSION")).with_title("Molecule AI organisation"),
        )
        .with_instructions(instructions)
}
