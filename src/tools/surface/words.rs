//! Words as the search sees them: lower case, without what says nothing, cut to their stem, and with
//! what administrators call the things of this platform.

/// Words that say nothing about which tool is meant.
const EMPTY: &str = " a about all also am an and any anybody anyone anything are as at be been by can could did do does \
    for from had has have he her him his how i if in into is it its just let me mine my of on or our please s she should \
    so some t that the their them then there these they this those to us was we were what when where whether which who \
    whose will with would you your m re ve don isn doesn didn ";

/// Endings that inflect a word, the longest of a kind first.
const ENDINGS: &str = "ations ation ating ators ator ated ates ate ically ments ment ities ity ings ing ions ion ers er \
    ed als al es ly s e";

/// The stems of a text's words, in order.
pub(super) fn stems(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.filter(|word| !EMPTY.contains(&format!(" {word} "))).map(stem).collect()
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
