//! Devices that write their HTTP/2 frames themselves: what no client library would send. Nothing of it reaches a site,
//! and no other device notices.

use std::sync::Arc;

use latchgate_protocol::DeviceId;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::fixture::{TestApp, Upstream, WIKI};
use crate::session::serve;

/// The client's connection preface and its empty settings (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const GOAWAY: u8 = 7;
const END_STREAM_AND_HEADERS: u8 = 0x5;

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// With a status of HPACK's static table.
    Answered(u16),
    /// With another status.
    AnsweredOtherwise,
    /// The stream was reset.
    Reset,
    /// The connection was ended.
    Gone,
}

/// A session whose frames are written by hand.
struct Wire {
    stream: DuplexStream,
    next: u32,
    _ends_with_this: DropGuard,
}

impl Wire {
    async fn open(app: &TestApp, device_id: DeviceId) -> Self {
        let (mut stream, far) = tokio::io::duplex(256 * 1024);
        let stop = CancellationToken::new();
        tokio::spawn(serve(Arc::clone(&app.shared), device_id, far, stop.clone()));
        stream.write_all(PREFACE).await.unwrap();
        Self { stream, next: 1, _ends_with_this: stop.drop_guard() }
    }

    /// Sends a request without a body as these fields, and tells what came of it.
    async fn ask(&mut self, fields: &[(&[u8], &[u8])]) -> Outcome {
        let id = self.next;
        self.next += 2;
        let mut block = Vec::new();
        for (name, value) in fields {
            // A literal field without indexing, with a new name (RFC 7541, section 6.2.2).
            block.push(0);
            push_text(&mut block, name);
            push_text(&mut block, value);
        }
        let mut frame = u32::try_from(block.len()).unwrap().to_be_bytes()[1..].to_vec();
        frame.extend([HEADERS, END_STREAM_AND_HEADERS]);
        frame.extend(id.to_be_bytes());
        frame.extend(block);
        if self.stream.write_all(&frame).await.is_err() {
            return Outcome::Gone;
        }
        self.outcome(id).await
    }

    async fn outcome(&mut self, id: u32) -> Outcome {
        loop {
            let mut head = [0; 9];
            if self.stream.read_exact(&mut head).await.is_err() {
                return Outcome::Gone;
            }
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut payload = vec![0; usize::try_from(length).unwrap()];
            self.stream.read_exact(&mut payload).await.unwrap();
            let of = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            match head[3] {
                GOAWAY => return Outcome::Gone,
                RST_STREAM if of == id => return Outcome::Reset,
                HEADERS if of == id => return status_of(&payload),
                _ => {}
            }
        }
    }
}

/// Reads the status where it is one of the static table (RFC 7541, appendix A), behind changes of the table's size.
fn status_of(block: &[u8]) -> Outcome {
    let first = block.iter().find(|byte| **byte & 0xe0 != 0x20);
    match first {
        Some(0x88) => Outcome::Answered(200),
        Some(0x8c) => Outcome::Answered(400),
        Some(0x8d) => Outcome::Answered(404),
        Some(_) | None => Outcome::AnsweredOtherwise,
    }
}

/// Writes a length in seven bits and more (RFC 7541, section 5.1), and the bytes.
fn push_text(block: &mut Vec<u8>, text: &[u8]) {
    match text.len().checked_sub(127) {
        None => block.push(u8::try_from(text.len()).unwrap()),
        Some(mut rest) => {
            block.push(127);
            while rest >= 128 {
                block.push(u8::try_from(rest % 128).unwrap() | 0x80);
                rest /= 128;
            }
            block.push(u8::try_from(rest).unwrap());
        }
    }
    block.extend(text);
}

/// A good request, with these fields behind it or in the place of its own.
fn request<'a>(fields: &[(&'a [u8], &'a [u8])]) -> Vec<(&'a [u8], &'a [u8])> {
    let mut all: Vec<(&[u8], &[u8])> =
        vec![(b":method", b"GET"), (b":scheme", b"https"), (b":authority", b"wiki.example.com"), (b":path", b"/")];
    for (name, value) in fields {
        match all.iter_mut().find(|(known, _)| name.starts_with(b":") && known == name) {
            Some(known) => known.1 = *value,
            None => all.push((*name, *value)),
        }
    }
    all
}

