//! The system calls by which a program and all that it starts reach a network, by strace.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::process::{Part, descendants};
use super::{PATIENCE, eventually};

/// A running trace; ends when dropped.
pub(crate) struct Calls {
    file: PathBuf,
    _strace: Part,
}

/// A call that names an address of the internet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reach {
    /// What the thread calls itself.
    pub(crate) thread: String,
    pub(crate) to: SocketAddr,
    pub(crate) call: String,
}

impl Calls {
    /// Follows a process, its threads and children, and everything that they start.
    pub(crate) async fn follow(process: u32, folder: &Path) -> Self {
        let file = folder.join("calls");
        let mut command = Command::new("strace");
        command
            .args(["-f", "-qq", "-Y", "-s", "0", "-e", "trace=connect,sendto,sendmsg,sendmmsg,bind", "-o"])
            .arg(&file);
        let children = descendants(process).into_iter().map(|(child, _)| child);
        for followed in std::iter::once(process).chain(children) {
            command.args(["-p", &followed.to_string()]);
        }
        let strace = Part::start("strace", &mut command, folder);
        eventually("strace follows", PATIENCE, async || {
            let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
            let tracer = status.lines().find_map(|line| line.strip_prefix("TracerPid:"))?;
            (tracer.trim() == strace.id().to_string()).then_some(())
        })
        .await;
        Self { file, _strace: strace }
    }

    /// What was reached so far.
    pub(crate) fn reaches(&self) -> Vec<Reach> {
        let calls = std::fs::read_to_string(&self.file).unwrap_or_default();
        calls.lines().filter_map(read).collect()
    }
}

/// Reads a line that names an address: `1234<name> connect(5, {sa_family=AF_INET, sin_port=htons(80), …) = 0`.
fn read(line: &str) -> Option<Reach> {
    let thread = line.split_once('<')?.1.split_once('>')?.0.to_owned();
    let after = |text: &str| Some(line.split_once(text)?.1);
    let port = |text: &str| after(text)?.split(')').next()?.parse::<u16>().ok();
    let to = if line.contains("AF_INET6") {
        let address = after("inet_pton(AF_INET6, \"")?.split('"').next()?;
        SocketAddr::new(address.parse().ok()?, port("sin6_port=htons(")?)
    } else {
        let address = after("inet_addr(\"")?.split('"').next()?;
        SocketAddr::new(address.parse().ok()?, port("sin_port=htons(")?)
    };
    Some(Reach { thread, to, call: line.to_owned() })
}

/// What is looked for is found where it is.
#[test]
fn calls_to_the_internet_are_read() {
    let read = |line| read(line).map(|reach| (reach.thread, reach.to.to_string()));
    let line = "7<NetworkProcess> connect(11, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr(\"192.0.2.1\")}, 16) = 0";
    assert_eq!(read(line), Some(("NetworkProcess".to_owned(), "192.0.2.1:443".to_owned())));
    let line = "7<a b> sendto(9, \"\"..., 33, MSG_NOSIGNAL, {sa_family=AF_INET6, sin6_port=htons(53), sin6_flowinfo=htonl(0), \
                inet_pton(AF_INET6, \"2001:db8::1\", &sin6_addr), sin6_scope_id=0}, 28) = 33";
    assert_eq!(read(line), Some(("a b".to_owned(), "[2001:db8::1]:53".to_owned())));
    assert_eq!(read("7<x> connect(3, {sa_family=AF_UNIX, sun_path=\"/run/x\"}, 110) = 0"), None);
}
