//! A person's yes: what it is bound to, how it is asked for and given, and that nothing goes without it.

mod bound;
mod fleets;
mod forms;
mod imports;
mod road;
mod terminal;
mod trees;

use molecule_org_mcp::consent::{Agreer, Answered, Asks, Said};
use molecule_org_mcp::dispatch::{Answer, Call, Progress, Refusal};
use molecule_org_mcp::policy::Rules;
use molecule_org_mcp::transport::caller::{Caller, Door};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::support::{House, Plan, waived};

/// A person has to agree, as without a policy file.
fn rules() -> Rules {
    Rules { consent: Rules::default().consent, ..waived() }
}

fn house() -> House {
    House::open(Plan { seeded: true, rules: rules(), ..Plan::default() })
}

fn agent() -> Caller {
    Caller::operator("local", Door::Stdio)
}

async fn call_as(house: &House, caller: Caller, tool: &str, arguments: Value, asks: Asks) -> Result<Answer, Refusal> {
    let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
    let (progress, cancel) = (Progress::default(), CancellationToken::new());
    house.dispatch.call(Call { caller, tool: tool.into(), arguments, progress, asks, cancel }).await
}

/// As an agent whose client shows no forms.
async fn try_call(house: &House, tool: &str, arguments: &Value) -> Result<Answer, Refusal> {
    call_as(house, agent(), tool, arguments.clone(), Asks::Nobody).await
}

async fn done(house: &House, tool: &str, arguments: &Value) -> Value {
    try_call(house, tool, arguments).await.unwrap_or_else(|refusal| panic!("{}", refusal.failure.text())).content
}

fn code(result: Result<Answer, Refusal>) -> String {
    match result {
        Ok(_) => "done".to_owned(),
        Err(refusal) => refusal.failure.code().to_string(),
    }
}

fn text(result: Result<Answer, Refusal>) -> String {
    result.expect_err("a refusal").failure.text()
}

/// The question that a refusal names.
fn asked(result: Result<Answer, Refusal>) -> String {
    let fields = result.expect_err("a refusal").failure.fields();
    assert_eq!(fields["code"], "CONSENT_REQUIRED", "{fields}");
    fields["consent_id"].as_str().expect("an id").to_owned()
}

async fn external(house: &House, name: &str, parent: Option<&str>) -> String {
    let mut arguments = json!({ "name": name, "external": true, "url": "https://agent.example" });
    if let Some(parent) = parent {
        arguments["parent_id"] = parent.into();
    }
    done(house, "create_workspace", &arguments).await["id"].as_str().unwrap().to_owned()
}

/// As the operator does at a terminal.
async fn agree(house: &House, id: &str) {
    let consents = &house.dispatch.server().consents;
    let now = chrono::Utc::now();
    let (question, _) = consents.get(id, now).await.unwrap().expect("a question");
    let said = question.preview.name.clone().map_or(Said::Yes, Said::Named);
    let agreer = Agreer::Terminal { user: "ada".to_owned() };
    assert_eq!(consents.answer(&question, &said, &agreer, now).await.unwrap(), Answered::Agreed);
}

/// Requests of a kind that reached the tenant.
fn sent(house: &House, method: &str) -> usize {
    house.host().asked().iter().filter(|asked| asked.method == method).count()
}
