//! Pairing as the code does it, finer than [`crate::reference`].
//!
//! - The connector keeps candidates in order of arrival and evicts the oldest one that no S1 named, or the oldest
//!   where all were named. A P1 that was
//!   answered before gets the same P2; after an eviction it gets another key.
//! - A delivered message may stay in flight or not.
//! - Anybody may forge a reset hint, as often as [`Built::forged_hints`] says. A dishonest gateway can
//!   do no more than that, beside what the network does anyway: everything else is authenticated.
//! - Attempts and passwords are not counted: attempts and keys are renamed in order of their appearance, so that
//!   the states are finite without a bound, and every state is judged.

use crate::search::Machine;

/// How many messages are in flight at once.
const IN_FLIGHT: usize = 3;

/// Which variant is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Built {
    /// How many candidates the connector keeps. The code keeps 4; 2 are overrun by the few messages in flight here.
    pub candidates: usize,
    /// How many reset hints are forged at most; `None` is any number.
    pub forged_hints: Option<u8>,
    /// What becomes of a P1 when an S1 named every candidate.
    pub when_all_are_pinned: Full,
    /// The guard that is switched off.
    pub without: Option<Guard>,
}

/// What the connector does with a P1 when an S1 named every candidate that it has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// It gives no answer.
    Refuse,
    /// It forgets the oldest: the device has left that one, since it goes on with the newest.
    EvictOldest,
}

/// What keeps the device from stranding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// A repeated claim is told from a second claimant.
    ClaimId,
    /// The connector keeps candidates that a new attempt follows.
    KeepOld,
    /// A candidate that an S1 named is not evicted.
    Pin,
    /// The device erases the code's secret only once S2 proved the key.
    DeviceErasesAfterS2,
    /// The connector erases the code's secret and the other candidates only once FIN proved the key.
    ConnectorErasesAfterFin,
}

/// All actors and the network.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    device: Device,
    claim: Claim,
    connector: Connector,
    in_flight: Vec<Message>,
    forged: u8,
}

