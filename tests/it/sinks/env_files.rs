//! `env_file:FILE#VARIABLE`.

use std::fs;

use super::{house, mint, mints_nothing, opens, private};

#[tokio::test]
async fn a_key_stands_in_its_variable_and_the_rest_stays() {
    let house = house();
    let first = mint(&house, "env_file:app.env#ORG_KEY").await;
    let path = fs::canonicalize(house.home.path().join("credentials/app.env")).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let key = text.strip_prefix("ORG_KEY=").unwrap().trim_end();
    assert!(opens(&house, key).await);
    assert_eq!(first["sink"], "env_file:app.env#ORG_KEY");
    assert_eq!(first["location"], format!("variable ORG_KEY in {}", path.display()));
    assert!(!first.to_string().contains(key));

    private(&path, &format!("# app\nA=1\nexport ORG_KEY={key} # ours\n"));
    let second = mint(&house, "env_file:app.env#ORG_KEY").await;
    assert!(second["location"].as_str().unwrap().contains("ORG_KEY (replaced) in "), "{second}");
    let text = fs::read_to_string(&path).unwrap();
    let new = text.strip_prefix("# app\nA=1\nexport ORG_KEY=").unwrap().strip_suffix(" # ours\n").unwrap();
    assert!(new != key && opens(&house, new).await, "{text}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_cannot_hold_it_is_refused_before_anything_is_minted() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let house = house();
    let directory = house.home.path().join("credentials");
    fs::create_dir(&directory).unwrap();
    private(&directory.join("open.env"), "A=1\n");
    fs::set_permissions(directory.join("open.env"), fs::Permissions::from_mode(0o644)).unwrap();
    private(&directory.join("key"), "q7RzB2ne\n");
    private(&directory.join("odd.env"), "A=\"never closed\n");
    symlink(directory.join("key"), directory.join("link.env")).unwrap();
    for (file, told) in [
        ("open.env", "chmod 600"),
        ("key", "isn't a file of variables"),
        ("odd.env", "never closed"),
        ("link.env", "isn't a plain file"),
        ("/etc/environment", "isn't in a directory"),
    ] {
        let text = mints_nothing(&house, &format!("env_file:{file}#KEY")).await;
        assert!(text.contains(told), "{file}: {text}");
    }
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 4, "a draft stayed behind");
}

/// The file goes bad while the tenant mints.
#[tokio::test]
async fn a_key_that_cannot_be_written_any_more_is_revoked() {
    use std::path::PathBuf;
    use std::sync::{Arc, Mutex};

    use serde_json::json;

    use crate::faults::{FaultyTenant, Reply};
    use crate::support::{House, Plan};

    const ID: &str = "9d2c7a41-86f3-4e0b-b1a5-7c64e2f09d18";
    let place = Arc::new(Mutex::new(PathBuf::new()));
    let spoilt = Arc::clone(&place);
    let tenant = FaultyTenant::start(move |seen| match seen.method.as_str() {
        "POST" => {
            private(&spoilt.lock().unwrap().join("app.env"), "A='never closed\n");
            Reply::json(201, &json!({ "id": ID, "prefix": "abcdefgh", "auth_token": "abcdefgh".repeat(5) }))
        }
        "GET" => Reply::json(200, &json!({ "tokens": [] })),
        _ => Reply::json(200, &json!({ "status": "revoked" })),
    })
    .await;
    let house = House::before(&tenant.url(), Plan::default());
    *place.lock().unwrap() = house.home.path().join("credentials");
    let text = house.refusal("mint_org_key", json!({ "name": "ci", "sink": "env_file:app.env#KEY" })).await;
    assert!(text.contains("never closed") && text.contains("revoked at once"), "{text}");
    assert!(tenant.seen().iter().any(|seen| seen.method == "DELETE" && seen.path.ends_with(ID)));
}
