//! A gateway and a connector in memory, for tests: real handshakes over a network that loses what it is told
//! to lose, by the rules of the design's step table.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use getrandom::SysRng;
use http::header::{ETAG, IF_NONE_MATCH};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use latchgate_link::control::{Control, Controls};
use latchgate_link::device::DeviceAccount;
use latchgate_link::dial::DialError;
use latchgate_link::rest::{LeavingAccount, RestError};
use latchgate_link::{LinkError, Refusal};
use latchgate_protocol::origin::PlainHttp;
use latchgate_protocol::problem::{Problem, code};
use latchgate_protocol::rest::{ClaimDevice, ConfirmWipe, DeviceClaimed, OrderWipe};
use latchgate_protocol::{
    ClaimId, DeviceId, DevicePassword, DeviceSetupKey, GatewayOrigin, InstanceId, ResumeTicket, SealedBlob, SessionId,
};
use latchgate_tunnel::CloseReason;
use latchgate_tunnel::catalogue::{CATALOGUE_PATH, Catalogue};
use latchgate_tunnel::pairing::{InitiatorParams, Paired, PairingInitiator, ResponderParams, answer_pairing};
use latchgate_tunnel::rotation::{KeyInUse, answer_rotation};
use latchgate_tunnel::session::{SessionInitiator, SessionLimits, SessionParams, answer_session, read_s1_clear};
use latchgate_tunnel::{
    CodeFlags, DeviceSecretKey, DeviceSetupSecretKey, KeyId, PairingCode, StaticPrivateKey, StaticPublicKey,
};
use rand_core::UnwrapErr;
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;
use zeroize::Zeroizing;

use crate::catalogue::tests::catalogue;
use crate::network::{BoxStream, Confirm, Link, Network, Opened};

pub(crate) const COMPANY: &str = "Example Ltd";
const DEVICE: DeviceId = DeviceId::from_bytes([0xd1; 16]);
const INSTANCE: InstanceId = InstanceId::from_bytes([0x11; 16]);

/// Everything on the far side of the network.
#[derive(Clone)]
pub(crate) struct World(Arc<Mutex<Far>>);

pub(crate) struct Far {
    // The gateway
    setup_key: DeviceSetupKey,
    claim: Option<ClaimId>,
    password: DevicePassword,
    connected_once: bool,
    /// The ticket that is valid, and whether the latest login gave it.
    pub(crate) ticket: Option<ResumeTicket>,
    ticket_is_new: bool,
    pub(crate) password_logins: u32,
    pub(crate) claims: u32,
    pub(crate) refusal: Option<Refusal>,
    /// Why the connection ended, when it is asked.
    pub(crate) ended: Option<Refusal>,
    // The connector
    static_key: StaticPrivateKey,
    setup_secret: Option<DeviceSetupSecretKey>,
    candidates: HashMap<KeyId, (DeviceSecretKey, StaticPublicKey)>,
    pub(crate) active: Option<(KeyId, DeviceSecretKey, StaticPublicKey)>,
    pub(crate) forgets_keys: bool,
    pub(crate) refuses_codes: bool,
    pub(crate) present: bool,
    pub(crate) catalogue: Catalogue,
    /// How often the device heard that it has the present catalogue.
    pub(crate) unchanged: u32,
    /// Ends every session that is open.
    cut: watch::Sender<u32>,
    /// Asks every session for another key.
    asking: watch::Sender<u32>,
    /// What the connector said, sealed, when it ended the pairing.
    pub(crate) farewell: watch::Sender<CloseReason>,
    /// What the gateway keeps for the device.
    pub(crate) order: Option<SealedBlob>,
    /// What the device answered, and how many answers are still lost.
    pub(crate) answer: Option<SealedBlob>,
    pub(crate) answers_lost: u32,
    // The network
    /// What answers in the place of the gateway, if something does, and how often it was asked.
    pub(crate) portal: Option<u16>,
    pub(crate) portal_asked: u32,
    pub(crate) messages: u32,
    /// The numbers of the messages that are lost.
    pub(crate) lost: Vec<u32>,
    pub(crate) printed: bool,
}

