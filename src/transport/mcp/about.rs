//! What this server says of itself.

use rmcp::model::*;

pub(super) fn about(instructions: &str) -> ServerConfig {
    ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
        .with_server_info(
            Implementation::new("molecule-org-mcp", env!("CARGO_PKG_VERSION")).with_title("Molecule AI organisation"),
        )
        .with_instructions(instructions)
}
