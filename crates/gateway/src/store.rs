//! What the gateway remembers: one SQLite database with identifiers and hashes.
//!
//! 1. A lock file keeps a second gateway away from the same folder.
//! 2. One thread owns the database. Jobs that wait together share a transaction, each in a savepoint of its
//!    own, so that a storm of logins waits for the disk once; a caller hears of its job after the commit.
//! 3. A database that is damaged, readable by others, newer than this version or not ours is refused with
//!    the reason. Nothing is ever created over something that exists.

mod backup;
mod devices;
mod instances;
mod open;
mod schema;
mod tickets;

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use serde::Serialize;
use thiserror::Error;
use tokio::sync::oneshot;
use tracing::error;

pub(crate) use devices::{Claim, ClaimState, CreateDeviceOutcome, NewDevice};
pub(crate) use tickets::{NewTicket, Ticket};

use crate::limits::{JOBS_PER_TRANSACTION, JOBS_WAITING};

/// A handle to the database thread. The database closes when it is dropped, at the latest.
pub struct Store(Mutex<Option<Open>>);

struct Open {
    jobs: SyncSender<Job>,
    thread: JoinHandle<()>,
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

type Reply = Box<dyn FnOnce(bool) + Send>;
type Job = Box<dyn FnOnce(&mut Transaction<'_>) -> Reply + Send>;

impl Store {
    /// Opens the database in a folder, creating both where there is nothing, and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError`] says why it was refused.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let (connection, lock) = open::open(folder)?;
        let (jobs, queue) = sync_channel(JOBS_WAITING);
        let thread = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || {
                serve(connection, &queue);
                drop(lock);
            })
            .map_err(|source| StoreError::Io { attempt: "start the database thread", source })?;
        Ok(Self(Mutex::new(Some(Open { jobs, thread }))))
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

    /// Runs `work` in a transaction and waits until it is on the disk.
    async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |transaction| {
            let result = in_savepoint(transaction, work);
            Box::new(move |committed| {
                let result = match result {
                    Ok(_) if !committed => Err(StoreError::NotCommitted),
                    other => other.map_err(StoreError::Sqlite),
                };
                drop(answer.send(result));
            })
        });
        self.lock().as_ref().and_then(|open| open.jobs.try_send(job).ok()).ok_or(StoreError::Unavailable)?;
        answered.await.map_err(|_| StoreError::NotCommitted)?
    }

    /// Tells whether the database answers.
    pub(crate) async fn ping(&self) -> bool {
        self.run(|connection| connection.query_row("SELECT 1", [], |_| Ok(()))).await.is_ok()
    }

    /// Finishes the jobs that wait and closes the database: the folder is free when this returns. Whoever still
    /// asks hears that the store is unavailable.
    pub(crate) fn close(&self) {
        let Some(Open { jobs, thread }) = self.lock().take() else { return };
        drop(jobs);
        if thread.join().is_err() {
            error!("the database thread panicked");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close();
    }
}

fn in_savepoint<T>(
    transaction: &mut Transaction<'_>,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let savepoint = transaction.savepoint()?;
    let result = work(&savepoint)?;
    savepoint.commit()?;
    Ok(result)
}

fn serve(mut connection: Connection, queue: &Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        let mut replies = Vec::new();
        let committed = serve_batch(&mut connection, first, queue, &mut replies);
        if let Err(error) = &committed {
            error!(%error, "a transaction failed; its callers are told that nothing changed");
        }
        for reply in replies {
            reply(committed.is_ok());
        }
    }
}

/// Runs a job, and those that wait behind it, in one transaction.
fn serve_batch(
    connection: &mut Connection,
    first: Job,
    queue: &Receiver<Job>,
    replies: &mut Vec<Reply>,
) -> rusqlite::Result<()> {
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    replies.push(first(&mut transaction));
    while replies.len() < JOBS_PER_TRANSACTION
        && let Ok(job) = queue.try_recv()
    {
        replies.push(job(&mut transaction));
    }
    transaction.commit()
}
