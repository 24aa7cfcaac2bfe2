//! Imports of org templates that servers with this data directory began. One of a template at a time: whoever
//! looked before the other was through would make twins. And what came of them, because of a template that only
//! the tenant knows nobody could tell otherwise whether it is there already.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use crate::failure::{Code, Failure};
use crate::store::{Durability, Store};
use crate::tools::ids::WorkspaceId;

#[derive(Clone)]
pub struct Imports {
    store: Store,
    tenant: Arc<str>,
}

/// What is known of earlier ones.
#[derive(Default)]
pub struct Earlier {
    pub made: Vec<WorkspaceId>,
    /// One ended without anybody knowing what it made.
    pub unclear: bool,
}

/// An import that this process is at. It is over when its call is, however that ends.
pub struct Import {
    imports: Imports,
    template: String,
}

/// The call that has it is under way: begun, and without an outcome.
const TAKE: &str = "INSERT INTO imports (tenant, template, invocation) VALUES (?1, ?2, ?3)
    ON CONFLICT (tenant, template) DO UPDATE SET invocation = excluded.invocation, unclear = unclear + 1
    WHERE NOT EXISTS (SELECT 1 FROM journal i WHERE i.invocation = imports.invocation AND i.kind = 'intent')
       OR EXISTS (SELECT 1 FROM journal o WHERE o.invocation = imports.invocation AND o.kind = 'outcome')";

impl Imports {
    pub fn new(store: Store, tenant: &str) -> Self {
        Self { store, tenant: tenant.into() }
    }

    /// Before its first request; fails where another one of the template is under way.
    pub async fn begin(&self, template: &str, invocation: Uuid) -> Result<Import, Failure> {
        let (tenant, name) = (Arc::clone(&self.tenant), template.to_owned());
        let take = move |open: &Connection| open.execute(TAKE, params![tenant, name, invocation.to_string()]);
        if self.store.change(Durability::Synced, take).await? == 0 {
            return Err(Failure::new(Code::Conflict, "another import of this template is under way")
                .next("Wait until it is through, then plan again."));
        }
        Ok(Import { imports: self.clone(), template: template.to_owned() })
    }

    pub async fn earlier(&self, template: &str) -> Result<Earlier, Failure> {
        let (tenant, name) = (Arc::clone(&self.tenant), template.to_owned());
        let query = move |open: &Connection| {
            const SQL: &str = "SELECT made, unclear FROM imports WHERE tenant = ?1 AND template = ?2";
            let row = |row: &rusqlite::Row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?));
            open.query_row(SQL, params![tenant, name], row).optional()
        };
        self.store.flush().await?;
        let found = self.store.read(query).await?;
        Ok(found.map_or_else(Earlier::default, |(made, unclear)| Earlier {
            made: serde_json::from_str(&made).unwrap_or_default(),
            unclear: unclear > 0,
        }))
    }
}

impl Import {
    /// The tenant has answered: this is what it made.
    pub async fn made(&self, ids: &[WorkspaceId]) -> Result<(), Failure> {
        let (tenant, name) = (Arc::clone(&self.imports.tenant), self.template.clone());
        let ids = serde_json::to_string(ids).unwrap_or_default();
        let change = move |open: &Connection| {
            const SQL: &str = "UPDATE imports SET unclear = 0, made = (SELECT json_group_array(value) FROM
                (SELECT value FROM json_each(imports.made) UNION ALL SELECT value FROM json_each(?3)))
                WHERE tenant = ?1 AND template = ?2";
            open.execute(SQL, params![tenant, name, ids]).map(|_| ())
        };
        self.imports.store.change(Durability::Written, change).await
    }

    /// It made nothing.
    pub async fn made_nothing(&self) -> Result<(), Failure> {
        let (tenant, name) = (Arc::clone(&self.imports.tenant), self.template.clone());
        let change = move |open: &Connection| {
            const SQL: &str = "UPDATE imports SET unclear = max(unclear - 1, 0) WHERE tenant = ?1 AND template = ?2";
            open.execute(SQL, params![tenant, name]).map(|_| ())
        };
        self.imports.store.change(Durability::Written, change).await
    }
}
