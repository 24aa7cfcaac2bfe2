//! What the policy file's text becomes, and what is told of a mistake.

use super::*;
use crate::anchor::Anchor;
use crate::tools::toolset::Toolset;

#[test]
fn each_key_sets_what_it_says() {
    let rules = rules(
        r#"
        [roles.operator]
        read = "all"
        write = ["workspaces", "schedules"]

        [callers]
        http = "owner"

        [limits]
        read = 0
        minting_per_hour = 3

        [consent]
        destroy = "waived"
        write = "person"
        ways = ["terminal"]
        elicitation = "trusted"
        trusted.http = false
        tools.hibernate_workspace = "person"
        roles.admin.escalate = "waived"

        [credentials]
        sources = ["env"]
        commands.vault = { sink = ["vault", "kv", "put", "secret/{name}", "key=-"], environment = ["VAULT_ADDR"] }

        [ceiling]
        read_only = true
        toolsets = ["org", "workspaces"]
        role = "owner"
        deny = ["delete_workspace"]

        [journal]
        anchor = "file:/var/log/anchor"
        "#,
    )
    .unwrap();
    let operator = rules.powers(Role::Operator);
    assert_eq!(operator.read, Toolset::ALL.into());
    assert_eq!(operator.write, [Toolset::Workspaces, Toolset::Schedules].into());
    assert!(operator.destroy.is_empty());
    assert_eq!(*rules.powers(Role::Owner), Powers::usual(Role::Owner));
    assert_eq!((rules.without_grant[&Door::Http], rules.without_grant[&Door::Cli]), (Role::Owner, Role::Admin));
    assert_eq!((rules.limits.read, rules.limits.write, rules.limits.minting), (None, Some(120), Some(3)));
    let consent = &rules.consent;
    assert_eq!(consent.ways, [Way::Terminal]);
    assert!(consent.trusts(Door::Stdio) && !consent.trusts(Door::Http));
    assert_eq!(consent.need(Role::Owner, "delete_workspace", Effect::Destroy), Need::Waived);
    assert_eq!(consent.need(Role::Owner, "hibernate_workspace", Effect::Destroy), Need::Person);
    assert_eq!(consent.need(Role::Owner, "update_workspace", Effect::Write), Need::Person);
    assert_eq!(consent.need(Role::Owner, "mint_org_key", Effect::Escalate), Need::Person);
    assert_eq!(consent.need(Role::Admin, "mint_org_key", Effect::Escalate), Need::Waived);
    assert_eq!(rules.credentials.sources, [source::Kind::Env].into());
    assert_eq!(rules.credentials.sinks, sink::Kind::ALL.into());
    let (name, vault) = rules.credentials.commands.first_key_value().unwrap();
    assert_eq!((name.as_str(), vault.sink.as_ref().map(Vec::len), &vault.source), ("vault", Some(5), &None));
    assert_eq!(vault.environment, ["VAULT_ADDR"]);
    assert!(rules.read_only);
    assert_eq!(rules.toolsets, [Toolset::Org, Toolset::Workspaces].into());
    assert_eq!((rules.ceiling, rules.denied), (Role::Owner, ["delete_workspace"].into()));
    assert_eq!(rules.anchor, Some(Anchor::File("/var/log/anchor".into())));
    assert_eq!(rules.digest.map(|digest| digest.len()), Some(12));
}

#[test]
fn a_file_that_sets_nothing_leaves_the_built_in_rules() {
    let rules = rules("# nothing\n").unwrap();
    assert_eq!(Rules { digest: None, ..rules }, Rules::default());
    assert!(super::rules(" \n").unwrap_err().contains("empty"));
}

#[test]
fn a_mistake_is_told_with_its_place_and_the_right_name() {
    for (text, told) in [
        ("[limit]\nread = 1", "line 1, column 2: unknown key `limit`; did you mean `limits`?"),
        ("[roles.operater]\nread = \"all\"", "line 1, column 8: unknown word `operater`; did you mean `operator`?"),
        ("[roles.owner]\nreads = \"all\"", "line 2, column 1: unknown key `reads`; did you mean `read`?"),
        (
            "[roles.owner]\nread = [\"org\", \"kyes\"]",
            "line 2, column 16: unknown toolset `kyes`; did you mean `keys`?",
        ),
        ("[roles.owner]\nread = \"al\"", "line 2, column 8: unknown toolset `al`; did you mean `all`?"),
        ("[roles.owner]\nread = 1", "line 2, column 8: expected \"all\", or a list of toolsets"),
        ("[callers]\nhttps = \"owner\"", "line 2, column 1: unknown word `https`; did you mean `http`?"),
        ("[callers]\nhttp = \"root\"", "line 2, column 8: unknown word `root`; there are: viewer, operator, "),
        ("[limits]\nread = -1", "line 2, column 8: expected a whole number; 0 is no limit"),
        ("[limits]\nread = \"5\"", "line 2, column 8: expected a whole number; 0 is no limit"),
        ("[consent]\nread = \"person\"", "line 2, column 1: unknown key `read`; "),
        ("[consent]\nways = [\"email\"]", "line 2, column 9: unknown word `email`; "),
        (
            "[consent.tools]\nlist_orgkeys = \"waived\"",
            "line 2, column 1: unknown tool `list_orgkeys`; did you mean `list_org_keys`?",
        ),
        ("[consent.tools]\nlist_org_keys = \"person\"", "line 2, column 1: `list_org_keys` only reads"),
        (
            "[consent.roles.admin]\ndestory = \"waived\"",
            "line 2, column 1: unknown key `destory`; did you mean `destroy`?",
        ),
        (
            "[ceiling]\ndeny = [\"async_delegate\"]",
            "line 2, column 9: `async_delegate` is another name of `delegate_task`",
        ),
        ("[ceiling]\nread_only = \"yes\"", "line 2, column 13: expected a boolean"),
        ("[credentials]\nsinks = [\"print\"]", "line 2, column 10: unknown word `print`; there are: file"),
        ("[credentials]\nsinks = [\"envfile\"]", "line 2, column 10: unknown word `envfile`; did you mean `env_file`?"),
        ("[credentials.commands]\n-x = { sink = [\"x\"] }", "line 2, column 1: a command's name is 1 to 100 letters"),
        ("[credentials.commands]\nx = {}", "line 2, column 5: a command has a `sink`, a `source`, or both"),
        ("[credentials.commands]\nx = { sink = [] }", "line 2, column 5: a program is named by its whole path"),
        ("[credentials.commands]\nx = { sink = [\"./x\"] }", "line 2, column 5: a program is named by its whole path"),
        (
            "[credentials.commands]\nx = { source = [\"x\", \"{name}\"] }",
            "line 2, column 5: only a sink has a `{name}`",
        ),
        ("[credentials.commands]\nx = { sinks = [] }", "line 2, column 7: unknown key `sinks`; did you mean `sink`?"),
        (
            "[credentials.commands]\nx = { sink = [\"x\"], environment = [\"MOLECULE_ORG_TOKEN\"] }",
            "line 2, column 5: `environment` lists names of variables",
        ),
        ("[journal]\nanchor = \"s3://u:hidden@b\"", "line 2, column 10: expected `file:` and a path"),
        ("[journal]\nanchor = \"https://u:hidden@b\"", "line 2, column 10: expected `file:` and a path"),
        ("[ceiling]\n[ceiling]", "line 2, column"),
    ] {
        let error = rules(text).unwrap_err();
        assert!(error.starts_with(told), "{text}: {error}");
        assert!(!error.contains("hidden"), "{error}");
    }
}
