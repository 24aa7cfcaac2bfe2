//! Ids by which the tenant knows things: UUIDs, but for org keys, which are also known by their
//! prefix, and delegations, whose ids agents make up.

use super::*;

checked_text!(WorkspaceId, "a workspace's id, a UUID as list_workspaces gives it", uuid,
    { "type": "string", "format": "uuid" });
checked_text!(KeyId, "a key's id, a UUID", uuid, { "type": "string", "format": "uuid" });
checked_text!(TokenId, "a token's id, a UUID as list_workspace_tokens gives it", uuid,
    { "type": "string", "format": "uuid" });
checked_text!(ApprovalId, "an approval's id, a UUID as the approval lists give it", uuid,
    { "type": "string", "format": "uuid" });
checked_text!(AgentId, "an agent's id, a UUID", uuid, { "type": "string", "format": "uuid" });
checked_text!(EventId, "an event's id, a UUID as list_events gives it", uuid, { "type": "string", "format": "uuid" });
checked_text!(InvocationId, "an invocation's id, a UUID", uuid, { "type": "string", "format": "uuid" });
checked_text!(ResultId, "the id that a cut text gives, a UUID", uuid, { "type": "string", "format": "uuid" });
checked_text!(MemoryId, "a memory's id, a UUID as search_memory gives it", uuid, { "type": "string", "format": "uuid" });
checked_text!(
    /// Agents make them up.
    DelegationId, "a delegation's id as list_delegations gives it: 1 to 200 bytes without slashes",
    |text| one_piece(text, 200), { "type": "string", "maxLength": 200 });
checked_text!(
    /// An org key by its id or by the eight characters it is listed under.
    KeyRef,
    "an org key's id (a UUID) or its eight-character prefix",
    |text| uuid(text).or_else(|| of_characters(text, 8, "-_").filter(|text| text.len() == 8)),
    { "type": "string", "minLength": 8, "maxLength": 36 });
checked_text!(InstructionId, "an instruction's id, a UUID as list_instructions gives it", uuid,
    { "type": "string", "format": "uuid" });
checked_text!(ScheduleId, "a schedule's id, a UUID as list_schedules gives it", uuid,
    { "type": "string", "format": "uuid" });
checked_text!(ChannelId, "a channel's id, a UUID as list_channels gives it", uuid,
    { "type": "string", "format": "uuid" });
