//! One yes for a whole fleet: for exactly this list, and not for what it became since.

use serde_json::json;

use super::{agree, asked, done, external, house, sent, text, try_call};

#[tokio::test]
async fn a_yes_is_for_the_whole_list_as_it_was_shown() {
    let house = house();
    let lead = external(&house, "Lead", None).await;
    for n in 0..12 {
        external(&house, &format!("Member {n}"), Some(&lead)).await;
    }
    let made = sent(&house, "POST");
    let arguments = json!({ "subtree": lead, "interrupting": true });
    let id = asked(try_call(&house, "pause_workspaces", &arguments).await);
    let (question, _) = house.dispatch.server().consents.get(&id, chrono::Utc::now()).await.unwrap().unwrap();
    let shown = question.preview.text();
    assert!(shown.contains("Workspaces: 13, of which 0 run tasks:"), "{shown}");
    for name in (0..12).map(|n| format!("\"Member {n}\"")).chain(["\"Lead\"".to_owned()]) {
        assert!(shown.contains(&name), "no {name} in {shown}");
    }
    agree(&house, &id).await;
    let late = external(&house, "Late", Some(&lead)).await;
    let told = text(try_call(&house, "pause_workspaces", &arguments).await);
    assert!(told.starts_with("CONSENT_INVALID: ") && told.contains("the list of workspaces"), "{told}");
    assert_eq!(sent(&house, "POST"), made + 1, "nothing but the late one was made");

    let id = asked(try_call(&house, "pause_workspaces", &arguments).await);
    agree(&house, &id).await;
    let report = done(&house, "pause_workspaces", &arguments).await;
    assert_eq!((&report["done"], &report["failed"]), (&json!(14), &json!(0)), "{report}");
    assert!(report.to_string().contains(&late));
    let once = try_call(&house, "pause_workspaces", &arguments).await;
    assert_ne!(asked(once), id, "each yes works once");
}

#[tokio::test]
async fn going_on_is_agreed_to_anew() {
    let house = house();
    let one = external(&house, "One", None).await;
    let arguments = json!({ "workspace_ids": [one], "key": "A", "source": "env:PATH" });
    let id = asked(try_call(&house, "set_secret_everywhere", &arguments).await);
    agree(&house, &id).await;
    let gone =
        json!({ "workspace_ids": [one, "00000000-0000-4000-8000-000000000000"], "key": "A", "source": "env:PATH" });
    let other = asked(try_call(&house, "set_secret_everywhere", &gone).await);
    let (question, _) = house.dispatch.server().consents.get(&other, chrono::Utc::now()).await.unwrap().unwrap();
    assert!(question.preview.text().contains("1 more aren't there."), "{}", question.preview.text());
    agree(&house, &other).await;
    let report = done(&house, "set_secret_everywhere", &gone).await;
    assert_eq!((&report["done"], &report["failed"]), (&json!(1), &json!(1)), "{report}");
    let resume = json!({ "resume": report["resume"], "key": "A", "source": "env:PATH" });
    asked(try_call(&house, "set_secret_everywhere", &resume).await);
}