/// Sends each request on a session of its own, and returns how those ended that were not refused as a device is
/// told: by 400, by a reset, or with the whole session.
async fn taken(app: &TestApp, device_id: DeviceId, requests: &[Vec<(&[u8], &[u8])>]) -> Vec<(String, Outcome)> {
    let mut taken = Vec::new();
    for fields in requests {
        let outcome = Wire::open(app, device_id).await.ask(fields).await;
        if !matches!(outcome, Outcome::Answered(400) | Outcome::Reset | Outcome::Gone) {
            let shown = fields.iter().map(|(name, value)| format!("{}={}", name.escape_ascii(), value.escape_ascii()));
            taken.push((shown.collect::<Vec<_>>().join(" "), outcome));
        }
    }
    taken
}

#[tokio::test]
async fn ab_61_bytes_that_no_field_may_hold_never_reach_a_site() {
    let upstream = Upstream::echo_identity().await;
    let app = TestApp::new(&upstream.as_wiki(""));
    let device = app.device_of("maria", "staff").await;
    let large = vec![b'v'; 33 * 1024];
    let names: Vec<String> = (0..200).map(|index| format!("x-{index}")).collect();
    let mut requests: Vec<Vec<(&[u8], &[u8])>> = [
        &b"a\r\nx-injected: 1"[..],
        b"a\nx-injected: 1",
        b"a\rb",
        b"a\0b",
        b"a\x01b",
        b"a\x7fb",
        b"caf\xe9",
        b"\xff\xfe",
        &large,
    ]
    .into_iter()
    .map(|value| request(&[(b"x-name", value)]))
    .collect();
    for name in [
        &b"x-a\r\nx-injected"[..],
        b"x-a\n",
        b"x-a\0",
        b"x a",
        b"x-a:",
        b"X-Upper",
        b"x-caf\xe9",
        b"",
        b":unknown",
        b":status",
    ] {
        requests.push(request(&[(name, b"v")]));
    }
    requests.push(request(&names.iter().map(|name| (name.as_bytes(), &b"v"[..])).collect::<Vec<_>>()));
    for path in [&b"/a b"[..], b"/a\tb", b"/a\r\nx: y", b"/a\0b", b"/a\xe9", b"/ HTTP/1.1\r\nhost: evil.example"] {
        requests.push(request(&[(b":path", path)]));
    }

    assert_eq!(taken(&app, device.device_id, &requests).await, []);
    assert!(upstream.heads().is_empty(), "{:?}", upstream.heads());
    assert_eq!(Wire::open(&app, device.device_id).await.ask(&request(&[])).await, Outcome::Answered(200));
    assert_eq!(device.get(WIKI).await.status(), 200, "another session of the device goes on");
}

#[tokio::test]
async fn ab_61_a_refused_request_costs_its_own_stream_only() {
    let upstream = Upstream::echo_identity().await;
    let app = TestApp::new(&upstream.as_wiki(""));
    let device = app.device_of("maria", "staff").await;
    let mut wire = Wire::open(&app, device.device_id).await;
    assert_eq!(wire.ask(&request(&[(b"x-name", b"caf\xe9")])).await, Outcome::Answered(400));
    assert_eq!(wire.ask(&request(&[(b":path", b"/a b")])).await, Outcome::Reset);
    assert_eq!(wire.ask(&request(&[])).await, Outcome::Answered(200));
    // What no HTTP library writes ends the session of the device that wrote it.
    assert_eq!(wire.ask(&request(&[(b"x-name", b"a\r\nx-injected: 1")])).await, Outcome::Gone);
    assert_eq!(upstream.heads().len(), 1);
}

