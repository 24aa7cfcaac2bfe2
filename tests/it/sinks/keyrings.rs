//! `keyring:NAME`. The real one needs a Secret Service, which `./test` starts; the rest is about machines
//! that have none.

use futures_util::future::join_all;
use secrecy::ExposeSecret;
use serde_json::json;

use super::{STEWARD, house, mint, opens, values};
use crate::faults::{FaultyTenant, Reply};
use crate::process::{ended, towards};
use crate::support::{House, Plan};

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_machine_without_a_keyring_says_so_and_nothing_is_changed() {
    let house = house();
    let data = tempfile::tempdir().unwrap();
    for arguments in [
        ["call", "mint_org_key", "name=ci", "sink=keyring:ci"],
        ["call", "set_global_secret", "key=A", "source=keyring:ci"],
    ] {
        let mut call = towards(&house.host().url, house.host().key.expose_secret(), data.path());
        call.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/at/all");
        let ended = ended(call, &arguments).await;
        assert_eq!(ended.code, 1, "{}", ended.err);
        assert!(ended.err.contains("PRECONDITION_FAILED: this machine has no keyring that answers"), "{}", ended.err);
        assert!(ended.err.contains("Name another kind of place"), "{}", ended.err);
    }
    assert!(house.host().asked().iter().all(|asked| asked.method == "GET"));
}

fn new_name() -> String {
    format!("test-{}", uuid::Uuid::new_v4())
}

#[tokio::test]
#[ignore = "needs a Secret Service; ./test starts one"]
async fn a_key_goes_into_the_keyring_once_and_comes_out_of_it() {
    let (house, name) = (house(), new_name());
    let minted = mint(&house, &format!("keyring:{name}")).await;
    assert_eq!(minted["location"], format!("the keyring's entry {name}"));
    let wish = json!({ "workspace_id": STEWARD, "key": "KEPT", "source": format!("keyring:{name}") });
    house.call("set_secret", wish).await;
    let kept = values(&house, STEWARD).await["KEPT"].as_str().unwrap().to_owned();
    assert!(opens(&house, &kept).await && kept.starts_with(minted["prefix"].as_str().unwrap()));

    let asked = house.host().asked().len();
    let again = house.refusal("mint_org_key", json!({ "name": "ci", "sink": format!("keyring:{name}") })).await;
    assert!(again.starts_with("CONFLICT: ") && again.contains("nothing is overwritten"), "{again}");
    assert!(house.host().asked()[asked..].iter().all(|asked| asked.method == "GET"));
}

#[tokio::test]
#[ignore = "needs a Secret Service; ./test starts one"]
async fn an_entry_that_was_reserved_goes_when_nothing_is_minted() {
    let sink = format!("keyring:{}", new_name());
    let tenant = FaultyTenant::start(|seen| match seen.method.as_str() {
        "GET" => Reply::json(200, &json!({ "tokens": [] })),
        _ => Reply::json(403, &json!({ "error": "no" })),
    })
    .await;
    let refusing = House::before(&tenant.url(), Plan::default());
    let text = refusing.refusal("mint_org_key", json!({ "name": "ci", "sink": sink })).await;
    assert!(text.starts_with("FORBIDDEN_BY_TENANT: "), "{text}");
    let house = house();
    let wish = json!({ "workspace_id": STEWARD, "key": "KEPT", "source": sink });
    let text = house.refusal("set_secret", wish).await;
    assert!(text.contains("the keyring has no entry of that name"), "{text}");
    mint(&house, &sink).await;
}

#[tokio::test]
#[ignore = "needs a Secret Service; ./test starts one"]
async fn of_many_at_once_one_gets_the_entry_and_no_other_key_lives() {
    let (house, sink) = (house(), format!("keyring:{}", new_name()));
    let ended =
        join_all((0..4).map(|_| house.try_call("mint_org_key", json!({ "name": "racing", "sink": sink })))).await;
    let won = ended.iter().filter(|ended| ended.is_ok()).count();
    let keys = house.call("list_org_keys", json!({ "limit": 100 })).await;
    let live = keys["items"].as_array().unwrap().iter().filter(|key| key["name"] == "racing").count();
    assert_eq!((won, live), (1, 1));
}
