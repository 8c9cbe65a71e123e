//! The network of one device: messages in flight, and what the device waits for.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use getrandom::SysRng;
use latchgate_link::control::{Control, Controls};
use latchgate_link::device::DeviceAccount;
use latchgate_link::rest::{LeavingAccount, RestError};
use latchgate_link::{LinkError, Refusal};
use latchgate_protocol::problem::{Problem, code};
use latchgate_protocol::rest::{ClaimDevice, ConfirmWipe, DeviceClaimed, OrderWipe};
use latchgate_protocol::{DeviceId, DevicePassword, FrameType, GatewayOrigin, ResumeTicket, SessionId};
use latchgate_tunnel::CloseReason;
use latchgate_tunnel::pairing::{InitiatorParams, Paired, PairingInitiator};
use latchgate_tunnel::sealing::RecordKind;
use latchgate_tunnel::session::{SessionInitiator, SessionParams};
use rand_core::{Rng as _, UnwrapErr};
use tokio::sync::{Notify, oneshot};

use crate::network::{Confirm, Link, Network, Opened};

/// Names one request and its answer.
pub(super) type Number = u64;

/// A message on its way.
#[derive(Clone)]
pub(super) enum Message {
    /// To the gateway.
    Claim(Number, Arc<ClaimDevice>),
    /// From the gateway; the code of the problem where it was refused.
    Claimed(Number, Result<Arc<DeviceClaimed>, &'static str>),
    /// To the gateway.
    Connect(Number, DeviceId, DevicePassword),
    /// From the gateway.
    Connected(Number, bool),
    /// To the connector: P1, S1, or a record.
    Up(FrameType, SessionId, Vec<u8>),
    /// To the device: P2, S2, or a reset hint.
    Down(FrameType, SessionId, Vec<u8>),
    /// To the connector, over an open session.
    Rotate(SessionId, Vec<u8>),
    /// To the device, over an open session.
    RotateAck(SessionId, Vec<u8>),
}

impl Message {
    /// Tells whether it is on its way to the device.
    pub(super) const fn is_answer(&self) -> bool {
        matches!(self, Self::Claimed(..) | Self::Connected(..) | Self::Down(..) | Self::RotateAck(..))
    }
}

/// What the device waits for.
enum Waiting {
    Claimed(Number, oneshot::Sender<Result<Arc<DeviceClaimed>, &'static str>>),
    Connected(Number, oneshot::Sender<bool>),
    Frame(SessionId, oneshot::Sender<(FrameType, Vec<u8>)>),
}

/// The network as its device holds it.
#[derive(Clone, Default)]
pub(super) struct Net {
    state: Arc<Mutex<State>>,
    /// Rings when the device begins to wait.
    pub(super) idle: Arc<Notify>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) in_flight: VecDeque<Message>,
    waiting: Option<Waiting>,
    /// The connector's end of what the device's newest session carries beside its stream.
    pub(super) controls: Option<(SessionId, Controls)>,
    /// Whether the device waits for the connector's share.
    pub(super) rotating: bool,
    numbers: Number,
    /// Crashes the device instead of the next send, or right after it.
    pub(super) dies_at_send: Option<Death>,
    pub(super) died: bool,
}

/// On which side of a step a crash comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Death {
    Before,
    After,
}

impl Net {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics with the network in its hands")
    }

    /// Sends from the device. A device that is to die never goes on from here.
    async fn send(&self, message: Message) {
        let died = {
            let mut state = self.state();
            let death = state.dies_at_send.take();
            if death != Some(Death::Before) {
                state.in_flight.push_back(message);
            }
            state.died |= death.is_some();
            death.is_some()
        };
        if died {
            self.idle.notify_one();
            std::future::pending::<()>().await;
        }
    }

    async fn await_frame(&self, session_id: SessionId) -> Result<(FrameType, Vec<u8>), LinkError> {
        let (answer, answered) = oneshot::channel();
        self.wait(Waiting::Frame(session_id, answer));
        answered.await.map_err(|_| LinkError::Timeout("waiting for the connector"))
    }

    fn wait(&self, waiting: Waiting) {
        self.state().waiting = Some(waiting);
        self.idle.notify_one();
    }

    fn number(&self) -> Number {
        let mut state = self.state();
        state.numbers += 1;
        state.numbers
    }
}

impl State {
    /// The device crashed: what it held in memory is gone.
    pub(super) fn forget_device(&mut self) {
        self.waiting = None;
        self.controls = None;
        self.rotating = false;
        self.dies_at_send = None;
        self.died = false;
    }

    /// The device gives up waiting.
    pub(super) fn time_out(&mut self) {
        self.waiting = None;
        self.controls = None;
        self.rotating = false;
    }

    /// Tells whether the device can do nothing before something arrives or it gives up.
    pub(super) const fn is_waiting(&self) -> bool {
        self.waiting.is_some() || self.rotating
    }

    /// Returns the session that the device waits for an answer of.
    pub(super) fn awaited_session(&self) -> Option<SessionId> {
        match &self.waiting {
            Some(Waiting::Frame(session_id, _)) => Some(*session_id),
            Some(Waiting::Claimed(..) | Waiting::Connected(..)) | None => None,
        }
    }

