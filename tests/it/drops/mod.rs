//! One-time pages, through the doors: a credential is revealed once, a value is used once, and what nobody
//! fetched is revoked.

mod ends;
mod pages;
mod processes;
mod values;

use std::net::SocketAddr;

use molecule_org_mcp::transport::http::{HttpSettings, bind};
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::{self, House, Plan};

const OWNER: &str = "the-owners-bearer";
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

/// A house with its HTTP door open.
pub struct Place {
    pub house: House,
    pub address: SocketAddr,
    _until: DropGuard,
}

impl Place {
    pub async fn open(bearer: Option<&str>) -> Self {
        let house = House::open(Plan::default());
        let settings = HttpSettings {
            listen: "127.0.0.1:0".parse().unwrap(),
            bearer: bearer.map(Into::into),
            allowed_hosts: vec![],
            allowed_origins: vec![],
        };
        let bound = bind(settings, house.dispatch.clone()).await.unwrap();
        let (address, until) = (bound.address(), CancellationToken::new());
        tokio::spawn(bound.serve(until.clone()));
        Self { house, address, _until: until.drop_guard() }
    }

    /// Mints to a page: the answer, and the page's address.
    pub async fn mint(&self, name: &str) -> (Value, String) {
        let minted = self.house.call("mint_org_key", json!({ "name": name, "sink": "drop" })).await;
        let link = link(&minted);
        (minted, link)
    }

    /// The code that the operator was told last.
    pub fn code(&self) -> String {
        let told = std::fs::read_to_string(self.house.home.path().join("told")).unwrap();
        told.trim_end().rsplit("code: ").next().unwrap().to_owned()
    }
}

pub fn link(answer: &Value) -> String {
    answer["location"].as_str().unwrap().split(' ').next().unwrap().to_owned()
}

pub async fn post(link: &str, form: &str) -> (u16, String) {
    support::http("POST", link, &[FORM], form).await
}

pub async fn get(link: &str) -> (u16, String) {
    support::http("GET", link, &[], "").await
}

/// What a page that reveals something reveals.
pub fn revealed(page: &str) -> &str {
    let (_, rest) = page.split_once("<textarea").expect("a page that reveals");
    rest.split_once(">\n").unwrap().1.split_once("</textarea>").unwrap().0
}
