//! What agents remember: memories that are searched, and values under keys.

mod commit;
mod export;
mod import;
mod kept;
mod search;
mod write;

use super::effect::Effect;
use super::tool::{Draft, Tool};
use super::workspaces::{self, GET};
use crate::backend::Route;

pub const MEMORIES: Route = Route::get("/workspaces/{workspace_id}/memories");
pub const COMMIT: Route = Route::post("/workspaces/{workspace_id}/memories");
const FORGET: Route = Route::delete("/workspaces/{workspace_id}/memories/{memory_id}");
pub const KEPT: Route = Route::get("/workspaces/{workspace_id}/memory");
const KEPT_ONE: Route = Route::get("/workspaces/{workspace_id}/memory/{key}");
pub const KEEP: Route = Route::post("/workspaces/{workspace_id}/memory");
const DROP: Route = Route::delete("/workspaces/{workspace_id}/memory/{key}");
pub const EXPORT: Route = Route::get("/admin/memories/export");
const IMPORT: Route = Route::post("/admin/memories/import");

pub const TOOLS: &[Tool] = &[
    Draft::write("commit_memory", &[GET, COMMIT, MEMORIES])
        .up_to(Effect::Escalate)
        .said("remember, save, store or note a fact, learn, knowledge, teach")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","content":"Customer X prefers email.","scope":"TEAM"}"#)
        .about("Add to what an agent remembers. The same twice makes two. The tenant blacks out what looks like a secret; then the answer shows what it kept.")
        .creates()
        .keeping(&["scope", "namespace"])
        .acts::<commit::CommitMemory>(),
    Draft::read("search_memory", &[MEMORIES, GET])
        .said("recall, remember, look up facts, what does the agent know, what has it learned or does it know about, look through its knowledge")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","query":"email","scope":"TEAM"}"#)
        .about("Search an agent's memories, 50 at most: best match first, newest first without `query`.")
        .keeping(&["scope", "namespace"])
        .lists::<search::SearchMemory>(),
    Draft::destroy("delete_memory", &[FORGET])
        .said("forget, remove a fact")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","memory_id":"5e2c161c-5cb3-4148-878f-69e2b8700e55"}"#)
        .about("Delete one of a workspace's own memories, for good.")
        .sends::<search::DeleteMemory, search::Deleted>(),
    Draft::write("memory_set", &[GET, KEEP])
        .said("store, save, put a key-value pair, state, scratchpad, remember a setting")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","key":"user:prefs.theme","value":"dark","ttl_seconds":3600}"#)
        .about("Keep a value under a key for a workspace, over what was there. With `if_match_version` only if nobody changed it since.")
        .keeping(&["ttl_seconds", "if_match_version"])
        .acts::<write::MemorySet>(),
    Draft::read("memory_get", &[KEPT_ONE])
        .said("read, fetch, look up a key-value pair, state, look up a stored setting")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","key":"user:prefs.theme"}"#)
        .about("What a workspace keeps under a key, with its version.")
        .acts::<kept::MemoryGet>(),
    Draft::read("memory_list", &[KEPT, GET])
        .said("all keys, key-value store, state")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","limit":50}"#)
        .about("List what a workspace keeps under keys, by key.")
        .lists::<kept::MemoryList>(),
    Draft::destroy("memory_delete_kv", &[KEPT_ONE, DROP])
        .idempotent()
        .said("remove, clear, unset a key, remove a key and its value, unset a stored setting")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","key":"user:prefs.theme"}"#)
        .about("Delete a key and what a workspace keeps under it, for good.")
        .acts::<write::MemoryDeleteKv>(),
    Draft::read("export_memories", &[EXPORT])
        .said("backup, dump, download all knowledge, migrate, back up all knowledge, dump everything that was learned, save memories")
        .example(r#"{"workspace_name":"Support Lead","limit":20}"#)
        .about("All memories of the organisation, oldest first, whole, as import_memories takes them. Not what is kept under keys.")
        .org_wide()
        .keeping(&["scope"])
        .lists::<export::ExportMemories>(),
    Draft::escalate("import_memories", &[workspaces::LIST, EXPORT, IMPORT])
        .idempotent()
        .said("restore, upload knowledge, migrate, bulk load, restore knowledge from a backup, load memories")
        .example(r#"{"memories":[{"workspace_name":"Support Lead","content":"Refunds over 100 EUR need a person.","scope":"TEAM"}]}"#)
        .about("Add memories to workspaces by name, GLOBAL ones too. What is there already is skipped; says how many, and why.")
        .long()
        .org_wide()
        .creates()
        .acts::<import::ImportMemories>(),
];