    /// Gives an answer to the device, which drops what it does not wait for.
    pub(super) fn answer(&mut self, message: Message) {
        match (self.waiting.take(), message) {
            (Some(Waiting::Claimed(wanted, answer)), Message::Claimed(number, claimed)) if wanted == number => {
                drop(answer.send(claimed));
            }
            (Some(Waiting::Connected(wanted, answer)), Message::Connected(number, accepted)) if wanted == number => {
                // A device that gave up does not hear it.
                let _ = answer.send(accepted);
            }
            (Some(Waiting::Frame(wanted, answer)), Message::Down(kind, session_id, body)) if wanted == session_id => {
                drop(answer.send((kind, body)));
            }
            (waiting, Message::RotateAck(session_id, ack)) => {
                self.waiting = waiting;
                if let Some((open, controls)) = &self.controls
                    && *open == session_id
                {
                    self.rotating = false;
                    // A session that is over does not hear it.
                    let _ = controls.send(Control::RotateAck(ack.into())).now_or_never();
                }
            }
            (waiting, _) => self.waiting = waiting,
        }
    }
}

impl Network for Net {
    fn claim<'a>(
        &'a self,
        _gateway: &'a GatewayOrigin,
        request: ClaimDevice,
    ) -> BoxFuture<'a, Result<DeviceClaimed, RestError>> {
        Box::pin(async move {
            let number = self.number();
            self.send(Message::Claim(number, Arc::new(request))).await;
            let (answer, answered) = oneshot::channel();
            self.wait(Waiting::Claimed(number, answer));
            let claimed = answered.await.map_err(|_| RestError::Timeout)?;
            let claimed = claimed.map(|claimed| DeviceClaimed {
                device_id: claimed.device_id,
                device_password: claimed.device_password.clone(),
                instance_id: claimed.instance_id,
            });
            claimed.map_err(|code| {
                let status = if code == code::CODE_USED { 409 } else { 410 };
                RestError::Problem(Problem { status, code: code.to_owned(), title: String::new(), detail: None })
            })
        })
    }

    fn connect<'a>(
        &'a self,
        _gateway: &'a GatewayOrigin,
        account: DeviceAccount,
    ) -> BoxFuture<'a, Result<Box<dyn Link>, LinkError>> {
        Box::pin(async move {
            let number = self.number();
            self.send(Message::Connect(number, account.device_id, account.device_password.clone())).await;
            let (answer, answered) = oneshot::channel();
            self.wait(Waiting::Connected(number, answer));
            match answered.await {
                Ok(true) => Ok(Box::new(self.clone()) as Box<dyn Link>),
                Ok(false) => Err(LinkError::Refused(Refusal::BadCredentials)),
                Err(_) => Err(LinkError::Lost(Refusal::Closed)),
            }
        })
    }

    /// No device of the schedules is revoked.
    fn wipe_order<'a>(
        &'a self,
        _gateway: &'a GatewayOrigin,
        _account: &'a LeavingAccount,
    ) -> BoxFuture<'a, Result<Option<OrderWipe>, RestError>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn confirm_wipe<'a>(
        &'a self,
        _gateway: &'a GatewayOrigin,
        _account: &'a LeavingAccount,
        _answer: &'a ConfirmWipe,
    ) -> BoxFuture<'a, Result<bool, RestError>> {
        Box::pin(std::future::ready(Ok(false)))
    }
}

impl Link for Net {
    fn ticket(&self) -> Option<ResumeTicket> {
        None
    }

    fn closed(&self) -> BoxFuture<'_, LinkError> {
        Box::pin(std::future::pending())
    }

    fn farewell(&self) -> BoxFuture<'_, CloseReason> {
        Box::pin(std::future::pending())
    }

    fn connector_present(&self) -> BoxFuture<'_, Result<(), LinkError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn pair<'a>(&'a self, params: InitiatorParams<'a>) -> BoxFuture<'a, Result<Paired, LinkError>> {
        Box::pin(async move {
            let session_id = make_session_id();
            let (p1, initiator) = PairingInitiator::start(params, &mut UnwrapErr(SysRng))?;
            self.send(Message::Up(FrameType::P1, session_id, p1)).await;
            match self.await_frame(session_id).await? {
                (FrameType::P2, p2) => Ok(initiator.finish(&p2)?),
                (FrameType::Reset, _) => Err(LinkError::CodeUnknown),
                (FrameType::P1 | FrameType::S1 | FrameType::S2 | FrameType::Data, _) => unreachable!("not an answer"),
            }
        })
    }

    fn open_session<'a>(&'a self, params: SessionParams<'a>) -> BoxFuture<'a, Result<Confirm, LinkError>> {
        Box::pin(async move {
            let session_id = make_session_id();
            let (s1, initiator) = SessionInitiator::start(params, session_id, &mut UnwrapErr(SysRng))?;
            self.send(Message::Up(FrameType::S1, session_id, s1)).await;
            let s2 = match self.await_frame(session_id).await? {
                (FrameType::S2, s2) => s2,
                (FrameType::Reset, _) => return Err(LinkError::KeyUnknown),
                (FrameType::P1 | FrameType::P2 | FrameType::S1 | FrameType::Data, _) => unreachable!("not an answer"),
            };
            let (session, _) = initiator.finish(&s2)?;
            let net = self.clone();
            let confirm: Confirm = Box::new(move || {
                Box::pin(async move {
                    let (near, far) = Controls::pair(*session.handshake_hash());
                    let (mut sealer, _) = session.split();
                    let mut fin = bytes::BytesMut::new();
                    sealer.seal(RecordKind::Fin, &[], &mut fin).expect("the first record");
                    net.send(Message::Up(FrameType::Data, session_id, fin.to_vec())).await;
                    net.state().controls = Some((session_id, far));
                    net.idle.notify_one();
                    let (stream, _) = tokio::io::duplex(64);
                    Ok(Opened { stream: Box::new(stream), controls: near })
                })
            });
            Ok(confirm)
        })
    }
}

fn make_session_id() -> SessionId {
    let mut id = [0; 8];
    UnwrapErr(SysRng).fill_bytes(&mut id);
    SessionId(id)
}
