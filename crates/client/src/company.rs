//! What the device asks the connector itself, inside the tunnel.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, Version};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use latchgate_tunnel::catalogue::{AUTHORITY, CATALOGUE_PATH, Catalogue, PING_PATH};
use thiserror::Error;

use crate::failure::Fault;
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

/// Asks the connector over whichever session is open.
pub(crate) struct Company<'a> {
    uplink: &'a Uplink,
}

impl<'a> Company<'a> {
    pub(crate) const fn new(uplink: &'a Uplink) -> Self {
        Self { uplink }
    }

    /// Fetches the catalogue.
    pub(crate) async fn catalogue(&self) -> Result<Catalogue, AskError> {
        let answer = self.get(CATALOGUE_PATH).await?;
        let body = Limited::new(answer.into_body(), CATALOGUE_BODY).collect().await.map_err(AskError::Body)?;
        let bytes: Bytes = body.to_bytes();
        serde_json::from_slice(&bytes).map_err(AskError::Malformed)
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
        let mut request = Request::new(Passing::empty());
        *request.method_mut() = Method::GET;
        *request.version_mut() = Version::HTTP_2;
        *request.uri_mut() = format!("http://{AUTHORITY}{path}").parse().expect("a constant address parses");
        let answer = self.uplink.request(request).await?;
        if let Some(fault) = connector_refusal(answer.headers()) {
            return Err(AskError::Refused(fault));
        }
        if answer.status().is_success() { Ok(answer) } else { Err(AskError::Status(answer.status())) }
    }
}
