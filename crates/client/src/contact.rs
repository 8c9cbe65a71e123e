//! How long the company has not answered, and what it asks of this device then.
//!
//! 1. Only what comes out of a sealed session counts as an answer; [`ContactDesk::hear`] is called for nothing else.
//!    With it come the company's rules, which are kept in the vault together with the time of the answer.
//! 2. A copy lies in the clear beside the vault, so that a device that nobody unlocks follows the rules as well.
//!    Whoever changes the copy gains nothing for longer than until the vault is opened: the sealed one counts.
//! 3. Time since the answer never runs backwards. It is the longest of what the date says, what this process's own
//!    clock says, and what was known earlier; a machine that is off and whose date is turned back is all that stops
//!    it. A date that was wrong when the company answered, and is right afterwards, is no time that has passed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use latchgate_tunnel::rules::DeviceRules;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::clocks::Clocks;
use crate::limits::{CONTACT_KEPT, CONTACT_NOTED, ERASE_WARNING};
use crate::view::{AwayView, RequiredView, Settings};

/// When the company last answered, and what it asked for then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Contact {
    rules: DeviceRules,
    /// This device's date at the answer, in Unix seconds.
    date: u64,
    /// The company's time at the answer.
    company: u64,
    /// The longest time since then that is known, in seconds.
    #[serde(default)]
    away: u64,
}

/// What the company asks for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    Nothing,
    /// Keys out of memory; after the next unlock no page before the company's answer.
    Lock,
    /// Nothing stays.
    Erase,
}

impl Contact {
    fn new(rules: DeviceRules, company: Option<u64>, now: &Clocks) -> Self {
        let date = now.unix();
        Self { rules, date, company: company.unwrap_or(date), away: 0 }
    }

    /// Returns the time since the answer by the date alone. While the date lies between this device's and the
    /// company's time of the answer, the clock is either as wrong as it was, or was set right.
    fn by_date(&self, date: u64) -> u64 {
        let (earlier, later) = (self.date.min(self.company), self.date.max(self.company));
        if date >= later { date - later } else { date.saturating_sub(earlier) }
    }

    /// Tells what is due at a date, where no clock ran meanwhile.
    pub(crate) fn due_on(&self, now: &Clocks) -> Due {
        self.due(self.away.max(self.by_date(now.unix())))
    }

    fn due(&self, away: u64) -> Due {
        let over = |limit: Option<u64>| limit.is_some_and(|limit| away >= limit);
        if over(self.rules.erase_after) {
            Due::Erase
        } else if over(self.rules.lock_after) {
            Due::Lock
        } else {
            Due::Nothing
        }
    }

    /// Returns the same answer as if it had come earlier.
    #[cfg(test)]
    pub(crate) fn moved_back(self, seconds: u64) -> Self {
        Self { date: self.date - seconds, company: self.company - seconds, ..self }
    }

    /// Tells whether `newer` says something that has to be kept.
    fn is_outdated_by(&self, newer: &Self) -> bool {
        self.rules != newer.rules || self.date.abs_diff(newer.date) >= CONTACT_NOTED.as_secs()
    }
}

/// Tells whether what is durable has to be replaced by what was heard.
pub(crate) fn is_worth_keeping(durable: Option<&Contact>, heard: Option<&Contact>) -> bool {
    match (durable, heard) {
        (None, None) => false,
        (Some(durable), Some(heard)) => durable.is_outdated_by(heard),
        (Some(_), None) | (None, Some(_)) => true,
    }
}

/// What is known of the company's last answer, for all who act by it.
#[derive(Debug, Default)]
pub(crate) struct ContactDesk {
    known: Mutex<Option<Known>>,
    /// The vault was opened although the company was overdue: it is not locked again for that.
    waiting: AtomicBool,
    bell: Notify,
}

#[derive(Debug)]
struct Known {
    contact: Contact,
    /// When `contact.away` was true.
    noted: Instant,
    /// The longest time that is durable.
    kept: u64,
}

impl Known {
    fn new(contact: Contact, now: &Clocks) -> Self {
        let kept = contact.away;
        Self { contact, noted: now.steady, kept }
    }

