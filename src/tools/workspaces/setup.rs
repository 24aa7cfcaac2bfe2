//! get_remote_agent_setup_command: what to run on the machine of an agent elsewhere, so that it
//! registers. The command names the place of the workspace's token and never holds it; the token goes to
//! curl over a pipe, so that no list of processes shows it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::refusals::living;
use super::wire::{Detail, called};
use crate::failure::{Code, Failure};
use crate::secrets::Source;
use crate::shell;
use crate::tools::ids::{WebAddress, WorkspaceId};
use crate::tools::input::unless_blank;
use crate::tools::invocation::Invocation;
use crate::tools::keys::tokens;
use crate::tools::tool::Act;

const VARIABLE: &str = "WORKSPACE_AUTH_TOKEN";

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetRemoteAgentSetupCommand {
    /// An external workspace; from list_remote_agents.
    workspace_id: WorkspaceId,
    /// Where the tenant reaches the agent; default: the address on file, else `$AGENT_URL`.
    agent_url: Option<WebAddress>,
    /// The token's place on the agent's machine, `file:PATH` or `env:NAME`; default env:WORKSPACE_AUTH_TOKEN.
    source: Option<Source>,
    /// The tenant as seen from there; default: as this server sees it.
    #[serde(default, alias = "platform_url_override", deserialize_with = "unless_blank")]
    #[schemars(with = "Option<WebAddress>")]
    tenant_url: Option<WebAddress>,
}

#[derive(Serialize, JsonSchema)]
pub struct SetupCommand {
    /// Registers the agent. For sh, with curl.
    command: String,
    /// Keeps it online, run every half minute; an agent that sends its own counts does better.
    heartbeat: String,
    /// What to see to first.
    notes: Vec<String>,
}

impl Act for GetRemoteAgentSetupCommand {
    type Answer = SetupCommand;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let one = living(&self.workspace_id, call).await?;
        refuse_container(&one)?;
        let live = tokens::fetch(&self.workspace_id, call).await?.len();
        let tenant = self.tenant_url.as_ref().map_or(call.server.address.as_str(), WebAddress::as_str);
        let tenant = tenant.trim_end_matches('/');
        let token = self.token(call)?;
        let on_file = Some(one.url.clone()).filter(|url| !url.is_empty());
        let address = self.agent_url.as_ref().map(ToString::to_string).or(on_file);
        let notes = notes(&one, live, address.is_none(), tenant);
        Ok(SetupCommand {
            command: format!(
                "{}{}",
                if address.is_none() { ": \"${AGENT_URL:?}\" && " } else { "" },
                post(&token, &format!("{tenant}/registry/register"), &registration(&one, address.as_deref()))
            ),
            heartbeat: post(&token, &format!("{tenant}/registry/heartbeat"), &shell::word(&heartbeat(&one.id))),
            notes,
        })
    }
}

impl GetRemoteAgentSetupCommand {
    /// The token as the shell reads it from its place. A plain file name is one of this server's own.
    fn token(&self, call: &Invocation) -> Result<String, Failure> {
        match &self.source {
            None => Ok(variable(VARIABLE)),
            Some(Source::Variable(name)) if name.starts_with(|c: char| c.is_ascii_digit()) => {
                Err(Failure::invalid("`source`: no shell has a variable whose name begins with a digit"))
            }
            Some(Source::Variable(name)) => Ok(variable(name)),
            Some(Source::File(path)) if path.starts_with(['/', '~']) => Ok(file(path)),
            Some(Source::Keyring(_) | Source::Command(_) | Source::Drop) => Err(Failure::invalid(
                "`source`: expected `file:PATH` or `env:NAME`, which a shell on the agent's machine can read",
            )),
            Some(Source::File(name)) => Ok(file(&call.server.directories.locate(name)?.display().to_string())),
        }
    }
}

/// Registering takes a workspace over: what runs in a container here would be cut off.
fn refuse_container(one: &Detail) -> Result<(), Failure> {
    // One made without an address shows as a container for good: as one that is starting until its agent
    // registers, and by a public address afterwards.
    let waits = one.url.is_empty() && matches!(one.status.as_str(), "provisioning" | "failed" | "offline");
    if one.is_external() || waits || one.url.starts_with("https://") {
        return Ok(());
    }
    let who = called(&one.name, &one.id);
    Err(Failure::new(Code::Conflict, format!("{who} runs here, in a container"))
        .next("Only external workspaces register from elsewhere: create_workspace with `external: true` makes one."))
}

fn notes(one: &Detail, live: usize, needs_address: bool, tenant: &str) -> Vec<String> {
    let mut notes = Vec::new();
    if live == 0 {
        notes.push(
            "It has no live token: make one with create_workspace_token (its `sink` says where it is) and bring it \
             to `source` first. Without one anybody may register as this workspace, and the answer would print a token."
                .to_owned(),
        );
    }
    if needs_address {
        notes.push("Set AGENT_URL to the agent's public address first.".to_owned());
    }
    if !one.is_external() {
        notes.push(
            "It doesn't show as external. If a container was meant to run it here, don't register another agent."
                .to_owned(),
        );
    }
    if ["//127.", "//localhost", "//[::1]"].iter().any(|local| tenant.contains(local)) {
        notes.push("The tenant's address is this machine's own: from elsewhere pass `tenant_url`.".to_owned());
    }
    notes
}

fn registration(one: &Detail, address: Option<&str>) -> String {
    // Cut where the shell fills the address in.
    const HERE: &str = "AGENT-URL-HERE";
    let card = json!({ "name": one.name, "description": one.role.as_deref().unwrap_or_default(), "version": "1.0.0" });
    let body = json!({ "agent_card": card, "id": one.id, "url": address.unwrap_or(HERE) }).to_string();
    match (address, body.rsplit_once(HERE)) {
        (None, Some((before, after))) => format!("{}\"$AGENT_URL\"{}", shell::word(before), shell::word(after)),
        _ => shell::word(&body),
    }
}

/// The least that the tenant takes: it resets what isn't said to zero anyhow.
fn heartbeat(id: &WorkspaceId) -> String {
    json!({ "active_tasks": 0, "error_rate": 0, "workspace_id": id }).to_string()
}

fn post(token: &str, url: &str, body: &str) -> String {
    format!(
        "printf 'Authorization: Bearer %s\\n' {token} | curl -fsS -X POST {} -H @- -H 'Content-Type: application/json' -d {body}",
        shell::word(url)
    )
}

fn variable(name: &str) -> String {
    format!("\"${{{name}:?}}\"")
}

fn file(path: &str) -> String {
    match path.strip_prefix("~/") {
        Some(rest) => format!("\"$(cat \"$HOME\"/{})\"", shell::word(rest)),
        None => format!("\"$(cat {})\"", shell::word(path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_takes_every_text_as_one_word() {
        for text in ["plain", "it's", "$(reboot) `x` \\ \"", "a\nb", ""] {
            let output =
                std::process::Command::new("sh").arg("-c").arg(format!("printf %s {}", shell::word(text))).output();
            assert_eq!(String::from_utf8(output.unwrap().stdout).unwrap(), text);
        }
    }
}
