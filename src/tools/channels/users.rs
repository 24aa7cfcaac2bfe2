//! Who may write to a channel's agent.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::tools::ids::Word;

const MOST: usize = 500;

/// Their ids in the service, in a list; or what the users of another server are used to, in one text with
/// commas between.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(try_from = "Given", into = "Vec<Word>")]
pub struct Users(Vec<Word>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Given {
    List(Vec<Word>),
    Text(String),
}

impl TryFrom<Given> for Users {
    type Error = String;

    fn try_from(given: Given) -> Result<Self, Self::Error> {
        let users = match given {
            Given::List(users) => users,
            Given::Text(text) => {
                let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
                let users: Result<Vec<Word>, _> = names.map(|name| Word::try_from(name.to_owned())).collect();
                users?
            }
        };
        if users.len() <= MOST { Ok(Self(users)) } else { Err(format!("expected at most {MOST} users")) }
    }
}

impl From<Users> for Vec<Word> {
    fn from(users: Users) -> Self {
        users.0
    }
}

impl Users {
    pub fn are(&self, told: Option<&Vec<String>>) -> bool {
        let told = told.map(Vec::as_slice).unwrap_or_default();
        self.0.iter().map(Word::as_str).eq(told.iter().map(String::as_str))
    }
}

impl JsonSchema for Users {
    fn schema_name() -> Cow<'static, str> {
        "Users".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": { "type": "string" } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn a_list_and_a_text_say_the_same() {
        let read = |given: Value| serde_json::from_value::<Users>(given).map(|users| json!(users));
        for given in [json!(["1111", "2222"]), json!("1111, 2222,,")] {
            assert_eq!(read(given).unwrap(), json!(["1111", "2222"]));
        }
        assert_eq!(read(json!("")).unwrap(), json!([]));
        for wrong in [json!(7), json!([""]), json!(vec!["u"; MOST + 1])] {
            assert!(read(wrong).is_err());
        }
    }
}
