//! The REST calls of the gateway (`latchgate_protocol::rest`), each over a connection of its own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use latchgate_protocol::problem::Problem;
use latchgate_protocol::rest::{
    ClaimDevice, ConfirmWipe, CreateDevice, DeviceClaimed, DeviceCreated, DeviceList, InstanceCreated, OrderWipe,
    PasswordRotation, RotatePassword,
};
use latchgate_protocol::{DeviceId, DevicePassword, InstanceId, InstancePassword};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::dial::{DialError, Dialer};
use crate::limits::{REST_BODY, REST_TIMEOUT};

/// What the connector shows to the gateway.
#[derive(Debug, Clone)]
pub struct InstanceAccount {
    /// Who it is.
    pub instance_id: InstanceId,
    /// Its proof.
    pub instance_password: InstancePassword,
}

/// What a device that leaves shows to the gateway.
#[derive(Debug, Clone)]
pub struct LeavingAccount {
    /// Who it is.
    pub device_id: DeviceId,
    /// Its proof.
    pub device_password: DevicePassword,
}

impl LeavingAccount {
    fn authorize(&self, mut request: Request<Full<Bytes>>) -> Request<Full<Bytes>> {
        insert_basic(&mut request, &self.device_id.to_string(), &self.device_password.reveal());
        request
    }
}

/// Why a REST call failed.
#[derive(Debug, Error)]
pub enum RestError {
    /// The gateway was not reached.
    #[error("could not reach the gateway")]
    Dial(#[from] DialError),
    /// The gateway answered with a problem document.
    #[error("the gateway answered {}: {}", .0.status, .0.title)]
    Problem(Problem),
    /// Something answered that is no gateway: a captive portal, another web server.
    #[error("what answered is not a Latchgate gateway (status {0})")]
    NotAGateway(u16),
    /// The connection broke, or the answer is not of the documented form.
    #[error("the answer of the gateway could not be read")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Too slow.
    #[error("the gateway did not answer in {} seconds", REST_TIMEOUT.as_secs())]
    Timeout,
}

impl RestError {
    /// Returns the `code` of the problem document, if there is one (`latchgate_protocol::problem::code`).
    #[must_use]
    pub fn problem_code(&self) -> Option<&str> {
        match self {
            Self::Problem(problem) => Some(&problem.code),
            Self::Dial(_) | Self::NotAGateway(_) | Self::Broken(_) | Self::Timeout => None,
        }
    }
}

/// The REST interface of one gateway.
#[derive(Debug, Clone)]
pub struct Rest {
    dialer: Dialer,
}

impl Rest {
    /// Uses the given way to the gateway.
    #[must_use]
    pub const fn new(dialer: Dialer) -> Self {
        Self { dialer }
    }

    /// Registers an instance.
    ///
    /// # Errors
    /// [`RestError`], with the code `registration-closed` where the gateway wants a token.
    pub async fn create_instance(&self, registration_token: Option<&str>) -> Result<InstanceCreated, RestError> {
        let mut request = request(Method::POST, "/v1/instances", ());
        if let Some(token) = registration_token {
            insert_secret(&mut request, AUTHORIZATION, &Zeroizing::new(format!("Bearer {token}")));
        }
        self.call(request).await
    }

    /// Creates a device that can be claimed. The same `idempotency_key` gives the same device.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn create_device(
        &self,
        account: &InstanceAccount,
        body: &CreateDevice,
        idempotency_key: &str,
    ) -> Result<DeviceCreated, RestError> {
        let mut request = authorized(Method::POST, "/v1/devices", account, body);
        insert_secret(&mut request, http::HeaderName::from_static("idempotency-key"), idempotency_key);
        self.call(request).await
    }

    /// Trades a setup key for credentials.
    ///
    /// # Errors
    /// [`RestError`], with the codes `code-used` and `code-gone`.
    pub async fn claim(&self, body: &ClaimDevice) -> Result<DeviceClaimed, RestError> {
        self.call(request(Method::POST, "/v1/devices/claim", body)).await
    }

