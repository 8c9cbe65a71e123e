//! One schedule, and what came of many.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::future::Future;
use std::iter::Sum;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex as StdMutex};

use getrandom::SysRng;
use latchgate_connector::DeviceState;
use latchgate_gateway::testing::ClaimRefused;
use latchgate_link::control::Control;
use latchgate_protocol::origin::PlainHttp;
use latchgate_protocol::problem::code::{CODE_GONE, CODE_USED};
use latchgate_protocol::{ClaimId, FrameType};
use latchgate_tunnel::StaticPrivateKey;
use rand_core::UnwrapErr;
use tokio::sync::Mutex;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::super::{EstablishError, Establisher};
use super::Guard;
use super::network::{Death, Message, Net};
use super::servers::{Clocks, Customer, LIFETIME, START, Servers};
use crate::client::UnlockSecret;
use crate::vault::contents::{Active, Claiming, Contents};
use crate::vault::tries::Tries;
use crate::vault::{KeyStore, Shelf, StoreError, Vault};

/// What came of a schedule.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Both sides hold one key and no code.
    Paired { generation: u32 },
    /// The code expired, and the device asks for another one.
    AskedForANewCode,
    /// What must not be, and how it came to it.
    Violated(Violation, String),
}

/// What must not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Violation {
    /// Nothing that the device does pairs it, and nobody asks for a new code.
    Stranded,
    /// A side still has the code after both are active.
    SecretLeft,
    /// Both are active, with different keys.
    TwoKeys,
}

/// What came of many.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) schedules: u64,
    pub(super) paired: u64,
    pub(super) rotated: u64,
    pub(super) asked_for_a_new_code: u64,
    /// The seed, what was found, and how it came to it.
    pub(super) violations: Vec<(u64, Violation, String)>,
}

impl Tally {
    pub(super) fn count(&mut self, seed: u64, outcome: Outcome) {
        self.schedules += 1;
        match outcome {
            Outcome::Paired { generation } => {
                self.paired += 1;
                self.rotated += u64::from(generation > 1);
            }
            Outcome::AskedForANewCode => self.asked_for_a_new_code += 1,
            Outcome::Violated(violation, how) => self.violations.push((seed, violation, how)),
        }
    }
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), |mut sum, tally| {
            sum.schedules += tally.schedules;
            sum.paired += tally.paired;
            sum.rotated += tally.rotated;
            sum.asked_for_a_new_code += tally.asked_for_a_new_code;
            sum.violations.extend(tally.violations);
            sum
        })
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut kinds = BTreeMap::from([(Violation::Stranded, 0), (Violation::SecretLeft, 0), (Violation::TwoKeys, 0)]);
        for (_, violation, _) in &self.violations {
            *kinds.entry(*violation).or_default() += 1;
        }
        let Self { schedules, paired, rotated, asked_for_a_new_code, .. } = self;
        write!(f, "{schedules} schedules: {paired} paired ({rotated} of them with a replaced key), ")?;
        write!(f, "{asked_for_a_new_code} asked for a new code, {kinds:?}")?;
        for (seed, violation, how) in self.violations.iter().take(3) {
            write!(f, "\nseed {seed}: {violation:?}: {how}")?;
        }
        Ok(())
    }
}

/// The device's key store, which survives its crashes and may cause them.
#[derive(Default)]
struct Disk {
    values: StdMutex<HashMap<String, Vec<u8>>>,
    dies_at_write: StdMutex<Option<Death>>,
    died: AtomicBool,
}

/// What the vault holds of it.
#[derive(Clone)]
struct Store(Arc<Disk>);

impl KeyStore for Store {
    fn probe(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn read(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        Ok(self.0.values.lock().expect("no panic").get(name).cloned().map(Zeroizing::new))
    }

    fn write(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        let crashed = || Err(StoreError::Io("the device crashed".into()));
        if self.0.died.load(Ordering::SeqCst) {
            return crashed();
        }
        let death = self.0.dies_at_write.lock().expect("no panic").take();
        if death != Some(Death::Before) {
            self.0.values.lock().expect("no panic").insert(name.to_owned(), value.to_vec());
        }
        if death.is_some() {
            self.0.died.store(true, Ordering::SeqCst);
            return crashed();
        }
        Ok(())
    }

    fn delete(&self, name: &str) -> Result<(), StoreError> {
        self.0.values.lock().expect("no panic").remove(name);
        Ok(())
    }

    fn guards(&self) -> bool {
        true
    }
}

/// Numbers from a seed: SplitMix64 (Steele, Lea, Flood 2014).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).expect("less than a usize")
    }

    fn side(&mut self) -> Death {
        if self.next() & 1 == 0 { Death::Before } else { Death::After }
    }
}

