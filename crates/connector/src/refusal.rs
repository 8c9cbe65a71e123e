//! The connector's own refusals: a status, a code in the header `latchgate-error`, and a problem document.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use latchgate_protocol::problem::{self, Problem};
use latchgate_tunnel::catalogue::{ERROR_HEADER, error_code};

use crate::body::ResponseBody;

/// Why a request is not served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) detail: &'static str,
}

impl Refusal {
    pub(crate) const SITE_UNKNOWN: Self = Self::forbidden(error_code::SITE_UNKNOWN, "no such site is declared");
    pub(crate) const SITE_NOT_ALLOWED: Self =
        Self::forbidden(error_code::SITE_NOT_ALLOWED, "your company does not let you open this");
    pub(crate) const PERSON_SUSPENDED: Self =
        Self::forbidden(error_code::PERSON_SUSPENDED, "your access is suspended; ask your administrator");
    pub(crate) const NOT_CONFIRMED: Self = Self::forbidden(
        error_code::DEVICE_NOT_CONFIRMED,
        "an administrator must compare the check code of this device first",
    );
    pub(crate) const NO_SUCH_DEVICE: Self = Self {
        status: StatusCode::NOT_FOUND,
        code: error_code::DEVICE_UNKNOWN,
        detail: "you have no such device, or it is not in a state for this",
    };
    pub(crate) const OTHER_CHECK_CODE: Self = Self {
        status: StatusCode::CONFLICT,
        code: error_code::CHECK_CODE,
        detail: "the check code is not the device's",
    };
    pub(crate) const STORE_FAILED: Self = Self {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        code: error_code::BAD_REQUEST,
        detail: "the connector cannot do this at the moment",
    };
    /// The device was revoked while its session was still open.
    pub(crate) const DEVICE_UNKNOWN: Self = Self::forbidden(error_code::SITE_NOT_ALLOWED, "this device is not paired");

    const fn forbidden(code: &'static str, detail: &'static str) -> Self {
        Self { status: StatusCode::FORBIDDEN, code, detail }
    }

    pub(crate) const fn bad_request(code: &'static str, detail: &'static str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, detail }
    }

    pub(crate) const fn upstream(code: &'static str, detail: &'static str) -> Self {
        Self { status: StatusCode::BAD_GATEWAY, code, detail }
    }

    pub(crate) const fn timeout() -> Self {
        let status = StatusCode::GATEWAY_TIMEOUT;
        Self { status, code: error_code::UPSTREAM_TIMEOUT, detail: "the site did not answer in time" }
    }

    /// Returns the answer to the device.
    pub(crate) fn into_response(self) -> Response<ResponseBody> {
        let problem = Problem {
            status: self.status.as_u16(),
            code: self.code.to_owned(),
            title: self.detail.to_owned(),
            detail: None,
        };
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = Response::new(Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed_unsync());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(ERROR_HEADER, HeaderValue::from_static(self.code));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(problem::MEDIA_TYPE));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}