impl World {
    pub(crate) fn new() -> Self {
        let mut rng = UnwrapErr(SysRng);
        Self(Arc::new(Mutex::new(Far {
            setup_key: DeviceSetupKey::make(&mut rng),
            claim: None,
            password: DevicePassword::make(&mut rng),
            connected_once: false,
            ticket: None,
            ticket_is_new: false,
            password_logins: 0,
            claims: 0,
            refusal: None,
            ended: None,
            static_key: StaticPrivateKey::make(&mut rng),
            setup_secret: Some(DeviceSetupSecretKey::make(&mut rng)),
            candidates: HashMap::new(),
            active: None,
            forgets_keys: false,
            refuses_codes: false,
            present: true,
            catalogue: catalogue(&["http://wiki.example.com", "https://safe.example.com"]),
            unchanged: 0,
            cut: watch::Sender::new(0),
            asking: watch::Sender::new(0),
            farewell: watch::Sender::new(CloseReason::Done),
            order: None,
            answer: None,
            answers_lost: 0,
            portal: None,
            portal_asked: 0,
            messages: 0,
            lost: Vec::new(),
            printed: false,
        })))
    }

    pub(crate) fn far(&self) -> MutexGuard<'_, Far> {
        self.0.lock().unwrap()
    }

    /// Returns the text of the pairing code.
    pub(crate) fn code(&self) -> Zeroizing<String> {
        let far = self.far();
        PairingCode {
            flags: CodeFlags { printed: far.printed },
            device_setup_key: far.setup_key.clone(),
            device_setup_secret_key: far.setup_secret.clone().unwrap_or(DeviceSetupSecretKey::from_bytes([0; 32])),
            connector_key: far.static_key.public_key(),
            expires: u32::MAX,
            gateway: GatewayOrigin::parse("https://gateway.example.com", PlainHttp::ToLoopback).unwrap(),
        }
        .encode()
    }

    /// Somebody else claims the code first.
    pub(crate) fn claim_first(&self) {
        self.far().claim = Some(ClaimId::make(&mut UnwrapErr(SysRng)));
    }

    /// Makes a new code for another try.
    pub(crate) fn invite_again(&self) {
        let mut rng = UnwrapErr(SysRng);
        let mut far = self.far();
        far.setup_key = DeviceSetupKey::make(&mut rng);
        far.setup_secret = Some(DeviceSetupSecretKey::make(&mut rng));
        (far.claim, far.connected_once, far.active) = (None, false, None);
        far.candidates.clear();
    }

    /// Cuts every session.
    pub(crate) fn cut_sessions(&self) {
        self.far().cut.send_modify(|count| *count += 1);
    }
}

impl Far {
    /// Opens a connection to whatever answers.
    fn dial(&mut self) -> Result<(), DialError> {
        let Some(status) = self.portal else { return Ok(()) };
        self.portal_asked += 1;
        Err(DialError::NotAGateway(status))
    }

    /// Counts a message on the wire; an error when it is to be lost.
    fn carry(&mut self) -> Result<(), LinkError> {
        self.messages += 1;
        if self.lost.contains(&self.messages) { Err(LinkError::Lost(Refusal::Closed)) } else { Ok(()) }
    }

    /// The connector was restored from before P2.
    pub(crate) fn forget_candidates(&mut self) {
        self.candidates.clear();
    }

    fn claim(&mut self, request: &ClaimDevice) -> Result<DeviceClaimed, RestError> {
        self.carry().map_err(|_| RestError::Timeout)?;
        self.claims += 1;
        let same = self.claim.as_ref().is_none_or(|claim| *claim == request.claim_id);
        if request.device_setup_key != self.setup_key || (same && self.connected_once) {
            return Err(problem(410, code::CODE_GONE));
        }
        if !same {
            return Err(problem(409, code::CODE_USED));
        }
        self.claim = Some(request.claim_id.clone());
        self.password = DevicePassword::make(&mut UnwrapErr(SysRng));
        self.ticket = None;
        let answer = DeviceClaimed { device_id: DEVICE, device_password: self.password.clone(), instance_id: INSTANCE };
        self.carry().map_err(|_| RestError::Timeout)?;
        Ok(answer)
    }

    fn log_in(&mut self, account: &DeviceAccount) -> Result<(), LinkError> {
        self.carry()?;
        if let Some(refusal) = self.refusal {
            return Err(LinkError::Refused(refusal));
        }
        if account.device_id != DEVICE || account.device_password != self.password {
            return Err(LinkError::Refused(Refusal::BadCredentials));
        }
        self.connected_once = true;
        self.ticket_is_new = account.ticket.is_none() || account.ticket != self.ticket;
        if self.ticket_is_new {
            self.password_logins += 1;
            self.ticket = Some(ResumeTicket::make(&mut UnwrapErr(SysRng)));
        }
        self.carry()
    }

