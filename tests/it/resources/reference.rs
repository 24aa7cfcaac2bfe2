//! `docs/resources.md`: the table for people, written from the table.

use std::fmt::Write as _;

use molecule_org_mcp::resources::{ENTRIES, Entry, Form};
use molecule_org_mcp::tools::catalogue::Catalogue;

use crate::snapshot;

const HEAD: &str = "\
# Resources

The table is written by `UPDATE=1 cargo test --test it reference`; a test keeps it true.

A resource is a read tool's answer under an address. Reading one is a call of that tool: the same rules decide, the same
entry goes into the journal. Who may not use the tool isn't shown the resource, and is refused it.

- `resources/list` names those that there is one of, and every workspace that the caller sees, 100 a page.
- Variables in braces are percent-encoded; those after `?` may be left out. What else stands in an address is refused.
- JSON is what the tool answers. A file is what is in it: text in the fence that marks it as data, anything else as
  bytes. `_meta[\"molecule-org-mcp/untrusted\"]` says that people and agents wrote it.
- What isn't all says where the rest is: `_meta[\"molecule-org-mcp/next\"]` is the next address, and a text says it in its
  last line, too.
- Where a tool cuts a text and has no range to get the rest, the answer names `molecule://results/…`: the whole of it,
  for 15 minutes, in this process's memory (32 MiB, the oldest go first), for the same caller. Such addresses, and those
  of files that an answer only describes, stand in `_meta[\"molecule-org-mcp/rest\"]` and as links in the content.
- A refusal is an error with the tool's own text. Its `data` has the fields of an error of a tool; its code is -32602 for
  what is wrong with the address, -32002 (-32602 from 2026-07-28 on) for what isn't there, else -32603.
";

#[test]
fn the_page_about_resources_is_what_the_table_says() {
    let mut text = HEAD.to_owned();
    for entry in ENTRIES {
        let contents = if entry.form == Form::Json { "JSON" } else { "text, or bytes" };
        let (title, template, about) = (entry.title, entry.template, entry.about);
        write!(text, "\n## {title}\n\n`{template}`\n\n{about}\n\n").unwrap();
        writeln!(text, "- reads with: [{0}](tools.md#{0}); contents: {contents}", entry.tool).unwrap();
        if let Some(name) = entry.goes_on {
            writeln!(text, "- goes on with: `{name}`").unwrap();
        }
    }
    snapshot::is("docs/resources.md", &text);
}

/// What an entry says of its tool, the tool says, too.
#[test]
fn every_resource_is_a_read_whose_arguments_its_variables_are() {
    let catalogue = Catalogue::new();
    for Entry { template, tool, variables, .. } in ENTRIES {
        let entry = catalogue.find(tool).unwrap_or_else(|| panic!("{template} reads with {tool}, which isn't there"));
        assert!(entry.tool.most.is_read(), "{template} does more than read");
        let schema = entry.tool.input_schema();
        for variable in *variables {
            let argument = if variable.name == "day" { "since" } else { variable.name };
            assert!(schema["properties"].get(argument).is_some(), "{template}: {tool} has no {argument}");
        }
    }
}
