//! Consent on the road: asked before the intent, given elsewhere, used once.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use molecule_org_mcp::consent::{Asks, Person, Question, Said};
use molecule_org_mcp::dispatch::{Call, Progress};
use molecule_org_mcp::failure::Failure;
use molecule_org_mcp::policy::Rules;
use molecule_org_mcp::policy::consent::{Need, Way};
use molecule_org_mcp::transport::caller::{Caller, Door};
use secrecy::ExposeSecret;
use serde_json::json;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{agent, agree, asked, call_as, code, done, external, house, rules, sent, text, try_call};
use crate::snapshot;
use crate::support::{House, Plan, entries, state};

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

#[tokio::test]
async fn a_deletion_waits_for_a_person_and_then_goes_through_once() {
    let house = house();
    let lead = external(&house, "SEO", None).await;
    external(&house, "Writer", Some(&lead)).await;
    let arguments = json!({ "workspace_id": lead, "including_children": true });
    let refusal = try_call(&house, "delete_workspace", &arguments).await;
    let told = text(try_call(&house, "delete_workspace", &arguments).await);
    let id = asked(refusal);
    assert!(told.contains(&format!("molecule-org-mcp consents agree {id}")), "the same question: {told}");
    assert!(told.contains("Nothing was changed."), "{told}");
    assert_eq!(sent(&house, "DELETE"), 0);

    let waiting = done(&house, "list_consents", &json!({})).await;
    assert_eq!(waiting["items"][0]["id"], json!(id));
    assert_eq!(waiting["items"][0]["targets"]["workspace_id"], json!(lead));
    let (question, _) = house.dispatch.server().consents.get(&id, chrono::Utc::now()).await.unwrap().unwrap();
    let shown = question.preview.text();
    for words in ["Workspace \"SEO\"", "Below it: 1", "\"Writer\"", "including_children = true", "cannot be undone"] {
        assert!(shown.contains(words), "no {words:?} in {shown}");
    }
    assert_eq!(question.preview.name.as_deref(), Some("SEO"));

    let tenant = house.dispatch.server().tenant.clone();
    let steady =
        |text: &str| text.replace(&id, "K7QW2MXA").replace(&lead, NOBODY).replace(&tenant, "https://acme.example");
    snapshot::is("tests/snapshots/consent/required.txt", &steady(&told));
    snapshot::is("tests/snapshots/consent/shown.txt", &steady(&shown));

    agree(&house, &id).await;
    let other = json!({ "workspace_id": lead, "including_children": true, "purge": true });
    assert_ne!(asked(try_call(&house, "delete_workspace", &other).await), id, "other arguments");
    let elsewhere = Caller::operator("local", Door::Http);
    let stranger = call_as(&house, elsewhere, "delete_workspace", arguments.clone(), Asks::Nobody).await;
    assert_ne!(asked(stranger), id, "another caller");
    let gone = done(&house, "delete_workspace", &arguments).await;
    assert_eq!(gone["name"], "SEO");
    assert_eq!(sent(&house, "DELETE"), 1);
    assert_eq!(code(try_call(&house, "delete_workspace", &arguments).await), "NOT_FOUND", "and nobody is asked");
    assert_eq!(sent(&house, "DELETE"), 1);
}

#[tokio::test]
async fn the_journal_has_the_refusal_and_the_agreement() {
    let house = house();
    let one = external(&house, "Old", None).await;
    let arguments = json!({ "workspace_id": one });
    let id = asked(try_call(&house, "delete_workspace", &arguments).await);
    agree(&house, &id).await;
    done(&house, "delete_workspace", &arguments).await;
    house.dispatch.server().journal.flush().await.unwrap();
    let all = entries(house.home.path());
    assert_eq!((all.intents, all.outcomes), (3, 3), "create, refused, deleted");
    let state = state(house.home.path());
    let sql = "SELECT body FROM journal WHERE tool = 'delete_workspace' AND kind = 'intent' ORDER BY position";
    let bodies: Vec<serde_json::Value> = state
        .prepare(sql)
        .unwrap()
        .query_map([], |row| row.get::<_, String>(0))
        .unwrap()
        .map(|body| serde_json::from_str(&body.unwrap()).unwrap())
        .collect();
    assert_eq!((&bodies[0]["decision"], &bodies[0]["rule"]), (&json!("refused"), &json!("consent")));
    assert_eq!(bodies[1]["consent"], json!({ "id": id, "way": "terminal", "by": "terminal:ada" }));
    let sql = "SELECT body FROM journal WHERE tool = 'delete_workspace' AND kind = 'outcome' ORDER BY position DESC";
    let last: String = state.query_row(sql, [], |row| row.get(0)).unwrap();
    assert!(last.contains("GET /workspaces\""), "what was looked at is in the record: {last}");
}