    fn pair(&mut self, p1: &[u8]) -> Result<Vec<u8>, LinkError> {
        self.carry()?;
        let setup_secret = self.setup_secret.as_ref().filter(|_| !self.refuses_codes).ok_or(LinkError::CodeUnknown)?;
        let params =
            ResponderParams { device_id: DEVICE, setup_secret, static_key: &self.static_key, instance_label: COMPANY };
        let answer = answer_pairing(params, p1, &mut UnwrapErr(SysRng))?;
        let p2 = answer.p2.clone();
        self.candidates.insert(answer.key_id, (answer.device_secret_key, answer.device_key));
        self.carry()?;
        Ok(p2)
    }

    fn open_session(&mut self, session_id: SessionId, s1: &[u8]) -> Result<(Vec<u8>, KeyInUse), LinkError> {
        self.carry()?;
        let (generation, key_id, _) = read_s1_clear(s1)?;
        let known = match (&self.active, self.candidates.get(&key_id)) {
            (Some((active, key, device_key)), _) if *active == key_id => Some((key.clone(), *device_key)),
            (_, Some((key, device_key))) => Some((key.clone(), *device_key)),
            (_, None) => None,
        };
        let Some((device_secret_key, device_key)) = known.filter(|_| !self.forgets_keys) else {
            return Err(LinkError::KeyUnknown);
        };
        let params = SessionParams {
            device_id: DEVICE,
            generation,
            key_id,
            device_secret_key: &device_secret_key,
            static_key: &self.static_key,
            peer_key: device_key,
        };
        let limits = SessionLimits { connection_window: 1 << 20, max_streams: 128 };
        let (s2, _) = answer_session(params, session_id, s1, &limits, &mut UnwrapErr(SysRng))?;
        self.carry()?;
        Ok((s2, KeyInUse { device_secret_key, generation }))
    }

    /// FIN arrived: the key is in use, and what led to it is erased.
    fn commit(&mut self, key_id: KeyId) -> Result<(), LinkError> {
        self.carry()?;
        if let Some((key, device_key)) = self.candidates.remove(&key_id) {
            self.active = Some((key_id, key, device_key));
        }
        assert!(self.active.is_some(), "a session began under a key that nobody agreed on");
        self.candidates.clear();
        self.setup_secret = None;
        Ok(())
    }
}

fn problem(status: u16, code: &str) -> RestError {
    RestError::Problem(Problem { status, code: code.to_owned(), title: String::new(), detail: None })
}

impl Network for World {
    fn claim<'a>(
        &'a self,
        _gateway: &'a GatewayOrigin,
        request: ClaimDevice,
    ) -> BoxFuture<'a, Result<DeviceClaimed, RestError>> {
        Box::pin(async move {
            self.far().dial()?;
            self.far().claim(&request)
        })
    }

    fn connect<'a>(
        &'a self,
        _gateway: &'a GatewayOrigin,
        account: DeviceAccount,
    ) -> BoxFuture<'a, Result<Box<dyn Link>, LinkError>> {
        Box::pin(async move {
            self.far().dial()?;
            self.far().log_in(&account)?;
            Ok(Box::new(self.clone()) as Box<dyn Link>)
        })
    }

    fn wipe_order<'a>(
        &'a self,
        _gateway: &'a GatewayOrigin,
        account: &'a LeavingAccount,
    ) -> BoxFuture<'a, Result<Option<OrderWipe>, RestError>> {
        let known = account.device_password == self.far().password;
        let order = self.far().order.clone().map(|order| OrderWipe { order });
        Box::pin(async move { if known { Ok(order) } else { Err(problem(401, code::UNAUTHORIZED)) } })
    }

    fn confirm_wipe<'a>(
        &'a self,
        _gateway: &'a GatewayOrigin,
        account: &'a LeavingAccount,
        answer: &'a ConfirmWipe,
    ) -> BoxFuture<'a, Result<bool, RestError>> {
        let mut far = self.far();
        assert!(account.device_password == far.password);
        let lost = far.answers_lost > 0;
        far.answers_lost = far.answers_lost.saturating_sub(1);
        if !lost {
            far.answer = Some(answer.confirmation.clone());
        }
        Box::pin(async move { if lost { Err(RestError::Timeout) } else { Ok(true) } })
    }
}

impl Link for World {
    fn ticket(&self) -> Option<ResumeTicket> {
        let far = self.far();
        far.ticket.clone().filter(|_| far.ticket_is_new)
    }

