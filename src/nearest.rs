//! The nearest right name for a wrong one: tools, arguments, toolsets, variables, keys of the file.
//! Nothing fails open on a typo, so every refusal should say what was probably meant.

/// The known name that is close enough to be what was meant.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(wrong, name), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}

/// "unknown toolset `kyes`; did you mean `keys`?", with all names where none is near.
pub fn unknown<'a>(what: &str, wrong: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(wrong, known.clone()) {
        Some(right) => format!("unknown {what} `{wrong}`; did you mean `{right}`?"),
        None => {
            let all: Vec<&str> = known.into_iter().collect();
            format!("unknown {what} `{wrong}`; there are: {}", all.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_its_name_and_nonsense_finds_none() {
        assert_eq!(nearest("worksapce_id", ["name", "workspace_id"]), Some("workspace_id"));
        assert_eq!(nearest("zzz", ["name", "workspace_id"]), None);
        assert_eq!(unknown("toolset", "kyes", ["keys", "org"]), "unknown toolset `kyes`; did you mean `keys`?");
    }
}
