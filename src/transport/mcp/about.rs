//! What this server says of itself.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rmcp::model::*;

/// Three joined circles, in a grey-blue that stands out from light and from dark.
const ICON: &str = concat!(
    r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="#5b8def">"##,
    r##"<path d="M12 6 6 17h12z" fill="none" stroke="#5b8def" stroke-width="2"/>"##,
    r##"<circle cx="12" cy="6" r="4"/><circle cx="6" cy="17" r="4"/><circle cx="18" cy="17" r="4"/></svg>"##,
);

pub(super) fn about(instructions: &str) -> ServerConfig {
    let capabilities = ServerCapabilities::builder()
        .enable_tools()
        .enable_tool_list_changed()
        .enable_prompts()
        .enable_prompts_list_changed()
        .enable_completions()
        .enable_resources()
        .enable_resources_subscribe()
        .enable_resources_list_changed()
        .enable_tasks();
    ServerConfig::new(capabilities.build())
        .with_server_info(
            Implementation::new("molecule-org-mcp", env!("CARGO_PKG_VERSION"))
                .with_title("Molecule AI organisation")
                .with_icons(vec![icon()]),
        )
        .with_instructions(instructions)
}

/// In the answer itself: nobody has to be asked for it.
fn icon() -> Icon {
    Icon::new(format!("data:image/svg+xml;base64,{}", STANDARD.encode(ICON)))
        .with_mime_type("image/svg+xml")
        .with_sizes(vec!["any".to_owned()])
}
