//! The toolset `artifacts`: refused by the embedded tenant, which isn't configured for it, as the recorded
//! one wasn't; and before a scripted tenant that is.

use serde_json::{Value, json};

use crate::faults::{FaultyTenant, Reply};
use crate::support::{House, Plan};

const TRIAGE: &str = "de300000-0000-4000-8000-00000000000b";
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";
const REPOSITORY: &str = "https://h.artifacts.cloudflare.net/git/seo.git";
const WITH_CREDENTIAL: &str = "https://x:canary-credential@h.artifacts.cloudflare.net/git/seo.git?token=canary";

fn calls(id: &str) -> [(&'static str, Value); 3] {
    [
        ("create_artifact_repo", json!({ "workspace_id": id, "name": "seo" })),
        ("get_artifact_repo", json!({ "workspace_id": id })),
        ("fork_artifact_repo", json!({ "workspace_id": id, "name": "seo-try" })),
    ]
}

/// Each of its tools once, as an administrator would come by it.
pub async fn scene(house: &House) {
    for (tool, arguments) in calls(TRIAGE) {
        let refused = house.refusal(tool, arguments).await;
        assert!(refused.starts_with("NOT_SUPPORTED: ") && refused.contains("CF_ARTIFACTS_NAMESPACE"), "{refused}");
        assert!(refused.contains("\nNothing was changed.\n"), "{refused}");
    }
    for (tool, arguments) in calls(NOBODY) {
        assert!(house.refusal(tool, arguments).await.starts_with("NOT_FOUND: "), "{tool}");
    }
}

#[tokio::test]
async fn a_tenant_without_artifacts_says_what_is_missing() {
    let house = House::open(Plan { seeded: true, ..Plan::default() });
    scene(&house).await;
    house.is_balanced().await;
}

/// As the platform's source has it; `cf_repo` comes with a credential in its address.
async fn configured() -> FaultyTenant {
    let row = json!({
        "id": "r1", "workspace_id": TRIAGE, "cf_repo_name": "seo", "cf_namespace": "ns", "remote_url": WITH_CREDENTIAL,
        "description": "", "created_at": "2026-04-01T00:00:00Z", "updated_at": "2026-04-01T00:00:00Z",
    });
    FaultyTenant::start(move |seen| match (seen.method.as_str(), seen.path.ends_with("/artifacts")) {
        ("GET", false) => Reply::json(200, &json!({ "id": TRIAGE, "name": "Triage", "status": "online" })),
        ("GET", true) => {
            let repo = json!({ "name": "seo", "remote_url": WITH_CREDENTIAL });
            Reply::json(200, &json!({ "artifact": row, "cf_repo": repo, "cf_status": "ok" }))
        }
        (_, true) => Reply::json(201, &row),
        (_, false) => Reply::json(
            201,
            &json!({ "fork": { "remote_url": WITH_CREDENTIAL }, "object_count": 14, "remote_url": WITH_CREDENTIAL }),
        ),
    })
    .await
}

#[tokio::test]
async fn no_answer_carries_a_credential() {
    let tenant = configured().await;
    let house = House::before(&tenant.url(), Plan::default());
    for (tool, arguments) in calls(TRIAGE) {
        let answer = house.call(tool, arguments).await;
        assert_eq!(answer["remote_url"], REPOSITORY, "{tool}");
        assert!(!answer.to_string().contains("canary"), "{tool}: {answer}");
    }
    let sent: Vec<Value> = tenant
        .seen()
        .iter()
        .filter(|seen| seen.method == "POST")
        .map(|seen| serde_json::from_slice(&seen.body).unwrap())
        .collect();
    assert_eq!(sent[0], json!({ "name": "seo", "read_only": false }));
    assert_eq!(sent[1], json!({ "name": "seo-try", "read_only": false, "default_branch_only": false }));
}

#[tokio::test]
async fn an_import_names_no_credential() {
    let tenant = configured().await;
    let house = House::before(&tenant.url(), Plan::default());
    for from in ["https://user:canary@h/r.git", "http://h/r.git", "https://h/r.git?token=canary"] {
        let refused =
            house.refusal("create_artifact_repo", json!({ "workspace_id": TRIAGE, "import_url": from })).await;
        assert!(
            refused.contains("`import_url`: expected an https address") && !refused.contains("canary"),
            "{refused}"
        );
    }
    let branch = json!({ "workspace_id": TRIAGE, "import_branch": "main" });
    assert!(house.refusal("create_artifact_repo", branch).await.contains("need `import_url`"));
    assert_eq!(tenant.count(), 0);
}