    /// Lists the devices of an instance.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn list_devices(&self, account: &InstanceAccount) -> Result<DeviceList, RestError> {
        self.call(authorized(Method::GET, "/v1/devices", account, ())).await
    }

    /// Revokes a device at the gateway. A device that is not there counts as revoked.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn revoke_device(&self, account: &InstanceAccount, device_id: DeviceId) -> Result<(), RestError> {
        let path = format!("/v1/devices/{device_id}");
        match self.send(authorized(Method::DELETE, &path, account, ())).await {
            Err(RestError::Problem(problem)) if problem.status == 404 => Ok(()),
            other => other.map(drop),
        }
    }

    /// Revokes a device and leaves it a sealed order to erase itself. False when the gateway does not know it.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn order_wipe(
        &self,
        account: &InstanceAccount,
        device_id: DeviceId,
        order: &OrderWipe,
    ) -> Result<bool, RestError> {
        let path = format!("/v1/devices/{device_id}/wipe");
        found(self.send(authorized(Method::PUT, &path, account, order)).await)
    }

    /// Fetches the order that waits for a device; `None` when there is none.
    ///
    /// # Errors
    /// [`RestError`], with the code `unauthorized` where the gateway does not know the device any more.
    pub async fn wipe_order(&self, account: &LeavingAccount) -> Result<Option<OrderWipe>, RestError> {
        let path = format!("/v1/devices/{}/wipe", account.device_id);
        match self.call(account.authorize(request(Method::GET, &path, ()))).await {
            Err(RestError::Problem(problem)) if problem.status == 404 => Ok(None),
            other => other.map(Some),
        }
    }

    /// Answers the order. False when no order waits for the device, or not yet.
    ///
    /// # Errors
    /// [`RestError`], with the code `unauthorized` where the gateway does not know the device any more.
    pub async fn confirm_wipe(&self, account: &LeavingAccount, answer: &ConfirmWipe) -> Result<bool, RestError> {
        let path = format!("/v1/devices/{}/wipe/confirmation", account.device_id);
        found(self.send(account.authorize(request(Method::POST, &path, answer))).await)
    }

    /// Makes one step of changing the instance password.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn rotate_password(
        &self,
        account: &InstanceAccount,
        step: &RotatePassword,
    ) -> Result<PasswordRotation, RestError> {
        self.call(authorized(Method::POST, "/v1/instances/rotate-password", account, step)).await
    }

    async fn call<T: DeserializeOwned>(&self, request: Request<Full<Bytes>>) -> Result<T, RestError> {
        let body = self.send(request).await?;
        serde_json::from_slice(&body).map_err(broken)
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Zeroizing<Vec<u8>>, RestError> {
        timeout(REST_TIMEOUT, self.send_unbounded(request)).await.map_err(|_| RestError::Timeout)?
    }

    async fn send_unbounded(&self, mut request: Request<Full<Bytes>>) -> Result<Zeroizing<Vec<u8>>, RestError> {
        let gateway = self.dialer.gateway();
        let authority = gateway.to_string();
        let authority = authority.split_once("://").map_or(authority.as_str(), |(_, authority)| authority);
        request.headers_mut().insert(HOST, HeaderValue::from_str(authority).map_err(broken)?);
        let transport = self.dialer.dial().await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(transport)).await.map_err(broken)?;
        let connection = tokio::spawn(connection);
        let response = sender.send_request(request).await.map_err(broken);
        let answer = match response {
            Ok(response) => read_answer(response).await,
            Err(error) => Err(error),
        };
        connection.abort();
        answer
    }
}

async fn read_answer(response: Response<Incoming>) -> Result<Zeroizing<Vec<u8>>, RestError> {
    let status = response.status();
    let body = Limited::new(response.into_body(), REST_BODY).collect().await.map_err(RestError::Broken)?;
    let body = Zeroizing::new(body.to_bytes().to_vec());
    if status.is_success() {
        return Ok(body);
    }
    match serde_json::from_slice(&body) {
        Ok(problem) => Err(RestError::Problem(problem)),
        Err(_) if status.is_server_error() => Err(RestError::Problem(Problem {
            status: status.as_u16(),
            code: latchgate_protocol::problem::code::UNAVAILABLE.to_owned(),
            title: "the gateway cannot serve the request at this moment".to_owned(),
            detail: None,
        })),
        Err(_) => Err(RestError::NotAGateway(status.as_u16())),
    }
}

fn request(method: Method, path: &str, body: impl Serialize) -> Request<Full<Bytes>> {
    let body = if method == Method::GET || method == Method::DELETE {
        Vec::new()
    } else {
        serde_json::to_vec(&body).unwrap_or_default()
    };
    let body = if body == b"null" { Bytes::new() } else { Bytes::from(body) };
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = method;
    *request.uri_mut() = path.parse().unwrap_or_default();
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json, application/problem+json"));
    request
}

fn authorized(method: Method, path: &str, account: &InstanceAccount, body: impl Serialize) -> Request<Full<Bytes>> {
    let mut request = request(method, path, body);
    insert_basic(&mut request, &account.instance_id.to_string(), &account.instance_password.reveal());
    request
}

fn insert_basic(request: &mut Request<Full<Bytes>>, user: &str, password: &str) {
    let credentials = Zeroizing::new(format!("{user}:{password}"));
    let value = Zeroizing::new(format!("Basic {}", STANDARD.encode(credentials.as_bytes())));
    insert_secret(request, AUTHORIZATION, &value);
}

/// Reads an answer without content; 404 is an answer too.
fn found(answer: Result<Zeroizing<Vec<u8>>, RestError>) -> Result<bool, RestError> {
    match answer {
        Ok(_) => Ok(true),
        Err(RestError::Problem(problem)) if problem.status == 404 => Ok(false),
        Err(error) => Err(error),
    }
}

fn insert_secret(request: &mut Request<Full<Bytes>>, name: http::HeaderName, value: &str) {
    if let Ok(mut value) = HeaderValue::from_str(value) {
        value.set_sensitive(true);
        request.headers_mut().insert(name, value);
    }
}

fn broken(error: impl std::error::Error + Send + Sync + 'static) -> RestError {
    RestError::Broken(Box::new(error))
}
