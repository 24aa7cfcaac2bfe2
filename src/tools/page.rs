//! Pages of a list that the tenant gives whole: a limit, and a cursor that names the last item seen,
//! so that items added or removed in between neither repeat nor hide others.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// How many items one answer holds: 1 to `MOST`, `USUAL` where nothing is said.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "u32")]
pub struct Limit<const USUAL: u32, const MOST: u32>(u32);

impl<const USUAL: u32, const MOST: u32> Limit<USUAL, MOST> {
    pub fn get(self) -> u32 {
        self.0
    }
}

impl<const USUAL: u32, const MOST: u32> Default for Limit<USUAL, MOST> {
    fn default() -> Self {
        Self(USUAL)
    }
}

impl<const USUAL: u32, const MOST: u32> TryFrom<u32> for Limit<USUAL, MOST> {
    type Error = String;

    fn try_from(number: u32) -> Result<Self, Self::Error> {
        if (1..=MOST).contains(&number) { Ok(Self(number)) } else { Err(format!("expected a number from 1 to {MOST}")) }
    }
}

impl<const USUAL: u32, const MOST: u32> JsonSchema for Limit<USUAL, MOST> {
    fn schema_name() -> Cow<'static, str> {
        format!("Limit{USUAL}Of{MOST}").into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL })
    }
}

/// Where a list goes on. Opaque to a caller: it goes back as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cursor(String);

impl Cursor {
    pub fn after(last: impl ToString) -> Self {
        Self(last.to_string())
    }

    pub fn last(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Cursor {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| EXPECTED)?;
        String::from_utf8(bytes).ok().filter(|last| last.len() <= 128).map(Self).ok_or(EXPECTED)
    }
}

const EXPECTED: &str = "expected a cursor as `next` gave it";

impl From<Cursor> for String {
    fn from(cursor: Cursor) -> Self {
        URL_SAFE_NO_PAD.encode(cursor.0)
    }
}

impl JsonSchema for Cursor {
    fn schema_name() -> Cow<'static, str> {
        "Cursor".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// A page, and how to get the next.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// How many there are in all, with these filters.
    pub count: usize,
    /// Pass it as `cursor` for the rest; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// Cuts a page out of the whole list, which must come in the same order each time.
    pub fn cut(all: Vec<T>, limit: u32, cursor: Option<&Cursor>, id: impl Fn(&T) -> &str) -> Result<Self, Failure> {
        let count = all.len();
        let start = match cursor {
            None => 0,
            Some(cursor) => {
                let seen = all.iter().position(|item| id(item) == cursor.last());
                seen.ok_or_else(gone)? + 1
            }
        };
        let mut rest = all.into_iter().skip(start);
        let items: Vec<T> = rest.by_ref().take(limit as usize).collect();
        let next = match (rest.next(), items.last()) {
            (Some(_), Some(last)) => Some(Cursor::after(id(last))),
            _ => None,
        };
        Ok(Self { items, count, next })
    }
}

fn gone() -> Failure {
    Failure::invalid("the item that this cursor continues from is gone, or the cursor belongs to another list")
        .next("Start again without `cursor`.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_cover_the_list_once() {
        let all: Vec<String> = (0..25).map(|n| format!("id-{n:02}")).collect();
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let page = Page::cut(all.clone(), 10, cursor.as_ref(), |id| id).unwrap();
            assert_eq!(page.count, 25);
            seen.extend(page.items);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
    }

    #[test]
    fn a_cursor_from_nowhere_is_refused() {
        let cursor = Cursor::after("elsewhere");
        assert!(Page::cut(vec!["a".to_owned()], 1, Some(&cursor), |id| id).is_err());
        assert!(Cursor::try_from("%%%".to_owned()).is_err());
    }
}
