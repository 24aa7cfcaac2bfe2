//! One tenant, and in front of it everything that is measured.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::Outcome;
use super::door::{Door, Target};
use super::http::{Connection, request};
use super::lines::Lines;
use super::process::Process;
use super::proxy;

const ADMIN: &str = "the-admin-token-of-a-benchmark";
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_molecule-org-mcp");

pub struct House {
    /// On the disk that is built on: a temporary directory in memory would make durability free.
    pub home: TempDir,
    pub tenant: SocketAddr,
    pub key: String,
    /// The ids of the tenant's workspaces.
    pub workspaces: Vec<String>,
    tenant_process: Process,
    proxy: (Process, SocketAddr),
}

/// Our own HTTP server.
pub struct Served {
    pub process: Process,
    pub address: SocketAddr,
    pub bearer: String,
}

impl House {
    pub async fn open() -> Outcome<Self> {
        let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let mut command = program(&home.path().join("of-the-tenant"));
        command.args(["tenant", "--listen", "127.0.0.1:0", "--admin-token", ADMIN, "--provisioner", "none"]);
        command.args(["--rate-limit", "4294967295", "--mint-limit", "0"]);
        let (tenant_process, tenant) = Process::listening(&mut command)?;
        let minted = ask(tenant, ADMIN, "POST", "/org/tokens", &json!({ "name": "road" })).await?;
        let key = text(&minted, "auth_token")?;
        let listed = ask(tenant, &key, "GET", "/workspaces", &Value::Null).await?;
        let workspaces = listed.as_array().ok_or("no list of workspaces")?;
        let workspaces = workspaces.iter().map(|one| text(one, "id")).collect::<Outcome<_>>()?;
        let mut command = Command::new(std::env::current_exe()?);
        let proxy = Process::listening(command.env_clear().args([proxy::ROLE, &format!("http://{tenant}")]))?;
        Ok(Self { home, tenant, key, workspaces, tenant_process, proxy })
    }

    /// A data directory that nobody has used.
    pub fn fresh(&self) -> Outcome<PathBuf> {
        Ok(tempfile::tempdir_in(self.home.path())?.keep())
    }

    /// Our stdio door in a process of its own.
    pub fn stdio(&self, data: &Path, tenant: SocketAddr) -> Outcome<Lines> {
        Lines::start(self.ours(data, tenant).arg("stdio"))
    }

    /// Our HTTP doors in a process of their own.
    pub fn served(&self, tenant: SocketAddr) -> Outcome<Served> {
        let data = self.fresh()?;
        let (process, address) =
            Process::listening(self.ours(&data, tenant).args(["http", "--listen", "127.0.0.1:0"]))?;
        let bearer = fs::read_to_string(data.join("owner-bearer"))?.trim().to_owned();
        Ok(Served { process, address, bearer })
    }

    fn ours(&self, data: &Path, tenant: SocketAddr) -> Command {
        let mut command = program(data);
        command.env("MOLECULE_URL", format!("http://{tenant}")).env("MOLECULE_ORG_TOKEN", &self.key);
        // Nobody is asked and nobody waits: what is measured is the road.
        command.env("MOLECULE_MCP_POLICY", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/waived.toml"));
        command
    }

    /// Every way to the tenant, references first.
    pub async fn doors(&self) -> Outcome<Vec<Door>> {
        let (proxy, at) = &self.proxy;
        let plain = |address| Target::Plain { address, key: self.key.clone() };
        let stdio = self.stdio(&self.fresh()?, self.tenant)?;
        let served = std::sync::Arc::new(self.served(self.tenant)?);
        let mut doors = vec![
            Door::new("the tenant itself", self.tenant_process.pid(), plain(self.tenant)),
            Door::new("bare proxy", proxy.pid(), plain(*at)),
            Door::new("stdio", stdio.pid(), Target::Lines(stdio)),
        ];
        for (name, path) in [("`/mcp/json`", "/mcp/json"), ("`/mcp`, stream", "/mcp"), ("`/mcp`, session", "/mcp")] {
            let mut target = Target::Mcp { served: served.clone(), path, session: None };
            if name.ends_with("session") {
                target.begin_session().await?;
            }
            doors.push(Door::new(name, served.process.pid(), target));
        }
        Ok(doors)
    }

    /// Fresh tokens of a workspace, made at the tenant, for a mutation to revoke.
    pub async fn tokens(&self, workspace: &str, count: usize) -> Outcome<Vec<String>> {
        let path = format!("/workspaces/{workspace}/tokens");
        for _ in 0..count {
            ask(self.tenant, &self.key, "POST", &path, &Value::Null).await?;
        }
        let listed = ask(self.tenant, &self.key, "GET", &format!("{path}?limit={count}"), &Value::Null).await?;
        let tokens = listed.get("tokens").and_then(Value::as_array).ok_or("no list of tokens")?;
        tokens.iter().map(|one| text(one, "id")).collect()
    }
}

/// The release binary with nothing in its environment.
fn program(data: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_clear().arg("--data").arg(data);
    command
}

async fn ask(address: SocketAddr, key: &str, method: &str, path: &str, body: &Value) -> Outcome<Value> {
    let headers = format!("authorization: Bearer {key}\r\ncontent-type: application/json\r\n");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let answer = Connection::open(address).await?.exchange(&request(method, path, address, &headers, &body)).await?;
    if answer.status >= 300 {
        return Err(format!("{method} {path}: {} {}", answer.status, String::from_utf8_lossy(&answer.body)).into());
    }
    Ok(serde_json::from_slice(&answer.body)?)
}

fn text(value: &Value, field: &str) -> Outcome<String> {
    Ok(value.get(field).and_then(Value::as_str).ok_or_else(|| format!("no {field} in {value}"))?.to_owned())
}
