//! The workspaces of a template in the order in which the tenant makes them, parents first, each with what
//! it comes to once the template's defaults are applied as the tenant applies them.

use serde_json::Value;

use super::{Defaults, OrgTemplate, Wanted};

pub struct Node<'a> {
    pub wanted: &'a Wanted,
    defaults: &'a Defaults,
    /// Among the nodes before.
    pub parent: Option<usize>,
    /// Names from the root to this one.
    pub path: String,
}

impl OrgTemplate {
    pub fn tree(&self) -> Vec<Node<'_>> {
        let mut nodes = Vec::new();
        add(&mut nodes, &self.workspaces, &self.defaults, None);
        nodes
    }
}

fn add<'a>(nodes: &mut Vec<Node<'a>>, siblings: &'a [Wanted], defaults: &'a Defaults, parent: Option<usize>) {
    for wanted in siblings {
        let above = parent.and_then(|parent| nodes.get(parent)).map(|above| above.path.as_str());
        let path = below(above, &wanted.name);
        let own = nodes.len();
        nodes.push(Node { wanted, defaults, parent, path });
        add(nodes, &wanted.children, defaults, Some(own));
    }
}

/// How a path is written.
pub fn below(above: Option<&str>, name: &str) -> String {
    above.map_or_else(|| name.to_owned(), |above| format!("{above} / {name}"))
}

impl Node<'_> {
    pub fn runtime(&self) -> &str {
        let said = [&self.wanted.runtime, &self.defaults.runtime].into_iter().flatten();
        said.map(String::as_str).find(|text| !text.is_empty()).unwrap_or("langgraph")
    }

    pub fn tier(&self) -> i64 {
        self.wanted.tier.or(self.defaults.tier).filter(|tier| *tier != 0).unwrap_or(2)
    }

    pub fn model(&self) -> Option<&str> {
        let said = [&self.wanted.model, &self.defaults.model].into_iter().flatten();
        said.map(String::as_str).find(|text| !text.is_empty())
    }

    pub fn plugins(&self) -> impl Iterator<Item = &str> {
        self.wanted.plugins.iter().chain(&self.defaults.plugins).filter_map(Value::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::super::read;

    #[test]
    fn defaults_hold_where_a_workspace_says_nothing() {
        let text = "name: T\ndefaults: {runtime: claude-code, tier: 3, model: sonnet}\nworkspaces:\n  - name: A\n    \
                    tier: 0\n    children:\n      - {name: B, runtime: '', tier: 1, model: opus}\n  - name: C\n";
        let template = read::text(text).unwrap();
        let tree = template.tree();
        let told: Vec<_> = tree.iter().map(|one| (one.path.as_str(), one.runtime(), one.tier(), one.model())).collect();
        let sonnet = Some("sonnet");
        assert_eq!(
            told,
            [
                ("A", "claude-code", 2, sonnet),
                ("A / B", "claude-code", 1, Some("opus")),
                ("C", "claude-code", 3, sonnet)
            ]
        );
        assert_eq!(tree.iter().map(|one| one.parent).collect::<Vec<_>>(), [None, Some(0), None]);
    }
}
