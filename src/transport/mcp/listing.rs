//! `tools/list`: entries of the catalogue in the protocol's shape.

use std::sync::Arc;

use rmcp::model::*;
use serde_json::Map;

use crate::dispatch::Listed;

/// What the road lets through (100 kB), written as JSON. Claude Code refuses a little less where nothing is said.
const LONGEST_ANSWER: u32 = 120_000;

/// The `tools/list` result. The same for every call of one caller, so that a client that asks twice
/// sees no difference. Output schemas cost an agent context and only some clients use them.
pub fn list<'a>(listed: impl Iterator<Item = &'a Listed>, output_schemas: bool) -> ListToolsResult {
    ListToolsResult::with_all_items(listed.map(|listed| tool(listed, output_schemas)).collect())
        .with_ttl_ms(0)
        .with_cache_scope(CacheScope::Private)
}

fn tool(listed: &Listed, output_schema: bool) -> Tool {
    let mut tool = Tool::new(listed.name, listed.description, Arc::clone(&listed.input))
        .with_title(&listed.title)
        .with_annotations(
            ToolAnnotations::with_title(&listed.title)
                .read_only(listed.read_only)
                .destructive(listed.destructive)
                .idempotent(listed.idempotent)
                .open_world(listed.open_world),
        );
    let mut meta = Map::new();
    if listed.always_loaded {
        meta.insert("anthropic/alwaysLoad".to_owned(), true.into());
    }
    if listed.answers_much {
        meta.insert("anthropic/maxResultSizeChars".to_owned(), LONGEST_ANSWER.into());
    }
    tool.meta = (!meta.is_empty()).then_some(MetaObject(meta));
    if output_schema { tool.with_raw_output_schema(Arc::clone(&listed.output)) } else { tool }
}
