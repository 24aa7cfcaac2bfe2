//! Text from the tenant is data. Three hundred texts that would rather be something else (instructions,
//! fences, JSON, results, errors, hidden characters) are put into every free-text field, and each tool
//! that shows the field is asked through a door: nothing unseen comes out, every fence is ours, one
//! around each text, and no text stands where it doesn't belong.

mod check;
mod corpus;
mod errors;
mod places;
mod said;
mod views;

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};
use molecule_org_mcp::transport::http::{HttpSettings, bind};
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::{House, Plan, http};
use check::Sights;
use corpus::{TEXTS, Text};
use places::{filled, rows};
use views::{REFUSALS, VIEWS, View};

/// Texts in one organisation: as many as an overview names of each kind.
const TOGETHER: usize = 10;

/// A house with its door open.
struct Door {
    url: String,
    house: House,
    _until: DropGuard,
}

impl Door {
    async fn of(house: House) -> Self {
        let settings = HttpSettings {
            listen: "127.0.0.1:0".parse().unwrap(),
            bearer: None,
            allowed_hosts: vec![],
            allowed_origins: vec![],
        };
        let bound = bind(settings, house.dispatch.clone()).await.unwrap();
        let url = format!("http://{}/mcp/json", bound.address());
        let until = CancellationToken::new();
        tokio::spawn(bound.serve(until.clone()));
        Self { url, house, _until: until.drop_guard() }
    }

    /// The result as a client gets it.
    async fn call(&self, tool: &str, arguments: &Value) -> Value {
        let params = json!({ "name": tool, "arguments": arguments });
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }).to_string();
        let (status, answer) = http("POST", &self.url, &[("Content-Type", "application/json")], &body).await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(status, 200, "{tool}: {answer}");
        answer["result"].clone()
    }

    async fn look(&self, view: &View, texts: &[Text]) -> Sights {
        let mut sights = Sights::new();
        let home = &texts[0];
        if view.is_for_each() {
            for text in texts {
                let result = self.call(view.tool, &filled(view.arguments, text, home)).await;
                check::answer(&result, view, texts, &mut sights);
            }
            return sights;
        }
        let mut arguments = filled(view.arguments, home, home);
        loop {
            let result = self.call(view.tool, &arguments).await;
            let answer = check::answer(&result, view, texts, &mut sights);
            match answer.get("next") {
                Some(next) => arguments[if next.is_string() { "cursor" } else { "from" }] = next.clone(),
                None => return sights,
            }
        }
    }

    /// All of the view's fields of all texts are in its answers.
    async fn shows(&self, view: &View, texts: &[Text]) -> usize {
        let sights = self.look(view, texts).await;
        for (path, field, _) in view.paths {
            for text in texts {
                let seen = sights.contains(&(*path, *field, text.number));
                assert!(seen, "{}: text {} isn't at {path} ({field})", view.tool, text.number);
            }
        }
        sights.len()
    }
}

async fn one_organisation(texts: &[Text]) -> BTreeMap<&'static str, usize> {
    let door = Door::of(House::open(Plan::default())).await;
    let home = &texts[0];
    let lines: Vec<String> = texts.iter().flat_map(|text| rows(text, home)).map(|row| row.to_string()).collect();
    door.house.host().seed_lines(&lines.join("\n"));
    for text in texts {
        for (tool, arguments, fields) in REFUSALS {
            check::refusal(&door.call(tool, &filled(arguments, text, home)).await, fields, text);
        }
    }
    let mut seen = BTreeMap::new();
    for view in VIEWS {
        *seen.entry(view.tool).or_default() += door.shows(view, texts).await;
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_stay_in_their_fields() {
    let shown: Vec<_> = stream::iter(TEXTS.chunks(TOGETHER)).map(one_organisation).buffer_unordered(4).collect().await;
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (tool, count) in shown.into_iter().flatten() {
        *seen.entry(tool).or_default() += count;
    }
    let all: usize = seen.values().sum();
    println!("{} texts, {all} sights of them: {seen:?}", TEXTS.len());
}
