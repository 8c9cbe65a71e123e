//! A gateway, a connector, a web application and devices in one process.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use getrandom::SysRng;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2::SendRequest;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use latchgate_connector::{Config, Connector, Invitation, InvitationRequest, Running, Store, init, invite};
use latchgate_gateway::Gateway;
use latchgate_link::device::{DeviceAccount, DeviceLink};
use latchgate_link::dial::{DialConfig, Dialer, TlsRoots};
use latchgate_link::rest::Rest;
use latchgate_link::{LinkError, SealedStream};
use latchgate_protocol::origin::PlainHttp;
use latchgate_protocol::rest::{ClaimDevice, DeviceClaimed};
use latchgate_protocol::{ClaimId, GatewayOrigin};
use latchgate_tunnel::keys::StaticPrivateKey;
use latchgate_tunnel::pairing::{InitiatorParams, Paired};
use latchgate_tunnel::session::SessionParams;
use latchgate_tunnel::{PairingCode, StaticPublicKey};
use rand_core::UnwrapErr;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpSocket};
use tokio::time::timeout;

/// Long enough for a loaded machine; a test that waits for it has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The site's public address.
pub(crate) const WIKI: &str = "http://wiki.example.com/";

/// A company and its gateway.
pub(crate) struct Company {
    pub(crate) gateway: Option<latchgate_gateway::Running>,
    pub(crate) address: SocketAddr,
    /// Keeps the gateway's port while it is stopped.
    _port: TcpSocket,
    pub(crate) connector: Option<Running>,
    pub(crate) store: Store,
    pub(crate) folder: TempDir,
    /// Who compares the check code.
    pub(crate) confirm: &'static str,
    site: SocketAddr,
}

impl Company {
    /// Registers a connector at a new gateway, with Maria among the staff; nothing is connected.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let port = TcpSocket::new_v4().expect("a socket");
        port.set_reuseaddr(true).expect("a port that the gateway may listen at");
        port.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port");
        let address = port.local_addr().expect("an address");
        let gateway = start_gateway(folder.path(), address).await;
        let data = folder.path().join("data");
        let store = init(&data, dial_config(address), None).await.expect("an instance");
        store
            .add_person("maria", "Maria Jensen", &["staff".to_owned()], latchgate_connector::UnixSeconds::now())
            .expect("a person");
        Self {
            gateway: Some(gateway),
            address,
            _port: port,
            connector: None,
            store,
            folder,
            confirm: "never",
            site: start_site().await,
        }
    }

    /// Starts the connector and waits until it is connected.
    pub(crate) async fn started() -> Self {
        let mut company = Self::new().await;
        company.start().await;
        company
    }

    pub(crate) async fn start(&mut self) {
        let running = Connector::start(self.config()).await.expect("a connector");
        timeout(PATIENCE, running.connected()).await.expect("connected in time");
        self.connector = Some(running);
    }

    pub(crate) async fn stop(&mut self) {
        if let Some(connector) = self.connector.take() {
            connector.shutdown().await;
        }
    }

    pub(crate) async fn stop_gateway(&mut self) {
        if let Some(gateway) = self.gateway.take() {
            gateway.shutdown().await;
        }
    }

    /// Starts the gateway again at its former address and waits until the connector is back.
    pub(crate) async fn start_gateway(&mut self) {
        let before = self.connector.as_ref().map(|connector| *connector.connections().borrow());
        self.gateway = Some(start_gateway(self.folder.path(), self.address).await);
        if let (Some(connector), Some(before)) = (&self.connector, before) {
            let mut connections = connector.connections();
            let back = connections.wait_for(|count| *count > before);
            timeout(PATIENCE, back).await.expect("back in time").expect("a running connector");
        }
    }

    pub(crate) fn config(&self) -> Config {
        Config::parse(&self.config_text(), self.folder.path(), PlainHttp::ToLoopback).expect("a configuration")
    }

    pub(crate) fn config_text(&self) -> String {
        format!(
            "data = \"data\"\nname = \"Example Ltd\"\nconfirm = \"{}\"\n[gateway]\nurl = \"http://{}\"\n\
             [local]\nlisten = \"127.0.0.1:0\"\n\
             [[site]]\nname = \"Wiki\"\nurl = \"http://wiki.example.com\"\nupstream = \"http://{}\"\n\
             allow = [\"staff\"]\nidentity = {{ header = \"X-Remote-User\" }}\n",
            self.confirm, self.address, self.site
        )
    }

    pub(crate) fn rest(&self) -> Rest {
        Rest::new(dialer(self.address))
    }

    pub(crate) async fn invite(&self) -> Invitation {
        let request = InvitationRequest { person: "maria", lifetime: Duration::from_secs(600), printed: false };
        invite(&self.store, &self.rest(), dialer(self.address).gateway(), request).await.expect("an invitation")
    }

    /// Invites and pairs a device.
    pub(crate) async fn device(&self) -> Device {
        let mut device = Device::claim(&self.invite().await).await;
        device.pair().await.expect("a pairing");
        device
    }

    /// Waits until the audit log, as the command line reads it, names an event.
    pub(crate) async fn audited(&self, event: &str) {
        let path = self.store.data().join("audit.jsonl");
        let wanted = format!("\"event\":\"{event}\"");
        until(|| std::fs::read_to_string(&path).is_ok_and(|text| text.contains(&wanted))).await;
    }
}

