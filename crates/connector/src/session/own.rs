//! What the connector answers about itself on the reserved authority.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::Incoming;
use latchgate_tunnel::catalogue::{CATALOGUE_PATH, Catalogue, PING_PATH, PersonView, TIME_HEADER};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::devices::is_about_devices;
use super::{Session, malformed};
use crate::body::ResponseBody;
use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::time::UnixSeconds;

impl Session {
    pub(super) async fn answer_own(&self, request: Request<Incoming>) -> Result<Response<ResponseBody>, Refusal> {
        if is_about_devices(request.uri().path()) {
            return self.answer_devices(request).await;
        }
        if request.method() != Method::GET {
            return Err(malformed("the connector answers GET only"));
        }
        let policy = self.shared.board.current();
        match request.uri().path() {
            CATALOGUE_PATH => self.answer_catalogue(&policy, request.headers()),
            PING_PATH if policy.knows(self.device_id) => Ok(empty(StatusCode::NO_CONTENT)),
            PING_PATH => Err(Refusal::DEVICE_UNKNOWN),
            _ => Err(Refusal::SITE_UNKNOWN),
        }
    }

    /// A device that has the present catalogue hears only that, and the time.
    fn answer_catalogue(&self, policy: &Arc<Policy>, asked: &HeaderMap) -> Result<Response<ResponseBody>, Refusal> {
        let person = policy.person(self.device_id)?;
        let mut catalogue = Catalogue {
            company: policy.company.clone(),
            person: PersonView { name: person.name.clone() },
            sites: policy.sites_of(&person).map(|site| site.view()).collect(),
            brand: policy.brand.clone(),
            rules: policy.device_rules,
            time: None,
        };
        let now = UnixSeconds::now().0;
        let tag = tag_of(&catalogue)?;
        let mut answer = if asked.get(IF_NONE_MATCH) == Some(&tag) {
            empty(StatusCode::NOT_MODIFIED)
        } else {
            catalogue.time = Some(now);
            json(&catalogue)?
        };
        answer.headers_mut().insert(ETAG, tag);
        answer.headers_mut().insert(TIME_HEADER, now.into());
        Ok(answer)
    }
}

/// Names a catalogue by its content (RFC 9110, section 8.8.3).
fn tag_of(catalogue: &Catalogue) -> Result<HeaderValue, Refusal> {
    let text = serde_json::to_vec(catalogue).map_err(|_| malformed("the answer cannot be written"))?;
    let hash = Sha256::digest(text);
    let tag = format!("\"{}\"", hex::encode(&hash[..16]));
    HeaderValue::try_from(tag).map_err(|_| malformed("the answer cannot be written"))
}

pub(super) fn json(content: &impl Serialize) -> Result<Response<ResponseBody>, Refusal> {
    let body = serde_json::to_vec(content).map_err(|_| malformed("the answer cannot be written"))?;
    let mut response = Response::new(Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed_unsync());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

pub(super) fn empty(status: StatusCode) -> Response<ResponseBody> {
    let mut response = Response::new(Empty::new().map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = status;
    response
}
