//! Real PostgreSQL and NATS servers from Debian, each in a temporary folder, gone with the test.
//!
//! A shell stands between: it ends the server when its standard input closes, which is when the test drops it
//! or dies. PostgreSQL refuses to run as root; root runs it as the user `postgres`.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::net::TcpSocket;

const PATIENCE: Duration = Duration::from_secs(30);

/// A PostgreSQL server on a local socket, with an empty database.
pub(crate) struct PostgresServer {
    process: Option<Child>,
    folder: TempDir,
    programs: PathBuf,
}

impl PostgresServer {
    pub(crate) fn start() -> Self {
        let programs = postgres_programs();
        let template = template(&programs);
        let folder = tempfile::Builder::new().prefix("lg-pg-").tempdir().unwrap();
        give_away(folder.path());
        let copied = as_user(&["cp", "-r", path(&template), path(&folder.path().join("data"))]);
        run(copied);
        let mut server = Self { process: None, folder, programs };
        server.resume();
        server
    }

    /// Starts the server again on the same data.
    pub(crate) fn resume(&mut self) {
        let script = r#"
            "$1/pg_ctl" -s -w -D "$2/data" -l "$2/log" -o "-c listen_addresses= -k $2 -c fsync=off" start || { cat "$2/log" >&2; exit 1; }
            echo READY
            cat > /dev/null
            "$1/pg_ctl" -s -D "$2/data" -m immediate stop"#;
        let command = as_user(&["sh", "-c", script, "postgres", path(&self.programs), path(self.folder.path())]);
        self.process = Some(start(command));
    }

    /// Stops the server; its data stays.
    pub(crate) fn stop(&mut self) {
        end(&mut self.process);
    }

    /// Returns a connection URL.
    pub(crate) fn url(&self) -> String {
        let socket = path(self.folder.path()).replace('/', "%2F");
        format!("postgres://latchgate:{PASSWORD}@{socket}/postgres")
    }

    /// Writes the URL to a file and returns the path.
    pub(crate) fn url_file(&self) -> PathBuf {
        let file = self.folder.path().join("url");
        fs::write(&file, self.url()).unwrap();
        file
    }

    /// Returns everything in the database as text.
    pub(crate) fn dump(&self) -> Vec<u8> {
        let dump = Command::new(self.programs.join("pg_dump")).arg(self.url()).output().unwrap();
        assert!(dump.status.success(), "{dump:?}");
        dump.stdout
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A NATS server on loopback that knows two users: the gateways', and one with other subjects.
pub(crate) struct NatsServer {
    process: Option<Child>,
    folder: TempDir,
    port: u16,
    /// Has the port too, without listening there: the system gives it to nobody else, also while the server is
    /// stopped. The server asks for it by its number, which is allowed beside a socket that does not listen.
    _reserved: TcpSocket,
}

impl NatsServer {
    pub(crate) fn start() -> Self {
        let reserved = TcpSocket::new_v4().unwrap();
        reserved.set_reuseaddr(true).unwrap();
        reserved.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let port = reserved.local_addr().unwrap().port();
        let folder = tempfile::Builder::new().prefix("lg-nats-").tempdir().unwrap();
        let user = |name: &str, subjects: &str| {
            format!(
                "{{user: {name}, password: {PASSWORD}, permissions: {{publish: \"{subjects}\", subscribe: \"{subjects}\"}}}}"
            )
        };
        let users = [user("latchgate", "lg1.>"), user("other", "other.>")].join(", ");
        let configuration = format!("listen: \"127.0.0.1:{port}\"\nauthorization {{ users: [{users}] }}\n");
        fs::write(folder.path().join("nats.conf"), configuration).unwrap();
        let mut server = Self { process: None, folder, port, _reserved: reserved };
        server.resume();
        server
    }

    /// Starts the server again on the same port.
    pub(crate) fn resume(&mut self) {
        let script = r#"
            PATH="$PATH:/usr/sbin"
            command -v nats-server > /dev/null || { echo "nats-server is missing: apt-get install nats-server" >&2; exit 1; }
            nats-server -c "$1" 2> "$1.log" & pid=$!
            echo READY
            cat > /dev/null
            kill $pid
            wait $pid"#;
        let mut command = Command::new("sh");
        command.args(["-c", script, "nats", path(&self.folder.path().join("nats.conf"))]);
        self.process = Some(start(command));
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            assert!(Instant::now() < deadline, "nats-server does not listen");
            std::thread::yield_now();
        }
    }

    /// Stops the server: the nodes are cut off from each other.
    pub(crate) fn stop(&mut self) {
        end(&mut self.process);
    }

    pub(crate) fn url(&self) -> String {
        self.url_of("latchgate")
    }

    pub(crate) fn url_of(&self, user: &str) -> String {
        format!("nats://{user}:{PASSWORD}@127.0.0.1:{}", self.port)
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn url_file(&self) -> PathBuf {
        let file = self.folder.path().join("url");
        fs::write(&file, self.url()).unwrap();
        file
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.stop();
    }
}

pub(crate) const PASSWORD: &str = "a-test-password";

fn start(mut command: Command) -> Child {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "READY\n", "the server did not start; what it said stands above");
    child
}

fn end(process: &mut Option<Child>) {
    let Some(mut child) = process.take() else { return };
    drop(child.stdin.take());
    child.wait().unwrap();
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// A command that root runs as `postgres`, anybody else as themselves.
fn as_user(words: &[&str]) -> Command {
    let (program, rest) = if is_root() {
        ("runuser", [&["-u", "postgres", "--"][..], words].concat())
    } else {
        (words[0], words[1..].to_vec())
    };
    let mut command = Command::new(program);
    command.args(rest).current_dir("/");
    command
}

fn run(mut command: Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn give_away(folder: &Path) {
    if is_root() {
        let mut command = Command::new("chown");
        command.args(["postgres:", path(folder)]);
        run(command);
    }
}

/// Finds the newest PostgreSQL: Debian keeps it out of the path.
fn postgres_programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let folders = versions.map(|entry| entry.path().join("bin")).filter(|bin| bin.join("pg_ctl").exists());
    folders.max().expect("PostgreSQL is missing: apt-get install postgresql")
}

/// Makes an empty cluster once for all tests of this user. It gets its name when it is complete: what a killed test
/// leaves behind is never taken for one.
fn template(programs: &Path) -> PathBuf {
    let version = programs.parent().unwrap().file_name().unwrap().to_str().unwrap();
    let who = fs::metadata("/proc/self").unwrap().uid();
    let cluster = std::env::temp_dir().join(format!("latchgate-test-cluster-{version}-{who}"));
    let lock = File::create(cluster.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    if cluster.exists() {
        return cluster;
    }
    let folder = tempfile::Builder::new().prefix("lg-pg-").tempdir().unwrap();
    let initdb = programs.join("initdb");
    let (data, password) = (folder.path().join("data"), folder.path().join("password"));
    fs::write(&password, PASSWORD).unwrap();
    give_away(folder.path());
    run(as_user(&[
        path(&initdb),
        "--no-sync",
        "--locale=C",
        "--encoding=UTF8",
        "--auth=scram-sha-256",
        "--username=latchgate",
        "--pwfile",
        path(&password),
        "-D",
        path(&data),
    ]));
    fs::rename(&data, &cluster).unwrap();
    cluster
}
