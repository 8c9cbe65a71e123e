//! Every error answer, as a problem document.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use latchgate_protocol::problem::{MEDIA_TYPE, Problem, code};
use tracing::error;

use crate::auth::AuthError;
use crate::hash::Busy;
use crate::store::StoreError;
use crate::throttle::SlowDown;

/// An error answer.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: Option<String>,
    retry_after: Option<u64>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &'static str, title: &'static str, detail: &str) -> Self {
        Self { status, code, title, detail: Some(detail.to_owned()), retry_after: None }
    }

    pub(crate) fn malformed(detail: &str) -> Self {
        let title = "The request is not of the documented form.";
        Self::new(StatusCode::BAD_REQUEST, code::MALFORMED, title, detail)
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            code::UNAUTHORIZED,
            "The credentials are unknown or wrong.",
            "Send the instance_id and instance_password as HTTP Basic.",
        )
    }

    pub(crate) fn registration_closed() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            code::REGISTRATION_CLOSED,
            "This gateway registers instances with a token only.",
            "Send the token as Authorization: Bearer, or ask the operator for one.",
        )
    }

    pub(crate) fn no_such_device() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            code::NOT_FOUND,
            "No such device belongs to this instance.",
            "Look it up in the list of devices.",
        )
    }

    pub(crate) fn no_order() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            code::NOT_FOUND,
            "No order waits for this device.",
            "A device that is not let in without one was revoked, or is not known here.",
        )
    }

    pub(crate) fn too_many_devices() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            code::SLOW_DOWN,
            "This instance has as many devices as it may.",
            "Codes that nobody used are forgotten after a day; the operator can raise devices_per_instance.",
        )
    }

    pub(crate) fn no_such_path() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            code::NOT_FOUND,
            "There is nothing at this path.",
            "The paths are listed at /v1/openapi.json.",
        )
    }

    pub(crate) fn wrong_method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            code::MALFORMED,
            "This path does not take this method.",
            "The methods are listed at /v1/openapi.json.",
        )
    }

    pub(crate) fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, code::SLOW_DOWN, "The request took too long.", "Try again in a moment.")
    }

    pub(crate) fn code_used() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            code::CODE_USED,
            "This code was already used by another device.",
            "If that was not you, tell your company: somebody may have copied the code. Ask for a new one.",
        )
    }

    pub(crate) fn code_gone() -> Self {
        Self::new(
            StatusCode::GONE,
            code::CODE_GONE,
            "This code is not valid, or no longer valid.",
            "Ask for a new code.",
        )
    }

    fn unavailable() -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: code::UNAVAILABLE,
            title: "The gateway cannot do this at the moment; nothing was changed.",
            detail: None,
            retry_after: Some(1),
        }
    }
}

impl From<SlowDown> for Refusal {
    fn from(SlowDown(wait): SlowDown) -> Self {
        let title = "Too many requests.";
        let detail = "Wait as long as the header Retry-After says.";
        let refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, code::SLOW_DOWN, title, detail);
        Self { retry_after: Some(wait.as_secs().max(1)), ..refusal }
    }
}

impl From<Busy> for Refusal {
    fn from(_: Busy) -> Self {
        Self::unavailable()
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        error!(error = &error as &dyn std::error::Error, "the store refused a request");
        Self::unavailable()
    }
}

impl From<AuthError> for Refusal {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Wrong | AuthError::Revoked => Self::unauthorized(),
            AuthError::SlowDown(slow_down) => slow_down.into(),
            AuthError::Busy | AuthError::Unavailable => Self::unavailable(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let problem = Problem {
            status: self.status.as_u16(),
            code: self.code.to_owned(),
            title: self.title.to_owned(),
            detail: self.detail,
        };
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (self.status, [(header::CONTENT_TYPE, MEDIA_TYPE)], body).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Basic realm=\"latchgate\", charset=\"UTF-8\""),
            );
        }
        response
    }
}
