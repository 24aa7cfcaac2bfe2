//! A yes to an import is for a template as it was shown, and not for whatever a name leads to later.

use serde_json::json;

use super::{agree, asked, done, house, sent, text, try_call};

const TEMPLATE: &str = "name: T\nworkspaces:\n- {name: A, external: true, url: 'https://a.example', tier: 4, \
                        workspace_dir: /srv/data, workspace_access: read_write}\n";

#[tokio::test]
async fn a_yes_is_for_the_template_as_it_was_shown() {
    let house = house();
    let folder = house.home.path().join("credentials");
    std::fs::create_dir_all(&folder).unwrap();
    let (file, arguments) = (folder.join("org.yaml"), json!({ "file": "org.yaml" }));
    std::fs::write(&file, TEMPLATE.replace("tier: 4", "tier: 1")).unwrap();
    let id = asked(try_call(&house, "import_org", &arguments).await);
    let (question, _) = house.dispatch.server().consents.get(&id, chrono::Utc::now()).await.unwrap().unwrap();
    let shown = question.preview.text();
    for words in ["workspaces that it creates: 1.", "highest tier: 1.", "mounts: \"/srv/data (read_write)\"."] {
        assert!(shown.contains(words), "no {words:?} in {shown}");
    }
    agree(&house, &id).await;
    std::fs::write(&file, TEMPLATE).unwrap();
    let told = text(try_call(&house, "import_org", &arguments).await);
    assert!(told.starts_with("CONSENT_INVALID: ") && told.contains("highest tier"), "{told}");
    assert_eq!(sent(&house, "POST"), 0);
    let id = asked(try_call(&house, "import_org", &arguments).await);
    agree(&house, &id).await;
    assert_eq!(done(&house, "import_org", &arguments).await["count"], 1);
}

#[tokio::test]
async fn nobody_is_asked_about_a_template_that_isnt_there() {
    let house = house();
    for arguments in [json!({ "file": "nothere.yaml" }), json!({ "template": "nothere" })] {
        let told = text(try_call(&house, "import_org", &arguments).await);
        assert!(!told.starts_with("CONSENT"), "{told}");
    }
}
