//! Stores, devices, sites and sealed streams for the tests of this crate.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use getrandom::SysRng;
use http::{Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2::SendRequest;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use latchgate_link::rest::InstanceAccount;
use latchgate_protocol::origin::PlainHttp;
use latchgate_protocol::{DeviceId, InstanceId, InstancePassword};
use latchgate_tunnel::catalogue::ERROR_HEADER;
use latchgate_tunnel::keys::{DeviceSetupSecretKey, StaticPrivateKey};
use latchgate_tunnel::pairing::{InitiatorParams, Paired, PairingInitiator};
use rand_core::UnwrapErr;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::audit::Audit;
use crate::config::Config;
use crate::identity::Signer;
use crate::policy::PolicyBoard;
use crate::session::{Shared, serve};
use crate::store::{Offer, PairingReply, Store};
use crate::time::UnixSeconds;
use crate::usage::Usage;

/// The moment at which test stores are made.
pub(crate) const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

/// A recognisable secret.
pub(crate) const CANARY: [u8; 16] = *b"canary-password!";

pub(crate) type TestBody = BoxBody<Bytes, Infallible>;

pub(crate) fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

/// Keeps a port of this machine at which connecting is refused: the system gives it to nobody else. Who asks for it by
/// its number may listen there meanwhile.
pub(crate) fn reserve_port() -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    socket
}

/// A store in a folder of its own.
pub(crate) struct TestStore {
    pub(crate) store: Store,
    pub(crate) folder: TempDir,
}

impl TestStore {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let account = InstanceAccount {
            instance_id: InstanceId::from_bytes([0x11; 16]),
            instance_password: InstancePassword::from_bytes(CANARY),
        };
        let store = Store::create(&folder.path().join("data"), &account, NOW, &mut rng()).unwrap();
        Self { store, folder }
    }

    /// Pairs a device of a person by the real handshake.
    pub(crate) fn pair(&self, device_id: DeviceId, login: &str, printed: bool) -> Paired {
        let secret = DeviceSetupSecretKey::make(&mut rng());
        let expires = UnixSeconds(NOW.0 + 600);
        let offer = Offer { device_id, login, device_setup_secret_key: &secret, expires, printed };
        self.store.offer(&offer, NOW, &mut rng()).unwrap();
        let static_key = StaticPrivateKey::make(&mut rng());
        let params = InitiatorParams {
            device_id,
            setup_secret: &secret,
            connector_key: self.store.connector_key(),
            static_key: &static_key,
            device_label: "phone",
        };
        let (p1, initiator) = PairingInitiator::start(params, &mut rng()).unwrap();
        let reply = self.store.answer_pairing(device_id, &p1, "Example Ltd", NOW, &mut rng()).unwrap();
        let PairingReply::New(p2) = reply else { panic!("P1 was refused") };
        let paired = initiator.finish(&p2).unwrap();
        self.store.commit(device_id, paired.generation, paired.key_id, &mut rng()).unwrap();
        paired
    }
}

/// A connector without a gateway: what sessions share, over a real store.
pub(crate) struct TestApp {
    pub(crate) test: TestStore,
    pub(crate) shared: Arc<Shared>,
    stop: CancellationToken,
    _stops_with_this: DropGuard,
    devices: Mutex<u8>,
}

impl TestApp {
    /// Declares sites as in `connector.toml`.
    pub(crate) fn new(sites: &str) -> Self {
        let test = TestStore::new();
        let config = config(sites, test.folder.path());
        let shared = Shared {
            store: test.store.clone(),
            board: PolicyBoard::new(&test.store, &config).unwrap(),
            usage: Usage::default(),
            audit: Audit::new(&test.store),
            signer: Signer::new(test.store.keys(), InstanceId::from_bytes([0x11; 16])),
        };
        let stop = CancellationToken::new();
        let guard = stop.clone().drop_guard();
        Self { test, shared: Arc::new(shared), stop, _stops_with_this: guard, devices: Mutex::new(0) }
    }

    /// Takes over another declaration of the sites.
    pub(crate) fn declare(&self, sites: &str) {
        self.shared.board.declare(&config(sites, self.test.folder.path())).unwrap();
    }

    pub(crate) fn add_person(&self, login: &str, group: &str) {
        self.test.store.add_person(login, &format!("Name of {login}"), &[group.to_owned()], NOW).unwrap();
    }

    pub(crate) fn refresh(&self) {
        self.shared.board.refresh().unwrap();
    }

    /// Adds a person with one paired device and opens its stream.
    pub(crate) async fn device_of(&self, login: &str, group: &str) -> Device {
        self.add_person(login, group);
        self.pair(login, false).await
    }

    /// Pairs one more device of a person and opens its stream.
    pub(crate) async fn pair(&self, login: &str, printed: bool) -> Device {
        let device_id = {
            let mut devices = self.devices.lock().unwrap();
            *devices += 1;
            DeviceId::from_bytes([*devices; 16])
        };
        self.test.pair(device_id, login, printed);
        self.refresh();
        self.connect(device_id).await
    }

