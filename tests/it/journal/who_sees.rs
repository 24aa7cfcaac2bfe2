//! Which records a query finds, and which a bound caller may see.

use molecule_org_mcp::journal::entry::IntentDetail;
use molecule_org_mcp::journal::query::{Ended, Query};
use molecule_org_mcp::tools::effect::Effect;

use super::{intent, one, open};

#[tokio::test]
async fn filters_narrow_and_a_binding_hides_what_is_elsewhere() {
    const NONE: [usize; 0] = [];
    let home = tempfile::tempdir().unwrap();
    let journal = open(home.path());
    let mut made = Vec::new();
    let about = |targets: &'static [(&str, &str)], grant: Option<&'static str>| {
        move |detail: &mut IntentDetail| {
            detail.targets = targets.iter().map(|(name, id)| ((*name).into(), (*id).into())).collect();
            detail.grant = grant.map(Into::into);
            detail.caller = grant.unwrap_or("local").into();
        }
    };
    for (targets, grant) in [
        (&[("workspace_id", "a")][..], None),
        (&[("workspace_id", "b")], None),
        (&[("workspace_id", "a"), ("target_id", "b")], None),
        (&[("workspace_id", "a"), ("new_parent_id", "a")], Some("g1")),
        (&[("key", "a")], None),
        (&[], Some("g1")),
        (&[], Some("g2")),
    ] {
        made.push(one(&journal, intent("update_workspace", Effect::Write, about(targets, grant))).await.to_string());
    }
    let found = async |query: Query| -> Vec<usize> {
        let records = journal.query(Query { limit: 100, ..query }).await.unwrap().records;
        let place = |id: &str| made.iter().position(|one| one == id).unwrap();
        records.iter().rev().map(|record| place(&record.invocation)).collect()
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(found(Query { caller: text("g1"), ..Query::default() }).await, [3, 5]);
    assert_eq!(found(Query { grant: text("g2"), ..Query::default() }).await, [6]);
    assert_eq!(found(Query { target: text("a"), ..Query::default() }).await, [0, 2, 3, 4]);
    assert_eq!(found(Query { outcome: Ended::try_from("running".to_owned()).ok(), ..Query::default() }).await, NONE);
    assert_eq!(found(Query { until: text("2026"), ..Query::default() }).await, NONE);

    let within = Some(vec!["a".to_owned()]);
    let bound = Query { within: within.clone(), ..Query::default() };
    assert_eq!(found(bound.clone()).await, [0, 3]);
    assert_eq!(found(Query { own_grant: text("g1"), ..bound.clone() }).await, [0, 3, 5]);
    assert_eq!(found(Query { own_grant: text("g2"), invocation: text(&made[1]), ..bound }).await, NONE);
    assert_eq!(found(Query { within: Some(Vec::new()), own_grant: text("g2"), ..Query::default() }).await, [6]);
}
