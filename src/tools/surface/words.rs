//! Words as the search sees them: lower case, without what says nothing, cut to their stem, and with
//! what administrators call the things of this platform.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Words that say nothing about which tool is meant: small ones, and those with which anything is asked.
static EMPTY: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "a about after again all already also always am an and another any anybody anyone anything are as at be been \
    before being both but by can cannot could did do does done don doesn didn each else even ever every everything for from \
    get give go going good got had has have he her here hey hi him his how i if in instead into is isn it its just know let \
    like look ll m made make makes many may me mine more much my need needs new next no not now of ok on once one only or other \
    others our ours out own per please put re really right s say says see shall she should show so some somebody someone \
    something still such sure t take tell than thanks that the their them then there these they thing things think this those \
    through time to too two u under up us use used using ve very want wants was way we well were what whatever when where \
    whether which while who whole whom whose why will with without won would yes yet you your yours"
        .split_whitespace()
        .collect()
});

/// Endings that inflect a word, the longest of a kind first.
const ENDINGS: &str = "ations ation ating ators ator ated ates ate ically ments ment ities ity ings ing ions ion ers er \
    ed als al es ly s e";

/// The stems of a text's words, in order.
pub(super) fn stems(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.filter(|word| !EMPTY.contains(word)).map(stem).collect()
}

/// A crude stem: enough that `revoked`, `revoking` and `revokes` are one word.
pub(super) fn stem(word: &str) -> String {
    let keeps = |rest: &str| rest.chars().count() >= 3;
    if let Some(rest) = word.strip_suffix("ies").or(word.strip_suffix("ied")).filter(|rest| keeps(rest)) {
        return format!("{rest}y");
    }
    let without = |ending: &&str| word.strip_suffix(ending).is_some_and(|rest| keeps(rest) && !rest.ends_with("ss"));
    match ENDINGS.split_whitespace().find(without).and_then(|ending| word.strip_suffix(ending)) {
        Some(rest) if !word.ends_with("ss") => single(rest.to_owned()),
        _ => word.to_owned(),
    }
}

/// `stopp` is `stop`.
fn single(mut stem: String) -> String {
    let mut ends = stem.chars().rev();
    if let (Some(last), Some(before)) = (ends.next(), ends.next())
        && last == before
        && !matches!(last, 'l' | 's' | 'e' | 'o')
    {
        stem.pop();
    }
    stem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inflections_meet() {
        for (one, other) in [
            ("revoked", "revoke"),
            ("revoking", "revokes"),
            ("stopped", "stop"),
            ("policies", "policy"),
            ("delegations", "delegate"),
            ("approvals", "approve"),
            ("budgets", "budget"),
            ("secrets", "secret"),
        ] {
            assert_eq!(stem(one), stem(other), "{one} {other}");
        }
        assert_eq!(stems("Which of my Agents are idle?"), ["agent", "idl"]);
    }
}
