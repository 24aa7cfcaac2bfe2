//! The same to many workspaces: a list or a subtree, several at a time, each by the code of the single tool.
//! One that fails doesn't stop the others; what is left has a name to go on from.

mod forms;
mod item;
mod recall;
mod run;
mod select;

pub use recall::recall;

use super::effect::Effect;
use super::tool::{Draft, Tool};
use super::workspaces::{self, GET, LIST};
use super::{plugins, secrets};

pub const TOOLS: &[Tool] = &[
    Draft::write("pause_workspaces", &[LIST, GET, workspaces::PAUSE])
        .up_to(Effect::Destroy)
        .about("Pause many workspaces, each with all below it. Those that run tasks are left out, unless `interrupting`. Says how each ended.")
        .long()
        .said("stop a whole team or department, freeze everybody, suspend several agents, halt all at once")
        .example(r#"{"subtree":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc"}"#)
        .reaching_below()
        .not_to_oneself()
        .keeping(&["subtree", "at_once", "resume", "interrupting"])
        .acts::<forms::PauseWorkspaces>(),
    Draft::write("resume_workspaces", &[LIST, GET, workspaces::RESUME])
        .up_to(Effect::Destroy)
        .about("Resume many paused workspaces, each with the paused ones below it, the topmost first. Says how each ended.")
        .long()
        .said("wake up a whole team, continue everybody, unpause several agents, start all again")
        .example(r#"{"subtree":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc"}"#)
        .reaching_below()
        .not_to_oneself()
        .keeping(&["subtree", "at_once", "resume", "interrupting"])
        .acts::<forms::ResumeWorkspaces>(),
    Draft::write("restart_workspaces", &[LIST, GET, workspaces::RESTART])
        .up_to(Effect::Destroy)
        .about("Restart the containers of many workspaces. External ones, and those that run tasks unless `interrupting`, are left out. Says how each ended.")
        .long()
        .said("reboot a whole team, bounce several agents, restart everybody, rolling restart")
        .example(r#"{"workspace_ids":["613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","6f48ba05-4f55-45ac-b621-30dfb4f07b07"],"at_once":2}"#)
        .not_to_oneself()
        .keeping(&["subtree", "at_once", "resume", "interrupting"])
        .acts::<forms::RestartWorkspaces>(),
    Draft::escalate("set_secret_everywhere", &[LIST, GET, secrets::SET])
        .about("Set the same secret in many workspaces, each its own, from one source on the server. Each restarts. Says how each ended.")
        .long()
        .said("give every agent of a team a new password, roll out a credential or env var to a team, same api key for several agents, rotate a key in many workspaces")
        .example(r#"{"subtree":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","key":"GITHUB_TOKEN","source":"env:GITHUB_TOKEN"}"#)
        .not_to_oneself()
        .keeping(&["subtree", "at_once", "resume", "source"])
        .acts::<forms::SetSecretEverywhere>(),
    Draft::escalate("install_plugin_everywhere", &[LIST, GET, plugins::INSTALL])
        .open_world()
        .about("Install a plugin in many running workspaces, which restart. Its code runs with all that they may do. Says how each ended.")
        .long()
        .said("roll out an extension or skill to a team, add an add-on to several agents")
        .example(r#"{"subtree":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","source":"github://molecule-ai/code-review#v1.2.0"}"#)
        .not_to_oneself()
        .keeping(&["subtree", "at_once", "resume", "source", "sha256", "interrupting"])
        .acts::<forms::InstallPluginEverywhere>(),
];