    fn closed(&self) -> BoxFuture<'_, LinkError> {
        let ended = self.far().ended;
        Box::pin(async move {
            match ended {
                Some(refusal) => LinkError::Lost(refusal),
                None => std::future::pending().await,
            }
        })
    }

    fn farewell(&self) -> BoxFuture<'_, CloseReason> {
        let mut farewell = self.far().farewell.subscribe();
        Box::pin(async move { *farewell.wait_for(|reason| *reason != CloseReason::Done).await.unwrap() })
    }

    fn connector_present(&self) -> BoxFuture<'_, Result<(), LinkError>> {
        Box::pin(async move { if self.far().present { Ok(()) } else { std::future::pending().await } })
    }

    fn pair<'a>(&'a self, params: InitiatorParams<'a>) -> BoxFuture<'a, Result<Paired, LinkError>> {
        Box::pin(async move {
            let (p1, initiator) = PairingInitiator::start(params, &mut UnwrapErr(SysRng))?;
            let p2 = self.far().pair(&p1)?;
            Ok(initiator.finish(&p2)?)
        })
    }

    fn open_session<'a>(&'a self, params: SessionParams<'a>) -> BoxFuture<'a, Result<Confirm, LinkError>> {
        Box::pin(async move {
            let session_id = SessionId([7; 8]);
            let (s1, initiator) = SessionInitiator::start(params, session_id, &mut UnwrapErr(SysRng))?;
            let (s2, key) = self.far().open_session(session_id, &s1)?;
            let (session, _) = initiator.finish(&s2)?;
            let world = self.clone();
            let confirm: Confirm = Box::new(move || {
                Box::pin(async move {
                    world.far().commit(KeyId::derive(&key.device_secret_key, DEVICE, key.generation))?;
                    let (near, far) = Controls::pair(*session.handshake_hash());
                    tokio::spawn(world.clone().rotate(far, key));
                    Ok(Opened { stream: world.serve(), controls: near })
                })
            });
            Ok(confirm)
        })
    }
}

impl World {
    /// The connector's part in rotations over one session.
    async fn rotate(self, mut controls: Controls, in_use: KeyInUse) {
        let mut asking = self.far().asking.subscribe();
        loop {
            let control = tokio::select! {
                control = controls.receive() => control,
                Ok(()) = asking.changed() => {
                    controls.send(Control::Rotate(Zeroizing::default())).await;
                    continue;
                }
            };
            let Some(Control::Rotate(offer)) = control else { return };
            let answer =
                answer_rotation(DEVICE, &in_use, controls.handshake_hash(), &offer, &mut UnwrapErr(SysRng)).unwrap();
            let rotated = answer.rotated;
            {
                let mut far = self.far();
                let device_key = far.active.as_ref().expect("a session is open").2;
                far.candidates.insert(rotated.key_id, (rotated.device_secret_key, device_key));
            }
            controls.send(Control::RotateAck(answer.ack)).await;
        }
    }

    /// The connector wants another key.
    pub(crate) fn ask_for_rotation(&self) {
        self.far().asking.send_modify(|count| *count += 1);
    }

    /// The connector's HTTP/2 server at the end of a pipe.
    fn serve(&self) -> BoxStream {
        let (device, connector) = tokio::io::duplex(64 * 1024);
        let world = self.clone();
        let mut cut = self.far().cut.subscribe();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let answer = world.answer(&request);
                async move { Ok::<_, Infallible>(answer) }
            });
            let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            tokio::select! {
                // The session ends with the device.
                ended = builder.serve_connection(TokioIo::new(connector), service) => drop(ended),
                changed = cut.changed() => drop(changed),
            }
        });
        Box::new(device)
    }

    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        if request.uri().path() == CATALOGUE_PATH {
            return self.answer_catalogue(request);
        }
        let text = format!("{} at {}", request.uri().path(), request.uri().authority().unwrap());
        Response::new(Full::new(Bytes::from(text)))
    }

    fn answer_catalogue(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let mut far = self.far();
        let text = serde_json::to_string(&far.catalogue).unwrap();
        let tag = format!("\"{}\"", hex::encode(&Sha256::digest(&text)[..8]));
        let same = request.headers().get(IF_NONE_MATCH).is_some_and(|known| known == tag.as_str());
        far.unchanged += u32::from(same);
        let (status, body) = if same { (StatusCode::NOT_MODIFIED, String::new()) } else { (StatusCode::OK, text) };
        Response::builder().status(status).header(ETAG, tag).body(Full::new(Bytes::from(body))).unwrap()
    }
}
