//! Who is asking: the connector's stamp, and nothing that the browser says.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;

/// The header that the connector stamps; a request without it came past the connector.
pub const PERSON_HEADER: &str = "x-remote-user";

/// The person of a request, if it carries the stamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person(pub(crate) Option<String>);

impl Person {
    /// Reads the stamp. Two stamps are none: somebody else added one.
    pub(crate) fn of(headers: &http::HeaderMap) -> Self {
        let mut stamps = headers.get_all(PERSON_HEADER).iter();
        let (Some(stamp), None) = (stamps.next(), stamps.next()) else { return Self(None) };
        let name = String::from_utf8_lossy(stamp.as_bytes()).trim().to_owned();
        Self(Some(name).filter(|name| !name.is_empty()))
    }

    /// Returns the name that is shown, `anonymous` without a stamp.
    pub(crate) fn shown(&self) -> &str {
        self.0.as_deref().unwrap_or("anonymous")
    }
}

impl<S: Sync> FromRequestParts<S> for Person {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;

    #[test]
    fn a_person_is_exactly_one_stamp() {
        let mut headers = HeaderMap::new();
        assert_eq!(Person::of(&headers), Person(None));
        headers.append(PERSON_HEADER, HeaderValue::from_static("maria"));
        assert_eq!(Person::of(&headers), Person(Some("maria".into())));
        headers.append(PERSON_HEADER, HeaderValue::from_static("admin"));
        assert_eq!(Person::of(&headers), Person(None));
    }
}