    /// Counts on to `now` and returns the time since the answer.
    fn count(&mut self, now: &Clocks) -> u64 {
        let steady = now.steady.saturating_duration_since(self.noted).as_secs();
        if steady > 0 {
            self.noted += Duration::from_secs(steady);
        }
        let away = self.contact.away.saturating_add(steady);
        self.contact.away = away.max(self.contact.by_date(now.unix()));
        self.contact.away
    }
}

impl ContactDesk {
    /// Begins with the copy in the clear.
    pub(crate) fn begin(&self, copy: Option<Contact>, now: &Clocks) {
        self.waiting.store(false, Ordering::SeqCst);
        *self.known() = copy.map(|contact| Known::new(contact, now));
    }

    /// The vault was opened, and holds this. Returns what is due by it.
    pub(crate) fn unseal(&self, sealed: Option<Contact>, now: &Clocks) -> Due {
        let mut known = self.known();
        let same = |known: &Known, sealed: &Contact| {
            (known.contact.date, known.contact.company) == (sealed.date, sealed.company)
        };
        let (away, kept) = match (known.as_mut(), &sealed) {
            (Some(known), Some(sealed)) if same(known, sealed) => (known.count(now), known.kept),
            (Some(_) | None, _) => (0, 0),
        };
        *known = sealed.map(|mut contact| {
            contact.away = contact.away.max(away);
            Known { kept, ..Known::new(contact, now) }
        });
        let due = known.as_mut().map_or(Due::Nothing, |known| {
            let away = known.count(now);
            known.contact.due(away)
        });
        self.waiting.store(due == Due::Lock, Ordering::SeqCst);
        due
    }

    /// The company answered, sealed; without rules where it refused to say them. Returns what is to be kept.
    pub(crate) fn hear(&self, said: Option<(DeviceRules, Option<u64>)>, now: &Clocks) -> Option<Contact> {
        let mut known = self.known();
        let (rules, company) = said.unwrap_or_else(|| (rules_of(known.as_ref()), None));
        let contact = (rules != DeviceRules::default()).then(|| Contact::new(rules, company, now));
        *known = contact.clone().map(|contact| Known::new(contact, now));
        drop(known);
        self.waiting.store(false, Ordering::SeqCst);
        self.bell.notify_one();
        contact
    }

    /// Tells what is due.
    pub(crate) fn due(&self, now: &Clocks) -> Due {
        self.known().as_mut().map_or(Due::Nothing, |known| {
            let away = known.count(now);
            known.contact.due(away)
        })
    }

    /// Tells whether the vault was opened although the company was overdue.
    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting.load(Ordering::SeqCst)
    }

    /// Returns the copy to write where the time since the answer has grown by enough.
    pub(crate) fn grown(&self, now: &Clocks) -> Option<Contact> {
        let mut known = self.known();
        let known = known.as_mut()?;
        let away = known.count(now);
        if away < known.kept.saturating_add(CONTACT_KEPT.as_secs()) {
            return None;
        }
        known.kept = away;
        Some(known.contact.clone())
    }

    /// Waits until the company has answered.
    pub(crate) async fn heard(&self) {
        self.bell.notified().await;
    }

    /// Returns what screens say about it, where there is something to say.
    pub(crate) fn view(&self, now: &Clocks) -> Option<AwayView> {
        let mut known = self.known();
        let known = known.as_mut()?;
        let away = known.count(now);
        let rules = known.contact.rules;
        let waiting = rules.lock_after.is_some_and(|limit| away >= limit);
        let erases_in_days = rules.erase_after.and_then(|limit| {
            let left = limit.saturating_sub(away);
            (left <= ERASE_WARNING.as_secs().min(limit / 2)).then_some(days(left))
        });
        (waiting || erases_in_days.is_some()).then_some(AwayView { days: days(away), waiting, erases_in_days })
    }

    /// Returns the rules for what a person chooses.
    pub(crate) fn required(&self) -> RequiredView {
        let rules = rules_of(self.known().as_ref());
        RequiredView { lock_after_minutes: rules.auto_lock_minutes, erase_after_tries: rules.erase_after_tries }
    }

    fn known(&self) -> MutexGuard<'_, Option<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RequiredView {
    /// Returns what holds where a person chose `settings`: the stricter of the two.
    pub(crate) fn applied_to(self, settings: &Settings) -> Settings {
        let stricter = |chosen: Option<u32>, required: Option<u32>| match (chosen, required) {
            (Some(chosen), Some(required)) => Some(chosen.min(required)),
            (chosen, required) => chosen.or(required),
        };
        Settings {
            lock_after_minutes: stricter(settings.lock_after_minutes, self.lock_after_minutes),
            erase_after_tries: stricter(settings.erase_after_tries, self.erase_after_tries),
            ..settings.clone()
        }
    }
}