#[tokio::test]
async fn ab_57_targets_of_every_form_reach_no_other_place_than_their_site() {
    let upstream = Upstream::echo_identity().await;
    let app = TestApp::new(&upstream.as_wiki("paths = [\"/wiki\"]"));
    let device = app.device_of("maria", "staff").await;
    let paths: [&[u8]; 8] = [
        b"http://169.254.169.254/",
        b"https://wiki.example.com/wiki",
        b"evil.example.com:443",
        b"*",
        b"",
        b"\\\\evil",
        b"/\\evil",
        b"/wiki/..\\admin",
    ];
    let mut requests: Vec<_> = paths.into_iter().map(|path| request(&[(b":path", path)])).collect();
    for authority in [&b"user@wiki.example.com"[..], b"wiki.example.com:0", b"wiki.example.com/evil", b"wiki .example"]
    {
        requests.push(request(&[(b":authority", authority)]));
    }
    for scheme in [&b"ftp"[..], b"file", b"javascript", b""] {
        requests.push(request(&[(b":scheme", scheme)]));
    }
    for left_out in [&b":path"[..], b":scheme", b":authority", b":method"] {
        let mut fields = request(&[]);
        fields.retain(|(name, _)| *name != left_out);
        requests.push(fields);
    }
    // Named twice, and behind a field: a reader that takes the other one goes elsewhere.
    requests.push(request(&[(b"x-name", b"v"), (b":path ", b"/admin")]));
    let mut twice = request(&[]);
    twice.insert(3, (b":path", b"/admin"));
    requests.push(twice);
    let mut below = request(&[(b"x-name", b"v")]);
    below.push((b":authority", b"169.254.169.254"));
    requests.push(below);

    assert_eq!(taken(&app, device.device_id, &requests).await, []);
    assert!(upstream.heads().is_empty(), "{:?}", upstream.heads());
    for (path, outcome) in [
        (&b"//evil.example.com/x"[..], Outcome::AnsweredOtherwise),
        (b"/a/../../admin", Outcome::AnsweredOtherwise),
        (b"/wiki/../../wiki/x", Outcome::Answered(200)),
        (b"/wiki#/../admin", Outcome::Answered(200)),
    ] {
        assert_eq!(Wire::open(&app, device.device_id).await.ask(&request(&[(b":path", path)])).await, outcome);
    }
    let seen: Vec<_> = upstream.heads().iter().map(|head| head.uri.to_string()).collect();
    assert_eq!(seen, ["/wiki/x", "/wiki"], "the site sees the normal form, and only of what is allowed");
}

#[tokio::test]
async fn ab_60_fields_between_neighbours_never_reach_the_site() {
    let upstream = Upstream::echo_identity().await;
    let app = TestApp::new(&upstream.as_wiki("identity = { header = \"X-Remote-User\" }"));
    let device = app.device_of("maria", "staff").await;
    // HTTP/2 knows none of these (RFC 9113, section 8.2.2).
    let foreign: [(&[u8], &[u8]); 6] = [
        (b"connection", b"x-auth"),
        (b"keep-alive", b"timeout=9"),
        (b"proxy-connection", b"keep-alive"),
        (b"transfer-encoding", b"chunked"),
        (b"upgrade", b"h2c"),
        (b"te", b"gzip"),
    ];
    let requests: Vec<_> = foreign.into_iter().map(|field| request(&[field])).collect();
    assert_eq!(taken(&app, device.device_id, &requests).await, []);
    assert!(upstream.heads().is_empty(), "{:?}", upstream.heads());

    let forged: [(&[u8], &[u8]); 8] = [
        (b"host", b"evil.example.com"),
        (b"expect", b"100-continue"),
        (b"proxy-authorization", b"Basic eve"),
        (b"x-remote-user", b"eve"),
        (b"x-forwarded-host", b"evil.example.com"),
        (b"x-forwarded-prefix", b"/eve"),
        (b"forwarded", b"for=eve"),
        (b"te", b"trailers"),
    ];
    assert_eq!(Wire::open(&app, device.device_id).await.ask(&request(&forged)).await, Outcome::Answered(200));
    let heads = upstream.heads();
    let fields: Vec<_> = heads[0].headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
    assert!(!fields.iter().any(|field| field.contains("eve") || field.contains("evil")), "{fields:#?}");
    assert!(!heads[0].headers.contains_key("expect"), "{fields:#?}");
    assert_eq!(heads[0].headers["host"], "wiki.example.com");
    assert_eq!(heads[0].headers["x-remote-user"], "maria");
}
