//! What a page is, for whom, and what becomes of it, in words that the other rooms use.

use chrono::{DateTime, Utc};

/// Which call a page is made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purpose {
    pub tenant: String,
    /// `Caller::identity`.
    pub caller: String,
    pub tool: String,
    /// What the credential is called, or what the value is for.
    pub about: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It shows a credential.
    Sink,
    /// It asks for a value.
    Source,
}

/// What whoever uses a page has to bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    Code,
    Bearer,
}

/// What they brought.
pub enum Brought<'a> {
    Code(&'a str),
    /// Whether it is the owner's.
    Bearer(bool),
}

/// A page as whoever has its link may see it.
#[derive(Clone, Debug)]
pub struct Page {
    pub id: String,
    pub kind: Kind,
    pub purpose: Purpose,
    /// The first characters of what waits on it.
    pub prefix: Option<String>,
    pub wants: Wants,
    pub until: DateTime<Utc>,
    pub standing: Standing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// For a person.
    Waiting,
    /// A value was typed in and isn't used yet.
    Filled,
    /// Used, or over.
    Gone,
}

/// What became of an attempt to use a page.
#[derive(Debug)]
pub enum Tried<T> {
    Done(T),
    Wrong { left: u32 },
    Gone,
}

/// Where a page is, in words that may be told to anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub url: String,
    pub until: DateTime<Utc>,
    pub(super) wants: Wants,
}

impl Link {
    pub fn text(&self) -> String {
        let until = self.until.format("%Y-%m-%dT%H:%M:%SZ");
        let with = match self.wants {
            Wants::Code => "the code on the server's stderr",
            Wants::Bearer => "the owner's bearer",
        };
        format!("{} (a page for a person, once, until {until}, with {with})", self.url)
    }

    /// The id of the page at an address.
    pub fn id_in(url: &str) -> &str {
        url.rsplit('/').next().unwrap_or_default()
    }
}

/// A credential that nobody revealed in time, and that therefore nobody holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unheld {
    pub id: String,
    pub prefix: String,
    /// It is a token of this workspace; otherwise an org key.
    pub workspace: Option<String>,
}

/// Where a call's wanted value stands.
#[derive(Debug)]
pub enum Wanted {
    Filled,
    Waits(Link),
}
