//! Grants, as operators issue them and callers present them: through the real binary, and where a clock has
//! to be moved, in the room itself.

mod doors;
mod issue;
mod narrower;
mod terminal;

use std::path::Path;

use molecule_org_mcp::grants::{By, Grants, Issued, Until, Wish};
use molecule_org_mcp::policy::Rules;
use molecule_org_mcp::policy::role::Role;
use molecule_org_mcp::store::Store;
use serde_json::Value;

use crate::process::{Ended, command, ended};

pub fn operator() -> By {
    By::Terminal("tester".into())
}

/// A wish for nothing in particular.
pub fn wish(name: &str, role: Role) -> Wish {
    Wish {
        name: name.into(),
        role,
        binding: None,
        toolsets: None,
        until: None,
        read_only: false,
        own_workspace: None,
        person: None,
    }
}

/// The room alone, in a directory of its own.
pub struct Room {
    pub grants: Grants,
    _home: tempfile::TempDir,
}

impl Room {
    pub async fn open() -> Self {
        let home = tempfile::tempdir().unwrap();
        let grants = Grants::new(Store::open(home.path()));
        grants.ready().await.unwrap();
        Self { grants, _home: home }
    }

    /// As the operator's, now.
    pub async fn issue(&self, name: &str, role: Role) -> Issued {
        let wish = Wish { until: Some(Until::Never), ..wish(name, role) };
        self.grants.issue(wish, operator(), &Rules::default(), chrono::Utc::now()).await.unwrap()
    }
}

/// `grants …` at a terminal.
pub async fn grants(data: &Path, arguments: &[&str]) -> Ended {
    ended(command(data), &[&["grants"], arguments].concat()).await
}

/// The credential of a new grant.
pub async fn created(data: &Path, arguments: &[&str]) -> String {
    let made = grants(data, &[&["create"], arguments].concat()).await;
    assert_eq!(made.code, 0, "{}", made.err);
    made.out.trim().to_owned()
}

/// What `grants list` says of one.
pub async fn listed(data: &Path, name: &str) -> Value {
    let all = grants(data, &["list", "--json"]).await.json();
    all.as_array().unwrap().iter().find(|one| one["name"] == name).cloned().unwrap_or(Value::Null)
}