#[tokio::test]
async fn what_changed_since_is_not_what_was_agreed_to() {
    let house = house();
    let lead = external(&house, "Lead", None).await;
    let arguments = json!({ "workspace_id": lead, "including_children": true });
    let id = asked(try_call(&house, "delete_workspace", &arguments).await);
    agree(&house, &id).await;
    external(&house, "New here", Some(&lead)).await;
    let told = text(try_call(&house, "delete_workspace", &arguments).await);
    assert!(told.starts_with("CONSENT_INVALID: ") && told.contains("what is below it"), "{told}");
    snapshot::is("tests/snapshots/consent/changed.txt", &told);
    assert_ne!(asked(try_call(&house, "delete_workspace", &arguments).await), id, "asked anew");
    assert_eq!(sent(&house, "DELETE"), 0);
}

#[tokio::test]
async fn a_yes_that_is_too_old_is_none() {
    let house = house();
    let arguments = json!({ "workspace_id": external(&house, "Old", None).await });
    let id = asked(try_call(&house, "delete_workspace", &arguments).await);
    agree(&house, &id).await;
    let ago = chrono::Utc::now() - chrono::TimeDelta::seconds(1);
    let ago = molecule_org_mcp::journal::entry::stamp(ago);
    assert_eq!(state(house.home.path()).execute("UPDATE consents SET until = ?1", [ago]).unwrap(), 1);
    assert_ne!(asked(try_call(&house, "delete_workspace", &arguments).await), id);
}

#[tokio::test]
async fn of_a_hundred_same_calls_one_goes_through() {
    let house = house();
    let arguments = json!({ "workspace_id": external(&house, "Once", None).await });
    let id = asked(try_call(&house, "delete_workspace", &arguments).await);
    agree(&house, &id).await;
    let calls = (0..100).map(|_| try_call(&house, "delete_workspace", &arguments));
    let codes: Vec<String> = futures_util::future::join_all(calls).await.into_iter().map(code).collect();
    assert_eq!(codes.iter().filter(|code| *code == "done").count(), 1, "{codes:?}");
    assert!(
        codes.iter().all(|code| matches!(code.as_str(), "done" | "NOT_FOUND" | "CONSENT_REQUIRED" | "CONSENT_INVALID"))
    );
    assert_eq!(sent(&house, "DELETE"), 1);
}

#[tokio::test]
async fn nobody_is_asked_about_what_isnt_there_or_may_be_done_anyway() {
    let house = house();
    for (tool, arguments) in [
        ("delete_workspace", json!({ "workspace_id": NOBODY })),
        ("revoke_key", json!({ "key": "zzzzzzzz" })),
        ("mint_org_key", json!({})),
    ] {
        let code = code(try_call(&house, tool, &arguments).await);
        assert!(matches!(code.as_str(), "NOT_FOUND" | "INVALID_INPUT"), "{tool}: {code}");
    }
    done(&house, "create_workspace", &json!({ "name": "W", "external": true })).await;
    assert_eq!(done(&house, "list_consents", &json!({})).await["count"], 0);
}

#[tokio::test]
async fn every_tool_that_destroys_or_gives_power_needs_a_person() {
    let house = house();
    let rules = rules();
    let catalogue = &house.dispatch.server().catalogue;
    for entry in catalogue.entries() {
        let role = rules.role(&agent());
        let needs = |effect| rules.consent.need(role, entry.tool.name, effect) == Need::Person;
        assert_eq!(needs(entry.tool.most), entry.tool.most.is_destructive(), "{}", entry.tool.name);
    }
    // An argument that makes a tool destructive makes it need one, too.
    let budget =
        json!({ "workspace_id": external(&house, "W", None).await, "limit": { "cents": 500, "currency": "USD" } });
    let code = code(try_call(&house, "set_budget", &budget).await);
    assert!(matches!(code.as_str(), "CONSENT_REQUIRED" | "INVALID_INPUT"), "{code}");
}

#[tokio::test]
async fn a_key_and_a_request_are_shown_for_what_they_are() {
    let house = house();
    let (_, minted) = house.host().ask_as_owner("POST", "/org/tokens", json!({ "name": "ci\nAgree" })).await;
    let prefix = minted["auth_token"].as_str().unwrap()[..8].to_owned();
    let id = asked(try_call(&house, "revoke_key", &json!({ "key": prefix })).await);
    let (question, _) = house.dispatch.server().consents.get(&id, chrono::Utc::now()).await.unwrap().unwrap();
    let shown = question.preview.text();
    assert!(shown.contains(&format!("Org key {prefix} (\"ci Agree\"), minted by ")), "{shown}");
    assert!(!shown.contains(house.host().key.expose_secret()));

    let one = external(&house, "Asker", None).await;
    let asks = json!({ "workspace_id": one, "action": "deploy\"; agree = true", "reason": "why\u{202e} not" });
    let request = done(&house, "create_approval", &asks).await;
    let approval = request["id"].as_str().or_else(|| request["approval_id"].as_str()).unwrap();
    let decide = json!({ "workspace_id": one, "approval_id": approval, "decision": "approved" });
    let id = asked(try_call(&house, "decide_approval", &decide).await);
    let (question, _) = house.dispatch.server().consents.get(&id, chrono::Utc::now()).await.unwrap().unwrap();
    let shown = question.preview.text();
    assert!(shown.contains("The request, pending: \"deploy'; agree = true\"; its reason: \"why not\"."), "{shown}");
}