/// Yields until something holds.
pub(crate) async fn until(holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, waiting).await.expect("it holds in time");
}

/// A device by hand: every step of pairing is its own call.
pub(crate) struct Device {
    dialer: Dialer,
    code: PairingCode,
    account: DeviceAccount,
    static_key: StaticPrivateKey,
    paired: Option<Paired>,
}

impl Device {
    pub(crate) async fn claim(invitation: &Invitation) -> Self {
        Self::claim_text(&invitation.code).await
    }

    /// Claims by the text of a code.
    pub(crate) async fn claim_text(text: &str) -> Self {
        let code = PairingCode::decode(text, PlainHttp::ToLoopback).expect("a code");
        let claimed = claim_code(&code).await.expect("a claim");
        let account = DeviceAccount {
            instance_id: claimed.instance_id,
            device_id: claimed.device_id,
            device_password: claimed.device_password,
            ticket: None,
        };
        let dialer = dialer_to(code.gateway.clone());
        Self { dialer, code, account, static_key: StaticPrivateKey::make(&mut UnwrapErr(SysRng)), paired: None }
    }

    pub(crate) async fn link(&self) -> Result<DeviceLink, LinkError> {
        DeviceLink::connect(&self.dialer, &self.account).await
    }

    /// P1 and P2.
    pub(crate) async fn pair(&mut self) -> Result<(), LinkError> {
        let link = self.link().await?;
        timeout(PATIENCE, link.connector_present()).await.expect("a connector in time")?;
        let params = InitiatorParams {
            device_id: self.account.device_id,
            setup_secret: &self.code.device_setup_secret_key,
            connector_key: self.code.connector_key,
            static_key: &self.static_key,
            device_label: "Maria's phone",
        };
        self.paired = Some(link.pair(params).await?);
        Ok(())
    }

    /// S1, S2 and FIN.
    pub(crate) async fn session(&self) -> Result<SealedStream, LinkError> {
        self.session_on(&self.link().await?).await
    }

    async fn session_on(&self, link: &DeviceLink) -> Result<SealedStream, LinkError> {
        timeout(PATIENCE, link.connector_present()).await.expect("a connector in time")?;
        let paired = self.paired.as_ref().expect("a paired device");
        let params = SessionParams {
            device_id: self.account.device_id,
            generation: paired.generation,
            key_id: paired.key_id,
            device_secret_key: &paired.device_secret_key,
            static_key: &self.static_key,
            peer_key: self.code.connector_key,
        };
        link.open_session(params).await?.confirm().await
    }