/// What happens next.
#[derive(Debug, Clone, Copy)]
enum Operation {
    DeliverFirst,
    DeliverAny,
    Duplicate,
    Drop,
    TimeOut,
    CrashDevice,
    CrashDeviceAtWrite,
    CrashDeviceAtSend,
    CrashGateway,
    CrashConnector,
    /// A server does what it is told, durably, and crashes before it answers.
    CrashServerBeforeSend,
    StepClock,
    ForgeHint,
}

/// Each with its weight when a schedule favours nothing.
const OPERATIONS: [(Operation, usize); 13] = [
    (Operation::DeliverFirst, 60),
    (Operation::DeliverAny, 12),
    (Operation::Duplicate, 6),
    (Operation::Drop, 6),
    (Operation::TimeOut, 4),
    (Operation::CrashDevice, 3),
    (Operation::CrashDeviceAtWrite, 3),
    (Operation::CrashDeviceAtSend, 3),
    (Operation::CrashGateway, 1),
    (Operation::CrashConnector, 1),
    (Operation::CrashServerBeforeSend, 2),
    (Operation::StepClock, 1),
    (Operation::ForgeHint, 3),
];

/// How many operations a schedule has, at least and at most.
const LENGTHS: (usize, usize) = (8, 90);
/// How often the device tries after the faults have ended.
const TRIES: usize = 8;
/// How far a clock steps at once, in seconds.
const STEP: usize = 240;

type Life = Pin<Box<dyn Future<Output = Result<(), EstablishError>>>>;

enum Turn {
    /// The device waits for the network.
    Idle,
    Ended(Result<(), EstablishError>),
}

/// One schedule under way.
pub(super) struct Schedule<'a> {
    dice: Dice,
    weights: Vec<(Operation, usize)>,
    without: Option<Guard>,
    servers: &'a mut Servers,
    customer: Customer,
    clocks: Clocks,
    net: Net,
    disk: Arc<Disk>,
    trace: Vec<String>,
}

impl<'a> Schedule<'a> {
    pub(super) async fn new(seed: u64, without: Option<Guard>, servers: &'a mut Servers) -> Self {
        let mut dice = Dice(seed);
        dice.next();
        // Each schedule favours some faults and leaves others out, so that rare combinations come up.
        let weights = OPERATIONS
            .into_iter()
            .map(|(operation, weight)| (operation, weight * [0, 1, 1, 2, 6][dice.below(5)]))
            .chain([(Operation::DeliverFirst, 20)])
            .collect();
        let customer = servers.invite().await;
        let disk = Arc::new(Disk::default());
        let contents = Contents::Claiming(Claiming {
            code: customer.code.clone(),
            claim_id: ClaimId::make(&mut UnwrapErr(SysRng)),
            static_key: StaticPrivateKey::make(&mut UnwrapErr(SysRng)),
            device_label: "phone".to_owned(),
        });
        drop(Vault::create(shelf(&disk), UnlockSecret::None, contents).await.expect("step 1 is durable"));
        let clocks = Clocks { gateway: START, connector: START };
        Self { dice, weights, without, servers, customer, clocks, net: Net::default(), disk, trace: Vec::new() }
    }

    pub(super) async fn run(mut self) -> Outcome {
        let steps = LENGTHS.0 + self.dice.below(LENGTHS.1 - LENGTHS.0);
        let mut device = self.start();
        for _ in 0..steps {
            if let Turn::Ended(result) = self.drive(&mut device).await {
                self.note_end(&result);
                device = self.start();
            } else if self.died() {
                self.note("the device crashes");
                device = self.start();
            } else if self.operate().await {
                device = self.start();
            }
        }
        drop(device);
        self.heal().await
    }

    /// Starts the device with what is durable.
    fn start(&mut self) -> Life {
        self.net.state().forget_device();
        self.disk.died.store(false, Ordering::SeqCst);
        *self.disk.dies_at_write.lock().expect("no panic") = None;
        let rotations = self.dice.below(3);
        Box::pin(live(self.net.clone(), Arc::clone(&self.disk), rotations))
    }

    fn died(&self) -> bool {
        self.net.state().died || self.disk.died.load(Ordering::SeqCst)
    }

    /// Lets the device go on until it waits or ends.
    async fn drive(&mut self, device: &mut Life) -> Turn {
        loop {
            let (waits, controls) = {
                let mut state = self.net.state();
                (state.is_waiting(), state.controls.take())
            };
            let Some((session_id, mut controls)) = controls else {
                return tokio::select! {
                    biased;
                    ended = &mut *device => Turn::Ended(ended),
                    () = std::future::ready(()), if waits => Turn::Idle,
                    () = self.net.idle.notified() => Turn::Idle,
                };
            };
            let said = tokio::select! {
                biased;
                ended = &mut *device => return Turn::Ended(ended),
                said = controls.receive() => Some(said),
                () = std::future::ready(()), if waits => None,
                () = self.net.idle.notified() => None,
            };
            let mut state = self.net.state();
            match said {
                // The session is over.
                Some(None) => continue,
                Some(Some(Control::Rotate(offer))) => {
                    state.in_flight.push_back(Message::Rotate(session_id, offer.to_vec()));
                    state.rotating = true;
                }
                Some(Some(Control::RotateAck(_))) | None => {}
            }
            // A session that was opened meanwhile takes its place.
            state.controls.get_or_insert((session_id, controls));
            return Turn::Idle;
        }
    }

