//! The audit log: append-only JSON lines, each chained to the one before by its hash.
//!
//! 1. Each line carries `seq`, `time`, `event`, its fields, `prev` (the hash of the line before) and, last,
//!    `hash` = SHA-256 over a domain string and everything in front of it.
//! 2. `serve` and the command line append under a file lock, synced.
//! 3. The number and hash of the last line are noted in the store as well, so that a log that was cut off at
//!    its end is noticed too.
//!
//! What a gateway or a device can cause at will has a daily [`budget`].
//!
//! The log names people, sites and devices; it holds no secret, no path and no content.

mod budget;

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use latchgate_protocol::DeviceId;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use tracing::warn;

use budget::Budget;

use crate::limits::AUDIT_LINE;
use crate::seal::create_private;
use crate::store::{Store, StoreError};
use crate::text::Shown;
use crate::time::UnixSeconds;

/// What is worth a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Event {
    InstanceCreated,
    PersonAdded,
    PersonSuspended,
    PersonResumed,
    PersonRemoved,
    GroupJoined,
    GroupLeft,
    DeviceInvited,
    DeviceClaimed,
    /// Two devices claimed one code: it may have been photographed.
    ClaimConflict,
    DeviceAnswered,
    DevicePaired,
    DeviceApproved,
    /// Somebody asked for another key of a device.
    RotationAsked,
    /// A device replaced its key.
    DeviceRotated,
    DeviceRevoked,
    /// The check code was not the device's, or nobody wanted the device.
    DeviceDenied,
    WipeOrdered,
    /// A device proved that it erased itself.
    WipeConfirmed,
    /// An offer that nobody finished.
    DeviceLapsed,
    RevocationConfirmed,
    /// The gateway revoked a device by itself, or says so.
    RevokedAtGateway,
    /// A key that was replaced came back: a restored backup or a clone.
    OldGeneration,
    AccessRefused,
    QuotaExceeded,
    /// The same identity connected from elsewhere.
    TakenOver,
    ServeStarted,
    ServeStopped,
    ConfigurationChanged,
    /// An unfinished line, of a write that was interrupted, was removed.
    TailRepaired,
}

/// Why the log could not be used.
#[derive(Debug, Error)]
pub enum AuditError {
    /// The file system failed.
    #[error("could not use the audit log {}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The chain is broken.
    #[error("the audit log was altered: line {line}: {problem}")]
    Altered {
        /// Where it was noticed.
        line: u64,
        /// How.
        problem: &'static str,
    },
    /// Lines at the end are missing.
    #[error("the audit log was cut off: it ends at number {found}, the store remembers number {known}")]
    CutOff {
        /// The last number in the file.
        found: u64,
        /// The last number that was written.
        known: u64,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Appends to the log and verifies it.
#[derive(Debug, Clone)]
pub(crate) struct Audit {
    path: PathBuf,
    store: Store,
    budget: Arc<Budget>,
}

/// One line as a record of fields.
pub(crate) type Line = Map<String, Value>;

impl Event {
    const fn name(self) -> &'static str {
        match self {
            Self::InstanceCreated => "instance-created",
            Self::PersonAdded => "person-added",
            Self::PersonSuspended => "person-suspended",
            Self::PersonResumed => "person-resumed",
            Self::PersonRemoved => "person-removed",
            Self::GroupJoined => "group-joined",
            Self::GroupLeft => "group-left",
            Self::DeviceInvited => "device-invited",
            Self::DeviceClaimed => "device-claimed",
            Self::ClaimConflict => "claim-conflict",
            Self::DeviceAnswered => "device-answered",
            Self::DevicePaired => "device-paired",
            Self::DeviceApproved => "device-approved",
            Self::RotationAsked => "rotation-asked",
            Self::DeviceRotated => "device-rotated",
            Self::DeviceRevoked => "device-revoked",
            Self::DeviceDenied => "device-denied",
            Self::WipeOrdered => "wipe-ordered",
            Self::WipeConfirmed => "wipe-confirmed",
            Self::DeviceLapsed => "device-lapsed",
            Self::RevocationConfirmed => "revocation-confirmed",
            Self::RevokedAtGateway => "revoked-at-gateway",
            Self::OldGeneration => "old-generation",
            Self::AccessRefused => "access-refused",
            Self::QuotaExceeded => "quota-exceeded",
            Self::TakenOver => "taken-over",
            Self::ServeStarted => "serve-started",
            Self::ServeStopped => "serve-stopped",
            Self::ConfigurationChanged => "configuration-changed",
            Self::TailRepaired => "tail-repaired",
        }
    }
}

impl Audit {
    pub(crate) fn new(store: &Store) -> Self {
        Self { path: store.data().join("audit.jsonl"), store: store.clone(), budget: Arc::default() }
    }

