//! Agents elsewhere: the setup command is really run, by sh and curl, against the tenant.

use std::process::{Command, Output};
use std::time::Duration;

use serde_json::{Value, json};

use super::{beats, external, names, open, refused, running};
use crate::support::House;

pub async fn scene(house: &House) {
    let partner = external(house, "Field Partner", None).await;
    let it = json!({ "workspace_id": partner });
    let listed = house.call("list_remote_agents", json!({})).await;
    assert!(names(&listed["items"]).contains(&"Field Partner"), "{listed}");
    let state = house.call("get_remote_agent_state", it.clone()).await;
    assert_eq!((&state["external"], &state["paused"], &state["deleted"]), (&json!(true), &json!(false), &json!(false)));
    let fresh = house.call("check_remote_agent_freshness", it.clone()).await;
    assert_eq!((&fresh["freshness"], &fresh["threshold_seconds"]), (&json!("unknown"), &json!(90)), "{fresh}");
    let setup = house.call("get_remote_agent_setup_command", it.clone()).await;
    assert!(setup["command"].as_str().unwrap().contains("https://agent.example"), "{setup}");
    assert!(setup["notes"][0].as_str().unwrap().contains("create_workspace_token"), "{setup}");
    house.call("delete_workspace", it.clone()).await;
    let gone = house.call("get_remote_agent_state", it).await;
    assert_eq!(gone["deleted"], true);
}

/// By a shell, where one may wait for it without holding the tenant up.
async fn run(command: &Value, variables: &[(&str, &str)]) -> Output {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command.as_str().unwrap()).env_remove("WORKSPACE_AUTH_TOKEN").env_remove("AGENT_URL");
    shell.envs(variables.iter().copied());
    tokio::task::spawn_blocking(move || shell.output().unwrap()).await.unwrap()
}

fn has_curl() -> bool {
    Command::new("curl").arg("--version").output().is_ok()
}

#[tokio::test]
async fn the_setup_command_registers_the_agent() {
    if !has_curl() {
        println!("there is no curl here to run it");
        return;
    }
    let house = open();
    let odd = "Bob's \"$(exit 3)\" `x` \\ agent";
    let made = json!({ "name": odd, "external": true, "sink": "file:bob's token" });
    let made = house.call("create_workspace", made).await;
    let (it, place) = (json!({ "workspace_id": made["id"] }), made["delivered"]["location"].as_str().unwrap());
    let token = std::fs::read_to_string(place).unwrap().trim().to_owned();

    let asked = json!({ "workspace_id": made["id"], "agent_url": "https://bob.example/a?b=1", "source": format!("file:{place}") });
    let setup = house.call("get_remote_agent_setup_command", asked).await;
    assert!(!setup.to_string().contains(&token), "{setup}");
    let done = run(&setup["command"], &[]).await;
    assert!(done.status.success(), "{setup:#} {done:?}");
    assert_eq!(serde_json::from_slice::<Value>(&done.stdout).unwrap(), json!({ "status": "registered" }));
    let now = house.call("get_workspace", it.clone()).await;
    assert_eq!((&now["status"], &now["url"]), (&json!("online"), &json!("https://bob.example/a?b=1")));
    assert_eq!(now["agent_card"]["name"], odd);
    let done = run(&setup["heartbeat"], &[]).await;
    assert!(done.status.success(), "{done:?}");

    // The same with everything in the environment, and by a plain name in the server's own directory.
    let mut another = json!({ "name": "Another", "external": true, "sink": "file:another" });
    let made = house.call("create_workspace", another.take()).await;
    let place = made["delivered"]["location"].as_str().unwrap();
    let token = std::fs::read_to_string(place).unwrap().trim().to_owned();
    let setup = house.call("get_remote_agent_setup_command", json!({ "workspace_id": made["id"] })).await;
    assert!(setup["notes"].to_string().contains("AGENT_URL"), "{setup}");
    assert!(
        !run(&setup["command"], &[("AGENT_URL", "https://other.example")]).await.status.success(),
        "without a token"
    );
    assert!(!run(&setup["command"], &[("WORKSPACE_AUTH_TOKEN", &token)]).await.status.success(), "without an address");
    let variables = [("WORKSPACE_AUTH_TOKEN", token.as_str()), ("AGENT_URL", "https://other.example")];
    assert!(run(&setup["command"], &variables).await.status.success(), "{setup:#}");
    let now = house.call("get_workspace", json!({ "workspace_id": made["id"] })).await;
    assert_eq!(now["url"], "https://other.example");
    let by_name = json!({ "workspace_id": made["id"], "source": "file:another" });
    let setup = house.call("get_remote_agent_setup_command", by_name).await;
    assert!(run(&setup["heartbeat"], &[]).await.status.success(), "{setup:#}");
}

#[tokio::test]
async fn a_container_isnt_taken_over() {
    let house = open();
    let worker = running(&house, "Worker").await;
    let text = house.refusal("get_remote_agent_setup_command", json!({ "workspace_id": worker })).await;
    refused(&text, "CONFLICT", &["in a container", "external: true"]);
    let partner = external(&house, "Partner", None).await;
    for (more, words) in [
        (json!({ "agent_url": "https://a' ; reboot" }), "an http or https address"),
        (json!({ "source": "the token itself" }), "expected `env:NAME`, `file:NAME`"),
        (json!({ "source": "keyring:x" }), "a shell on the agent's machine can read"),
        (json!({ "source": "env:1X" }), "begins with a digit"),
        (json!({ "platform_url_override": "not an address" }), "an http or https address"),
    ] {
        let mut arguments = more;
        arguments["workspace_id"] = partner.clone().into();
        let text = house.refusal("get_remote_agent_setup_command", arguments).await;
        refused(&text, "INVALID_INPUT", &[words]);
        assert!(!text.contains("the token itself") && !text.contains("reboot"), "{text}");
    }
    let override_ = json!({ "workspace_id": partner, "platform_url_override": "https://acme.example/" });
    let setup = house.call("get_remote_agent_setup_command", override_).await;
    assert!(setup["command"].as_str().unwrap().contains("'https://acme.example/registry/register'"), "{setup}");
    let blank = json!({ "workspace_id": partner, "platform_url_override": "" });
    house.call("get_remote_agent_setup_command", blank).await;
}

#[tokio::test]
async fn listening_hears_a_heartbeat() {
    let house = open();
    let partner = external(&house, "Partner", None).await;
    let asked = json!({ "workspace_id": partner, "threshold_seconds": 20, "listen": true });
    let (heard, ()) = tokio::join!(house.call("check_remote_agent_freshness", asked), async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        beats(&house, json!({ "workspace_id": partner, "uptime_seconds": 7 })).await;
    });
    assert_eq!(heard["freshness"], "fresh", "{heard}");
    assert!(heard["why"].as_str().unwrap().contains("uptime"), "{heard}");
    let asked = json!({ "workspace_id": partner, "threshold_seconds": 0.5, "listen": true });
    let silent = house.call("check_remote_agent_freshness", asked).await;
    assert_eq!((&silent["freshness"], &silent["threshold_seconds"]), (&json!("stale"), &json!(1)), "{silent}");
}