fn rules_of(known: Option<&Known>) -> DeviceRules {
    known.map(|known| known.contact.rules).unwrap_or_default()
}

fn days(seconds: u64) -> u32 {
    u32::try_from(seconds / (24 * 60 * 60)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use super::*;

    const DAY: u64 = 86_400;
    /// When the company answers in these tests.
    const START: u64 = 1_800_000_000;

    const RULES: DeviceRules = DeviceRules {
        lock_after: Some(14 * DAY),
        erase_after: Some(90 * DAY),
        auto_lock_minutes: None,
        erase_after_tries: None,
    };

    fn at(steady: Instant, date: u64) -> Clocks {
        Clocks { steady, date: UNIX_EPOCH + Duration::from_secs(date) }
    }

    fn later(steady: Instant, seconds: u64) -> Instant {
        steady + Duration::from_secs(seconds)
    }

    /// A desk that heard the company at [`START`], while this device's date said `date`.
    fn heard(steady: Instant, date: u64) -> (ContactDesk, Contact) {
        let desk = ContactDesk::default();
        let contact = desk.hear(Some((RULES, Some(START))), &at(steady, date)).unwrap();
        (desk, contact)
    }

    /// Begins anew with what is durable, `days` later by the date.
    fn restarted(contact: &Contact, date: u64) -> (ContactDesk, Clocks) {
        let now = at(Instant::now(), date);
        let desk = ContactDesk::default();
        desk.begin(Some(contact.clone()), &now);
        (desk, now)
    }

    #[test]
    fn a_device_locks_after_its_time_and_erases_itself_after_the_longer_one() {
        let (_, contact) = heard(Instant::now(), START);
        for (days, due) in [(0, Due::Nothing), (13, Due::Nothing), (14, Due::Lock), (89, Due::Lock), (90, Due::Erase)] {
            let (desk, now) = restarted(&contact, START + days * DAY);
            assert_eq!(desk.due(&now), due, "after {days} days");
            assert_eq!(desk.unseal(Some(contact.clone()), &now), due, "after {days} days");
            assert_eq!(desk.is_waiting(), due == Due::Lock);
        }
    }

    #[test]
    fn the_warning_comes_a_week_before() {
        let (_, contact) = heard(Instant::now(), START);
        let seen = |days| {
            let (desk, now) = restarted(&contact, START + days * DAY);
            desk.view(&now).map(|view| (view.days, view.waiting, view.erases_in_days))
        };
        assert_eq!(seen(13), None);
        assert_eq!(seen(14), Some((14, true, None)));
        assert_eq!(seen(82), Some((82, true, None)));
        assert_eq!(seen(83), Some((83, true, Some(7))));
        assert_eq!(seen(89), Some((89, true, Some(1))));
    }

    #[test]
    fn a_date_that_is_turned_back_stops_nothing_while_the_device_runs() {
        let steady = Instant::now();
        let (desk, _) = heard(steady, START);
        assert_eq!(desk.due(&at(later(steady, 14 * DAY), START)), Due::Lock);
        assert_eq!(desk.due(&at(later(steady, 14 * DAY), START - 400 * DAY)), Due::Lock);
    }

    #[test]
    fn time_that_was_seen_once_stays_over_a_restart_with_an_earlier_date() {
        let steady = Instant::now();
        let (desk, _) = heard(steady, START);
        let kept = desk.grown(&at(later(steady, 13 * DAY), START + 13 * DAY)).unwrap();
        assert_eq!(desk.grown(&at(later(steady, 13 * DAY), START + 13 * DAY)), None);
        let (desk, now) = restarted(&kept, START);
        assert_eq!(desk.due(&now), Due::Nothing);
        assert_eq!(desk.due(&at(later(now.steady, DAY), START)), Due::Lock);
    }

    #[test]
    fn a_clock_that_is_set_right_is_no_time_that_has_passed() {
        // Ten years behind, as a small computer without a battery at its start; or ahead.
        for wrong in [START - 3650 * DAY, START + 3650 * DAY] {
            let steady = Instant::now();
            let (desk, contact) = heard(steady, wrong);
            assert_eq!(desk.due(&at(later(steady, 5), START + 5)), Due::Nothing);
            let (desk, now) = restarted(&contact, START + 13 * DAY);
            assert_eq!(desk.due(&now), Due::Nothing);
            let (desk, now) = restarted(&contact, START + 14 * DAY);
            assert_eq!(desk.due(&now), Due::Lock, "a date that was wrong when the company answered wins no time");
        }
    }

    #[test]
    fn a_clock_that_stays_wrong_counts_all_the_same() {
        for wrong in [START - 3650 * DAY, START + 3650 * DAY] {
            let (_, contact) = heard(Instant::now(), wrong);
            assert_eq!(contact.due_on(&at(Instant::now(), wrong + 13 * DAY)), Due::Nothing);
            assert_eq!(contact.due_on(&at(Instant::now(), wrong + 90 * DAY)), Due::Erase);
        }
    }

    #[test]
    fn what_the_vault_holds_counts_more_than_the_copy_beside_it() {
        let (_, sealed) = heard(Instant::now(), START);
        let now = at(Instant::now(), START + 20 * DAY);
        for copy in
            [None, Some(Contact::new(DeviceRules::default(), None, &now)), Some(Contact::new(RULES, None, &now))]
        {
            let desk = ContactDesk::default();
            desk.begin(copy, &now);
            assert_eq!(desk.due(&now), Due::Nothing);
            assert_eq!(desk.unseal(Some(sealed.clone()), &now), Due::Lock);
        }
    }

    #[test]
    fn an_answer_ends_the_waiting_and_a_refusal_keeps_the_rules() {
        let steady = Instant::now();
        let (desk, contact) = heard(steady, START);
        let now = at(later(steady, 20 * DAY), START + 20 * DAY);
        assert_eq!(desk.unseal(Some(contact), &now), Due::Lock);
        let kept = desk.hear(None, &now).unwrap();
        assert_eq!((kept.rules, desk.due(&now), desk.is_waiting()), (RULES, Due::Nothing, false));
        assert_eq!(desk.view(&now), None);
        assert_eq!(desk.hear(Some((DeviceRules::default(), None)), &now), None);
        assert_eq!(desk.due(&at(later(steady, 4000 * DAY), START + 4000 * DAY)), Due::Nothing);
    }

    #[test]
    fn durable_is_what_changed_or_has_become_old() {
        let (_, contact) = heard(Instant::now(), START);
        let (_, newer) = heard(Instant::now(), START + CONTACT_NOTED.as_secs());
        let other = Contact { rules: DeviceRules { lock_after: None, ..RULES }, ..contact.clone() };
        assert!(!is_worth_keeping(None, None));
        assert!(!is_worth_keeping(Some(&contact), Some(&contact)));
        for (durable, heard) in [
            (None, Some(&contact)),
            (Some(&contact), None),
            (Some(&contact), Some(&newer)),
            (Some(&contact), Some(&other)),
        ] {
            assert!(is_worth_keeping(durable, heard));
        }
    }

    #[test]
    fn the_stricter_of_the_person_and_the_company_holds() {
        let chosen =
            |minutes, tries| Settings { lock_after_minutes: minutes, erase_after_tries: tries, ..Settings::default() };
        let required = RequiredView { lock_after_minutes: Some(10), erase_after_tries: Some(10) };
        assert_eq!(required.applied_to(&chosen(None, None)), chosen(Some(10), Some(10)));
        assert_eq!(required.applied_to(&chosen(Some(5), Some(20))), chosen(Some(5), Some(10)));
        let none = RequiredView::default();
        assert_eq!(none.applied_to(&chosen(None, Some(20))), chosen(None, Some(20)));
    }

    #[test]
    fn a_date_before_1970_is_no_error() {
        let before = Clocks { steady: Instant::now(), date: SystemTime::UNIX_EPOCH - Duration::from_secs(5) };
        let (_, contact) = heard(Instant::now(), START);
        assert_eq!(contact.due_on(&before), Due::Nothing);
    }
}
