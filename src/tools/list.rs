//! Tools that list: the input type says what is in the list, and everything that lists have in common
//! is done here. `limit` and `cursor` cut a page, `fields` and `long` choose columns, and a page that
//! nobody sized stays under about 2,000 tokens.

use std::collections::BTreeSet;
use std::future::Future;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::cursor::Cursor;
use super::giant;
use super::input;
use super::invocation::{Extent, Invocation};
use super::schema::{self, Schema};
use super::tool::{Prepared, Tool};
use crate::digest;
use crate::failure::{Code, Failure};
use crate::nearest::nearest;

/// Bytes of a page that nobody sized (four make about a token), and of any page.
const COMFORTABLE: usize = 7_200;
const LARGEST: usize = 90_000;

/// What a tool lists.
pub trait List: DeserializeOwned + JsonSchema + Send + Sync + 'static {
    type Item: Serialize + JsonSchema + Send;

    /// Items in one answer where nothing is said, and at most.
    const USUAL: u32 = 25;
    const MOST: u32 = 200;
    /// The columns of the short form; none: there is only one form.
    const SHORT: &'static [&'static str] = &[];

    /// What a cursor continues after: its own for each item, and lasting.
    fn mark(item: &Self::Item) -> String;

    /// The whole list, in an order that stays.
    fn list(self, call: &Invocation) -> impl Future<Output = Result<Vec<Self::Item>, Failure>> + Send;
}

/// What every list takes.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Choice {
    limit: Option<u32>,
    cursor: Option<Cursor>,
    fields: Option<BTreeSet<String>>,
    long: bool,
}

const CHOICES: [&str; 4] = ["limit", "cursor", "fields", "long"];

pub(super) fn prepare<I: List>(tool: &Tool, mut arguments: Map<String, Value>) -> Result<Prepared, Failure> {
    let mut chosen = Map::new();
    for name in CHOICES.into_iter().filter(|name| *name != "long" || !I::SHORT.is_empty()) {
        if let Some((name, value)) = arguments.remove_entry(name) {
            chosen.insert(name, value);
        }
    }
    let choice: Choice = input::read(tool, chosen)?;
    let list: I = input::read(tool, arguments)?;
    let name = tool.name;
    let page = choice.check::<I>()?;
    Ok(Prepared::running(move |call| {
        Box::pin(async move {
            let after = page.cursor.as_ref().map(|cursor| call.server.seal.open(name, cursor)).transpose()?;
            let items = list.list(call).await?;
            let page = page.to(call.extent);
            let (mut answer, last) = page.cut::<I>(&items, after.as_deref())?;
            if let Some(mark) = last {
                answer.insert("next".into(), json!(call.server.seal.cursor(name, &mark)));
            }
            Ok(Value::Object(answer))
        })
    }))
}

/// A page as it was asked for.
struct Page {
    limit: usize,
    bytes: usize,
    cursor: Option<Cursor>,
    /// Absent: all of them.
    columns: Option<BTreeSet<String>>,
}

impl Choice {
    fn check<I: List>(self) -> Result<Page, Failure> {
        if self.limit.is_some_and(|limit| !(1..=I::MOST).contains(&limit)) {
            return Err(Failure::invalid(format!("`limit`: expected a number from 1 to {}", I::MOST)));
        }
        let columns = match (self.fields, self.long) {
            (Some(fields), _) => Some(known::<I>(fields)?),
            (None, false) if !I::SHORT.is_empty() => Some(I::SHORT.iter().map(|name| (*name).to_owned()).collect()),
            _ => None,
        };
        let bytes = if self.limit.is_some() { LARGEST } else { COMFORTABLE };
        Ok(Page { limit: self.limit.unwrap_or(I::USUAL) as usize, bytes, cursor: self.cursor, columns })
    }
}

fn known<I: List>(fields: BTreeSet<String>) -> Result<BTreeSet<String>, Failure> {
    let item = schema::of_answer::<I::Item>();
    let names: Vec<&str> = schema::names(&item).collect();
    match fields.iter().find(|field| !names.contains(&field.as_str())) {
        None => Ok(fields),
        Some(unknown) => {
            let near = nearest(unknown, names.iter().copied());
            let hint = near.map(|near| format!("Did you mean `{near}`? ")).unwrap_or_default();
            Err(Failure::invalid(format!("`fields`: there is no column {}", input::shown(unknown)))
                .next(format!("{hint}There are: {}.", names.join(", "))))
        }
    }
}

impl Page {
    fn to(self, extent: Extent) -> Self {
        match extent {
            Extent::Page => self,
            Extent::Whole => Self { limit: usize::MAX, bytes: usize::MAX, ..self },
        }
    }

    /// The items after that mark, as far as the page goes, and the last one's mark where there are more.
    fn cut<I: List>(
        &self,
        items: &[I::Item],
        after: Option<&str>,
    ) -> Result<(Map<String, Value>, Option<String>), Failure> {
        let start = match after {
            None => 0,
            Some(mark) => items.iter().position(|item| mark_of::<I>(item) == mark).ok_or_else(gone)? + 1,
        };
        let rest = items.get(start..).unwrap_or_default();
        let (mut shown, mut weight) = (Vec::new(), 0);
        for item in rest.iter().take(self.limit) {
            let row = self.row(item)?;
            weight += weigh(&row);
            if weight > self.bytes && !shown.is_empty() {
                break;
            }
            shown.push(row);
        }
        let more = shown.len() < rest.len();
        let last = shown.len().checked_sub(1).and_then(|last| rest.get(last)).filter(|_| more).map(mark_of::<I>);
        let answer = [("items".to_owned(), Value::Array(shown)), ("count".to_owned(), json!(items.len()))];
        Ok((answer.into_iter().collect(), last))
    }