type Step = (&'static str, State);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Device {
    Claiming,
    /// The handshake under way is not durable.
    Claimed {
        password: Password,
        handshake: Option<Attempt>,
    },
    Pending {
        key: Key,
        has_code: bool,
    },
    Active(Key),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Claim {
    Open,
    Issued,
    Closed,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Connector {
    /// Candidates in order of arrival.
    Offered(Vec<Candidate>),
    Active(Key),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Candidate {
    attempt: Attempt,
    key: Key,
    pinned: bool,
}

/// A password ends when the gateway issues the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Password {
    Valid,
    Ended,
}

/// One P1 of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Attempt(u8);

/// What one answer to a P1 leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key(u8);

/// Stands for a name that no other attempt or key has, until the state is renamed.
const FRESH: u8 = u8::MAX;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Message {
    Claim,
    Password(Password),
    P1(Attempt),
    P2(Attempt, Key),
    S1(Key),
    S2(Key),
    Reset(Key),
    Fin(Key),
}

impl Machine for Built {
    type State = State;

    fn start(&self) -> State {
        State {
            device: Device::Claiming,
            claim: Claim::Open,
            connector: Connector::Offered(Vec::new()),
            in_flight: Vec::new(),
            forged: 0,
        }
    }

    fn steps(&self, state: &State) -> Vec<Step> {
        let mut steps = Vec::new();
        for (index, message) in state.in_flight.iter().enumerate() {
            let mut without = state.clone();
            without.in_flight.remove(index);
            steps.extend(self.deliver(&without, *message));
            steps.extend(self.deliver(state, *message));
            steps.push(("drop", without));
        }
        steps.extend(state.crash());
        steps.extend(self.forge_hint(state));
        steps.extend(state.device_acts());
        for (_, state) in &mut steps {
            state.rename();
        }
        steps
    }

    fn is_done(&self, state: &State) -> bool {
        match (&state.device, &state.connector) {
            (Device::Active(device), Connector::Active(connector)) => device == connector,
            _ => false,
        }
    }

    fn holds_setup_secret(&self, state: &State) -> bool {
        !matches!((&state.device, &state.connector), (Device::Active(_), Connector::Active(_)))
    }

    fn is_at_bound(&self, _state: &State) -> bool {
        false
    }
}

impl Built {
    fn has(&self, guard: Guard) -> bool {
        self.without != Some(guard)
    }

    fn deliver(&self, state: &State, message: Message) -> Option<Step> {
        match message {
            Message::Claim => self.issue(state),
            Message::Password(password) => state.store_password(password),
            Message::P1(attempt) => self.answer_pairing(state, attempt),
            Message::P2(attempt, key) => self.store_key(state, attempt, key),
            Message::S1(key) => self.answer_session(state, key),
            Message::S2(key) => state.activate_device(key),
            Message::Reset(key) => state.fall_back(key),
            Message::Fin(key) => state.activate_connector(key),
        }
    }

    fn issue(&self, state: &State) -> Option<Step> {
        let mut next = state.clone();
        let step = match state.claim {
            Claim::Open => "G:issue",
            Claim::Issued if self.has(Guard::ClaimId) => "G:reissue",
            Claim::Issued | Claim::Closed => return None,
        };
        next.claim = Claim::Issued;
        next.end_passwords();
        next.sending(step, Message::Password(Password::Valid))
    }

    fn answer_pairing(&self, state: &State, attempt: Attempt) -> Option<Step> {
        let Connector::Offered(candidates) = &state.connector else { return None };
        if let Some(known) = candidates.iter().find(|candidate| candidate.attempt == attempt) {
            return state.clone().sending("C:repeat P2", Message::P2(attempt, known.key));
        }
        let mut kept = if self.has(Guard::KeepOld) { candidates.clone() } else { Vec::new() };
        if kept.len() >= self.candidates {
            kept.remove(self.choose_evicted(&kept)?);
        }
        kept.push(Candidate { attempt, key: Key(FRESH), pinned: false });
        let next = State { connector: Connector::Offered(kept), ..state.clone() };
        next.sending("C:P2", Message::P2(attempt, Key(FRESH)))
    }

    fn choose_evicted(&self, candidates: &[Candidate]) -> Option<usize> {
        let spared = candidates.iter().position(|candidate| !candidate.pinned || !self.has(Guard::Pin));
        match self.when_all_are_pinned {
            Full::Refuse => spared,
            Full::EvictOldest => spared.or(Some(0)),
        }
    }

    fn store_key(&self, state: &State, attempt: Attempt, key: Key) -> Option<Step> {
        let Device::Claimed { handshake, .. } = state.device else { return None };
        let has_code = self.has(Guard::DeviceErasesAfterS2);
        let next = State { device: Device::Pending { key, has_code }, ..state.clone() };
        (handshake == Some(attempt)).then_some(("D:pending", next))
    }

    fn answer_session(&self, state: &State, key: Key) -> Option<Step> {
        let mut next = state.clone();
        match &mut next.connector {
            Connector::Active(active) if *active == key => {}
            Connector::Active(_) => return next.sending("C:unknown key", Message::Reset(key)),
            Connector::Offered(candidates) => {
                let Some(named) = candidates.iter_mut().find(|candidate| candidate.key == key) else {
                    return next.sending("C:unknown key", Message::Reset(key));
                };
                named.pinned = true;
                if !self.has(Guard::ConnectorErasesAfterFin) {
                    next.connector = Connector::Active(key);
                }
            }
        }
        next.sending("C:S2", Message::S2(key))
    }

    fn forge_hint(&self, state: &State) -> Option<Step> {
        let Device::Pending { key, .. } = state.device else { return None };
        let (_, mut next) = state.fall_back(key)?;
        if let Some(most) = self.forged_hints {
            next.forged += 1;
            if next.forged > most {
                return None;
            }
        }
        Some(("G:forge a reset hint", next))
    }
}

impl State {
    /// Adds a message; nothing happens while the network is full.
    fn sending(mut self, step: &'static str, message: Message) -> Option<Step> {
        if !self.in_flight.contains(&message) {
            self.in_flight.push(message);
        }
        (self.in_flight.len() <= IN_FLIGHT).then_some((step, self))
    }

    fn crash(&self) -> Option<Step> {
        let Device::Claimed { password, handshake: Some(_) } = self.device else { return None };
        let device = Device::Claimed { password, handshake: None };
        Some(("D:crash", Self { device, ..self.clone() }))
    }

    fn device_acts(&self) -> Vec<Step> {
        let send = |step, message| self.clone().sending(step, message);
        match self.device {
            Device::Claiming => send("D:claim", Message::Claim).into_iter().collect(),
            Device::Claimed { password: Password::Ended, .. } => {
                vec![("D:claim again", Self { device: Device::Claiming, ..self.clone() })]
            }
            Device::Claimed { password: Password::Valid, .. } => {
                let attempt = Attempt(FRESH);
                let device = Device::Claimed { password: Password::Valid, handshake: Some(attempt) };
                // The first successful CONNECT closes the claim.
                let connected = Self { device, claim: Claim::Closed, ..self.clone() };
                connected.sending("D:P1", Message::P1(attempt)).into_iter().collect()
            }
            Device::Pending { key, .. } => send("D:S1", Message::S1(key)).into_iter().collect(),
            Device::Active(key) => {
                [send("D:S1", Message::S1(key)), send("D:FIN", Message::Fin(key))].into_iter().flatten().collect()
            }
        }
    }

    fn end_passwords(&mut self) {
        if let Device::Claimed { password, .. } = &mut self.device {
            *password = Password::Ended;
        }
        for message in &mut self.in_flight {
            if let Message::Password(password) = message {
                *password = Password::Ended;
            }
        }
        self.in_flight.dedup();
    }

    fn store_password(&self, password: Password) -> Option<Step> {
        let device = Device::Claimed { password, handshake: None };
        (self.device == Device::Claiming).then(|| ("D:claimed", Self { device, ..self.clone() }))
    }

    fn is_pending_on(&self, wanted: Key) -> bool {
        matches!(self.device, Device::Pending { key, .. } if key == wanted)
    }

    fn activate_device(&self, key: Key) -> Option<Step> {
        self.is_pending_on(key).then(|| ("D:active", Self { device: Device::Active(key), ..self.clone() }))
    }

    /// Without the code there is nothing to fall back on.
    fn fall_back(&self, key: Key) -> Option<Step> {
        let device = Device::Claimed { password: Password::Valid, handshake: None };
        let possible = self.device == Device::Pending { key, has_code: true };
        possible.then(|| ("D:fall back", Self { device, ..self.clone() }))
    }

    fn activate_connector(&self, key: Key) -> Option<Step> {
        let Connector::Offered(candidates) = &self.connector else { return None };
        let known = candidates.iter().any(|candidate| candidate.key == key);
        known.then(|| ("C:active", Self { connector: Connector::Active(key), ..self.clone() }))
    }

    /// Gives attempts and keys their names in order of appearance: states that differ in names only are one.
    fn rename(&mut self) {
        let mut attempts = Names::default();
        let mut keys = Names::default();
        match &mut self.device {
            Device::Claiming | Device::Claimed { handshake: None, .. } => {}
            Device::Claimed { handshake: Some(attempt), .. } => attempts.rename(&mut attempt.0),
            Device::Pending { key, .. } | Device::Active(key) => keys.rename(&mut key.0),
        }
        match &mut self.connector {
            Connector::Active(key) => keys.rename(&mut key.0),
            Connector::Offered(candidates) => {
                for candidate in candidates {
                    attempts.rename(&mut candidate.attempt.0);
                    keys.rename(&mut candidate.key.0);
                }
            }
        }
        self.in_flight.sort_unstable();
        for message in &mut self.in_flight {
            match message {
                Message::Claim | Message::Password(_) => {}
                Message::P1(attempt) => attempts.rename(&mut attempt.0),
                Message::P2(attempt, key) => {
                    attempts.rename(&mut attempt.0);
                    keys.rename(&mut key.0);
                }
                Message::S1(key) | Message::S2(key) | Message::Reset(key) | Message::Fin(key) => {
                    keys.rename(&mut key.0);
                }
            }
        }
        self.in_flight.sort_unstable();
    }
}

/// Old names in order of appearance.
#[derive(Default)]
struct Names(Vec<u8>);

impl Names {
    fn rename(&mut self, name: &mut u8) {
        let position = self.0.iter().position(|known| known == name).unwrap_or_else(|| {
            self.0.push(*name);
            self.0.len() - 1
        });
        *name = u8::try_from(position).expect("a state names a handful of attempts and keys");
    }
}
