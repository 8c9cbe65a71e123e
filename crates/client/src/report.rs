//! A report for the help desk, which holds nothing that could be anybody's: its facts are numbers, yes or no, and
//! words that stand in the program's own text. No name, address or text from outside fits into it.
//!
//! 1. The [`Journal`] notes each change of what the screens show, by kind and time.
//! 2. [`Report::of`] puts down the present state and what the journal has; the app adds what it knows of itself.
//! 3. The person sees the whole of it before it is saved.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use crate::failure::{Failure, Fault};
use crate::limits::JOURNAL;
use crate::view::{AppView, KeychainState, Light, LockCause, PairingStep, Screen, Settings, StatusView, UnlockMethod};

/// What a report can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact {
    /// A word of the program's own.
    Word(&'static str),
    /// A number.
    Number(u64),
    /// Seconds ago.
    Ago(u64),
    /// A version of a part.
    Version(u32, u32, u32),
    /// Yes or no.
    Flag(bool),
    /// Nothing is known or set.
    None,
}

/// One report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    facts: Vec<(&'static str, Fact)>,
    events: Vec<Event>,
    now: SystemTime,
}

/// Something that changed on the screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Event {
    at: SystemTime,
    what: &'static str,
    became: &'static str,
}

/// The last changes, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Journal(Mutex<VecDeque<Event>>);

impl Journal {
    /// Notes what differs between two views.
    pub(crate) fn note(&self, before: &AppView, after: &AppView) {
        let at = SystemTime::now();
        let mut events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (what, before, became) in differences(before, after) {
            if before != became {
                events.push_back(Event { at, what, became });
            }
        }
        while events.len() > JOURNAL {
            events.pop_front();
        }
    }

    fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }
}

type Difference = (&'static str, &'static str, &'static str);

fn differences(before: &AppView, after: &AppView) -> [Difference; 7] {
    let light = |what, of: fn(&StatusView) -> Light| (what, light(of(&before.status)), light(of(&after.status)));
    [
        ("screen", screen(&before.screen), screen(&after.screen)),
        light("internet", |status| status.internet),
        light("gateway", |status| status.gateway),
        light("company", |status| status.company),
        ("failure", code(before.status.failure.as_ref()), code(after.status.failure.as_ref())),
        ("pairing", step(&before.screen), step(&after.screen)),
        ("pairing failure", stopped(&before.screen), stopped(&after.screen)),
    ]
}

impl Report {
    /// Describes a profile.
    pub(crate) fn of(view: &AppView, journal: &Journal) -> Self {
        let mut report = Self { facts: Vec::new(), events: journal.events(), now: SystemTime::now() };
        report.add_program();
        report.add_state(view);
        report.add_settings(&view.settings);
        report
    }

    /// Adds a fact that the app knows.
    pub fn add(&mut self, name: &'static str, fact: Fact) {
        self.facts.push((name, fact));
    }

    fn add_program(&mut self) {
        self.add("version", Fact::Word(env!("CARGO_PKG_VERSION")));
        self.add("system", Fact::Word(std::env::consts::OS));
        self.add("processor", Fact::Word(std::env::consts::ARCH));
        let now = self.now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.add("time (Unix)", Fact::Number(now.as_secs()));
    }

    fn add_state(&mut self, view: &AppView) {
        let StatusView { internet, gateway, company, failure, answered } = &view.status;
        self.add("screen", Fact::Word(screen(&view.screen)));
        self.add("paired", Fact::Flag(view.profile.is_some()));
        self.add("unlocked by", Fact::Word(method(view.method)));
        self.add("bound to finger or face", Fact::Flag(view.bound));
        self.add("keychain", Fact::Word(keychain(view.keychain)));
        self.add("light internet", Fact::Word(light(*internet)));
        self.add("light gateway", Fact::Word(light(*gateway)));
        self.add("light company", Fact::Word(light(*company)));
        self.add("failure", Fact::Word(code(failure.as_ref())));
        let now = self.now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        self.add("company answered", answered.map_or(Fact::None, |time| Fact::Ago(now.saturating_sub(time))));
        self.add("sites", count(view.sites.len()));
        self.add("sites not reached", count(view.sites.iter().filter(|site| site.reachable == Some(false)).count()));
        self.add("pages pinned", count(view.kept.pinned.len()));
        self.add("days without the company", view.away.map_or(Fact::None, |away| Fact::Number(away.days.into())));
    }

    fn add_settings(&mut self, settings: &Settings) {
        let Settings {
            lock_after_minutes,
            lock_with_screen,
            erase_after_tries,
            backups,
            keep_logins,
            keep_recent,
            low_data,
            text_size,
        } = settings;
        let number = |number: &Option<u32>| number.map_or(Fact::None, |number| Fact::Number(number.into()));
        self.add("locks after minutes", number(lock_after_minutes));
        self.add("locks with the screen", Fact::Flag(*lock_with_screen));
        self.add("erases after tries", number(erase_after_tries));
        self.add("backups", Fact::Flag(*backups));
        self.add("keeps logins", Fact::Flag(*keep_logins));
        self.add("keeps recent pages", Fact::Flag(*keep_recent));
        self.add("low data", Fact::Flag(*low_data));
        self.add("text size", Fact::Number((*text_size).into()));
    }

    fn ago(&self, at: SystemTime) -> u64 {
        self.now.duration_since(at).unwrap_or_default().as_secs()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Latchgate report")?;
        writeln!(f, "No names, addresses, keys or contents are in it.\n")?;
        for (name, fact) in &self.facts {
            writeln!(f, "{name}: {fact}")?;
        }
        writeln!(f, "\nWhat changed last:")?;
        for event in &self.events {
            writeln!(f, "{} s ago: {} {}", self.ago(event.at), event.what, event.became)?;
        }
        Ok(())
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => f.write_str(word),
            Self::Number(number) => write!(f, "{number}"),
            Self::Ago(seconds) => write!(f, "{seconds} s ago"),
            Self::Version(major, minor, patch) => write!(f, "{major}.{minor}.{patch}"),
            Self::Flag(true) => f.write_str("yes"),
            Self::Flag(false) => f.write_str("no"),
            Self::None => f.write_str("-"),
        }
    }
}

