//! A call of a call: `call_read_tool`, `start_job` and their like carry another tool's name and arguments. What is
//! inside goes down the road as that tool, under its name; the way only says what it may be.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::tools::effect::Effect;
use crate::tools::ids::Word;
use crate::tools::input;
use crate::tools::tool::Tool;

/// Which tools one of them calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Read,
    Write,
    Dangerous,
    /// Whichever, and doesn't wait for it.
    Job,
}

impl Way {
    /// The tool that calls what this one does at its mildest.
    pub fn of(effect: Effect) -> Self {
        match effect {
            Effect::Read => Self::Read,
            Effect::Write => Self::Write,
            Effect::Destroy | Effect::Escalate => Self::Dangerous,
        }
    }

    pub fn tool(self) -> &'static str {
        match self {
            Self::Read => "call_read_tool",
            Self::Write => "call_write_tool",
            Self::Dangerous => "call_dangerous_tool",
            Self::Job => "start_job",
        }
    }

    /// A tool of another effect is refused. What depends on its arguments may always be called as the
    /// worst that it can be.
    pub fn admits(self, tool: &Tool, effect: Effect) -> Result<(), Failure> {
        let right = Self::of(effect);
        if self == right || self == Self::of(tool.most) {
            return Ok(());
        }
        let name = tool.name;
        let what =
            format!("{name} is of the effect `{}` with these arguments, and {} isn't", effect.as_str(), self.tool());
        Err(Failure::invalid(what).next(format!("Call {name} with {}.", right.tool())))
    }
}

/// What they take.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Through {
    /// Its name, from find_tools.
    // `name` is what find_tools and the protocol call it.
    #[serde(alias = "name")]
    tool: Word,
    /// Its arguments, as its input schema says.
    #[serde(default, deserialize_with = "object")]
    #[schemars(with = "Map<String, Value>")]
    arguments: Map<String, Value>,
}

impl Through {
    /// The tool inside, and its arguments.
    pub fn open(outer: &Tool, arguments: Map<String, Value>) -> Result<(String, Map<String, Value>), Failure> {
        let inner: Self = input::read(outer, arguments)?;
        Ok((inner.tool.to_string(), inner.arguments))
    }
}

/// An object, or its JSON as text, which is all that some clients can send.
fn object<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Map<String, Value>, D::Error> {
    let expected = || serde::de::Error::custom("expected an object");
    match Value::deserialize(deserializer)? {
        Value::Object(fields) => Ok(fields),
        Value::Null => Ok(Map::new()),
        Value::String(text) => serde_json::from_str(&text).map_err(|_| expected()),
        _ => Err(expected()),
    }
}
