//! Where workspaces talk to people: Slack, Telegram, Discord, Lark. The tenant gives webhook addresses
//! and secrets back in clear: what is shown of a configuration is an allow-list, and what is secret in it
//! comes from sources.

mod adapters;
mod add;
mod change;
mod config;
mod discover;
mod list;
mod remove;
mod rules;
mod send;
mod users;
mod wire;

pub use config::looks_secret;
pub use wire::{Channel, kept};

use super::tool::{Draft, Tool};
use super::workspaces;
use crate::backend::Route;

const ADAPTERS: Route = Route::get("/channels/adapters");
const DISCOVER: Route = Route::post("/channels/discover");
pub const LIST: Route = Route::get("/workspaces/{workspace_id}/channels");
const ADD: Route = Route::post("/workspaces/{workspace_id}/channels");
const UPDATE: Route = Route::patch("/workspaces/{workspace_id}/channels/{channel_id}");
const REMOVE: Route = Route::delete("/workspaces/{workspace_id}/channels/{channel_id}");
const SEND: Route = Route::post("/workspaces/{workspace_id}/channels/{channel_id}/send");
const TEST: Route = Route::post("/workspaces/{workspace_id}/channels/{channel_id}/test");

pub const TOOLS: &[Tool] = &[
    Draft::read("list_channel_adapters", &[ADAPTERS])
        .about("The kinds of channels there are and what each is configured with; what is `sensitive` goes into `sources`. To send, each needs a `chat_id`, too.")
        .said("integrations supported kinds whatsapp slack telegram discord lark feishu, which messengers are supported")
        .common()
        .lists::<adapters::ListChannelAdapters>(),
    Draft::read("list_channels", &[LIST, workspaces::GET])
        .about("A workspace's channels to people. Tokens and webhook addresses are never shown; `kept_back` names those that are set.")
        .said("integrations connected slack telegram discord chat, which messengers is it connected to, integrations of an agent")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc"}"#)
        .lists::<list::ListChannels>(),
    Draft::escalate("add_channel", &[ADAPTERS, LIST, workspaces::GET, ADD])
        .about("Connect a workspace to a chat service, one channel of a type. list_channel_adapters says what each type needs.")
        .said("integrate connect hook up slack telegram discord bot webhook, hook up a chat, integrate a messenger")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","channel_type":"telegram","config":{"chat_id":"-1001234567890"},"sources":{"bot_token":"file:telegram-bot"},"allowed_users":["1111"]}"#)
        .not_to_oneself()
        .creates()
        .keeping(&["channel_type", "enabled"])
        .acts::<add::AddChannel>(),
    Draft::escalate("update_channel", &[LIST, UPDATE])
        .idempotent()
        .about("Change a channel; `config` is merged. The tenant doesn't give a bot token back: whoever changes the `config` of a channel that has one names its source again.")
        .said("who may write, allowed users, move chat, disable enable rotate token, mute, disable or change a chat integration, other chat room")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","channel_id":"8d4f3654-3053-4519-a391-c5b4cc0bfab8","allowed_users":["1111","2222"]}"#)
        .not_to_oneself()
        .keeping(&["enabled"])
        .acts::<change::UpdateChannel>(),
    Draft::destroy("remove_channel", &[LIST, REMOVE])
        .about("Disconnect a workspace from a chat service for good. `enabled: false` in update_channel only rests it.")
        .said("delete channel disconnect integration, disconnect from telegram or slack for good, shut an integration off, unplug a chat, stop posting there")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","channel_id":"8d4f3654-3053-4519-a391-c5b4cc0bfab8"}"#)
        .acts::<remove::RemoveChannel>(),
    Draft::write("send_channel_message", &[LIST, SEND])
        .open_world()
        .about("Post a text to the chat of a workspace's channel. That it arrived is never confirmed; a disabled channel sends, too.")
        .said("post announce notify people slack telegram group, write to a chat room")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","channel_id":"8d4f3654-3053-4519-a391-c5b4cc0bfab8","text":"The report is ready."}"#)
        .creates()
        .acts::<send::SendChannelMessage>(),
    Draft::write("test_channel", &[LIST, TEST])
        .open_world()
        .about("Post a test text to the chat of a channel. Success means handed over: have somebody look whether it arrived.")
        .said("check try connection integration works, does the slack or telegram connection work")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","channel_id":"8d4f3654-3053-4519-a391-c5b4cc0bfab8"}"#)
        .creates()
        .acts::<send::TestChannel>(),
    Draft::destroy("discover_channel_chats", &[workspaces::GET, DISCOVER])
        .open_world()
        .about("Which chats a Telegram bot sees, to find a `chat_id`. It deletes the bot's webhook, so that whatever received by it stops.")
        .long()
        .said("find chat id groups botfather bot sees, which groups or rooms can a bot see")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","source":"file:telegram-bot"}"#)
        .keeping(&["channel_type", "source"])
        .acts::<discover::DiscoverChannelChats>(),
];
