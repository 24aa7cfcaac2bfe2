//! A journal from before there was a chain becomes the beginning of one.

use molecule_org_mcp::journal::query::Query;
use molecule_org_mcp::journal::verify::Kept;
use rusqlite::Connection;

use super::{TENANT, open, verified, written};

#[tokio::test]
async fn entries_from_before_are_chained_in_their_order() {
    let home = tempfile::tempdir().unwrap();
    let old = Connection::open(home.path().join("state.db")).unwrap();
    old.execute_batch(
        "CREATE TABLE journal (seq INTEGER PRIMARY KEY AUTOINCREMENT, invocation TEXT NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('intent', 'outcome')), at TEXT NOT NULL, process TEXT NOT NULL,
            tool TEXT NOT NULL, effect TEXT NOT NULL, key_prefix TEXT NOT NULL, result TEXT, body TEXT NOT NULL) STRICT;
         CREATE INDEX journal_invocation ON journal (invocation);
         PRAGMA user_version = 1;",
    )
    .unwrap();
    let body = format!(
        r#"{{"tenant":"{TENANT}","caller":"local","door":"stdio","targets":{{}},"arguments":"","decision":"allowed",
            "rule":"default","routes":[]}}"#
    );
    for n in 0..5 {
        let of = ("2026-11-01T00:00:00.000000Z", "p", "whoami", "read", "abcdefgh");
        let sql = "INSERT INTO journal (invocation, kind, at, process, tool, effect, key_prefix, result, body)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let id = format!("invocation-{n}");
        old.execute(sql, (&id, "intent", of.0, of.1, of.2, of.3, of.4, None::<String>, &body)).unwrap();
        let outcome = r#"{"changed":"no","status":200,"duration_ms":1,"sent":[]}"#;
        old.execute(sql, (&id, "outcome", of.0, of.1, of.2, of.3, of.4, Some("done"), outcome)).unwrap();
    }
    drop(old);
    let journal = open(home.path());
    written(&journal, 2).await;
    let report = verified(home.path(), &Kept::default());
    assert!(report.ok, "{report:?}");
    assert_eq!((report.chains.len(), report.chains[0].count), (1, 14));
    let found = journal.query(Query { limit: 100, ..Query::default() }).await.unwrap().records;
    assert_eq!((found.len(), found[6].invocation.as_str(), found[6].result()), (7, "invocation-0", "done"));
}
