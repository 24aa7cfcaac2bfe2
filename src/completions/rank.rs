//! Which of many names somebody means who has typed a part of one: those that begin with it first, then those
//! with a word that does, then those that have it anywhere. Case doesn't matter.

use std::collections::HashMap;

use serde_json::Value;

use super::names::Listing;

/// As many as a client is given.
const MOST: usize = 100;
/// Characters of a name that can stand for what it names.
const LONGEST: usize = 200;

/// Whether a value stands where a tool reads it, or where people and agents do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Id,
    Word,
}

/// Something with a name.
#[derive(Debug, PartialEq, Eq)]
pub struct Named {
    pub id: String,
    /// What people say for it, and means nothing else; its id where there is no such word.
    pub word: String,
    /// All that finds it, in lower case.
    found_by: Vec<String>,
}

/// What is offered, the best first.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub values: Vec<String>,
    /// How many fit, shown or not.
    pub total: usize,
}

impl Named {
    /// Known without asking anybody.
    pub fn plain(id: &str) -> Self {
        Self { id: id.to_owned(), word: id.to_owned(), found_by: vec![id.to_lowercase()] }
    }

    /// The items that a listing answered, by the names that people see.
    pub fn all<'a>(items: impl Iterator<Item = &'a Value>, listing: &Listing) -> Vec<Self> {
        let rows: Vec<(&str, Vec<&str>)> = items.filter_map(|item| row(item, listing)).collect();
        let mut uses: HashMap<String, usize> = HashMap::new();
        for said in rows.iter().flat_map(|(_, said)| said) {
            *uses.entry(said.to_lowercase()).or_default() += 1;
        }
        let is_unique = |said: &&&str| uses.get(&said.to_lowercase()) == Some(&1) && is_word(said);
        let named = |(id, said): (&str, Vec<&str>)| {
            let word = said.iter().filter(|_| listing.unspoken).find(is_unique).copied().unwrap_or(id);
            let found_by = said.iter().copied().chain([id]).map(str::to_lowercase).collect();
            Self { id: id.to_owned(), word: word.to_owned(), found_by }
        };
        let mut all: Vec<Self> = rows.into_iter().map(named).collect();
        all.sort_by(|one, other| (&one.found_by, &one.id).cmp(&(&other.found_by, &other.id)));
        all
    }

    /// Whether exactly this is meant by a text.
    pub fn is(&self, text: &str) -> bool {
        self.id.eq_ignore_ascii_case(text) || self.word.to_lowercase() == text.to_lowercase()
    }

    fn value(&self, form: Form) -> String {
        match form {
            Form::Id => self.id.clone(),
            Form::Word => self.word.clone(),
        }
    }
}

fn row<'a>(item: &'a Value, listing: &Listing) -> Option<(&'a str, Vec<&'a str>)> {
    let text = |field: &str| item.get(field)?.as_str().filter(|text| !text.is_empty());
    Some((text(listing.id)?, listing.said.iter().filter_map(|field| text(field)).collect()))
}

/// What can be given back as it is.
fn is_word(text: &str) -> bool {
    text.trim() == text && text.chars().count() <= LONGEST && !text.contains(['\n', '\t', '"'])
}

/// Those of them that somebody may mean.
pub fn find(all: &[Named], typed: &str, form: Form) -> Found {
    let typed = typed.trim().to_lowercase();
    let mut ranks: [Vec<&Named>; 3] = Default::default();
    for one in all {
        let rank = one.found_by.iter().filter_map(|name| rank(name, &typed)).min();
        if let Some(rank) = rank.and_then(|rank| ranks.get_mut(rank)) {
            rank.push(one);
        }
    }
    let total = ranks.iter().map(Vec::len).sum();
    let values = ranks.iter().flatten().take(MOST).map(|one| one.value(form)).collect();
    Found { values, total }
}

/// The less, the better.
fn rank(name: &str, typed: &str) -> Option<usize> {
    if name.starts_with(typed) {
        return Some(0);
    }
    let begins_word = |(at, _): (usize, &str)| {
        let before = name.get(..at).and_then(|before| before.chars().next_back());
        before.is_some_and(|before| !before.is_alphanumeric())
    };
    let mut places = name.match_indices(typed).peekable();
    places.peek()?;
    Some(if places.any(begins_word) { 1 } else { 2 })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::completions::Names;

    fn workspaces(rows: &[(&str, &str)]) -> Vec<Named> {
        let items: Vec<Value> = rows.iter().map(|(id, name)| json!({ "id": id, "name": name })).collect();
        Named::all(items.iter(), &Names::Workspaces.listing().unwrap())
    }

    #[test]
    fn the_beginning_counts_more_than_a_word_and_a_word_more_than_a_part() {
        let all = workspaces(&[("1", "Presearch"), ("2", "SEO Research"), ("3", "research lead"), ("4", "Ops")]);
        let found = find(&all, "ReSe", Form::Word);
        assert_eq!(
            found,
            Found { values: ["research lead", "SEO Research", "Presearch"].map(Into::into).into(), total: 3 }
        );
        assert_eq!(find(&all, "rese", Form::Id).values, ["3", "2", "1"]);
        assert_eq!(find(&all, "4", Form::Word).values, ["Ops"], "by its id, too");
        assert_eq!(find(&all, "", Form::Word).total, 4);
        assert_eq!(find(&all, "nobody", Form::Word), Found::default());
    }

    #[test]
    fn a_word_that_means_two_things_or_cant_be_typed_gives_way_to_the_id() {
        let all = workspaces(&[("1", "Twin"), ("2", "twin"), ("3", "two\nlines"), ("4", " padded"), ("5", "")]);
        assert_eq!(find(&all, "t", Form::Word).values, ["1", "2", "3"]);
        assert_eq!(find(&all, "p", Form::Word).values, ["4"]);
        assert!(all.iter().all(|one| one.word == one.id));
    }

    #[test]
    fn a_key_is_said_by_its_name_else_by_its_prefix() {
        let items = [
            json!({ "id": "a1", "prefix": "AAAAAAAA", "name": "ci" }),
            json!({ "id": "a2", "prefix": "BBBBBBBB", "name": "ci" }),
            json!({ "id": "a3", "prefix": "CCCCCCCC", "name": "deploy" }),
            json!({ "id": "a4", "prefix": "DDDDDDDD" }),
        ];
        let all = Named::all(items.iter(), &Names::OrgKeys.listing().unwrap());
        assert_eq!(find(&all, "", Form::Word).values, ["AAAAAAAA", "BBBBBBBB", "DDDDDDDD", "deploy"]);
    }

    #[test]
    fn no_more_than_a_hundred_and_how_many_there_are() {
        let rows: Vec<(String, String)> = (0..5000).map(|n| (format!("id-{n:04}"), format!("Worker {n}"))).collect();
        let rows: Vec<(&str, &str)> = rows.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect();
        let found = find(&workspaces(&rows), "work", Form::Word);
        assert_eq!((found.values.len(), found.total), (100, 5000));
    }

    #[test]
    fn text_of_any_script_is_searched() {
        let all = workspaces(&[("1", "Überblick"), ("2", "研究チーム"), ("3", "Ein Überblick")]);
        assert_eq!(find(&all, "über", Form::Id).values, ["1", "3"]);
        assert_eq!(find(&all, "チ", Form::Id).values, ["2"]);
    }
}
