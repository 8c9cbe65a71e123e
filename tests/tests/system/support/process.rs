//! A part as a child process: what it prints, what it logs, what it has in memory; killed when dropped.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use super::PATIENCE;

/// Returns the folder of the built programs.
pub(crate) fn binaries() -> PathBuf {
    std::env::var_os("LATCHGATE_BIN_DIR").map_or_else(
        || {
            // target/debug/deps/system-… lies one folder below the programs.
            let this = std::env::current_exe().expect("a test is a program");
            this.ancestors().nth(2).expect("a test lies in deps").to_path_buf()
        },
        PathBuf::from,
    )
}

/// Makes a command for one of the project's programs.
pub(crate) fn program(name: &str) -> Command {
    let path = binaries().join(name);
    assert!(path.exists(), "{} is not built; run `cargo xtask test`", path.display());
    Command::new(path)
}

/// A running child.
pub(crate) struct Part {
    name: String,
    child: Child,
    lines: mpsc::UnboundedReceiver<String>,
    seen: VecDeque<String>,
    log: PathBuf,
    has_children: bool,
}

/// How long a part may take to end its own children.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// How a command that ran to its end ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Part {
    /// Starts a part; standard error is appended to `logs`/name.log.
    pub(crate) fn start(name: &str, command: &mut Command, logs: &Path) -> Self {
        let log = logs.join(format!("{name}.log"));
        let file = File::options().create(true).append(true).open(&log).expect("create a log");
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file)
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("start {name}: {error}"));
        let mut stdout = BufReader::new(child.stdout.take().expect("standard output is piped")).lines();
        let (sender, lines) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok(Some(line)) = stdout.next_line().await {
                // Lines that nobody waits for are dropped with the part.
                let _ = sender.send(line);
            }
        });
        Self { name: name.to_owned(), child, lines, seen: VecDeque::new(), log, has_children: false }
    }

    /// Starts a program that starts others, which it ends when it is asked to end.
    pub(crate) fn start_parent(name: &str, command: &mut Command, logs: &Path) -> Self {
        let mut part = Self::start(name, command, logs);
        part.has_children = true;
        part
    }

    /// Waits for a line on standard output that begins with `word` and returns the rest.
    pub(crate) async fn wait_for(&mut self, word: &str) -> String {
        let waited = tokio::time::timeout(PATIENCE, async {
            while let Some(line) = self.lines.recv().await {
                let rest = line.strip_prefix(word).map(|rest| rest.trim().to_owned());
                self.seen.push_back(line);
                if rest.is_some() {
                    return rest;
                }
            }
            None
        });
        match waited.await {
            Ok(Some(rest)) => rest,
            Ok(None) | Err(_) => panic!("{} did not say {word}; log:\n{}", self.name, self.log()),
        }
    }

    /// Tells whether it has said a line that begins with `word`.
    pub(crate) fn said(&mut self, word: &str) -> bool {
        while let Ok(line) = self.lines.try_recv() {
            self.seen.push_back(line);
        }
        self.seen.iter().any(|line| line.starts_with(word))
    }

    /// Ends the part without a chance to tidy up.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap_or_else(|error| panic!("kill {}: {error}", self.name));
    }

    /// Stops the process in the middle of whatever it does; what is sent to it waits.
    pub(crate) fn freeze(&self) {
        signal_group(self.id(), "STOP");
    }

    /// Lets a frozen process go on.
    pub(crate) fn thaw(&self) {
        signal_group(self.id(), "CONT");
    }

    /// Returns what it logged so far, earlier runs of the same name included.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Returns where the system tells about the process.
    pub(crate) fn process(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}", self.id()))
    }

    /// Returns everything that the process has in memory and could write to a core file.
    pub(crate) fn memory(&self) -> Vec<u8> {
        let dump = memory(self.id()).unwrap_or_default();
        assert!(!dump.is_empty(), "no memory of {} could be read", self.name);
        dump
    }

    /// The process's number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("the part is running")
    }
}

