//! What stands in a capsule: each part in the form in which the tenant takes it again, and what is missing,
//! with the reason. Secret values aren't in it, because nobody can read them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::tools::ids::WorkspaceId;

pub const VERSION: u32 = 2;

#[derive(Debug, Serialize, Deserialize)]
pub struct Capsule {
    pub version: u32,
    pub invocation: String,
    pub at: DateTime<Utc>,
    /// Each after the one that it stood below.
    pub workspaces: Vec<Kept>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Kept {
    pub workspace: Place,
    /// Any JSON, as it is.
    pub config: Value,
    /// Where one was set; the default isn't kept.
    pub model: Option<String>,
    pub files: Vec<File>,
    pub schedules: Vec<Schedule>,
    pub channels: Vec<Channel>,
    /// The oldest first.
    pub memories: Vec<Memory>,
    pub values: Vec<Valued>,
    pub secrets: Vec<Secret>,
    pub plugins: Vec<Plugin>,
    pub instructions: Vec<Instruction>,
    pub missing: Vec<Missing>,
}

/// The fields of a workspace itself.
#[derive(Debug, Serialize, Deserialize)]
pub struct Place {
    pub id: WorkspaceId,
    pub name: String,
    pub role: Option<String>,
    pub status: String,
    #[serde(default)]
    pub tier: i64,
    pub parent_id: Option<WorkspaceId>,
    #[serde(default)]
    pub runtime: String,
    #[serde(default)]
    pub url: String,
    pub workspace_dir: Option<String>,
    pub budget_limit: Option<i64>,
    #[serde(default)]
    pub max_concurrent_tasks: i64,
    #[serde(default)]
    pub x: f64,
    #[serde(default)]
    pub y: f64,
    #[serde(default)]
    pub collapsed: bool,
}

impl Place {
    pub fn is_external(&self) -> bool {
        self.runtime == "external"
    }

    /// Its container runs, so that the files which the tenant shows are its own.
    pub fn runs(&self) -> bool {
        !self.is_external() && matches!(self.status.as_str(), "online" | "degraded")
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct File {
    /// Below /configs.
    pub path: String,
    pub content: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Schedule {
    #[serde(default)]
    pub name: String,
    pub cron_expr: String,
    #[serde(default)]
    pub timezone: String,
    #[serde(default)]
    pub prompt: String,
    pub enabled: bool,
}

/// What is secret in its configuration is only named.
#[derive(Debug, Serialize, Deserialize)]
pub struct Channel {
    pub channel_type: String,
    pub enabled: bool,
    #[serde(default)]
    pub config: Value,
    #[serde(default)]
    pub kept_back: Vec<String>,
    #[serde(default)]
    pub allowed_users: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Memory {
    pub content: String,
    pub scope: String,
    #[serde(default)]
    pub namespace: String,
}

/// A value under a key.
#[derive(Debug, Serialize, Deserialize)]
pub struct Valued {
    pub key: String,
    pub value: Value,
    pub expires_at: Option<DateTime<Utc>>,
}

/// All that is kept of a secret, whatever else the tenant says of it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Secret {
    pub key: String,
    #[serde(default)]
    pub scope: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Plugin {
    pub name: String,
    #[serde(default)]
    pub version: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Instruction {
    #[serde(default, skip_serializing)]
    pub scope_target: Option<String>,
    pub title: String,
    pub content: String,
    #[serde(default)]
    pub priority: i64,
    pub enabled: bool,
}

/// A part that isn't in it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Missing {
    pub what: String,
    pub why: String,
}