    /// Does what comes next; tells whether the device crashed.
    async fn operate(&mut self) -> bool {
        let operation = self.draw();
        let waiting = self.net.state().in_flight.len();
        match operation {
            Operation::DeliverFirst
            | Operation::DeliverAny
            | Operation::Duplicate
            | Operation::Drop
            | Operation::CrashServerBeforeSend
                if waiting == 0 =>
            {
                self.net.state().time_out()
            }
            Operation::DeliverFirst => self.deliver(0, false).await,
            Operation::DeliverAny => {
                let index = self.dice.below(waiting);
                self.deliver(index, false).await;
            }
            Operation::Duplicate => {
                let index = self.dice.below(waiting);
                self.deliver(index, true).await;
            }
            Operation::Drop => {
                let index = self.dice.below(waiting);
                drop(self.net.state().in_flight.remove(index));
            }
            Operation::TimeOut => self.net.state().time_out(),
            Operation::CrashDevice => return self.noting("crash the device", true),
            Operation::CrashDeviceAtWrite => {
                *self.disk.dies_at_write.lock().expect("no panic") = Some(self.dice.side());
            }
            Operation::CrashDeviceAtSend => {
                let side = self.dice.side();
                self.net.state().dies_at_send = Some(side);
            }
            Operation::CrashGateway => self.servers.restart_gateway().await,
            Operation::CrashConnector => self.servers.restart_connector(),
            Operation::CrashServerBeforeSend => self.crash_before_send().await,
            Operation::StepClock => self.step_clock(),
            Operation::ForgeHint => self.forge_hint(),
        }
        self.noting(&format!("{operation:?}"), false)
    }

    fn draw(&mut self) -> Operation {
        let all: usize = self.weights.iter().map(|(_, weight)| weight).sum();
        let mut drawn = self.dice.below(all);
        for (operation, weight) in &self.weights {
            if drawn < *weight {
                return *operation;
            }
            drawn -= weight;
        }
        Operation::DeliverFirst
    }

    async fn deliver(&mut self, index: usize, keep: bool) {
        let message = {
            let mut state = self.net.state();
            if keep { state.in_flight.get(index).cloned() } else { state.in_flight.remove(index) }
        };
        if let Some(message) = message {
            let answer = self.handle(message).await;
            self.net.state().in_flight.extend(answer);
        }
    }

    async fn crash_before_send(&mut self) {
        let found = self.net.state().in_flight.iter().position(|message| !message.is_answer());
        let Some(index) = found else { return };
        let Some(message) = self.net.state().in_flight.remove(index) else { return };
        let to_gateway = matches!(message, Message::Claim(..) | Message::Connect(..));
        drop(self.handle(message).await);
        if to_gateway {
            self.servers.restart_gateway().await;
        } else {
            self.servers.restart_connector();
        }
    }

    fn step_clock(&mut self) {
        let step = self.dice.below(STEP) as u64;
        let both = self.dice.below(4);
        let step_one =
            |clock: &mut u64| *clock = if both & 1 == 0 { *clock + step } else { (*clock - step).max(START) };
        if both & 2 == 0 { step_one(&mut self.clocks.gateway) } else { step_one(&mut self.clocks.connector) }
    }

    fn forge_hint(&mut self) {
        let mut state = self.net.state();
        if let Some(session_id) = state.awaited_session() {
            state.answer(Message::Down(FrameType::Reset, session_id, Vec::new()));
        }
    }

