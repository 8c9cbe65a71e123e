//! The model that the design was made with, state for state; `pairing_crash_model.py` is its first form.
//!
//! An attempt's number stands for its key. At most three attempts and three passwords are counted; states at
//! that bound are not judged.

use std::collections::BTreeSet;

use crate::search::Machine;

/// How many handshakes the device starts.
const ATTEMPTS: u8 = 3;
/// How many passwords the gateway issues.
const PASSWORDS: u8 = 3;
/// How many messages are in flight at once.
const IN_FLIGHT: usize = 3;
/// How many candidates the connector keeps.
const CANDIDATES: usize = 4;

/// Which design is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    /// As published: the setup key burns on first use, and one reply carries the key once.
    Published,
    /// In two phases, all guards on.
    TwoPhase,
    /// In two phases without one guard.
    Without(Guard),
}

/// What keeps the two-phase design from stranding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// A repeated claim is told from a second claimant.
    ClaimId,
    /// The connector keeps candidates that a new attempt follows.
    KeepOld,
    /// The device erases the code's secret only once the connector proved the key.
    EraseAfterProof,
}

/// All actors and the network.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    device: Device,
    gateway: Gateway,
    connector: Connector,
    in_flight: BTreeSet<Message>,
    attempts: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Device {
    phase: DevicePhase,
    key: Option<u8>,
    has_code: bool,
    /// The handshake under way; a crash loses it.
    handshake: Option<u8>,
    /// 0 is none.
    password: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum DevicePhase {
    Claiming,
    Claimed,
    Pending,
    Active,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Gateway {
    claim: Claim,
    password: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Claim {
    Open,
    Issued,
    Closed,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Connector {
    phase: ConnectorPhase,
    candidates: BTreeSet<u8>,
    key: Option<u8>,
    has_code: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum ConnectorPhase {
    Offered,
    Pending,
    Active,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Message {
    Claim,
    Password(u8),
    /// The published design's request and reply.
    Request(u8),
    Reply(u8),
    P1(u8),
    P2(u8),
    S1(u8),
    S2(u8),
    UnknownKey(u8),
    Fin(u8),
}

impl Machine for Reference {
    type State = State;

    fn start(&self) -> State {
        State {
            device: Device { phase: DevicePhase::Claiming, key: None, has_code: true, handshake: None, password: 0 },
            gateway: Gateway { claim: Claim::Open, password: 0 },
            connector: Connector {
                phase: ConnectorPhase::Offered,
                candidates: BTreeSet::new(),
                key: None,
                has_code: true,
            },
            in_flight: BTreeSet::new(),
            attempts: 0,
        }
    }

    fn steps(&self, state: &State) -> Vec<(&'static str, State)> {
        let mut steps = Vec::new();
        for message in &state.in_flight {
            let mut dropped = state.clone();
            dropped.in_flight.remove(message);
            steps.push(("drop", dropped));
            steps.extend(self.deliver(state, *message));
        }
        if state.device.handshake.is_some() {
            let mut crashed = state.clone();
            crashed.device.handshake = None;
            steps.push(("D:crash", crashed));
        }
        steps.extend(self.device_acts(state));
        steps
    }

    fn is_done(&self, state: &State) -> bool {
        state.device.phase == DevicePhase::Active
            && state.connector.phase == ConnectorPhase::Active
            && state.device.key == state.connector.key
            && state.password_works()
    }

    fn holds_setup_secret(&self, state: &State) -> bool {
        state.device.has_code || state.connector.has_code
    }

    fn is_at_bound(&self, state: &State) -> bool {
        state.attempts >= ATTEMPTS || state.gateway.password >= PASSWORDS
    }
}

impl Reference {
    fn has(self, guard: Guard) -> bool {
        self != Self::Without(guard)
    }

    /// A delivered message may stay in flight: it can be duplicated, and dropped later.
    fn deliver(self, state: &State, message: Message) -> Option<(&'static str, State)> {
        match message {
            Message::Claim => self.issue(state),
            Message::Password(number) => state.store_password(number),
            Message::Request(key) => state.answer_once(key),
            Message::Reply(key) => state.take_reply(key),
            Message::P1(key) => self.keep_candidate(state, key),
            Message::P2(key) => self.store_key(state, key),
            Message::S1(key) => state.answer_session(key),
            Message::S2(key) => state.activate_device(key),
            Message::UnknownKey(key) => state.fall_back(key),
            Message::Fin(key) => state.activate_connector(key),
        }
    }

    fn device_acts(self, state: &State) -> Vec<(&'static str, State)> {
        let device = &state.device;
        let key = device.key.unwrap_or_default();
        match device.phase {
            DevicePhase::Claiming => state.sending("D:claim", Message::Claim).into_iter().collect(),
            DevicePhase::Claimed if !state.password_works() => {
                if self == Self::Published {
                    return Vec::new();
                }
                let mut next = state.clone();
                next.device.phase = DevicePhase::Claiming;
                next.device.handshake = None;
                next.device.password = 0;
                vec![("D:reclaim", next)]
            }
            DevicePhase::Claimed if state.attempts < ATTEMPTS => self.try_pairing(state).into_iter().collect(),
            DevicePhase::Claimed => Vec::new(),
            DevicePhase::Pending => state.sending("D:S1", Message::S1(key)).into_iter().collect(),
            DevicePhase::Active if self == Self::Published => Vec::new(),
            DevicePhase::Active => [("D:S1", Message::S1(key)), ("D:FIN", Message::Fin(key))]
                .into_iter()
                .filter_map(|(step, message)| state.sending(step, message))
                .collect(),
        }
    }

    fn issue(self, state: &State) -> Option<(&'static str, State)> {
        let mut next = state.clone();
        let step = match state.gateway.claim {
            Claim::Open => "G:issue",
            Claim::Issued
                if self != Self::Published && self.has(Guard::ClaimId) && state.gateway.password < PASSWORDS =>
            {
                "G:reissue"
            }
            Claim::Issued | Claim::Closed => return None,
        };
        next.gateway = Gateway { claim: Claim::Issued, password: state.gateway.password + 1 };
        next.sending(step, Message::Password(next.gateway.password))
    }

    fn try_pairing(self, state: &State) -> Option<(&'static str, State)> {
        let mut next = state.clone();
        next.attempts += 1;
        next.device.handshake = Some(next.attempts);
        // The first successful CONNECT closes the claim.
        if next.gateway.claim == Claim::Issued {
            next.gateway.claim = Claim::Closed;
        }
        let first = if self == Self::Published { Message::Request } else { Message::P1 };
        next.sending("D:P1", first(next.attempts))
    }

    fn keep_candidate(self, state: &State, key: u8) -> Option<(&'static str, State)> {
        if !state.connector.has_code || state.connector.phase == ConnectorPhase::Active {
            return None;
        }
        let mut next = state.clone();
        if !self.has(Guard::KeepOld) {
            next.connector.candidates.clear();
        }
        next.connector.candidates.insert(key);
        while next.connector.candidates.len() > CANDIDATES {
            next.connector.candidates.pop_first();
        }
        next.connector.phase = ConnectorPhase::Pending;
        next.sending("C:P2", Message::P2(key))
    }

    fn store_key(self, state: &State, key: u8) -> Option<(&'static str, State)> {
        if state.device.phase != DevicePhase::Claimed || state.device.handshake != Some(key) {
            return None;
        }
        let mut next = state.clone();
        next.device.phase = DevicePhase::Pending;
        next.device.key = Some(key);
        next.device.has_code &= self.has(Guard::EraseAfterProof);
        next.device.handshake = None;
        Some(("D:pending", next))
    }
}

impl State {
    fn password_works(&self) -> bool {
        self.device.password > 0 && self.device.password == self.gateway.password
    }

    /// Adds a message; nothing happens while the network is full.
    fn sending(&self, step: &'static str, message: Message) -> Option<(&'static str, Self)> {
        let mut next = self.clone();
        let fits = !next.in_flight.insert(message) || next.in_flight.len() <= IN_FLIGHT;
        fits.then_some((step, next))
    }

    fn store_password(&self, number: u8) -> Option<(&'static str, Self)> {
        if self.device.phase != DevicePhase::Claiming {
            return None;
        }
        let mut next = self.clone();
        next.device.phase = DevicePhase::Claimed;
        next.device.password = number;
        Some(("D:claimed", next))
    }

    fn answer_once(&self, key: u8) -> Option<(&'static str, Self)> {
        if !self.password_works() || self.connector.phase != ConnectorPhase::Offered {
            return None;
        }
        let mut next = self.clone();
        next.connector.activate(key);
        next.sending("C:reply", Message::Reply(key))
    }

    fn take_reply(&self, key: u8) -> Option<(&'static str, Self)> {
        if self.device.phase != DevicePhase::Claimed || self.device.handshake != Some(key) {
            return None;
        }
        let mut next = self.clone();
        next.device.activate(key);
        Some(("D:active", next))
    }

    fn answer_session(&self, key: u8) -> Option<(&'static str, Self)> {
        let connector = &self.connector;
        let is_active = connector.phase == ConnectorPhase::Active && connector.key == Some(key);
        if connector.candidates.contains(&key) || is_active {
            self.sending("C:S2", Message::S2(key))
        } else {
            self.sending("C:unknown key", Message::UnknownKey(key))
        }
    }

    fn is_pending_on(&self, key: u8) -> bool {
        self.device.phase == DevicePhase::Pending && self.device.key == Some(key)
    }

    fn activate_device(&self, key: u8) -> Option<(&'static str, Self)> {
        if !self.is_pending_on(key) {
            return None;
        }
        let mut next = self.clone();
        next.device.activate(key);
        Some(("D:active", next))
    }

    /// The hint is not authenticated: it causes a retry and erases nothing that the retry needs.
    fn fall_back(&self, key: u8) -> Option<(&'static str, Self)> {
        if !self.is_pending_on(key) || !self.device.has_code {
            return None;
        }
        let mut next = self.clone();
        next.device.phase = DevicePhase::Claimed;
        next.device.key = None;
        next.device.handshake = None;
        Some(("D:fall back", next))
    }

    fn activate_connector(&self, key: u8) -> Option<(&'static str, Self)> {
        if !self.connector.candidates.contains(&key) {
            return None;
        }
        let mut next = self.clone();
        next.connector.activate(key);
        Some(("C:active", next))
    }
}

impl Device {
    fn activate(&mut self, key: u8) {
        self.phase = DevicePhase::Active;
        self.key = Some(key);
        self.has_code = false;
        self.handshake = None;
    }
}

impl Connector {
    fn activate(&mut self, key: u8) {
        *self = Self { phase: ConnectorPhase::Active, candidates: BTreeSet::new(), key: Some(key), has_code: false };
    }
}
