//! The tenant's rows: one SQLite file that several processes may have open at once, so nothing is
//! kept in memory and every change reads what it changes under BEGIN IMMEDIATE. Reads run where they
//! are called (they take microseconds); writes go to a blocking thread, one at a time.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::OpenError;
use super::answer::{Refusal, Refuse, broken};
use super::events::{self, Watchers};
use super::provisioning;

const SCHEMA: &str = include_str!("schema.sql");
const SCHEMA_VERSION: i64 = 2;
const BUSY: Duration = Duration::from_secs(5);

pub(crate) struct Store {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    pub(crate) watchers: Watchers,
}

impl Store {
    pub(crate) fn open(directory: &Path) -> Result<Self, OpenError> {
        let path = directory.join("tenant.db");
        let mut writer = connect(&path).map_err(|error| OpenError::database(&path, &error))?;
        migrate(&mut writer).map_err(|error| OpenError::database(&path, &error))?;
        is_current(&writer, directory)?;
        writer.execute_batch(events::PENDING).map_err(|error| OpenError::database(&path, &error))?;
        Ok(Self { path, writer: Mutex::new(writer), readers: Mutex::default(), watchers: Watchers::new() })
    }

    /// Looks at the rows as they are now: what is due to change by itself has changed.
    pub(crate) async fn read<T>(
        self: &Arc<Self>,
        look: impl FnOnce(&Connection) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let reader = self.reader()?;
        if provisioning::is_due(&reader)? {
            self.write(|_| Ok(())).await?;
        }
        let seen = look(&reader);
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
        seen
    }

    /// Changes rows in one transaction, which a refusal undoes.
    pub(crate) async fn write<T: Send + 'static>(
        self: &Arc<Self>,
        change: impl FnOnce(&Transaction) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let store = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || store.write_here(change)).await;
        done.refuse(broken("internal error"))?
    }

    /// The same on the calling thread: for start-up and seeds, outside a runtime.
    pub(crate) fn write_here<T>(&self, change: impl FnOnce(&Transaction) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        provisioning::settle(&transaction)?;
        let changed = change(&transaction)?;
        let told = events::take_pending(&transaction)?;
        transaction.commit()?;
        self.watchers.show(told);
        Ok(changed)
    }

    fn reader(&self) -> rusqlite::Result<Connection> {
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| connect(&self.path), Ok)
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    // NORMAL: a power cut may lose the last moments of a tenant that is for trying things out
    connection.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    if version(connection)? == SCHEMA_VERSION {
        return Ok(());
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // another process may have been first
    if version(&transaction)? == 0 {
        transaction.execute_batch(SCHEMA)?;
        transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    }
    transaction.commit()
}

/// It is a tenant for trying things out: one that another version made isn't worth converting.
fn is_current(connection: &Connection, directory: &Path) -> Result<(), OpenError> {
    if version(connection).is_ok_and(|version| version == SCHEMA_VERSION) {
        return Ok(());
    }
    let place = directory.display();
    Err(OpenError::new(format!("the embedded tenant in {place} was made by another version; remove it to begin anew")))
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}