/// Returns everything that a process has in memory, itself or shared; `None` when it is gone.
pub(crate) fn memory(process: u32) -> Option<Vec<u8>> {
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).ok()?;
    let mut memory = File::open(format!("/proc/{process}/mem")).ok()?;
    let mut pages = File::open(format!("/proc/{process}/pagemap")).ok()?;
    let mut dump = Vec::new();
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (Some(range), Some(rights)) = (words.next(), words.next()) else { continue };
        let writable = rights.starts_with("rw");
        let Some((start, end)) = range.split_once('-').filter(|_| writable) else { continue };
        let (Ok(start), Ok(end)) = (u64::from_str_radix(start, 16), u64::from_str_radix(end, 16)) else { continue };
        read_region(&mut memory, &mut pages, start..end, &mut dump);
    }
    Some(dump)
}

/// Reads what can be read of a region. A web engine reserves far more than it uses: pages that are neither in memory
/// nor swapped out hold nothing.
fn read_region(memory: &mut File, pages: &mut File, region: Range<u64>, dump: &mut Vec<u8>) {
    const PAGE: u64 = 4096;
    const PIECE: u64 = 1 << 20;
    const HELD: u64 = 0b11 << 62;
    let mut piece = vec![0; usize::try_from(PIECE).expect("a megabyte fits")];
    let mut at = region.start;
    while at < region.end {
        let length = usize::try_from(PIECE.min(region.end - at)).expect("a piece fits");
        let mut entries = vec![0; length.div_ceil(4096) * 8];
        let known = pages.seek(SeekFrom::Start(at / PAGE * 8)).and_then(|_| pages.read_exact(&mut entries));
        let held = entries.chunks(8).any(|entry| u64::from_ne_bytes(entry.try_into().expect("8 bytes")) & HELD != 0);
        if (known.is_err() || held)
            && memory.seek(SeekFrom::Start(at)).and_then(|_| memory.read_exact(&mut piece[..length])).is_ok()
        {
            dump.extend_from_slice(&piece[..length]);
        }
        at += PIECE;
    }
}

/// Returns the numbers and names of a process's children and theirs.
pub(crate) fn descendants(process: u32) -> Vec<(u32, String)> {
    let listed: Vec<(u32, u32, String)> = std::fs::read_dir("/proc")
        .expect("read /proc")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|id: u32| {
            let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
            let (head, rest) = stat.rsplit_once(')')?;
            let parent = rest.split_whitespace().nth(1)?.parse().ok()?;
            Some((id, parent, head.split_once('(')?.1.to_owned()))
        })
        .collect();
    let mut found: Vec<(u32, String)> = Vec::new();
    let mut parents = vec![process];
    while let Some(parent) = parents.pop() {
        for (id, _, name) in listed.iter().filter(|(_, of, _)| *of == parent) {
            found.push((*id, name.clone()));
            parents.push(*id);
        }
    }
    found
}

impl Drop for Part {
    fn drop(&mut self) {
        let Some(group) = self.child.id() else { return };
        if self.has_children {
            signal_group(group, "TERM");
            let deadline = Instant::now() + LAST_WORDS;
            while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        signal_group(group, "KILL");
    }
}

/// Signals a part and its children. A group that is gone already needs no signal.
fn signal_group(group: u32, name: &str) {
    let target = format!("-{group}");
    let _ = std::process::Command::new("kill").args(["-s", name, "--", &target]).stderr(Stdio::null()).status();
}

/// Runs a command to its end.
pub(crate) async fn run(command: &mut Command) -> Ended {
    run_within(PATIENCE, command).await
}

/// Runs a command to its end, however long its work takes a slow machine.
pub(crate) async fn run_within(patience: Duration, command: &mut Command) -> Ended {
    let output = tokio::time::timeout(patience, command.stdin(Stdio::null()).kill_on_drop(true).output())
        .await
        .unwrap_or_else(|_| panic!("{command:?} did not end"))
        .unwrap_or_else(|error| panic!("start {command:?}: {error}"));
    Ended {
        status: output.status,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs a command that must succeed and returns what it printed.
pub(crate) async fn succeed(command: &mut Command) -> String {
    let ended = run(command).await;
    assert!(ended.status.success(), "{command:?}: {}\n{}{}", ended.status, ended.stdout, ended.stderr);
    ended.stdout
}
