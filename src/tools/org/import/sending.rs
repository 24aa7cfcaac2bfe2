//! What is sent to the tenant's import: what is missing, as an object, each topmost workspace a root of its own.
//! The tenant's own copy goes by name only where files stand beside it that nothing else brings along, and
//! nothing of it is there yet: an object is what was planned, of a copy nobody can tell.

use serde_json::{Value, json};

use crate::tools::ids::TemplateName;
use crate::tools::org::live::Live;
use crate::tools::org::mark;
use crate::tools::org::plan::Plan;
use crate::tools::org::template::{OrgTemplate, Wanted};

pub(super) struct Sending {
    pub body: Value,
    /// In the order in which the tenant makes them.
    pub nodes: Vec<usize>,
    /// Those of them that go below a workspace afterwards.
    pub moves: Vec<usize>,
    pub not_carried: Vec<String>,
}

impl Sending {
    pub fn of(template: &OrgTemplate, held: Option<&TemplateName>, plan: &Plan, live: &Live) -> Self {
        let nodes: Vec<usize> = plan.missing().map(|(at, _)| at).collect();
        let mut sending = Self { body: Value::Null, nodes, moves: Vec::new(), not_carried: Vec::new() };
        if let (Some(dir), 0, true) = (held, plan.existing(), template.names_files()) {
            sending.body = json!({ "dir": dir });
            return sending;
        }
        let mut rest = OrgTemplate { workspaces: Vec::new(), ..template.clone() };
        for (at, node) in plan.missing_roots() {
            let mut wanted: Wanted = node.wanted.clone();
            if let Some(parent) = node.parent.and_then(|parent| plan.found(parent)).and_then(|found| live.get(found)) {
                wanted.canvas = Some(mark::of(&parent.id, &wanted.name));
                sending.moves.push(at);
            }
            rest.workspaces.push(wanted);
        }
        // They went to the tenant with the first of the workspaces.
        if plan.existing() > 0 && rest.rest.remove("global_memories").is_some() {
            sending.not_carried.push("global_memories: part of the template is there already".to_owned());
        }
        sending.body = json!({ "template": rest });
        sending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::org::live::tests::{IDS, live, one};
    use crate::tools::org::plan::facts::Facts;
    use crate::tools::org::template::read;

    const TEXT: &str = "name: T\nglobal_memories: [{content: x}]\nworkspaces:\n- name: A\n  children:\n  - {name: B, \
                        children: [{name: C}]}\n  - {name: D}\n- {name: E, canvas: {x: 5, y: 6}}\n";

    #[test]
    fn only_what_is_missing_is_sent_and_what_goes_below_is_marked() {
        let template = read::text(TEXT).unwrap();
        let live = live(json!([one(0, "A", None, json!({})), one(1, "D", Some(0), json!({}))]));
        let plan = Plan::new(&template, &live, &Facts::default());
        let sending = Sending::of(&template, None, &plan, &live);
        assert_eq!((&sending.nodes, &sending.moves), (&vec![1, 2, 4], &vec![1]));
        let sent = &sending.body["template"];
        let parent = IDS[0].to_owned().try_into().unwrap();
        assert_eq!(sent["workspaces"][0]["canvas"], json!(mark::of(&parent, "B")));
        assert_eq!(
            (&sent["workspaces"][0]["children"][0]["name"], &sent["workspaces"][1]["name"]),
            (&json!("C"), &json!("E"))
        );
        assert_eq!(sent["workspaces"][1]["canvas"], json!({ "x": 5.0, "y": 6.0 }));
        assert!(sent.get("global_memories").is_none() && sending.not_carried.len() == 1);
    }

    #[test]
    fn the_tenants_own_goes_by_its_name_only_for_its_files() {
        let (live, dir) = (Live::new(vec![]), TemplateName::try_from("t".to_owned()).unwrap());
        for files in
            ["defaults: {initial_prompt_file: a.md}\nworkspaces: [{name: A}]", "workspaces: [{name: A, files_dir: a}]"]
        {
            let template = read::text(&format!("name: T\n{files}\n")).unwrap();
            let plan = Plan::new(&template, &live, &Facts::default());
            assert_eq!(Sending::of(&template, Some(&dir), &plan, &live).body, json!({ "dir": "t" }));
        }
        let template = read::text(TEXT).unwrap();
        let plan = Plan::new(&template, &live, &Facts::default());
        let inline = Sending::of(&template, Some(&dir), &plan, &live);
        assert_eq!((inline.nodes.len(), inline.moves.len()), (5, 0));
        assert_eq!(inline.body["template"]["workspaces"].as_array().unwrap().len(), 2);
        assert!(inline.body["template"]["global_memories"].is_array());
    }
}