    /// Does what a message asks for, durably; returns the answer.
    async fn handle(&mut self, message: Message) -> Option<Message> {
        let (device_id, clocks, without) = (self.customer.device_id, self.clocks, self.without);
        match message {
            Message::Claim(number, claim) => {
                let claimed = self.servers.claim(&claim, clocks, without).await;
                Some(Message::Claimed(
                    number,
                    claimed.map(Arc::new).map_err(|refused| match refused {
                        ClaimRefused::Used => CODE_USED,
                        ClaimRefused::Gone => CODE_GONE,
                    }),
                ))
            }
            Message::Connect(number, device_id, password) => {
                Some(Message::Connected(number, self.servers.log_in(device_id, &password, clocks).await))
            }
            Message::Up(FrameType::P1, session_id, p1) => {
                let (kind, body) = self.servers.answer_p1(device_id, &p1, clocks, without);
                Some(Message::Down(kind, session_id, body))
            }
            Message::Up(FrameType::S1, session_id, s1) => {
                let (kind, body) = self.servers.answer_s1(device_id, session_id, &s1, clocks)?;
                Some(Message::Down(kind, session_id, body))
            }
            Message::Up(_, _, fin) => {
                self.servers.receive_fin(device_id, &fin, clocks);
                None
            }
            Message::Rotate(session_id, offer) => {
                let ack = self.servers.answer_rotation(device_id, session_id, &offer, clocks, without)?;
                Some(Message::RotateAck(session_id, ack))
            }
            answer @ (Message::Claimed(..) | Message::Connected(..) | Message::Down(..) | Message::RotateAck(..)) => {
                self.net.state().answer(answer);
                None
            }
        }
    }

    /// The faults have ended: what is under way arrives, in any order, and the device tries on.
    async fn heal(mut self) -> Outcome {
        self.note("the faults end");
        self.net.state().forget_device();
        self.settle().await;
        let mut refused = None;
        for _ in 0..TRIES {
            let mut device = self.start();
            let result = loop {
                match self.drive(&mut device).await {
                    Turn::Ended(result) => break result,
                    Turn::Idle if self.net.state().in_flight.is_empty() => self.net.state().time_out(),
                    Turn::Idle => self.deliver(0, false).await,
                }
            };
            self.note_end(&result);
            drop(device);
            self.settle().await;
            match result {
                Ok(()) => return self.judge().await,
                Err(error) => refused = Some(error.failure().code),
            }
        }
        let ends = START + LIFETIME;
        let expired = self.clocks.gateway >= ends || self.clocks.connector > ends;
        let asks = matches!(refused.as_deref(), Some("code-gone" | "code-expired" | "code-refused" | "clock-skew"));
        if expired && asks { Outcome::AskedForANewCode } else { self.violated(Violation::Stranded) }
    }

    async fn settle(&mut self) {
        loop {
            let waiting = self.net.state().in_flight.len();
            if waiting == 0 {
                return;
            }
            let index = self.dice.below(waiting);
            self.deliver(index, false).await;
        }
    }

    /// The device has a session: both sides must agree.
    async fn judge(self) -> Outcome {
        let vault = open(&self.disk).await;
        let Contents::Active(active) = vault.contents() else { return self.violated(Violation::Stranded) };
        let Active { key, account, .. } = active;
        let (generation, key_id) = (key.generation(), key.key_id(account.device_id));
        let standing = self.servers.standing(account.device_id, self.clocks);
        if standing.is_none_or(|standing| standing.state != DeviceState::Active) {
            return self.violated(Violation::Stranded);
        }
        let theirs = self.servers.key(account.device_id, generation, key_id, self.clocks);
        if theirs.as_ref() != Some(&key.device_secret_key) {
            return self.violated(Violation::TwoKeys);
        }
        let text = Zeroizing::new(serde_json::to_string(vault.contents()).expect("JSON"));
        if text.contains("LG1:") || standing.is_some_and(|standing| standing.has_setup_secret) {
            return self.violated(Violation::SecretLeft);
        }
        Outcome::Paired { generation: generation.0 }
    }

    fn violated(&self, violation: Violation) -> Outcome {
        Outcome::Violated(violation, self.trace.join(", "))
    }

    fn note(&mut self, text: &str) {
        self.trace.push(text.to_owned());
    }

    fn noting<T>(&mut self, text: &str, value: T) -> T {
        self.note(text);
        value
    }

    fn note_end(&mut self, result: &Result<(), EstablishError>) {
        let text = result.as_ref().map_or_else(|error| error.failure().code, |()| "a session".to_owned());
        self.trace.push(format!("[{text}]"));
    }
}

/// One life of the device: a session, and some keys replaced over it.
async fn live(net: Net, disk: Arc<Disk>, rotations: usize) -> Result<(), EstablishError> {
    let vault = open(&disk).await;
    let mut establisher = Establisher {
        network: Arc::new(net),
        vault: Arc::new(Mutex::new(vault)),
        plain_http: PlainHttp::ToLoopback,
        ticket: None,
    };
    let mut established = establisher.establish(&|_| {}).await?;
    for _ in 0..rotations {
        let controls = &mut established.opened.controls;
        established.opened = establisher.rotate(&*established.link, controls).await?;
    }
    Ok(())
}

async fn open(disk: &Arc<Disk>) -> Vault {
    let mut tries = Tries::read(None, Instant::now());
    Vault::open(shelf(disk), UnlockSecret::None, &mut tries).await.expect("what was durable opens")
}

fn shelf(disk: &Arc<Disk>) -> Shelf {
    Shelf::new(Arc::new(Store(Arc::clone(disk))), "work")
}