    /// Opens a stream of a device: HTTP/2 over a pipe.
    pub(crate) async fn connect(&self, device_id: DeviceId) -> Device {
        let (near, far) = tokio::io::duplex(64 * 1024);
        tokio::spawn(serve(Arc::clone(&self.shared), device_id, far, self.stop.clone()));
        let (sender, connection) = hyper::client::conn::http2::Builder::new(TokioExecutor::new())
            .handshake::<_, TestBody>(TokioIo::new(near))
            .await
            .unwrap();
        tokio::spawn(connection);
        let device = Device { sender, device_id };
        // The first answer tells that the settings, with extended CONNECT, have arrived.
        drop(device.get("http://connector.latchgate.internal/v1/ping").await);
        device
    }
}

fn config(sites: &str, folder: &Path) -> Config {
    let head = "data = \"data\"\nname = \"Example Ltd\"\n";
    let gateway = "[gateway]\nurl = \"https://gateway.example.com\"\n";
    let text = match sites.split_once("---\n") {
        Some((top, sites)) => format!("{head}{top}{gateway}{sites}"),
        None => format!("{head}{gateway}{sites}"),
    };
    Config::parse(&text, folder, PlainHttp::ToLoopback).unwrap()
}

/// The far end of a session.
#[derive(Clone)]
pub(crate) struct Device {
    pub(crate) sender: SendRequest<TestBody>,
    pub(crate) device_id: DeviceId,
}

impl Device {
    pub(crate) async fn send(&self, request: Request<TestBody>) -> Response<Incoming> {
        self.try_send(request).await.unwrap()
    }

    pub(crate) async fn try_send(&self, request: Request<TestBody>) -> Result<Response<Incoming>, hyper::Error> {
        let mut sender = self.sender.clone();
        sender.ready().await?;
        sender.send_request(request).await
    }

    pub(crate) async fn get(&self, url: &str) -> Response<Incoming> {
        self.send(Request::get(url).body(empty()).unwrap()).await
    }

    pub(crate) async fn get_text(&self, url: &str) -> String {
        let response = self.get(url).await;
        assert_eq!(response.status(), StatusCode::OK, "{:?}", response.headers());
        text(response).await
    }
}

pub(crate) fn empty() -> TestBody {
    Empty::new().boxed()
}

pub(crate) fn full(bytes: impl Into<Bytes>) -> TestBody {
    Full::new(bytes.into()).boxed()
}

pub(crate) async fn text(response: Response<Incoming>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

/// Returns status and `latchgate-error` of an answer.
pub(crate) fn refusal(response: &Response<Incoming>) -> (u16, &str) {
    let code = response.headers().get(ERROR_HEADER).map(|code| code.to_str().unwrap()).unwrap_or_default();
    (response.status().as_u16(), code)
}

/// A company's web application on loopback, which remembers what it was asked.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    pub(crate) seen: Arc<Mutex<Vec<http::request::Parts>>>,
}

impl Upstream {
    /// Answers by `answer`.
    pub(crate) async fn new<F, A>(answer: F) -> Self
    where
        F: Fn(Request<Incoming>) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Response<TestBody>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let remembered = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, seen) = (answer.clone(), Arc::clone(&remembered));
                let service = service_fn(move |request: Request<Incoming>| {
                    let mut head = Request::new(()).into_parts().0;
                    head.method = request.method().clone();
                    head.uri = request.uri().clone();
                    head.headers = request.headers().clone();
                    seen.lock().unwrap().push(head);
                    let answer = answer(request);
                    async move { Ok::<_, Infallible>(answer.await) }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .with_upgrades();
                tokio::spawn(connection);
            }
        });
        Self { address, seen }
    }

    /// Answers every request with the login that it was told.
    pub(crate) async fn echo_identity() -> Self {
        Self::new(|request| async move {
            let login = request.headers().get("x-remote-user").cloned();
            Response::new(full(login.map(|login| login.as_bytes().to_vec()).unwrap_or_default()))
        })
        .await
    }

    /// Declares this upstream as the site `https://wiki.example.com`.
    pub(crate) fn as_wiki(&self, fields: &str) -> String {
        wiki(&format!("http://{}", self.address), fields)
    }

    pub(crate) fn heads(&self) -> Vec<http::request::Parts> {
        self.seen.lock().unwrap().clone()
    }
}

pub(crate) fn wiki(upstream: &str, fields: &str) -> String {
    format!(
        "[[site]]\nname = \"Wiki\"\nurl = \"https://wiki.example.com\"\nupstream = \"{upstream}\"\n\
         allow = [\"staff\"]\n{fields}\n"
    )
}

/// The site's public address.
pub(crate) const WIKI: &str = "https://wiki.example.com/";