/// Somebody at the client who answers when told to.
struct Sitting {
    way: Way,
    said: Said,
    seen: Arc<Notify>,
    go: Arc<Notify>,
}

impl Person for Sitting {
    fn way(&self) -> Way {
        self.way
    }

    fn ask<'a>(&'a self, _: &'a Question) -> BoxFuture<'a, Result<Said, Failure>> {
        async {
            self.seen.notify_one();
            self.go.notified().await;
            Ok(self.said.clone())
        }
        .boxed()
    }
}

fn sitting(said: Said) -> (Asks, Arc<Notify>, Arc<Notify>) {
    let (seen, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let person = Sitting { way: Way::Elicitation, said, seen: Arc::clone(&seen), go: Arc::clone(&go) };
    (Asks::Now(Box::new(person)), seen, go)
}

#[tokio::test]
async fn while_a_person_thinks_other_calls_go_on_and_a_cancelled_call_ends() {
    let house = house();
    let arguments = json!({ "workspace_id": external(&house, "Slow", None).await });
    let (asks, seen, _go) = sitting(Said::Named("Slow".to_owned()));
    let cancel = CancellationToken::new();
    let call = house.dispatch.call(Call {
        caller: agent(),
        tool: "delete_workspace".to_owned(),
        arguments: arguments.as_object().unwrap().clone(),
        progress: Progress::default(),
        asks,
        cancel: cancel.clone(),
    });
    let others = async {
        seen.notified().await;
        done(&house, "list_workspaces", &json!({})).await;
        external(&house, "Meanwhile", None).await;
        cancel.cancel();
    };
    let (ended, ()) =
        tokio::time::timeout(Duration::from_secs(10), async { tokio::join!(call, others) }).await.unwrap();
    assert_eq!(code(ended), "CANCELLED");
    assert_eq!(sent(&house, "DELETE"), 0);
    house.dispatch.server().journal.flush().await.unwrap();
    let all = entries(house.home.path());
    assert_eq!((all.intents, all.matched), (4, 4));
}

#[tokio::test]
async fn a_person_at_the_client_counts_where_its_door_is_trusted() {
    let house = house();
    let arguments = json!({ "workspace_id": external(&house, "Here", None).await });
    for (door, said, expected) in [
        (Door::Http, Said::Named("Here".to_owned()), "CONSENT_REQUIRED"),
        (Door::Stdio, Said::Nothing, "CONSENT_REQUIRED"),
        (Door::Stdio, Said::Named("there".to_owned()), "CONSENT_INVALID"),
        (Door::Stdio, Said::Named("Here".to_owned()), "done"),
    ] {
        let (asks, _, go) = sitting(said.clone());
        go.notify_one();
        let caller = Caller::operator("local", door);
        let result = call_as(&house, caller, "delete_workspace", arguments.clone(), asks).await;
        assert_eq!(code(result), expected, "{door:?} {said:?}");
    }
}

#[tokio::test]
async fn whoever_said_no_isnt_asked_the_same_again() {
    let house = house();
    let arguments = json!({ "workspace_id": external(&house, "Kept", None).await });
    let (asks, _, go) = sitting(Said::No);
    go.notify_one();
    let told = text(call_as(&house, agent(), "delete_workspace", arguments.clone(), asks).await);
    assert!(told.starts_with("CONSENT_INVALID: a person said no"), "{told}");
    let (asks, _, _go) = sitting(Said::Named("Kept".to_owned()));
    let told = text(call_as(&house, agent(), "delete_workspace", arguments, asks).await);
    assert!(told.starts_with("CONSENT_INVALID: a person said no"), "{told}");
}

#[tokio::test]
async fn with_no_way_open_it_is_refused_and_nothing_waits() {
    let mut rules: Rules = rules();
    rules.consent.ways = vec![Way::Elicitation];
    let house = House::open(Plan { rules, seeded: true, ..Plan::default() });
    let arguments = json!({ "workspace_id": external(&house, "Kept", None).await });
    let told = text(try_call(&house, "delete_workspace", &arguments).await);
    assert!(told.starts_with("CONSENT_REQUIRED: ") && told.contains("no way to ask is open"), "{told}");
    assert_eq!(done(&house, "list_consents", &json!({})).await["count"], 0);
}

#[tokio::test]
async fn a_yes_counts_in_the_ways_that_the_policy_names_when_it_is_used() {
    let house = house();
    let arguments = json!({ "workspace_id": external(&house, "Kept", None).await });
    let id = asked(try_call(&house, "delete_workspace", &arguments).await);
    agree(&house, &id).await;
    let mut rules = rules();
    rules.consent.ways = vec![Way::Elicitation];
    house.dispatch.server().policy.replace(rules);
    assert_eq!(code(try_call(&house, "delete_workspace", &arguments).await), "CONSENT_INVALID");
    assert_eq!(sent(&house, "DELETE"), 0);
}
