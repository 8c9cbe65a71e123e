//! A file of any size with known bytes: ranges, entity tag, `If-Range`, and never in memory as a whole.
//!
//! The byte at offset `o` is `TABLE[o % PERIOD]`. The period is prime, so that blocks which arrive in the
//! wrong place or twice show in the hash.

use std::convert::Infallible;
use std::ops::Range;
use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::html;
use crate::person::Person;

const PERIOD: usize = 1_048_573;
const CHUNK: u64 = 64 * 1024;
const DEFAULT_SIZE: u64 = 100 * 1024 * 1024;

static TABLE: LazyLock<Bytes> = LazyLock::new(|| {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let bytes = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    bytes.flatten().take(PERIOD).collect::<Vec<u8>>().into()
});

/// Returns the part of the file that begins at `offset`: at most `limit` bytes, at least one if `limit` is.
#[must_use]
pub fn part(offset: u64, limit: u64) -> Bytes {
    let start = usize::try_from(offset % PERIOD as u64).unwrap_or(0);
    let length = usize::try_from(limit).unwrap_or(usize::MAX).min(PERIOD - start);
    TABLE.slice(start..start + length)
}

/// Returns the SHA-256 of a range of the file, in hex.
#[must_use]
pub fn sha256(range: Range<u64>) -> String {
    let mut hash = Sha256::new();
    let mut offset = range.start;
    while offset < range.end {
        let part = part(offset, range.end - offset);
        hash.update(&part);
        offset += part.len() as u64;
    }
    to_hex(&hash.finalize())
}

/// Writes bytes in hex.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Offers the file in several sizes.
pub(crate) async fn page(person: Person) -> Response {
    let mut body = "<h1>Files</h1><p>Made-up files with known content, for trying downloads and resuming them.</p><ul class=\"card list\">".to_owned();
    for megabytes in [1_u64, 10, 100, 200, 1000] {
        let size = megabytes * 1024 * 1024;
        body += &format!(
            r#"<li><a href="/files/large.bin?size={size}" download="large-{megabytes}.bin">large-{megabytes}.bin</a> <span>{megabytes} MiB</span></li>"#
        );
    }
    html::page(&person, "Files", &(body + "</ul>"))
}

/// The query of the large file.
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    size: Option<u64>,
}

/// Serves the file or a range of it.
pub(crate) async fn file(Query(wanted): Query<Wanted>, headers: HeaderMap) -> Response {
    let size = wanted.size.unwrap_or(DEFAULT_SIZE);
    let tag = format!("\"large-{size}\"");
    answer_part(&headers, size, &tag, "application/octet-stream", body)
}

/// Answers with the whole of a content or with the part that is asked for, made by `body`.
pub(crate) fn answer_part(
    headers: &HeaderMap,
    size: u64,
    tag: &str,
    content_type: &str,
    body: impl FnOnce(Range<u64>) -> Body,
) -> Response {
    let known = headers.get(header::IF_RANGE).is_none_or(|value| value.as_bytes() == tag.as_bytes());
    let asked = headers.get(header::RANGE).filter(|_| known).and_then(|value| value.to_str().ok());
    let (status, range) = match asked.map(|text| parse_range(text, size)) {
        None | Some(Asked::Ignored) => (StatusCode::OK, 0..size),
        Some(Asked::Part(range)) => (StatusCode::PARTIAL_CONTENT, range),
        Some(Asked::Outside) => {
            return (StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, format!("bytes */{size}"))])
                .into_response();
        }
    };
    let mut response = Response::new(body(range.clone()));
    *response.status_mut() = status;
    let mut set = |name, value: String| {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, content_type.into());
    set(header::CONTENT_LENGTH, (range.end - range.start).to_string());
    set(header::ACCEPT_RANGES, "bytes".into());
    set(header::ETAG, tag.into());
    if status == StatusCode::PARTIAL_CONTENT {
        set(header::CONTENT_RANGE, format!("bytes {}-{}/{size}", range.start, range.end - 1));
    }
    response
}

fn body(range: Range<u64>) -> Body {
    Body::from_stream(futures_util::stream::unfold(range, |range| async move {
        if range.is_empty() {
            return None;
        }
        let part = part(range.start, CHUNK.min(range.end - range.start));
        let rest = range.start + part.len() as u64..range.end;
        Some((Ok::<_, Infallible>(part), rest))
    }))
}

/// What a `Range` header asks for (RFC 9110, section 14.2).
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Part(Range<u64>),
    Outside,
    /// Several ranges, another unit or nonsense: the whole file is the right answer.
    Ignored,
}

fn parse_range(text: &str, size: u64) -> Asked {
    let Some((first, last)) = text.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Asked::Ignored;
    };
    let range = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Ok(first), Err(_)) if last.is_empty() => first..size,
        (Err(_), Ok(suffix)) if first.is_empty() => size.saturating_sub(suffix)..size,
        _ => return Asked::Ignored,
    };
    if range.is_empty() { Asked::Outside } else { Asked::Part(range) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_follow_the_rfc() {
        assert_eq!(parse_range("bytes=0-9", 100), Asked::Part(0..10));
        assert_eq!(parse_range("bytes=90-", 100), Asked::Part(90..100));
        assert_eq!(parse_range("bytes=-5", 100), Asked::Part(95..100));
        assert_eq!(parse_range("bytes=95-200", 100), Asked::Part(95..100));
        assert_eq!(parse_range("bytes=100-", 100), Asked::Outside);
        assert_eq!(parse_range("bytes=-0", 100), Asked::Outside);
        for ignored in ["items=0-9", "bytes=9-0", "bytes=0-9,20-29", "bytes=x-", "bytes=-"] {
            assert_eq!(parse_range(ignored, 100), Asked::Ignored, "{ignored}");
        }
    }

    #[test]
    fn a_part_is_the_same_wherever_it_is_cut() {
        let period = PERIOD as u64;
        assert_eq!(part(5, 10)[3..], part(8, 7)[..]);
        assert_eq!(part(period + 5, 10), part(5, 10));
        assert_eq!(part(period - 1, 10).len(), 1);
        assert_eq!(sha256(0..0).len(), 64);
    }
}
