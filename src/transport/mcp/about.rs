//! What this server says of itself.

use rmcp::model::*;

pub(super) fn about(instructions: &str) -> ServerConfig {
    let capabilities =
        ServerCapabilities::builder().enable_tools().enable_prompts().enable_completions().enable_resources();
    ServerConfig::new(capabilities.build())
        .with_server_info(
            Implementation::new("molecule-org-mcp", env!("CARGO_PKG_VERSION")).with_title("Molecule AI organisation"),
        )
        .with_instructions(instructions)
}
