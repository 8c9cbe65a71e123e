//! Request paths, normalised once.
//!
//! 1. Escapes of unreserved characters are written plainly, others with capital digits (RFC 3986, 6.2.2).
//! 2. Dot segments are resolved (RFC 3986, 5.2.4).
//! 3. What different servers read differently is refused: backslashes, control characters, overlong UTF-8,
//!    dot segments behind escaped slashes, behind more than one escape, before a path parameter, or next to
//!    an empty segment.
//!
//! The site sees [`NormalPath::sent`]. Rules are matched against [`NormalPath::matched`], in which escapes are
//! decoded to the end, parameters are gone and slashes are single: the most generous reading that any server
//! could take.

use thiserror::Error;

/// Why a path is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum PathError {
    #[error("the path does not begin with a slash")]
    NotAbsolute,
    #[error("the path holds a character that must be escaped")]
    Character,
    #[error("the path holds a broken or forbidden escape")]
    Escape,
    #[error("the path holds a disguised dot segment")]
    DisguisedDots,
}

/// A normalised path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NormalPath {
    sent: String,
    matched: String,
}

impl NormalPath {
    /// Normalises the path of a request target (without query).
    pub(crate) fn parse(path: &str) -> Result<Self, PathError> {
        if !path.starts_with('/') {
            return Err(PathError::NotAbsolute);
        }
        if path.bytes().any(|byte| !(0x21..0x7f).contains(&byte) || byte == b'\\' || byte == b'#') {
            return Err(PathError::Character);
        }
        let plain = decode_unreserved(path)?;
        let sent = resolve_dots(&plain)?;
        let matched = generous_reading(&sent)?;
        Ok(Self { sent, matched })
    }

    /// Returns the path that the site gets.
    pub(crate) fn sent(&self) -> &str {
        &self.sent
    }

    /// Returns the path that rules are matched against.
    pub(crate) fn matched(&self) -> &str {
        &self.matched
    }

    /// Tells whether the path lies at or below `prefix`, without regard to ASCII case: some servers have none.
    pub(crate) fn is_below(&self, prefix: &str) -> bool {
        let prefix = prefix.trim_end_matches('/').as_bytes();
        let path = self.matched.as_bytes();
        match path.split_at_checked(prefix.len()) {
            Some((head, rest)) => head.eq_ignore_ascii_case(prefix) && (rest.is_empty() || rest[0] == b'/'),
            None => false,
        }
    }

    /// Tells whether the path lies at or below `prefix` exactly as it is written.
    pub(crate) fn is_exactly_below(&self, prefix: &str) -> bool {
        self.is_below(prefix) && self.matched.starts_with(prefix.trim_end_matches('/'))
    }
}

fn decode_unreserved(path: &str) -> Result<String, PathError> {
    let mut out = String::with_capacity(path.len());
    let mut escaped = Vec::new();
    let mut rest = path.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            refuse_overlong(&escaped)?;
            escaped.clear();
            out.push(char::from(byte));
            continue;
        }
        let Some((&digits, after)) = rest.split_first_chunk::<2>() else { return Err(PathError::Escape) };
        rest = after;
        let value = decode_hex(digits).ok_or(PathError::Escape)?;
        if value < 0x20 || value == 0x7f {
            return Err(PathError::Escape);
        }
        escaped.push(value);
        if value.is_ascii_alphanumeric() || b"-._~".contains(&value) {
            out.push(char::from(value));
        } else {
            out.push_str(&format!("%{value:02X}"));
        }
    }
    refuse_overlong(&escaped)?;
    Ok(out)
}

fn decode_hex(digits: [u8; 2]) -> Option<u8> {
    let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
    u8::try_from(high? * 16 + low?).ok()
}

/// Refuses bytes that a careless decoder of UTF-8 turns into ASCII (RFC 3629, section 10).
fn refuse_overlong(bytes: &[u8]) -> Result<(), PathError> {
    let overlong = bytes.iter().zip(bytes.iter().skip(1)).any(|pair| match pair {
        (0xc0 | 0xc1, 0x80..=0xbf) | (0xe0, 0x80..=0x9f) | (0xf0, 0x80..=0x8f) => true,
        (_, _) => false,
    });
    if overlong { Err(PathError::Escape) } else { Ok(()) }
}

fn resolve_dots(path: &str) -> Result<String, PathError> {
    let is_dots = |segment: &&str| matches!(*segment, "." | "..");
    // A leading `//` would be an authority to a careless reader.
    let path = format!("/{}", path.trim_start_matches('/'));
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    if !segments.iter().any(is_dots) {
        return Ok(path);
    }
    let (last, inner) = segments.split_last().unwrap_or((&"", &[]));
    if inner.iter().any(|segment| segment.is_empty()) {
        return Err(PathError::DisguisedDots);
    }
    let mut kept: Vec<&str> = Vec::with_capacity(segments.len());
    for segment in &segments {
        match *segment {
            "." => {}
            ".." => drop(kept.pop()),
            segment => kept.push(segment),
        }
    }
    if is_dots(last) {
        kept.push("");
    }
    Ok(format!("/{}", kept.join("/")))
}

