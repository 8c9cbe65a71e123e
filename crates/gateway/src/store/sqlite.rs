//! The SQLite backend.
//!
//! 1. A lock file keeps a second gateway away from the same folder.
//! 2. One thread owns the database. Jobs that wait together share a transaction, each in a savepoint of its
//!    own, so that a storm of logins waits for the disk once; a caller hears of its job after the commit.
//! 3. A database that is damaged, readable by others, newer than this version or not ours is refused with
//!    the reason. Nothing is ever created over something that exists.

use std::fs::File;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tracing::error;

use super::sql::Sql;
use super::{BoxedJob, Job, StoreError, open};
use crate::limits::{JOBS_PER_TRANSACTION, JOBS_WAITING};

/// A handle to the database thread.
pub(super) struct Sqlite(Mutex<Option<Open>>);

struct Open {
    jobs: SyncSender<BoxedJob>,
    thread: JoinHandle<()>,
}

impl Sqlite {
    pub(super) fn open(folder: &Path) -> Result<Self, StoreError> {
        let (connection, lock) = open::open(folder)?;
        Self::serve(connection, lock)
    }

    /// Serves a database for as long as the folder is locked.
    pub(super) fn serve(connection: Connection, lock: File) -> Result<Self, StoreError> {
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

    pub(super) fn send(&self, job: BoxedJob) -> Result<(), StoreError> {
        self.lock().as_ref().and_then(|open| open.jobs.try_send(job).ok()).ok_or(StoreError::Unavailable)
    }

    pub(super) fn close(&self) {
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

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.close();
    }
}

fn serve(mut connection: Connection, queue: &Receiver<BoxedJob>) {
    while let Ok(first) = queue.recv() {
        let mut jobs = vec![first];
        let committed = serve_batch(&mut connection, &mut jobs, queue);
        if let Err(error) = &committed {
            error!(%error, "a transaction failed; its callers are told that nothing changed");
        }
        for job in jobs {
            job.answer(committed.is_ok());
        }
    }
}

/// Runs a job, and those that wait behind it, in one transaction.
fn serve_batch(
    connection: &mut Connection,
    jobs: &mut Vec<BoxedJob>,
    queue: &Receiver<BoxedJob>,
) -> rusqlite::Result<()> {
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut done = 0;
    while let Some(job) = jobs.get_mut(done) {
        if let Err(error) = in_savepoint(&mut transaction, job.as_mut()) {
            job.fail(error);
        }
        done += 1;
        if done < JOBS_PER_TRANSACTION
            && let Ok(next) = queue.try_recv()
        {
            jobs.push(next);
        }
    }
    transaction.commit()
}

fn in_savepoint(transaction: &mut Transaction<'_>, job: &mut dyn Job) -> Result<(), StoreError> {
    let savepoint = transaction.savepoint()?;
    job.attempt(&Sql::Sqlite(&savepoint))?;
    Ok(savepoint.commit()?)
}
