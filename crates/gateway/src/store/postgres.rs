//! The PostgreSQL backend: the truth of several nodes.
//!
//! 1. A few threads own a connection each and share one queue of jobs.
//! 2. Each job is a transaction of its own, SERIALIZABLE, so that work of several nodes ends as if one had done
//!    it after the other, which is what SQLite's one writer gives. PostgreSQL refuses what does not fit; the
//!    job is done again then.
//! 3. A connection that broke is made anew for the next job. A job whose commit was not confirmed is answered
//!    as not committed: every caller may repeat what it asked for.
//! 4. TLS with a verified name, except on loopback addresses and local sockets.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use postgres::config::{Host, SslMode};
use postgres::error::SqlState;
use postgres::types::{IsNull, ToSql, Type, private::BytesMut};
use postgres::{Client, Config, NoTls, Statement};
use rustls::ClientConfig;
use tokio_postgres_rustls::MakeRustlsConnect;
use tracing::{debug, error, warn};

use super::sql::{Cell, Sql, Value};
use super::{BoxedJob, CheckReport, StoreError, schema};
use crate::limits::{DATABASE_CONNECT, DATABASE_RETRIES, JOBS_WAITING};

/// Where the database is, and how it is trusted.
#[derive(Clone)]
pub(crate) struct Server {
    config: Config,
    /// None where the way to it does not leave the machine.
    tls: Option<Arc<ClientConfig>>,
}

/// A handle to the threads.
pub(super) struct Postgres(Mutex<Option<Open>>);

struct Open {
    jobs: SyncSender<BoxedJob>,
    threads: Vec<JoinHandle<()>>,
}

/// A connection in use by one thread.
pub(super) struct Session {
    client: Client,
    prepared: HashMap<&'static str, Statement>,
}

impl Server {
    /// Reads a connection URL. `tls` is asked for only where the way leaves the machine.
    ///
    /// # Errors
    /// [`StoreError::Url`], which holds nothing of the URL.
    pub(crate) fn new(url: &str, tls: impl FnOnce() -> Result<ClientConfig, StoreError>) -> Result<Self, StoreError> {
        let mut config: Config = url.trim().parse().map_err(|_| StoreError::Url)?;
        if config.get_hosts().is_empty() || config.get_user().is_none() {
            return Err(StoreError::Url);
        }
        let local = config.get_hosts().iter().all(is_local);
        let tls = if local { None } else { Some(Arc::new(tls()?)) };
        config
            .application_name("latchgate-gateway")
            .connect_timeout(DATABASE_CONNECT)
            .tcp_user_timeout(2 * DATABASE_CONNECT)
            .ssl_mode(if local { SslMode::Disable } else { SslMode::Require });
        Ok(Self { config, tls })
    }

    fn connect(&self) -> Result<Session, StoreError> {
        let mut client = match &self.tls {
            None => self.config.connect(NoTls)?,
            Some(tls) => self.config.connect(MakeRustlsConnect::new(ClientConfig::clone(tls)))?,
        };
        client.batch_execute(SETTINGS)?;
        Ok(Session { client, prepared: HashMap::new() })
    }

    /// Checks that the schema is ours and current, and counts.
    pub(super) fn check(&self) -> Result<CheckReport, StoreError> {
        let session = RefCell::new(self.connect()?);
        let version = schema::version_on(&mut session.borrow_mut().client)?.ok_or(StoreError::NotOurs)?;
        super::count(&Sql::Postgres(&session), version)
    }
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

/// What the store relies on, whatever the server's own settings are: durable commits, and an end to every wait.
const SETTINGS: &str = "
    SET synchronous_commit = on;
    SET statement_timeout = '5s';
    SET lock_timeout = '2s';
    SET idle_in_transaction_session_timeout = '10s';
    SET client_min_messages = warning;
    SET default_transaction_isolation = 'serializable'";

impl Postgres {
    /// Connects, brings the schema up to date and starts the threads.
    pub(super) fn open(server: &Server, connections: usize) -> Result<Self, StoreError> {
        schema::migrate_on(&mut server.connect()?.client)?;
        let (jobs, queue) = sync_channel(JOBS_WAITING);
        let queue = Arc::new(Mutex::new(queue));
        let spawn = |number| {
            let (server, queue) = (server.clone(), Arc::clone(&queue));
            std::thread::Builder::new().name(format!("store-{number}")).spawn(move || serve(&server, &queue))
        };
        let threads = (0..connections.max(1)).map(spawn).collect::<Result<_, _>>();
        let threads = threads.map_err(|source| StoreError::Io { attempt: "start the database threads", source })?;
        Ok(Self(Mutex::new(Some(Open { jobs, threads }))))
    }

    pub(super) fn send(&self, job: BoxedJob) -> Result<(), StoreError> {
        self.lock().as_ref().and_then(|open| open.jobs.try_send(job).ok()).ok_or(StoreError::Unavailable)
    }

