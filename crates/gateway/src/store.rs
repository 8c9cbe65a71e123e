//! What the gateway remembers: identifiers and hashes, in SQLite or, for several nodes, in PostgreSQL.
//!
//! A piece of work is one closure over [`sql::Sql`]; the backend decides in which transaction it runs, and its
//! caller hears of it after the commit. Nothing of a piece that failed is kept.

mod backup;
mod devices;
mod instances;
#[cfg(test)]
mod kills;
mod open;
mod postgres;
mod schema;
mod sql;
mod sqlite;
mod tickets;

use std::path::Path;

use latchgate_protocol::limits::PBKDF2_FLOOR;
use serde::Serialize;
use thiserror::Error;
use tokio::sync::oneshot;
use tokio::time::timeout;

pub(crate) use devices::{Claim, ClaimState, CreateDeviceOutcome, NewDevice};
pub(crate) use postgres::Server;
pub(crate) use tickets::{NewTicket, Ticket};

use postgres::Postgres;
use sql::{Sql, values};
use sqlite::Sqlite;

use crate::limits::STORE_TIMEOUT;

/// A handle to the database. It closes when it is dropped, at the latest.
pub struct Store(Backend);

enum Backend {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

/// Why the store cannot be used.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Another gateway holds the folder.
    #[error("another gateway is running on this data folder")]
    Locked,
    /// The folder or a file in it cannot be used.
    #[error("could not use the data folder: {attempt}")]
    Io {
        /// What was tried.
        attempt: &'static str,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// A file can be read by other users.
    #[error("the database must be readable by its owner only: run chmod 600 on it")]
    Exposed,
    /// The database is not one of ours, or is empty.
    #[error("the file gateway.db is not a gateway's database; restore it from a backup, or move it away to start anew")]
    NotOurs,
    /// The database is damaged.
    #[error("the database is damaged ({0}); restore it from a backup")]
    Damaged(String),
    /// The database was written by a newer version.
    #[error("the database has version {found}, this gateway knows version {known}: install the newer gateway")]
    Newer {
        /// The version of the database.
        found: u32,
        /// The newest version that is known here.
        known: u32,
    },
    /// SQLite failed.
    #[error("the database failed")]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL failed.
    #[error("the database failed")]
    Postgres(#[from] ::postgres::Error),
    /// The connection URL cannot be used. Nothing of it is repeated: it holds a password.
    #[error("the URL of the database must be of the form postgres://USER:PASSWORD@HOST:PORT/DATABASE")]
    Url,
    /// The authorities for the database's certificate cannot be used.
    #[error("could not prepare TLS for the database")]
    Tls(#[from] rustls::Error),
    /// A row does not hold what its column is declared for.
    #[error("the database holds a value of another form; it was altered")]
    Unexpected,
    /// The transaction of several jobs failed; nothing of it was written.
    #[error("the database did not commit")]
    NotCommitted,
    /// Too many jobs wait, or the store is closing.
    #[error("the database is overloaded or closing")]
    Unavailable,
}

/// What `check` found.
#[derive(Debug, Serialize)]
pub struct CheckReport {
    /// The version of the schema.
    pub version: u32,
    /// Instances.
    pub instances: u64,
    /// Devices, revoked ones included.
    pub devices: u64,
    /// Stored passwords below the floor of iterations; these can never log in.
    pub weak_passwords: u64,
}

/// A piece of work whose result does not matter to the backend.
trait Job: Send {
    /// Does the work. It may be done again, in another transaction, when that one did not commit.
    fn attempt(&mut self, sql: &Sql<'_>) -> Result<(), StoreError>;

    /// Tells the caller; `committed` says whether what the last attempt did is durable.
    fn answer(self: Box<Self>, committed: bool);

    /// Notes why the work is not done, for the caller.
    fn fail(&mut self, error: StoreError);

    /// Tells whether the caller still waits.
    fn is_wanted(&self) -> bool;
}

type BoxedJob = Box<dyn Job>;

struct Task<T, F> {
    work: F,
    result: Option<Result<T, StoreError>>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F: FnMut(&Sql<'_>) -> Result<T, StoreError> + Send> Job for Task<T, F> {
    fn attempt(&mut self, sql: &Sql<'_>) -> Result<(), StoreError> {
        self.result = None;
        self.result = Some(Ok((self.work)(sql)?));
        Ok(())
    }

    fn fail(&mut self, error: StoreError) {
        self.result = Some(Err(error));
    }

    fn is_wanted(&self) -> bool {
        !self.answer.is_closed()
    }

    fn answer(self: Box<Self>, committed: bool) {
        let result = match self.result {
            Some(Err(error)) => Err(error),
            Some(Ok(value)) if committed => Ok(value),
            Some(Ok(_)) | None => Err(StoreError::NotCommitted),
        };
        drop(self.answer.send(result));
    }
}

impl Store {
    /// Opens the database in a folder, creating both where there is nothing, and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError`] says why it was refused.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        Ok(Self(Backend::Sqlite(Sqlite::open(folder)?)))
    }

    /// Opens a database on a PostgreSQL server, which several gateways may share.
    pub(crate) fn open_server(server: &Server, connections: usize) -> Result<Self, StoreError> {
        Ok(Self(Backend::Postgres(Postgres::open(server, connections)?)))
    }

    /// Checks a database on a PostgreSQL server without changing it.
    pub(crate) fn check_server(server: &Server) -> Result<CheckReport, StoreError> {
        server.check()
    }

    /// Checks the whole database without changing it.
    ///
    /// # Errors
    /// [`StoreError`] says what is wrong.
    pub fn check(folder: &Path) -> Result<CheckReport, StoreError> {
        open::inspect(&folder.join(open::DATABASE))
    }

    /// Writes a copy of the database, also while a gateway runs on it, and checks the copy.
    ///
    /// # Errors
    /// [`StoreError`] says what is wrong; nothing is left behind then.
    pub fn backup(folder: &Path, target: &Path) -> Result<CheckReport, StoreError> {
        backup::backup(folder, target)
    }

    /// Puts a copy into a folder that holds no database. Devices that were revoked since the copy was taken
    /// are revoked again by their connectors, which repeat their revocations when they connect.
    ///
    /// # Errors
    /// [`StoreError`] says what is wrong.
    pub fn restore(copy: &Path, folder: &Path) -> Result<CheckReport, StoreError> {
        backup::restore(copy, folder)
    }

    /// Runs `work` in a transaction and waits until it is durable.
    async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&Sql<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(Task { work, result: None, answer });
        match &self.0 {
            Backend::Sqlite(sqlite) => {
                sqlite.send(job)?;
                answered.await.map_err(|_| StoreError::NotCommitted)?
            }
            Backend::Postgres(postgres) => {
                postgres.send(job)?;
                let answered = timeout(STORE_TIMEOUT, answered).await.map_err(|_| StoreError::Unavailable)?;
                answered.map_err(|_| StoreError::NotCommitted)?
            }
        }
    }

    /// Tells whether other gateways may use the same database.
    pub(crate) const fn is_shared(&self) -> bool {
        matches!(self.0, Backend::Postgres(_))
    }

    /// Tells whether the database answers.
    pub(crate) async fn ping(&self) -> bool {
        self.run(|sql| sql.first("SELECT 1", values![], |_| Ok(()))).await.is_ok()
    }

    /// Finishes the work that waits and closes the database: the folder is free when this returns. Whoever
    /// still asks hears that the store is unavailable.
    pub(crate) fn close(&self) {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.close(),
            Backend::Postgres(postgres) => postgres.close(),
        }
    }
}

/// Counts what is in a database, for `check`.
fn count(sql: &Sql<'_>, version: u32) -> Result<CheckReport, StoreError> {
    let count = |query, values: &[sql::Value<'_>]| {
        Ok::<u64, StoreError>(sql.first(query, values, |row| row.get(0))?.unwrap_or(0))
    };
    let weak = count("SELECT count(*) FROM instance WHERE iterations < ?1", values![PBKDF2_FLOOR])?
        + count("SELECT count(*) FROM device WHERE iterations < ?1", values![PBKDF2_FLOOR])?;
    Ok(CheckReport {
        version,
        instances: count("SELECT count(*) FROM instance", values![])?,
        devices: count("SELECT count(*) FROM device", values![])?,
        weak_passwords: weak,
    })
}
