//! What is written about the policy: the roles in docs/policy.md, and the example that names every key.

use std::fmt::Write as _;

use molecule_org_mcp::policy::role::{Powers, Role};
use molecule_org_mcp::policy::{Rules, file};
use molecule_org_mcp::tools::effect::Effect;
use molecule_org_mcp::tools::toolset::Toolset;

use crate::snapshot;

/// The table stands between two marks.
#[test]
fn the_docs_say_what_each_role_may() {
    let mut table = format!("| role | {} |\n|---|---|---|---|---|\n", Effect::ALL.map(Effect::as_str).join(" | "));
    for role in Role::ALL {
        let powers = Powers::usual(role);
        let cells = Effect::ALL.map(|effect| {
            let named: Vec<&str> = powers.at(effect).iter().map(|toolset| toolset.as_str()).collect();
            match named.len() {
                0 => "—".to_owned(),
                all if all == Toolset::ALL.len() => "all".to_owned(),
                _ => named.join(", "),
            }
        });
        writeln!(table, "| {} | {} |", role.as_str(), cells.join(" | ")).unwrap();
    }
    snapshot::part("docs/policy.md", "roles", &table);
}

/// A key with its default is written `#key = …`; prose after `# `.
#[test]
fn the_example_is_the_built_in_policy_with_its_defaults_and_without() {
    let example = std::fs::read_to_string(snapshot::file("examples/policy.toml")).unwrap();
    let uncommented: String = example
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(key) if key.starts_with(|c: char| c.is_alphabetic() || c == '[' || c == '"') => format!("{key}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    for text in [&example, &uncommented] {
        let rules = file::rules(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(Rules { digest: None, ..rules }, Rules::default());
    }
    for key in ["callers", "roles", "limits", "consent", "credentials", "ceiling", "journal", "webhooks"] {
        assert!(example.contains(&format!("[{key}")), "{key}");
    }
    let count = |text: &str| text.lines().filter(|line| line.contains(" = ") && !line.starts_with('#')).count();
    assert!(count(&example) == 0 && count(&uncommented) > 35, "every default is there, and commented out");
}
