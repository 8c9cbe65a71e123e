//! A part of the product as a child process: started, awaited by the line it prints when ready, and ended
//! when dropped.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// How long a part may take to say that it is ready.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// A running part.
pub(crate) struct Part {
    name: &'static str,
    child: Child,
    lines: Receiver<String>,
    log: std::path::PathBuf,
}

impl Part {
    /// Starts a part; what it writes to standard error goes to a file in `logs`.
    pub(crate) fn start(name: &'static str, command: &mut Command, logs: &Path) -> anyhow::Result<Self> {
        let log = logs.join(format!("{name}.log"));
        let file = File::create(&log).with_context(|| format!("create {}", log.display()))?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .with_context(|| format!("start the {name}"))?;
        let stdout = child.stdout.take().context("standard output was piped")?;
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // The part keeps running when nobody waits for its lines.
                let _ = sender.send(line);
            }
        });
        Ok(Self { name, child, lines, log })
    }

    /// The process's id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the line that begins with `word` and returns the rest of it.
    pub(crate) fn wait_for(&self, word: &str) -> anyhow::Result<String> {
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            let Ok(line) = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) else {
                let log = std::fs::read_to_string(&self.log).unwrap_or_default();
                bail!("the {} did not say {word}; its log:\n{log}", self.name);
            };
            if let Some(rest) = line.strip_prefix(word) {
                return Ok(rest.trim().to_owned());
            }
        }
    }

    /// Waits until the part ends by itself.
    pub(crate) fn wait(&mut self) -> anyhow::Result<()> {
        let status = self.child.wait()?;
        if !status.success() {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            bail!("the {} ended ({status}); its log:\n{log}", self.name);
        }
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
