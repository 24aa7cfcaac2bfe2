//! Talking to agents, handing them work, and following what they do.

mod activity;
mod chain;
mod chat;
mod delegate;
mod delegations;
mod ledger;
mod peers;
mod record;
mod report;
mod search;
mod transcript;

use super::a2a::SEND;
use super::keys::{CREATE_TOKEN, LIST_TOKENS, REVOKE_TOKEN};
use super::tool::{Draft, Tool};
use super::workspaces::{self, ACTIVITY, GET};
use crate::backend::Route;

const DELEGATE: Route = Route::post("/workspaces/{workspace_id}/delegate");
const DELEGATIONS: Route = Route::get("/workspaces/{workspace_id}/delegations");
const RECORD_DELEGATION: Route = Route::post("/workspaces/{workspace_id}/delegations/record");
const UPDATE_DELEGATION: Route = Route::post("/workspaces/{workspace_id}/delegations/{delegation_id}/update");
const CHECK_ACCESS: Route = Route::post("/registry/check-access").asking();
const SEARCH: Route = Route::get("/workspaces/{workspace_id}/session-search");
const TRACES: Route = Route::get("/workspaces/{workspace_id}/traces");
const REPORT: Route = Route::post("/workspaces/{workspace_id}/activity");
const NOTIFY: Route = Route::post("/workspaces/{workspace_id}/notify");
const TRANSCRIPT: Route = Route::get("/workspaces/{workspace_id}/transcript");
/// Small, and for administrators only: shows whether a credential is one of theirs.
const LIVENESS: Route = Route::get("/admin/liveness");
const AUDIT: Route = Route::get("/workspaces/{workspace_id}/audit");

