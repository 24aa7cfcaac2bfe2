//! The tables. Each process brings the file up to date when it opens it; steps are only ever added.

use std::cmp::Ordering;

use rusqlite::Connection;

const STEPS: &[&str] = &[
    "
    CREATE TABLE journal (
        seq        INTEGER PRIMARY KEY AUTOINCREMENT,
        invocation TEXT NOT NULL,
        kind       TEXT NOT NULL CHECK (kind IN ('intent', 'outcome')),
        at         TEXT NOT NULL,
        process    TEXT NOT NULL,
        tool       TEXT NOT NULL,
        effect     TEXT NOT NULL,
        key_prefix TEXT NOT NULL,
        result     TEXT,
        body       TEXT NOT NULL
    ) STRICT;
    CREATE INDEX journal_invocation ON journal (invocation);
",
    "
    -- The journal carries what stood in it over into the chain, and drops this.
    DROP INDEX journal_invocation;
    ALTER TABLE journal RENAME TO journal_unchained;

    CREATE TABLE journal (
        tenant     TEXT NOT NULL,
        position   INTEGER NOT NULL,
        invocation TEXT NOT NULL,
        kind       TEXT NOT NULL CHECK (kind IN ('intent', 'outcome', 'found')),
        at         TEXT NOT NULL,
        process    TEXT NOT NULL,
        tool       TEXT NOT NULL,
        effect     TEXT NOT NULL,
        key_prefix TEXT NOT NULL,
        result     TEXT,
        body       TEXT NOT NULL,
        hash       BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX journal_position ON journal (tenant, position);
    CREATE INDEX journal_invocation ON journal (invocation);
    CREATE INDEX journal_unknown ON journal (tool) WHERE result = 'unknown';

    CREATE TABLE journal_checkpoints (
        tenant     TEXT NOT NULL,
        number     INTEGER NOT NULL,
        count      INTEGER NOT NULL,
        head       BLOB NOT NULL,
        root       BLOB NOT NULL,
        frontier   TEXT NOT NULL,
        at         TEXT NOT NULL,
        public_key TEXT NOT NULL,
        signature  TEXT NOT NULL,
        PRIMARY KEY (tenant, number)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE journal_prunings (
        tenant     TEXT PRIMARY KEY,
        number     INTEGER NOT NULL,
        count      INTEGER NOT NULL,
        at         TEXT NOT NULL,
        public_key TEXT NOT NULL,
        signature  TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
",
    "
    CREATE TABLE mints (
        tenant TEXT NOT NULL,
        at     TEXT NOT NULL
    ) STRICT;
    CREATE TABLE repeats (
        tenant     TEXT NOT NULL,
        caller     TEXT NOT NULL,
        tool       TEXT NOT NULL,
        key        TEXT NOT NULL,
        arguments  TEXT NOT NULL,
        invocation TEXT NOT NULL,
        at         TEXT NOT NULL,
        answer     TEXT,
        PRIMARY KEY (tenant, caller, tool, key)
    ) STRICT;
",
    "
    CREATE TABLE grants (
        id         TEXT PRIMARY KEY,
        digest     TEXT NOT NULL UNIQUE,
        prefix     TEXT NOT NULL,
        name       TEXT NOT NULL,
        parent     TEXT,
        creator    TEXT NOT NULL,
        created    TEXT NOT NULL,
        expires    TEXT,
        revoked    TEXT,
        revoked_by TEXT,
        terms      TEXT NOT NULL
    ) STRICT;
    CREATE INDEX grants_parent ON grants (parent);
    CREATE TABLE grant_uses (
        grant_id TEXT NOT NULL,
        tool     TEXT NOT NULL,
        calls    INTEGER NOT NULL,
        last     TEXT NOT NULL,
        PRIMARY KEY (grant_id, tool)
    ) STRICT;
    CREATE INDEX journal_mints ON journal (invocation) WHERE kind = 'outcome' AND tool = 'mint_org_key';
",
    "
    CREATE TABLE consents (
        id        TEXT PRIMARY KEY,
        tenant    TEXT NOT NULL,
        caller    TEXT NOT NULL,
        grants    TEXT NOT NULL,
        tool      TEXT NOT NULL,
        arguments TEXT NOT NULL,
        targets   TEXT NOT NULL,
        seen      TEXT NOT NULL,
        preview   TEXT NOT NULL,
        asked     TEXT NOT NULL,
        until     TEXT NOT NULL,
        standing  TEXT NOT NULL CHECK (standing IN ('waiting', 'agreed', 'refused', 'spent')),
        tries     INTEGER NOT NULL DEFAULT 0,
        way       TEXT,
        by        TEXT
    ) STRICT;
    CREATE INDEX consents_call ON consents (caller, arguments);
    CREATE TABLE operator (
        one          INTEGER PRIMARY KEY CHECK (one = 1),
        salt         TEXT NOT NULL,
        hash         TEXT NOT NULL,
        wrong        INTEGER NOT NULL DEFAULT 0,
        closed_until TEXT
    ) STRICT;
",
    "
    CREATE TABLE drops (
        id        TEXT PRIMARY KEY,
        kind      TEXT NOT NULL CHECK (kind IN ('sink', 'source')),
        tenant    TEXT NOT NULL,
        caller    TEXT NOT NULL,
        tool      TEXT NOT NULL,
        about     TEXT NOT NULL,
        proof     BLOB,
        sealed    BLOB,
        prefix    TEXT,
        workspace TEXT,
        until     TEXT NOT NULL,
        standing  TEXT NOT NULL
            CHECK (standing IN ('reserved', 'waiting', 'filled', 'used', 'unheld', 'over')),
        wrong     INTEGER NOT NULL DEFAULT 0,
        claimed   TEXT
    ) STRICT;
    CREATE INDEX drops_open ON drops (tenant, until) WHERE standing IN ('reserved', 'waiting', 'filled', 'unheld');
",
    "
    CREATE TABLE deliveries (
        row        INTEGER PRIMARY KEY,
        tenant     TEXT NOT NULL,
        invocation TEXT NOT NULL,
        name       TEXT,
        workspace  TEXT,
        instead    TEXT,
        key_file   TEXT,
        minter     TEXT NOT NULL,
        seen       TEXT NOT NULL,
        at         TEXT NOT NULL,
        step       TEXT NOT NULL CHECK (step IN ('minting', 'minted', 'delivered')),
        id         TEXT,
        prefix     TEXT
    ) STRICT;
    CREATE UNIQUE INDEX deliveries_instead ON deliveries (tenant, instead);
    DROP INDEX journal_mints;
    CREATE INDEX journal_keys_made ON journal (invocation)
        WHERE kind = 'outcome' AND tool IN ('mint_org_key', 'rotate_org_key');
    CREATE TABLE consent_seal (
        one    INTEGER PRIMARY KEY CHECK (one = 1),
        secret BLOB NOT NULL
    ) STRICT;
",
    "
    CREATE TABLE leases (
        tenant       TEXT NOT NULL,
        key_id       TEXT NOT NULL,
        prefix       TEXT NOT NULL,
        name         TEXT NOT NULL,
        until        TEXT NOT NULL,
        invocation   TEXT NOT NULL,
        caller       TEXT NOT NULL,
        standing     TEXT NOT NULL CHECK (standing IN ('running', 'revoked', 'gone')),
        tries        INTEGER NOT NULL DEFAULT 0,
        not_before   TEXT,
        ended        TEXT,
        late_seconds INTEGER,
        PRIMARY KEY (tenant, key_id)
    ) STRICT;
    CREATE INDEX leases_running ON leases (tenant, until) WHERE standing = 'running';
    CREATE TABLE webhooks (
        tenant     TEXT NOT NULL,
        endpoint   TEXT NOT NULL,
        event      TEXT NOT NULL,
        at         TEXT NOT NULL,
        body       TEXT NOT NULL,
        standing   TEXT NOT NULL DEFAULT 'waiting' CHECK (standing IN ('waiting', 'dead')),
        tries      INTEGER NOT NULL DEFAULT 0,
        not_before TEXT NOT NULL,
        PRIMARY KEY (endpoint, event)
    ) STRICT;
",
    "
    CREATE TABLE capsules (
        id         TEXT PRIMARY KEY,
        tenant     TEXT NOT NULL,
        made       TEXT NOT NULL,
        until      TEXT,
        workspaces TEXT NOT NULL,
        size       INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE capsule_steps (
        capsule TEXT NOT NULL,
        step    TEXT NOT NULL,
        made    TEXT NOT NULL,
        PRIMARY KEY (capsule, step)
    ) STRICT;
    CREATE TABLE fleets (
        id         TEXT PRIMARY KEY,
        tenant     TEXT NOT NULL,
        caller     TEXT NOT NULL,
        tool       TEXT NOT NULL,
        workspaces TEXT NOT NULL,
        at         TEXT NOT NULL
    ) STRICT;
",
    "
    CREATE TABLE imports (
        tenant     TEXT NOT NULL,
        template   TEXT NOT NULL,
        invocation TEXT NOT NULL,
        made       TEXT NOT NULL DEFAULT '[]',
        unclear    INTEGER NOT NULL DEFAULT 1,
        PRIMARY KEY (tenant, template)
    ) STRICT;
",
    "
    CREATE TABLE jobs (
        id         TEXT PRIMARY KEY,
        tenant     TEXT NOT NULL,
        caller     TEXT NOT NULL,
        tool       TEXT NOT NULL,
        invocation TEXT NOT NULL,
        message    TEXT,
        created    TEXT NOT NULL,
        updated    TEXT NOT NULL,
        until      TEXT NOT NULL,
        unwanted   INTEGER NOT NULL DEFAULT 0,
        ended      TEXT
    ) STRICT;
    CREATE INDEX jobs_caller ON jobs (tenant, caller, created);
",
];

/// Applies the steps that the file hasn't seen.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let seen = version(connection)?;
    if seen >= STEPS.len() {
        return Ok(());
    }
    let change = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // Another process may have got here first.
    for step in STEPS.iter().skip(version(&change)?) {
        change.execute_batch(step)?;
    }
    change.pragma_update(None, "user_version", STEPS.len() as i64)?;
    change.commit()
}

pub(super) fn compare(connection: &Connection) -> rusqlite::Result<Ordering> {
    version(connection).map(|seen| seen.cmp(&STEPS.len()))
}

fn version(connection: &Connection) -> rusqlite::Result<usize> {
    connection.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0)).map(|seen| seen as usize)
}