    pub(super) fn close(&self) {
        let Some(Open { jobs, threads }) = self.lock().take() else { return };
        drop(jobs);
        if threads.into_iter().any(|thread| thread.join().is_err()) {
            error!("a database thread panicked");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.close();
    }
}

fn serve(server: &Server, queue: &Mutex<Receiver<BoxedJob>>) {
    let mut session = None;
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(mut job) = next else { return };
        if !job.is_wanted() {
            continue;
        }
        let done = serve_job(server, &mut session, &mut job);
        let committed = done.is_ok();
        if let Err(error) = done {
            job.fail(error);
        }
        job.answer(committed);
    }
}

/// Does a job until it is committed or fails for good.
fn serve_job(server: &Server, session: &mut Option<RefCell<Session>>, job: &mut BoxedJob) -> Result<(), StoreError> {
    let mut attempts = 0;
    loop {
        let fresh = session.is_none();
        let open = match session.take() {
            Some(open) => open,
            None => RefCell::new(server.connect()?),
        };
        let mut began = false;
        let done = transact(&open, job, &mut began);
        let broken = open.borrow_mut().client.is_closed();
        if !broken {
            *session = Some(open);
        }
        attempts += 1;
        match done {
            Err(StoreError::Postgres(error)) if attempts < DATABASE_RETRIES && may_fit_later(&error) => {
                debug!(attempts, "another transaction came between; the work is done again");
            }
            // The server was restarted since the last job.
            Err(StoreError::Postgres(_)) if broken && !fresh && !began => {
                warn!("the connection to the database was lost; making a new one");
            }
            done => return done,
        }
    }
}

fn transact(session: &RefCell<Session>, job: &mut BoxedJob, began: &mut bool) -> Result<(), StoreError> {
    session.borrow_mut().client.batch_execute("BEGIN")?;
    *began = true;
    let done = job.attempt(&Sql::Postgres(session));
    let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = session.borrow_mut().client.batch_execute(end);
    done?;
    Ok(ended?)
}

fn may_fit_later(error: &postgres::Error) -> bool {
    error.code().is_some_and(|code| {
        *code == SqlState::T_R_SERIALIZATION_FAILURE
            || *code == SqlState::T_R_DEADLOCK_DETECTED
            || *code == SqlState::UNIQUE_VIOLATION
    })
}

impl Session {
    fn prepare(&mut self, sql: &'static str) -> Result<Statement, StoreError> {
        if let Some(statement) = self.prepared.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(&sql.replace('?', "$"))?;
        self.prepared.insert(sql, statement.clone());
        Ok(statement)
    }

    pub(super) fn execute(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64, StoreError> {
        let statement = self.prepare(sql)?;
        Ok(self.client.execute(&statement, &parameters(values))?)
    }

    pub(super) fn query(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<Vec<postgres::Row>, StoreError> {
        let statement = self.prepare(sql)?;
        Ok(self.client.query(&statement, &parameters(values))?)
    }
}

fn parameters<'a>(values: &'a [Value<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

/// Reads a column of one of the types that the schema uses.
pub(super) fn cell(row: &postgres::Row, column: usize) -> Result<Option<Cell<'_>>, StoreError> {
    let Some(declared) = row.columns().get(column) else { return Ok(None) };
    let int = |value: Option<i64>| value.map_or(Cell::Null, Cell::Int);
    Ok(match *declared.type_() {
        Type::INT8 => Some(int(row.try_get(column)?)),
        Type::INT4 => Some(int(row.try_get::<_, Option<i32>>(column)?.map(i64::from))),
        Type::BOOL => Some(int(row.try_get::<_, Option<bool>>(column)?.map(i64::from))),
        Type::BYTEA => Some(row.try_get::<_, Option<&[u8]>>(column)?.map_or(Cell::Null, Cell::Bytes)),
        _ => None,
    })
}

impl ToSql for Value<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match *self {
            Self::Int(value) if *ty == Type::INT4 => i32::try_from(value)?.to_sql(ty, out),
            Self::Int(value) => value.to_sql(ty, out),
            Self::Bool(value) => value.to_sql(ty, out),
            Self::Bytes(bytes) => bytes.to_sql(ty, out),
        }
    }

    fn accepts(ty: &Type) -> bool {
        [Type::INT8, Type::INT4, Type::BOOL, Type::BYTEA].contains(ty)
    }

    postgres::types::to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_tls() -> Result<ClientConfig, StoreError> {
        Err(StoreError::Unavailable)
    }

    #[test]
    fn a_way_that_leaves_the_machine_takes_tls() {
        for local in [
            "postgres://u:p@127.0.0.1/d",
            "postgres://u@[::1]:1/d",
            "host=/run/postgresql user=u",
            "postgres://u@localhost/d",
        ] {
            assert!(Server::new(local, no_tls).is_ok(), "{local}");
        }
        // The answer of `no_tls`: it was asked.
        for remote in
            ["postgres://u:p@10.0.0.1/d", "postgres://u@db.example/d?sslmode=disable", "postgres://u@127.0.0.1,db/d"]
        {
            assert!(matches!(Server::new(remote, no_tls), Err(StoreError::Unavailable)), "{remote}");
        }
    }

    #[test]
    fn a_url_of_another_form_is_refused_without_a_word_of_it() {
        for wrong in ["", "canary", "https://canary@host/", "postgres://canary:canary@host:canary/", "postgres:///d"] {
            let Err(error) = Server::new(wrong, no_tls) else { panic!("{wrong} was taken") };
            assert!(matches!(error, StoreError::Url), "{error:?}");
            assert!(!format!("{error} {error:?}").contains("canary"));
        }
    }
}
