//! What a person is shown of a tree of org keys, and that a yes is for these keys and no more.

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{agree, asked, code, done, house, text, try_call};

#[tokio::test]
async fn a_tree_is_shown_whole_and_a_yes_is_for_what_was_shown() {
    let house = house();
    let host = house.host();
    let mint = async |with: &str, name: &str| {
        let (_, told) = host.ask("POST", "/org/tokens", with, json!({ "name": name })).await;
        told["auth_token"].as_str().unwrap().to_owned()
    };
    let root = mint(host.key.expose_secret(), "root").await;
    let branch = mint(&root, "branch").await;
    mint(&branch, "leaf").await;
    let arguments = json!({ "key": root[..8] });
    let id = asked(try_call(&house, "revoke_key_tree", &arguments).await);
    let (question, _) = house.dispatch.server().consents.get(&id, chrono::Utc::now()).await.unwrap().unwrap();
    let shown = question.preview.text();
    for words in [format!("{} \"root\"", &root[..8]), format!("└─ {} \"branch\"", &branch[..8]), "   └─ ".to_owned()]
    {
        assert!(shown.contains(&words), "no {words:?} in {shown}");
    }
    agree(&house, &id).await;
    // It grows while the person thinks.
    mint(&branch, "late").await;
    let refused = try_call(&house, "revoke_key_tree", &arguments).await;
    assert!(text(refused).contains("the keys of the tree"));
    assert_eq!(host.ask("GET", "/org/tokens", &root, Value::Null).await.0, 200);

    let id = asked(try_call(&house, "revoke_key_tree", &arguments).await);
    agree(&house, &id).await;
    assert_eq!(done(&house, "revoke_key_tree", &arguments).await["revoked"], 4);
    assert_eq!(code(try_call(&house, "revoke_key_tree", &arguments).await), "NOT_FOUND");
    assert_eq!(host.ask("GET", "/org/tokens", &root, Value::Null).await.0, 401);
}