    fn row(&self, item: &impl Serialize) -> Result<Value, Failure> {
        let mut row = super::act::encode(item)?;
        if let (Some(columns), Some(fields)) = (&self.columns, row.as_object_mut()) {
            fields.retain(|name, _| columns.contains(name));
        }
        Ok(row)
    }
}

/// A cursor holds no more than this: in place of a longer mark, its digest.
const LONGEST_MARK: usize = 200;

/// Its length as JSON; a giant isn't written out to be counted.
fn weigh(row: &Value) -> usize {
    let roughly = giant::length(row);
    if roughly > giant::LARGEST { roughly } else { row.to_string().len() }
}

fn mark_of<I: List>(item: &I::Item) -> String {
    let mark = I::mark(item);
    if mark.len() <= LONGEST_MARK {
        return mark;
    }
    digest::sha256(&mark)
}

fn gone() -> Failure {
    Failure::new(Code::Conflict, "the item that this cursor continues after is gone")
        .next("Start again without `cursor`.")
}

/// The input's own fields, and those that every list has.
pub(super) fn input<I: List>() -> Schema {
    let mut schema = schema::of::<I>();
    let fields = schema.entry("properties").or_insert_with(|| json!({}));
    if let Some(fields) = fields.as_object_mut() {
        if !I::SHORT.is_empty() {
            fields.insert("long".into(), json!({ "type": "boolean", "description": "All columns." }));
        }
        fields.insert(
            "fields".into(),
            json!({ "type": "array", "items": { "type": "string" }, "description": "Only these columns." }),
        );
        let limit = json!({
            "type": "integer", "minimum": 1, "maximum": I::MOST, "default": I::USUAL, "description": "Items."
        });
        fields.insert("limit".into(), limit);
        fields.insert("cursor".into(), json!({ "type": "string", "description": "`next` of the page before." }));
    }
    schema
}

/// Which columns an item has depends on the call, so none is promised.
pub(super) fn output<I: List>() -> Schema {
    let mut item = schema::of_answer::<I::Item>();
    item.remove("required");
    let schema = json!({
        "type": "object",
        "properties": {
            "items": { "type": "array", "items": item },
            "count": { "type": "integer", "minimum": 0, "description": "How many there are in all, with these filters." },
            "next": { "type": "string", "description": "Pass it as `cursor` for the rest; absent on the last page." },
        },
        "required": ["items", "count"],
    });
    schema.as_object().cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, JsonSchema)]
    struct Numbers {}

    #[derive(Serialize, JsonSchema)]
    struct Number {
        id: String,
        text: String,
    }

    impl List for Numbers {
        type Item = Number;
        const USUAL: u32 = 10;
        const SHORT: &'static [&'static str] = &["id"];

        fn mark(item: &Number) -> String {
            item.id.clone()
        }

        async fn list(self, _: &Invocation) -> Result<Vec<Number>, Failure> {
            Ok(Vec::new())
        }
    }

    fn numbers(length: usize) -> Vec<Number> {
        (0..25).map(|n| Number { id: format!("id-{n:02}"), text: "x".repeat(length) }).collect()
    }

    fn page(choice: Choice) -> Page {
        choice.check::<Numbers>().unwrap()
    }

    #[test]
    fn pages_cover_the_list_once() {
        let all = numbers(1);
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let (answer, last) = page(Choice::default()).cut::<Numbers>(&all, after.as_deref()).unwrap();
            assert_eq!((&answer["count"], answer["items"][0].get("text")), (&json!(25), None));
            seen.extend(answer["items"].as_array().unwrap().iter().map(|item| item["id"].clone()));
            after = last;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, all.iter().map(|number| json!(number.id)).collect::<Vec<_>>());
    }

    #[test]
    fn a_list_goes_on_after_an_item_with_a_long_mark() {
        let all: Vec<Number> =
            (0..3).map(|n| Number { id: format!("{n}{}", "é".repeat(5000)), text: String::new() }).collect();
        let first = |limit| Choice { limit: Some(limit), ..Choice::default() };
        let (_, last) = page(first(2)).cut::<Numbers>(&all, None).unwrap();
        assert!(last.as_ref().unwrap().len() <= LONGEST_MARK);
        let (rest, none) = page(first(2)).cut::<Numbers>(&all, last.as_deref()).unwrap();
        assert_eq!((rest["items"].as_array().unwrap().len(), none), (1, None));
    }

    #[test]
    fn a_page_is_comfortable_unless_more_is_asked_for() {
        let (all, long) = (numbers(2000), |limit| Choice { long: true, limit, ..Choice::default() });
        let count = |choice| page(choice).cut::<Numbers>(&all, None).unwrap().0["items"].as_array().unwrap().len();
        assert_eq!((count(long(None)), count(long(Some(20)))), (3, 20));
        let giants = numbers(200_000);
        let (answer, last) = page(long(Some(5))).cut::<Numbers>(&giants, None).unwrap();
        assert_eq!((answer["items"].as_array().unwrap().len(), last.as_deref()), (1, Some("id-00")), "never stuck");
    }

    #[test]
    fn what_isnt_there_is_refused() {
        assert!(page(Choice::default()).cut::<Numbers>(&numbers(1), Some("id-99")).is_err());
        for limit in [0, 201] {
            assert!(Choice { limit: Some(limit), ..Choice::default() }.check::<Numbers>().is_err());
        }
        let fields = Some(BTreeSet::from(["txt".to_owned()]));
        let refused = Choice { fields, ..Choice::default() }.check::<Numbers>().err().unwrap();
        assert!(refused.text().contains("Did you mean `text`? There are: id, text."), "{}", refused.text());
    }
}
