//! A house to test in: an embedded tenant, a data directory of its own, and the road between.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use molecule_org_mcp::backend::embedded::{self, Tenant};
use molecule_org_mcp::backend::{Base, Client, Limits, Settings};
use molecule_org_mcp::dispatch::{Answer, Call, Dispatch, Progress, Refusal};
use molecule_org_mcp::journal::Journal;
use molecule_org_mcp::policy::Rules;
use molecule_org_mcp::secrets::Directories;
use molecule_org_mcp::tools::catalogue::Catalogue;
use molecule_org_mcp::tools::invocation::Server;
use molecule_org_mcp::tools::toolset::Toolset;
use molecule_org_mcp::transport::caller::Caller;
use secrecy::SecretString;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What a test may choose.
pub struct Plan {
    pub rules: Rules,
    pub limits: Limits,
    /// With the demo organisation in it.
    pub seeded: bool,
}

impl Default for Plan {
    fn default() -> Self {
        let rules = Rules { read_only: false, toolsets: Toolset::ALL.to_vec() };
        Self { rules, limits: Limits::default(), seeded: false }
    }
}

pub struct House {
    pub dispatch: Arc<Dispatch>,
    pub url: String,
    pub key: SecretString,
    pub home: TempDir,
    _tenant: Option<tokio_util::sync::DropGuard>,
}

impl House {
    /// With an embedded tenant behind it.
    pub async fn open(plan: Plan) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut settings = embedded::Settings::everyday(home.path().to_owned());
        settings.rate_limit = u32::MAX;
        settings.mint_limit = 0;
        settings.pace = Duration::from_millis(20);
        let tenant = Tenant::open(settings).unwrap();
        if plan.seeded {
            tenant.seed_demo().unwrap();
        }
        let key = tenant.mint_org_key("the-house", "admin-token").unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let until = CancellationToken::new();
        let guard = until.clone().drop_guard();
        tokio::spawn(async move { embedded::serve(&tenant, listener, until).await.unwrap() });
        let dispatch = road(home.path(), &url, key.clone(), plan);
        Self { dispatch, url, key, home, _tenant: Some(guard) }
    }

    /// With whatever answers at `url` behind it.
    pub fn before(url: &str, plan: Plan) -> Self {
        let home = tempfile::tempdir().unwrap();
        let key = SecretString::from("k".repeat(43));
        let dispatch = road(home.path(), url, key.clone(), plan);
        Self { dispatch, url: url.to_owned(), key, home, _tenant: None }
    }

    pub async fn try_call(&self, tool: &str, arguments: Value) -> Result<Answer, Refusal> {
        let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
        let (progress, cancel) = (Progress::default(), CancellationToken::new());
        self.dispatch.call(Call { caller: Caller::terminal(), tool: tool.into(), arguments, progress, cancel }).await
    }

    pub async fn call(&self, tool: &str, arguments: Value) -> Value {
        match self.try_call(tool, arguments).await {
            Ok(answer) => answer.content,
            Err(refusal) => panic!("{tool}: {}", refusal.failure.text()),
        }
    }

    /// The failure's text, which is all that an agent sees.
    pub async fn refusal(&self, tool: &str, arguments: Value) -> String {
        match self.try_call(tool, arguments).await {
            Ok(answer) => panic!("{tool} answered {}", answer.content),
            Err(refusal) => refusal.failure.text(),
        }
    }

    /// The newest record of a tool in the journal.
    pub async fn journal(&self, tool: &str) -> Value {
        let found = self.call("query_journal", json!({ "tool": tool, "limit": 1 })).await;
        found["items"][0].clone()
    }
}

fn road(home: &Path, url: &str, key: SecretString, plan: Plan) -> Arc<Dispatch> {
    let client = Client::new(Settings {
        base: Base::parse(url).unwrap(),
        token: Arc::new(key),
        org_id: None,
        limits: plan.limits,
    })
    .unwrap();
    let server = Server {
        address: client.address().to_owned(),
        key_tag: client.key_tag().to_owned(),
        key_id: OnceLock::new(),
        directories: Directories::new(home.join("credentials"), vec![]),
        rules: plan.rules,
        journal: Journal::open(home),
        catalogue: Catalogue::new(),
    };
    Arc::new(Dispatch::new(Arc::new(server), client))
}