pub const TOOLS: &[Tool] = &[
    Draft::write("chat_with_agent", &[GET, SEND])
        .open_world()
        .said("chat, talk to, message, ask, send, tell or prompt an agent; conversation, ask it a question, message it and get the answer")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","message":"What are you working on?","deadline_seconds":60}"#)
        .about("Send an agent a message and wait for its answer. `queued` means not answered yet. Sending again makes it work again; for long work use delegate_task.")
        .long()
        .everyday()
        .creates()
        .acts::<chat::ChatWithAgent>(),
    Draft::write("delegate_task", &[workspaces::LIST, CHECK_ACCESS, DELEGATE])
        .alias(&["async_delegate"])
        .open_world()
        .said("assign work, hand over, give a job to another agent in the background, asynchronous, hand work to another agent and don't wait, give research to")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","target_id":"2d2bc924-d0b3-44a7-b986-5b68677dfb42","task":"Summarise last week's tickets.","idempotency_key":"tickets-47"}"#)
        .about("Hand a task from one agent to another and don't wait; list_delegations shows what becomes of it. Refuses targets that couldn't get it.")
        .acts::<delegate::DelegateTask>(),
    Draft::read("list_delegations", &[DELEGATIONS, GET])
        .alias(&["check_delegations"])
        .said("status, progress or result of handed over tasks; is it done yet, what did it farm out to others, how far along, handed-over work, progress of delegated tasks")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","limit":10}"#)
        .about("List what a workspace delegated, newest first, with status and answer. The tenant remembers about 25.")
        .lists::<delegations::ListDelegations>(),
    Draft::write("record_delegation", &[GET, DELEGATIONS, RECORD_DELEGATION])
        .said("note, register or log a task that was handed over elsewhere, note that work was handed over outside")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","target_id":"2d2bc924-d0b3-44a7-b986-5b68677dfb42","task":"Summarise last week's tickets.","delegation_id":"task-0007"}"#)
        .about("Note a delegation that was made elsewhere. Nothing is sent to anybody.")
        .creates()
        .acts::<record::RecordDelegation>(),
    Draft::write("update_delegation_status", &[DELEGATIONS, UPDATE_DELEGATION])
        .said("mark, close or finish a delegated task as done or failed")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","delegation_id":"task-0007","status":"completed","response_preview":"42 tickets"}"#)
        .about("Set how a listed delegation ended. Stops nothing that still runs.")
        .keeping(&["status"])
        .acts::<record::UpdateDelegationStatus>(),
    Draft::read("list_peers", &[workspaces::LIST])
        .said("neighbours, colleagues, team members, parent, children, siblings, hierarchy, whom can it talk to, who sits next to it")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc"}"#)
        .about("List a workspace's parent, siblings (roots are siblings) and children.")
        .lists::<peers::ListPeers>(),
    Draft::read("discover_workspace", &[GET])
        .said("find where an agent is reachable, its address, endpoint, URL, agent card and skills, where can an agent be reached")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc"}"#)
        .about("Where an agent can be reached, and what it says of itself.")
        .acts::<peers::DiscoverWorkspace>(),
    Draft::read("check_access", &[GET, CHECK_ACCESS])
        .said("can, may, is allowed to talk, communicate, permission between agents, permitted, hierarchy")
        .example(r#"{"caller_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","target_id":"2d2bc924-d0b3-44a7-b986-5b68677dfb42"}"#)
        .about("Whether one workspace's agent may talk to another's, by the hierarchy.")
        .acts::<peers::CheckAccess>(),
    Draft::read("list_activity", &[ACTIVITY, GET])
        .said("log, history, what happened, what did the agent do, messages, errors, recent actions, what has it been up to today, what did it do")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","type":"error","limit":10}"#)
        .about("List what a workspace's agent did and received, newest first. `long` adds bodies and errors; older than the newest 500 is out of reach.")
        .lists::<activity::ListActivity>(),
    Draft::read("list_traces", &[TRACES, GET])
        .said("Langfuse, model calls, spans, observability, LLM traces, latency")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc"}"#)
        .about("List an agent's newest 20 traces from the tenant's tracing service. Also empty where the tenant has none or can't reach it.")
        .lists::<search::ListTraces>(),
    Draft::read("session_search", &[SEARCH, GET])
        .said("find text in past activity, conversations, sessions and memories; full text, grep, full text search over what was said, when did we talk about")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","query":"invoice"}"#)
        .about("Search a workspace's activity and memories for a text, newest first, 200 at most.")
        .lists::<search::SessionSearch>(),
    Draft::write("report_activity", &[GET, ACTIVITY, REPORT])
        .said("write a log entry, note what an agent did")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","activity_type":"agent_log","summary":"Nightly audit done"}"#)
        .about("Write an entry into a workspace's activity log, and read it back.")
        .creates()
        .keeping(&["activity_type"])
        .acts::<report::ReportActivity>(),
    Draft::write("notify_user", &[ACTIVITY, NOTIFY])
        .open_world()
        .said("tell, alert or inform the person; push a message to the canvas or chat, let the user know on behalf of an agent, tell a person on the canvas that something is ready")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","message":"The report is ready."}"#)
        .about("Show the people at the canvas a message in a workspace's name. Whether anybody saw it isn't confirmed.")
        .creates()
        .acts::<report::NotifyUser>(),
    Draft::escalate("get_transcript", &[GET, CREATE_TOKEN, LIST_TOKENS, REVOKE_TOKEN, LIVENESS, TRANSCRIPT])
        .open_world()
        .said("session log, what the agent is thinking and saying right now, terminal output, conversation lines, follow a session word for word, everything it said and every tool call, verbatim, straight from the agent, full conversation")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","limit":20}"#)
        .about("Ask an agent for its session's transcript. The agent is handed a token of its own workspace that lives for this call only.")
        .acts::<transcript::GetTranscript>(),
    Draft::read("query_agent_ledger", &[AUDIT, GET])
        .said("audit trail, tamper evidence, compliance, signed log, HMAC chain, AI act, tamper-proof audit trail of an agent, prove what it did")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","agent_id":"agent-a","limit":50}"#)
        .about("Entries of the tenant's signed ledger of what agents did, and whether its chain is `valid`, `broken` or `unknown`, with the reason.")
        .keeping(&["agent_id", "session_id"])
        .acts::<ledger::QueryAgentLedger>(),
];