    /// Opens a session with HTTP/2 on it.
    pub(crate) async fn open(&self) -> Browser {
        self.open_on(&self.link().await.expect("a connection")).await
    }

    /// Opens a session with HTTP/2 on it over a connection that outlives it.
    pub(crate) async fn open_on(&self, link: &DeviceLink) -> Browser {
        let stream = self.session_on(link).await.expect("a session");
        let (sender, connection) = hyper::client::conn::http2::Builder::new(TokioExecutor::new())
            .handshake(TokioIo::new(stream))
            .await
            .expect("HTTP/2");
        tokio::spawn(connection);
        Browser(sender)
    }

    pub(crate) fn device_id(&self) -> latchgate_protocol::DeviceId {
        self.account.device_id
    }

    pub(crate) fn check_code(&self) -> String {
        self.paired.as_ref().expect("a paired device").check_code.to_string()
    }

    pub(crate) fn connector_key(&self) -> StaticPublicKey {
        self.code.connector_key
    }
}

/// Claims an invitation with a claim id of its own.
pub(crate) async fn claim(invitation: &Invitation) -> Result<DeviceClaimed, latchgate_link::rest::RestError> {
    claim_code(&PairingCode::decode(&invitation.code, PlainHttp::ToLoopback).expect("a code")).await
}

async fn claim_code(code: &PairingCode) -> Result<DeviceClaimed, latchgate_link::rest::RestError> {
    let claim_id = ClaimId::make(&mut UnwrapErr(SysRng));
    let body = ClaimDevice { device_setup_key: code.device_setup_key.clone(), claim_id };
    Rest::new(dialer_to(code.gateway.clone())).claim(&body).await
}

/// A device's HTTP/2 connection.
pub(crate) struct Browser(SendRequest<Empty<Bytes>>);

impl Browser {
    pub(crate) async fn get(&self, url: &str) -> Result<(StatusCode, String), hyper::Error> {
        let mut sender = self.0.clone();
        sender.ready().await?;
        let request = Request::get(url).body(Empty::new()).expect("a request");
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }

    /// Asks until the answer has a status; others, and answers that are cut off, may come before.
    pub(crate) async fn until_answered(&self, wanted: StatusCode) {
        let asking = async { while !matches!(self.get(WIKI).await, Ok((status, _)) if status == wanted) {} };
        timeout(PATIENCE, asking).await.expect("the status comes in time");
    }

    /// Asks until the answer is an error.
    pub(crate) async fn until_cut(&self) {
        let asking = async { while self.get(WIKI).await.is_ok() {} };
        timeout(PATIENCE, asking).await.expect("cut in time");
    }
}

pub(crate) fn dial_config(address: SocketAddr) -> DialConfig {
    let gateway = GatewayOrigin::parse(&format!("http://{address}"), PlainHttp::ToLoopback).expect("an origin");
    DialConfig { gateway, roots: TlsRoots::Platform, proxy: None }
}

fn dialer(address: SocketAddr) -> Dialer {
    Dialer::new(dial_config(address)).expect("a dialer")
}

fn dialer_to(gateway: GatewayOrigin) -> Dialer {
    Dialer::new(DialConfig { gateway, roots: TlsRoots::Platform, proxy: None }).expect("a dialer")
}

async fn start_gateway(folder: &Path, address: SocketAddr) -> latchgate_gateway::Running {
    let mut config = latchgate_gateway::Config::loopback(folder.join("gateway"));
    config.listen = address;
    // A gateway that was stopped a moment ago may still hold its folder.
    let starting = async {
        loop {
            match Gateway::start(config.clone()).await {
                Ok(gateway) => return gateway,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    };
    timeout(PATIENCE, starting).await.expect("a gateway in time")
}

/// A web application that says who it was told is asking.
async fn start_site() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = service_fn(|request: Request<Incoming>| async move {
                let login = request.headers().get("x-remote-user").cloned();
                let login = login.map(|login| login.as_bytes().to_vec()).unwrap_or_default();
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(login))))
            });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}
