//! Forwards one request to its site and streams the answer back, both at the pace of the slower side.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_LENGTH, TRAILER};
use http::uri::PathAndQuery;
use http::{Method, Request, Response, Uri, Version};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio_util::sync::CancellationToken;

use super::{Session, malformed};
use crate::body::{Activity, ResponseBody, Watch, Watched};
use crate::headers::{prepare_request, prepare_response};
use crate::limits::{REQUEST_BODY_IDLE, UPSTREAM_HEAD_TIMEOUT};
use crate::policy::Grant;
use crate::refusal::Refusal;
use crate::site::Site;
use crate::time::UnixSeconds;
use crate::usage::Counters;

impl Session {
    pub(super) async fn forward(
        &self,
        request: Request<Incoming>,
        grant: Grant,
        leash: CancellationToken,
    ) -> Result<Response<ResponseBody>, Refusal> {
        if grant.site.config.passthrough {
            return Err(Refusal::SITE_NOT_ALLOWED);
        }
        if request.method() == Method::TRACE {
            return Err(malformed("TRACE would show the identity to the browser"));
        }
        let place = self.bound.place(&grant.site.config.origin, request.headers());
        let (mut onward, body) = self.prepare(request, &grant)?;
        if onward.headers().contains_key(TRAILER) {
            onward.headers_mut().remove(CONTENT_LENGTH);
        }
        let counters = self.begin_usage(&grant);
        let activity = Activity::start();
        let watch = Watch {
            counter: Arc::clone(&counters.up),
            leash: leash.clone(),
            idle: Some(REQUEST_BODY_IDLE),
            activity: Some(activity.clone()),
            trailers: Some(Arc::clone(&self.shared.board.current().identity_names)),
            states_length: !onward.headers().contains_key(TRAILER),
        };
        let onward = onward.map(|()| Watched::new(body, watch).boxed_unsync());
        let upstream = &grant.site.upstream;
        let answer = async {
            match place {
                Some(place) => place.send(upstream, onward).await,
                None => upstream.send(onward).await,
            }
        };
        let response = tokio::select! {
            // A leash that is pulled has the last word: it also breaks off what the site is sent and answers.
            biased;
            () = leash.cancelled() => return Err(Refusal::SITE_NOT_ALLOWED),
            answer = within_head_timeout(&activity, UPSTREAM_HEAD_TIMEOUT, answer) => answer?,
        };
        Ok(relay(response, &counters, leash))
    }

    /// Makes the request that the site gets, without its body.
    pub(super) fn prepare<B>(&self, request: Request<B>, grant: &Grant) -> Result<(Request<()>, B), Refusal> {
        let site = &grant.site;
        let (parts, body) = request.into_parts();
        let mut onward = Request::new(());
        *onward.uri_mut() = make_target(site, &parts.uri)?;
        *onward.method_mut() = parts.method;
        *onward.version_mut() = Version::HTTP_11;
        *onward.headers_mut() = parts.headers;
        let headers = onward.headers_mut();
        prepare_request(headers, &self.shared.board.current().identity_names, &site.host);
        let (identity, origin) = (&site.config.identity, &site.config.origin);
        self.shared.signer.stamp(headers, identity, &grant.person, origin, UnixSeconds::now());
        Ok((onward, body))
    }

    pub(super) fn begin_usage(&self, grant: &Grant) -> Counters {
        let site = &grant.site.config.name;
        self.shared.usage.begin(self.device_id, &grant.person.login, site, UnixSeconds::now())
    }
}

/// Returns the site's answer as the device gets it.
pub(super) fn relay(
    response: Response<Incoming>,
    counters: &Counters,
    leash: CancellationToken,
) -> Response<ResponseBody> {
    let (mut parts, body) = response.into_parts();
    prepare_response(&mut parts.headers);
    parts.version = Version::HTTP_2;
    parts.extensions.clear();
    let watch = Watch {
        counter: Arc::clone(&counters.down),
        leash,
        idle: None,
        activity: None,
        trailers: None,
        states_length: true,
    };
    Response::from_parts(parts, Watched::new(body, watch).boxed_unsync())
}

/// Builds the target from the site's own authority and the request's normalised path. Where the connection
/// goes is the upstream's business; the authority is what an HTTP/2 upstream reads as `Host`.
fn make_target(site: &Site, uri: &Uri) -> Result<Uri, Refusal> {
    let path = site.admit_path(uri.path())?;
    let path_and_query = match uri.query() {
        Some(query) => PathAndQuery::try_from(format!("{}?{query}", path.sent())),
        None => PathAndQuery::try_from(path.sent()),
    };
    let path_and_query = path_and_query.map_err(|_| malformed("the path or query holds a forbidden character"))?;
    Uri::builder()
        .scheme(site.config.upstream.scheme.as_str())
        .authority(site.config.origin.authority())
        .path_and_query(path_and_query)
        .build()
        .map_err(|_| malformed("the request target cannot be forwarded"))
}

/// Waits for the head of an answer. The clock starts over with each part of the request's body, so that an
/// upload may take as long as it moves.
pub(super) async fn within_head_timeout<T>(
    activity: &Activity,
    limit: Duration,
    answer: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, Refusal> {
    let mut answer = std::pin::pin!(answer);
    loop {
        let deadline = activity.last() + limit;
        tokio::select! {
            answer = &mut answer => return answer,
            () = tokio::time::sleep_until(deadline) => {
                if activity.last() + limit <= deadline {
                    return Err(Refusal::timeout());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn ab_64_a_site_that_never_answers_is_given_up() {
        let activity = Activity::start();
        let never = std::future::pending::<Result<(), Refusal>>();
        assert_eq!(within_head_timeout(&activity, Duration::ZERO, never).await, Err(Refusal::timeout()));
        let answer = async { Ok(7) };
        assert_eq!(within_head_timeout(&activity, UPSTREAM_HEAD_TIMEOUT, answer).await, Ok(7));
    }
}
