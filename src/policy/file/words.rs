//! What may stand in the policy file besides plain switches: tools by their own names, lists of
//! toolsets, counts.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::anchor::Anchor;
use crate::toml_file;
use crate::tools::catalogue::Catalogue;
use crate::tools::toolset::Toolset;
use crate::webhooks::SecretPlace;
use crate::webhooks::endpoint::Address;

type Name = &'static str;

/// A tool that there is, by its own name.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Known(pub(super) Name);

impl<'de> Deserialize<'de> for Known {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        toml_file::word(deserializer, tool).map(Self)
    }
}

fn tool(name: &str) -> Result<Name, String> {
    let catalogue = Catalogue::new();
    match catalogue.find(name).map(|entry| entry.tool.name) {
        Some(own) if own == name => Ok(own),
        Some(own) => Err(format!("`{name}` is another name of `{own}`; write that one")),
        None => Err(match catalogue.nearest(name) {
            Some(near) => format!("unknown tool `{name}`; did you mean `{near}`?"),
            None => format!("unknown tool `{name}`; `molecule-org-mcp tools` lists them"),
        }),
    }
}

/// A tool that does more than read. Nobody is ever asked before a read, so a rule for one would be an
/// empty promise.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Changing(pub(super) Name);

impl<'de> Deserialize<'de> for Changing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        toml_file::word(deserializer, changing).map(Self)
    }
}

fn changing(name: &str) -> Result<Name, String> {
    let name = tool(name)?;
    match Catalogue::new().find(name) {
        Some(entry) if entry.tool.most.is_read() => {
            Err(format!("`{name}` only reads, and nobody is asked before that"))
        }
        _ => Ok(name),
    }
}

/// `"all"`, or a list of toolsets.
#[derive(Default)]
pub(super) struct Toolsets(pub(super) BTreeSet<Toolset>);

impl<'de> Deserialize<'de> for Toolsets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Listed)
    }
}

struct Listed;

impl<'de> Visitor<'de> for Listed {
    type Value = Toolsets;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"all\", or a list of toolsets")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Toolsets, E> {
        Ok(Toolsets(names(text).map_err(E::custom)?))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Toolsets, A::Error> {
        let mut all = BTreeSet::new();
        while let Some(Named(some)) = items.next_element()? {
            all.extend(some);
        }
        Ok(Toolsets(all))
    }
}

struct Named(BTreeSet<Toolset>);

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        toml_file::word(deserializer, names).map(Self)
    }
}

fn names(text: &str) -> Result<BTreeSet<Toolset>, String> {
    Ok(Toolset::parse_list(text)?.into_iter().collect())
}

/// Where the journal's checkpoints go, too.
pub(super) struct Elsewhere(pub(super) Anchor);

impl<'de> Deserialize<'de> for Elsewhere {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        toml_file::word(deserializer, Anchor::parse).map(Self)
    }
}

/// Where a webhook's events go.
pub(super) struct Receiver(pub(super) Address);

impl<'de> Deserialize<'de> for Receiver {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        toml_file::word(deserializer, Address::parse).map(Self)
    }
}

/// Where the secret is that they are signed with.
pub(super) struct Signing(pub(super) SecretPlace);

impl<'de> Deserialize<'de> for Signing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        toml_file::word(deserializer, SecretPlace::parse).map(Self)
    }
}

/// So many; 0 is no limit.
#[derive(Deserialize)]
#[serde(try_from = "toml::Value")]
pub(super) struct Count(pub(super) Option<u32>);

impl TryFrom<toml::Value> for Count {
    type Error = &'static str;

    fn try_from(value: toml::Value) -> Result<Self, Self::Error> {
        let whole = value.as_integer().and_then(|number| u32::try_from(number).ok());
        let count = whole.ok_or("expected a whole number; 0 is no limit")?;
        Ok(Self((count > 0).then_some(count)))
    }
}
