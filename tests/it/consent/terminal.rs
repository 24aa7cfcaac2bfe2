//! The operator's side: commands on the data directory. What wants a terminal is tested in one, in
//! tests/clients/python.

use serde_json::json;

use super::{agree, asked, external, house, try_call};
use crate::process::{Running, command, ended};

#[tokio::test]
async fn what_waits_is_listed_from_another_process() {
    let house = house();
    let arguments = json!({ "workspace_id": external(&house, "Old", None).await });
    let id = asked(try_call(&house, "delete_workspace", &arguments).await);
    let listed = ended(command(house.home.path()), &["consents", "list", "--json"]).await;
    assert_eq!((listed.code, &listed.json()[0]["id"]), (0, &json!(id)), "{}", listed.err);
    assert_eq!(listed.json()[0]["caller"], "local/stdio");
    let listed = ended(command(house.home.path()), &["consents", "list"]).await;
    assert!(listed.out.contains(&id) && listed.out.contains("Workspace \"Old\""), "{}", listed.out);
    agree(&house, &id).await;
    assert_eq!(ended(command(house.home.path()), &["consents", "list", "--json"]).await.json(), json!([]));
}

#[tokio::test]
async fn agreeing_wants_a_terminal_and_refusing_doesnt() {
    let house = house();
    let arguments = json!({ "workspace_id": external(&house, "Old", None).await });
    let id = asked(try_call(&house, "delete_workspace", &arguments).await);
    for arguments in [vec!["consents", "agree", &id], vec!["consents", "passphrase"]] {
        let refused = ended(command(house.home.path()), &arguments).await;
        assert_eq!(refused.code, 3, "{}", refused.err);
        assert!(refused.err.contains("terminal"), "{}", refused.err);
    }
    assert_eq!(ended(command(house.home.path()), &["consents", "refuse", "ZZZZZZZZ"]).await.code, 1);
    assert_eq!(ended(command(house.home.path()), &["consents", "refuse", &id.to_lowercase()]).await.code, 0);
    assert_eq!(super::code(try_call(&house, "delete_workspace", &arguments).await), "CONSENT_INVALID");
}

#[tokio::test]
async fn a_fresh_directory_has_nothing_waiting() {
    let home = tempfile::tempdir().unwrap();
    let listed = ended(command(home.path()), &["consents", "list", "--json"]).await;
    assert_eq!((listed.code, listed.json()), (0, json!([])), "{}", listed.err);
}

#[tokio::test]
async fn call_without_a_terminal_ends_with_three() {
    let home = tempfile::tempdir().unwrap();
    let call = |arguments: &'static [&'static str]| ended(command(home.path()), arguments);
    assert_eq!(call(&["call", "--embedded", "mint_org_key", "name=ci"]).await.code, 3);
    // The server of an agent sees the same state.
    let mut server = Running::start(command(home.path()), &["stdio", "--embedded"]);
    server.greet();
    server.call(1, "list_consents", json!({}));
    assert_eq!(server.answer()["result"]["structuredContent"]["items"][0]["tool"], "mint_org_key");
}
