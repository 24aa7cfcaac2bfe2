//! A question in words, as the full-text index takes it. Like the platform's English search: every word
//! must be there, in any form (`deploying` finds `deploy`), and words that are everywhere don't count.

const EVERYWHERE: &str = "a about above after again against all am an and any are as at be because been before being \
    below between both but by can did do does doing don down during each few for from further had has have having he \
    her here hers herself him himself his how i if in into is it its itself just me more most my myself no nor not now \
    of off on once only or other our ours ourselves out over own s same she should so some such t than that the their \
    theirs them themselves then there these they this those through to too under until up very was we were what when \
    where which while who whom why will with you your yours yourself yourselves";

/// None where no word counts: nothing is found then.
pub(super) fn wanted(query: &str) -> Option<String> {
    let counts = |word: &&str| !EVERYWHERE.split_whitespace().any(|common| common.eq_ignore_ascii_case(word));
    let words = query.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).filter(counts);
    let quoted: Vec<String> = words.map(|word| format!("\"{word}\"")).collect();
    (!quoted.is_empty()).then(|| quoted.join(" "))
}

#[cfg(test)]
mod tests {
    use super::wanted;

    #[test]
    fn operators_and_common_words_are_only_text() {
        assert_eq!(wanted("when is the deploy").as_deref(), Some("\"deploy\""));
        assert_eq!(wanted("a\" OR b* NEAR(c)").as_deref(), Some("\"b\" \"NEAR\" \"c\""));
        assert_eq!(wanted("The and ?"), None);
    }
}