/// Decodes until nothing changes and reads as a server might; refuses dot segments that appear on the way.
fn generous_reading(sent: &str) -> Result<String, PathError> {
    let mut bytes = sent.as_bytes().to_vec();
    loop {
        let decoded = decode_all(&bytes);
        if decoded == bytes {
            break;
        }
        bytes = decoded;
    }
    if bytes.iter().any(|byte| *byte < 0x20 || *byte == 0x7f) {
        return Err(PathError::Escape);
    }
    let text = String::from_utf8_lossy(&bytes).replace('\\', "/");
    let mut matched = String::with_capacity(text.len());
    for segment in text.split('/') {
        let name = segment.split(';').next().unwrap_or_default();
        if matches!(name.trim(), "." | "..") {
            return Err(PathError::DisguisedDots);
        }
        if !name.is_empty() {
            matched.push('/');
            matched.push_str(name);
        }
    }
    if text.ends_with('/') {
        matched.push('/');
    }
    Ok(matched)
}

fn decode_all(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let value = (byte == b'%').then(|| after.first_chunk::<2>().and_then(|digits| decode_hex(*digits))).flatten();
        match value {
            Some(value) => {
                out.push(value);
                rest = after.get(2..).unwrap_or_default();
            }
            None => out.push(byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ab_57_paths_are_normalised_once() {
        for (path, sent) in [
            ("/", "/"),
            ("/a/b", "/a/b"),
            ("/a/./b/", "/a/b/"),
            ("/a/../../admin", "/admin"),
            ("/a/%2e%2e/admin", "/admin"),
            ("/a/%2E%2e/%61dmin", "/admin"),
            ("/a/..", "/"),
            ("/a/b/..", "/a/"),
            ("//evil", "/evil"),
            ("///evil/x", "/evil/x"),
            ("/%7euser", "/~user"),
            ("/group%2fproject", "/group%2Fproject"),
            ("/100%25", "/100%25"),
            ("/web/http://x/", "/web/http://x/"),
            ("/%e6%97%a5", "/%E6%97%A5"),
            ("/a;v=1/b", "/a;v=1/b"),
        ] {
            assert_eq!(NormalPath::parse(path).unwrap().sent(), sent, "{path}");
        }
    }

    #[test]
    fn ab_57_what_servers_read_differently_is_refused() {
        for path in [
            "",
            "*",
            "evil.example.com/",
            "http://169.254.169.254/",
            "/\\evil",
            "\\\\evil",
            "/a/..;/admin",
            "/a/..;x=1/admin",
            "/a/%2e%2e%2fadmin",
            "/a%2f..%2fadmin",
            "/a/%252e%252e/admin",
            "/a/%25252e%25252e/admin",
            "/a/%252e%252e%252fadmin",
            "/a/..%5cadmin",
            "/a/%5c..%5c/admin",
            "/a/%c0%ae%c0%ae/admin",
            "/a/%e0%80%ae/admin",
            "/a/%f0%80%80%ae/admin",
            "/a/%00",
            "/a/%0d%0aX: y",
            "/a/%250a",
            "/a/%",
            "/a/%2",
            "/a/%zz",
            "/a b",
            "/a\u{7f}",
            "/é",
            "/a//../b",
            "/a#b",
            "/%20../admin/%20..",
        ] {
            assert!(NormalPath::parse(path).is_err(), "{path:?} was taken as {:?}", NormalPath::parse(path));
        }
    }

    #[test]
    fn prefixes_end_at_a_slash_and_see_through_disguises() {
        let below = |path: &str, prefix: &str| NormalPath::parse(path).unwrap().is_below(prefix);
        assert!(below("/admin", "/admin"));
        assert!(below("/admin/x", "/admin/"));
        assert!(below("/x/../admin/y", "/admin"));
        assert!(below("/%61dmin", "/admin"));
        assert!(below("//admin", "/admin"));
        assert!(below("/ADMIN", "/admin"));
        assert!(below("/admin;x=1/y", "/admin"));
        assert!(below("/%2561dmin", "/admin"));
        assert!(below("/x%2Fy", "/x"));
        assert!(below("/anything", "/"));
        assert!(!below("/administration", "/admin"));
        assert!(!below("/", "/admin"));
    }

    proptest! {
        #[test]
        fn any_path_is_refused_or_comes_out_clean_and_stable(path in "(/|\\.|%2e|%2f|%25|%5c|;|a|B|~){0,24}") {
            if let Ok(normal) = NormalPath::parse(&path) {
                prop_assert!(normal.sent().starts_with('/') && !normal.sent().starts_with("//"));
                prop_assert!(!normal.sent().split('/').any(|segment| segment == ".." || segment == "."));
                prop_assert!(!normal.matched().split('/').any(|segment| segment == ".." || segment == "."));
                prop_assert_eq!(&NormalPath::parse(normal.sent()).unwrap(), &normal);
            }
        }

        #[test]
        fn any_text_is_handled_without_panic(path in "\\PC*") {
            let _ = NormalPath::parse(&path);
        }
    }
}