    /// Appends a line; a failure is logged and does not stop what happened.
    pub(crate) fn note(&self, event: Event, fields: &[(&'static str, &str)]) {
        if let Err(error) = self.append(event, fields, UnixSeconds::now()) {
            warn!(event = event.name(), error = &error as &dyn std::error::Error, "an audit line was not written");
        }
    }

    /// Appends a line about a device.
    pub(crate) fn note_device(&self, event: Event, device_id: DeviceId, fields: &[(&'static str, &str)]) {
        let id = device_id.to_string();
        let fields: Vec<_> = std::iter::once(("device", id.as_str())).chain(fields.iter().copied()).collect();
        self.note(event, &fields);
    }

    /// Appends a line about a device that the other side can cause as often as it likes.
    pub(crate) fn note_caused(&self, event: Event, device_id: DeviceId, fields: &[(&'static str, &str)]) {
        if self.budget.spend(event, device_id, UnixSeconds::now().day()) {
            self.note_device(event, device_id, fields);
        }
    }

    pub(crate) fn append(
        &self,
        event: Event,
        fields: &[(&'static str, &str)],
        now: UnixSeconds,
    ) -> Result<(), AuditError> {
        let mut file = self.open_locked().map_err(|source| self.failed(source))?;
        let (mut last, torn) = read_tail(&mut file).map_err(|source| self.failed(source))?;
        let mut text = String::new();
        if torn > 0 {
            last = push_line(&mut text, last, Event::TailRepaired, &[("bytes", &torn.to_string())], now);
        }
        let (seq, hash) = push_line(&mut text, last, event, fields, now);
        let written = file.seek(SeekFrom::End(0)).and_then(|_| file.write_all(text.as_bytes()));
        written.and_then(|()| file.sync_data()).map_err(|source| self.failed(source))?;
        self.store.set_audit_head(seq, &hash)?;
        Ok(())
    }

    /// Reads all lines.
    pub(crate) fn lines(&self) -> Result<Vec<Line>, AuditError> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(self.failed(source)),
        };
        let mut lines = Vec::new();
        for (line, text) in (1..).zip(BufReader::new(file).lines()) {
            let text = text.map_err(|source| self.failed(source))?;
            let record = serde_json::from_str(&text)
                .map_err(|_| AuditError::Altered { line, problem: "it is no JSON object" })?;
            lines.push(record);
        }
        Ok(lines)
    }

    /// Checks every link of the chain and the end against the store. Returns the number of lines.
    pub(crate) fn verify(&self) -> Result<u64, AuditError> {
        let mut last = (0, String::new());
        let mut hash_at_head = None;
        let known = self.store.audit_head()?;
        for (line, record) in (1..).zip(self.lines()?) {
            last = verify_line(&record, &last).map_err(|problem| AuditError::Altered { line, problem })?;
            if known.as_ref().is_some_and(|(seq, _)| *seq == last.0) {
                hash_at_head = Some(last.1.clone());
            }
        }
        if let Some((known, hash)) = known {
            if last.0 < known {
                return Err(AuditError::CutOff { found: last.0, known });
            }
            if hash_at_head != Some(hash) {
                return Err(AuditError::Altered { line: known, problem: "the store remembers another line" });
            }
        }
        Ok(last.0)
    }

    fn open_locked(&self) -> io::Result<File> {
        match create_private(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            Ok(_) | Err(_) => {}
        }
        let file = File::options().read(true).write(true).open(&self.path)?;
        file.lock()?;
        Ok(file)
    }

    fn failed(&self, source: io::Error) -> AuditError {
        AuditError::Io { path: self.path.clone(), source }
    }
}

const DOMAIN: &[u8] = b"latchgate/audit/1\0";

/// Number and hash of a line; the first line follows number 0 and the empty hash.
type Link = (u64, String);

/// Reads the last whole line; cuts off a line that a crash left unfinished and returns its length.
fn read_tail(file: &mut File) -> io::Result<(Link, u64)> {
    let length = file.seek(SeekFrom::End(0))?;
    let start = length.saturating_sub(2 * AUDIT_LINE as u64);
    file.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    file.take(2 * AUDIT_LINE as u64).read_to_end(&mut tail)?;
    let whole = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let torn = (tail.len() - whole) as u64;
    if torn > 0 {
        file.set_len(length - torn)?;
    }
    let last = tail.get(..whole).unwrap_or_default().trim_ascii_end().rsplit(|byte| *byte == b'\n').next();
    let last = last.unwrap_or_default();
    if last.is_empty() {
        return Ok(((0, String::new()), torn));
    }
    let unreadable = || io::Error::new(io::ErrorKind::InvalidData, "its last line is no audit line");
    let record: Line = serde_json::from_slice(last).map_err(|_| unreadable())?;
    let seq = record.get("seq").and_then(Value::as_u64).ok_or_else(unreadable)?;
    let hash = record.get("hash").and_then(Value::as_str).ok_or_else(unreadable)?;
    Ok(((seq, hash.to_owned()), torn))
}

fn push_line(text: &mut String, last: Link, event: Event, fields: &[(&'static str, &str)], now: UnixSeconds) -> Link {
    let seq = last.0 + 1;
    let mut record = Line::new();
    record.insert("seq".to_owned(), seq.into());
    record.insert("time".to_owned(), now.to_string().into());
    record.insert("event".to_owned(), event.name().into());
    for (name, value) in fields {
        record.insert((*name).to_owned(), Shown(value).to_string().into());
    }
    record.insert("prev".to_owned(), last.1.into());
    let hash = derive_hash(&record);
    record.insert("hash".to_owned(), hash.clone().into());
    text.push_str(&Value::Object(record).to_string());
    text.push('\n');
    (seq, hash)
}

fn verify_line(record: &Line, last: &Link) -> Result<Link, &'static str> {
    if record.get("seq").and_then(Value::as_u64) != Some(last.0 + 1) {
        return Err("its number does not follow");
    }
    if record.get("prev").and_then(Value::as_str) != Some(&last.1) {
        return Err("it does not follow the line before");
    }
    let mut hashed = record.clone();
    let hash = hashed.remove("hash");
    let derived = derive_hash(&hashed);
    if hash.as_ref().and_then(Value::as_str) != Some(&derived) {
        return Err("its hash is not that of its fields");
    }
    Ok((last.0 + 1, derived))
}

/// Hashes the fields in the order of their names, whatever order a map keeps.
fn derive_hash(record: &Line) -> String {
    let sorted: std::collections::BTreeMap<_, _> = record.iter().collect();
    let mut hasher = Sha256::new();
    hasher.update(DOMAIN);
    hasher.update(serde_json::to_vec(&sorted).unwrap_or_default());
    hex::encode(hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::TestStore;

    const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

    fn log() -> (TestStore, Audit) {
        let store = TestStore::new();
        let audit = Audit::new(&store.store);
        for login in ["maria", "ada", "li"] {
            audit.append(Event::PersonAdded, &[("login", login)], NOW).unwrap();
        }
        (store, audit)
    }

    fn rewrite(audit: &Audit, change: impl Fn(&str) -> String) {
        let text = std::fs::read_to_string(&audit.path).unwrap();
        std::fs::write(&audit.path, change(&text)).unwrap();
    }

    #[test]
    fn a_log_that_nobody_touched_verifies() {
        let (_store, audit) = log();
        assert_eq!(audit.verify().unwrap(), 3);
        assert_eq!(audit.lines().unwrap()[1]["login"], "ada");
    }

    #[test]
    fn a_changed_a_removed_and_a_swapped_line_are_noticed() {
        let changes: [fn(&str) -> String; 4] = [
            |text| text.replace("ada", "eve"),
            |text| text.lines().filter(|line| !line.contains("ada")).map(|line| format!("{line}\n")).collect(),
            |text| text.lines().rev().map(|line| format!("{line}\n")).collect(),
            |text| text.replacen('{', "[", 1),
        ];
        for change in changes {
            let (_store, audit) = log();
            rewrite(&audit, change);
            assert!(matches!(audit.verify(), Err(AuditError::Altered { .. })));
        }
    }

    #[test]
    fn a_log_that_was_cut_off_is_noticed() {
        let (_store, audit) = log();
        rewrite(&audit, |text| text.lines().take(2).map(|line| format!("{line}\n")).collect());
        assert!(matches!(audit.verify(), Err(AuditError::CutOff { found: 2, known: 3 })));
        rewrite(&audit, |_| String::new());
        assert!(matches!(audit.verify(), Err(AuditError::CutOff { found: 0, known: 3 })));
    }

    #[test]
    fn a_line_that_a_crash_left_unfinished_is_removed_and_noted() {
        let (_store, audit) = log();
        rewrite(&audit, |text| format!("{text}{{\"seq\":4,\"ti"));
        audit.append(Event::PersonRemoved, &[("login", "li")], NOW).unwrap();
        assert_eq!(audit.verify().unwrap(), 5);
        assert_eq!(audit.lines().unwrap()[3]["event"], "tail-repaired");
    }

    #[test]
    fn ab_70_a_hostile_label_stays_on_its_line() {
        let (_store, audit) = log();
        let label = format!("\u{1b}[2J\n{{\"seq\":9}}\u{202e}{}", "x".repeat(1 << 20));
        audit.append(Event::DevicePaired, &[("label", &label)], NOW).unwrap();
        assert_eq!(audit.verify().unwrap(), 4);
        let text = std::fs::read_to_string(&audit.path).unwrap();
        assert_eq!(text.lines().count(), 4);
        assert!(text.len() < 4096 && !text.contains(['\u{1b}', '\u{202e}']));
    }
}