fn count(number: usize) -> Fact {
    Fact::Number(number as u64)
}

/// Returns the code of a failure as it stands in the program; what is not there has no name here.
fn code(failure: Option<&Failure>) -> &'static str {
    let Some(failure) = failure else { return "none" };
    Fault::ALL.iter().map(|fault| fault.code()).find(|code| *code == failure.code).unwrap_or("other")
}

const fn screen(screen: &Screen) -> &'static str {
    match screen {
        Screen::Welcome => "welcome",
        Screen::Pairing { .. } => "pairing",
        Screen::Locked { cause, .. } => match cause {
            LockCause::Start => "locked (start)",
            LockCause::Person => "locked (person)",
            LockCause::Idle => "locked (idle)",
            LockCause::Screen => "locked (screen)",
            LockCause::Sleep => "locked (sleep)",
            LockCause::Contact => "locked (contact)",
        },
        Screen::Unlocking => "unlocking",
        Screen::Portal => "portal",
    }
}

const fn step(screen: &Screen) -> &'static str {
    let Screen::Pairing { progress } = screen else { return "none" };
    match progress.step {
        PairingStep::Checking => "checking",
        PairingStep::Claiming => "claiming",
        PairingStep::Connecting => "connecting",
        PairingStep::Exchanging => "exchanging",
        PairingStep::Confirming => "confirming",
        PairingStep::Done => "done",
    }
}

fn stopped(screen: &Screen) -> &'static str {
    match screen {
        Screen::Pairing { progress } => code(progress.failure.as_ref()),
        Screen::Welcome | Screen::Locked { .. } | Screen::Unlocking | Screen::Portal => "none",
    }
}

const fn light(light: Light) -> &'static str {
    match light {
        Light::Unknown => "unknown",
        Light::Good => "good",
        Light::Waiting => "waiting",
        Light::Bad => "bad",
    }
}

const fn method(method: UnlockMethod) -> &'static str {
    match method {
        UnlockMethod::Passphrase => "passphrase",
        UnlockMethod::Biometric => "finger or face",
        UnlockMethod::FileKey => "key file",
        UnlockMethod::None => "keychain alone",
    }
}

const fn keychain(state: KeychainState) -> &'static str {
    match state {
        KeychainState::Available => "available",
        KeychainState::Absent => "absent",
        KeychainState::Locked => "locked",
        KeychainState::Denied => "denied",
        KeychainState::Corrupt => "damaged",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::Board;
    use crate::view::{BrandView, KeptView, PageLink, ProfileView, SiteView};

    /// Fills every text of a view with something that must not be in a report.
    fn private() -> Board {
        let canary = || "canary.example".to_owned();
        let profile = ProfileView {
            company: canary(),
            person: Some(canary()),
            device_label: canary(),
            gateway_host: canary(),
            company_fingerprint: canary(),
        };
        let board = Board::new(Screen::Portal, Some(profile));
        let (name, url) = (canary(), "https://canary.example".to_owned());
        let site =
            SiteView { name, url: url.clone(), icon: Some(canary()), group: Some(canary()), reachable: Some(false) };
        let page = PageLink { url, title: canary(), site: canary(), icon: None };
        let brand = BrandView { accent: None, logo: Some(canary()), note: Some(canary()) };
        board.set_sites(vec![site], Some(brand), KeptView { pinned: vec![page.clone()], recent: vec![page] });
        let failure = Failure { code: canary(), message: canary(), advice: canary() };
        board.set_obstacle(failure, Light::Good, Light::Bad);
        board
    }

    #[test]
    fn no_text_from_outside_is_in_a_report() {
        let text = private().report().to_string();
        assert!(!text.contains("canary"), "{text}");
        for line in ["sites: 1", "sites not reached: 1", "pages pinned: 1", "failure: other", "light gateway: bad"] {
            assert!(text.lines().any(|found| found == line), "{line}: {text}");
        }
    }

    #[test]
    fn the_last_changes_are_there_in_their_order_and_not_without_end() {
        let board = Board::new(Screen::Welcome, None);
        board.set_pairing(PairingStep::Claiming);
        board.set_screen(Screen::Unlocking);
        board.connecting();
        board.connected();
        board.set_answered(1);
        board.set_obstacle(Fault::ConnectorOffline.failure(), Light::Good, Light::Good);
        let text = board.report().to_string();
        let tail: Vec<_> = text.lines().filter_map(|line| line.split_once(" s ago: ").map(|(_, what)| what)).collect();
        assert_eq!(tail[0], "screen unlocking");
        assert!(tail.ends_with(&["company good", "company bad", "failure connector-offline"]), "{tail:?}");
        for _ in 0..100 {
            board.connecting();
            board.connected();
        }
        assert!(board.report().to_string().lines().count() < 100);
    }

    #[test]
    fn every_fact_can_be_read() {
        let facts = [Fact::Ago(3), Fact::Version(2, 50, 6), Fact::Flag(true), Fact::None, Fact::Number(7)];
        assert_eq!(facts.map(|fact| fact.to_string()), ["3 s ago", "2.50.6", "yes", "-", "7"]);
    }
}
