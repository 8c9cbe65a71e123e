//! What the device asks the connector itself, inside the tunnel.

use bytes::Bytes;
use http::header::{ETAG, IF_NONE_MATCH};
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use latchgate_protocol::DeviceId;
use latchgate_tunnel::catalogue::{AUTHORITY, CATALOGUE_PATH, Catalogue, PING_PATH, TIME_HEADER};
use latchgate_tunnel::devices::{ConfirmDevice, DEVICES_PATH, DeviceAction, DeviceList, RevokeDevice};
use serde::Serialize;
use thiserror::Error;

use crate::failure::{Failure, Fault};
use crate::limits::CATALOGUE_BODY;
use crate::proxy::connector_refusal;
use crate::uplink::{Passing, Uplink, UplinkError};

/// Why the connector's answer is of no use.
#[derive(Debug, Error)]
pub(crate) enum AskError {
    /// There was none.
    #[error("the connector did not answer")]
    Uplink(#[from] UplinkError),
    /// It refuses, and says why.
    #[error("the connector refuses: {}", .0.code())]
    Refused(Fault),
    /// It has another status than expected.
    #[error("expected status 200 or 204, found {0}")]
    Status(StatusCode),
    /// It broke off, or is larger than any catalogue.
    #[error("could not read the connector's answer")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It is not a catalogue.
    #[error("could not understand the connector's answer")]
    Malformed(#[source] serde_json::Error),
}

impl AskError {
    /// Returns what people read.
    pub(crate) fn failure(&self, uplink: &Uplink) -> Failure {
        match self {
            Self::Refused(fault) => fault.failure(),
            Self::Uplink(UplinkError::NoSession | UplinkError::NotLetIn) => uplink.obstacle(),
            Self::Uplink(UplinkError::Broken(_)) | Self::Body(_) => Fault::TunnelDown.failure(),
            Self::Status(_) | Self::Malformed(_) => Fault::Unavailable.failure(),
        }
    }
}

/// What there is to hear about the catalogue.
pub(crate) enum News {
    /// It is another one than before, or the first.
    Changed {
        /// The catalogue.
        catalogue: Box<Catalogue>,
        /// Names it, where the connector does that.
        tag: Option<HeaderValue>,
    },
    /// It is the one that is known.
    Same {
        /// The company's time, in Unix seconds.
        time: Option<u64>,
    },
}

/// Asks the connector over whichever session is open.
pub(crate) struct Company<'a> {
    uplink: &'a Uplink,
}

impl<'a> Company<'a> {
    pub(crate) const fn new(uplink: &'a Uplink) -> Self {
        Self { uplink }
    }

    /// Fetches the catalogue, unless it is still the one that `known` names.
    pub(crate) async fn catalogue(&self, known: Option<&HeaderValue>) -> Result<News, AskError> {
        let mut request = request(Method::GET, CATALOGUE_PATH, Passing::empty());
        if let Some(known) = known {
            request.headers_mut().insert(IF_NONE_MATCH, known.clone());
        }
        let answer = self.send(request).await?;
        if answer.status() == StatusCode::NOT_MODIFIED {
            let time = answer.headers().get(TIME_HEADER).and_then(|time| time.to_str().ok()?.parse().ok());
            return Ok(News::Same { time });
        }
        let answer = successful(answer)?;
        let tag = answer.headers().get(ETAG).cloned();
        let body = Limited::new(answer.into_body(), CATALOGUE_BODY).collect().await.map_err(AskError::Body)?;
        let bytes: Bytes = body.to_bytes();
        let catalogue = serde_json::from_slice(&bytes).map_err(AskError::Malformed)?;
        Ok(News::Changed { catalogue, tag })
    }

    /// Lists the person's devices.
    pub(crate) async fn devices(&self) -> Result<DeviceList, AskError> {
        let answer = self.get(DEVICES_PATH).await?;
        let body = Limited::new(answer.into_body(), CATALOGUE_BODY).collect().await.map_err(AskError::Body)?;
        serde_json::from_slice(&body.to_bytes()).map_err(AskError::Malformed)
    }

    /// Ends the pairing of a device of the person.
    pub(crate) async fn revoke_device(&self, device_id: DeviceId, wipe: bool) -> Result<(), AskError> {
        self.post(&DeviceAction::Revoke.path(device_id), &RevokeDevice { wipe }).await
    }

    /// Says that the check code is the one on the new device's screen.
    pub(crate) async fn confirm_device(&self, device_id: DeviceId, check_code: &str) -> Result<(), AskError> {
        let body = ConfirmDevice { check_code: check_code.to_owned() };
        self.post(&DeviceAction::Confirm.path(device_id), &body).await
    }

    /// Says that it is not.
    pub(crate) async fn deny_device(&self, device_id: DeviceId) -> Result<(), AskError> {
        self.post(&DeviceAction::Deny.path(device_id), &serde_json::json!({})).await
    }

    async fn post(&self, path: &str, body: &impl Serialize) -> Result<(), AskError> {
        let body = serde_json::to_vec(body).map_err(AskError::Malformed)?;
        self.ask(Method::POST, path, Passing::Whole(Some(body.into()))).await.map(drop)
    }

    /// Asks for a sign of life.
    pub(crate) async fn ping(&self) -> Result<(), AskError> {
        match self.get(PING_PATH).await {
            // A connector that refuses is alive.
            Ok(_) | Err(AskError::Refused(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn get(&self, path: &str) -> Result<Response<Incoming>, AskError> {
        self.ask(Method::GET, path, Passing::empty()).await
    }

    async fn ask(&self, method: Method, path: &str, body: Passing) -> Result<Response<Incoming>, AskError> {
        successful(self.send(request(method, path, body)).await?)
    }

    async fn send(&self, request: Request<Passing>) -> Result<Response<Incoming>, AskError> {
        let answer = self.uplink.request(request).await?;
        match connector_refusal(answer.headers()) {
            Some(fault) => Err(AskError::Refused(fault)),
            None => Ok(answer),
        }
    }
}

fn request(method: Method, path: &str, body: Passing) -> Request<Passing> {
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.version_mut() = Version::HTTP_2;
    *request.uri_mut() = format!("http://{AUTHORITY}{path}").parse().expect("a constant address parses");
    request
}

fn successful(answer: Response<Incoming>) -> Result<Response<Incoming>, AskError> {
    if answer.status().is_success() { Ok(answer) } else { Err(AskError::Status(answer.status())) }
}
