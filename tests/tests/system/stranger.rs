//! The proxy of the real app while its person browses, seen by another process of the same machine and by a page in
//! another browser: everything is refused, nothing is told, and no site hears of it.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use crate::support::browser::script;
use crate::support::site::{Site, answer, page};
use crate::support::stranger::{Stranger, ask, listening, say};
use crate::support::visit::{PLACE, Visit};
use crate::support::{PATIENCE, WIKI, eventually};

/// What must not be told to a stranger.
const PRIVATE: [&str; 4] = ["northlight", "Northlight", "Maria", "maria"];

async fn visit() -> Visit {
    Visit::start(|asked| match asked.path() {
        "/" => page("<title>Place</title><p>What the company keeps to itself."),
        _ => answer("", "more of it"),
    })
    .await
}

/// The port of the app's proxy, which is all that it listens at.
fn port(visit: &Visit) -> u16 {
    let listening = listening(visit.desktop.app_process());
    let [proxy] = listening[..] else { panic!("the app listens at {listening:?}") };
    assert_eq!(proxy.ip(), Ipv4Addr::LOCALHOST, "{proxy}");
    proxy.port()
}

/// How many requests have reached the company.
fn reached(visit: &Visit) -> usize {
    visit.site.asked().len() + visit.system.intranet.requests().len()
}

fn assert_tells_nothing(answer: &str, to: &str) {
    let head = answer.to_lowercase();
    assert!(!head.contains("access-control-"), "to {to}: {answer}");
    assert!(!head.contains("set-cookie"), "to {to}: {answer}");
    for word in PRIVATE {
        assert!(!answer.contains(word), "to {to}: {word} in {answer}");
    }
}

#[tokio::test]
async fn ab_73_ab_76_another_process_gets_nothing_from_the_apps_proxy() {
    let visit = visit().await;
    let (port, before) = (port(&visit), reached(&visit));
    let wrong = "Proxy-Authorization: Basic dXNlcjpwYXNzd29yZA==\r\n";
    for credentials in ["", wrong, "Authorization: Basic dXNlcjpwYXNzd29yZA==\r\n", "Proxy-Authorization: Bearer x\r\n"]
    {
        for (line, host) in [
            (format!("GET {PLACE}/"), "place.northlight.example"),
            (format!("POST {PLACE}/"), "place.northlight.example"),
            (format!("GET {WIKI}/me"), "wiki.northlight.example"),
            ("GET http://example.com/".to_owned(), "example.com"),
            ("GET http://169.254.169.254/latest".to_owned(), "169.254.169.254"),
            (format!("GET http://127.0.0.1:{port}/"), "127.0.0.1"),
            ("CONNECT place.northlight.example:80".to_owned(), "place.northlight.example:80"),
            ("CONNECT safe.northlight.example:443".to_owned(), "safe.northlight.example:443"),
            ("CONNECT example.com:443".to_owned(), "example.com:443"),
            ("CONNECT 127.0.0.1:22".to_owned(), "127.0.0.1:22"),
            ("GET ws://place.northlight.example/".to_owned(), "place.northlight.example"),
        ] {
            let head = format!("{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{credentials}\r\n");
            let (status, answer) = ask(port, &head).await;
            assert_eq!(status, 407, "{line}: {answer}");
            if !line.contains("northlight") {
                assert_tells_nothing(&answer, &line);
            }
        }
    }
    // SOCKS without a method, with none that is known, with wrong credentials, and its older version.
    assert_eq!(say(port, b"\x05\x01\x00").await, b"\x05\xff");
    assert_eq!(say(port, b"\x05\x02\x00\x01").await, b"\x05\xff");
    assert_eq!(
        say(port, b"\x05\x01\x02\x01\x04user\x08password\x05\x01\x00\x01\x7f\0\0\x01\0\x16").await,
        b"\x05\x02\x01\x01"
    );
    assert!(say(port, b"\x04\x01\x00\x50\x7f\x00\x00\x01user\x00").await.first().is_none_or(|byte| *byte != 0));
    assert_eq!(reached(&visit), before, "something reached the company");

    // The next unlock has another port or other credentials, and this one's port is closed.
    visit.app.look_at_main().await;
    visit.app.click("lock").await;
    visit.app.find("screen-unlock").await;
    eventually("the port is closed", PATIENCE, async || {
        tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err().then_some(())
    })
    .await;
    assert_eq!(listening(visit.desktop.app_process()), []);
    visit.app.close().await;
}

/// What a browser says in the name of a page, with and without a name that leads to the port.
#[tokio::test]
async fn ab_74_ab_75_the_apps_proxy_is_no_web_server_under_any_name() {
    let visit = visit().await;
    let (port, before) = (port(&visit), reached(&visit));
    for host in [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        format!("localhost.:{port}"),
        format!("127.1:{port}"),
        format!("[::1]:{port}"),
        format!("evil.example:{port}"),
        format!("user@127.0.0.1:{port}"),
        "evil.com".to_owned(),
        "localhost.".to_owned(),
        "127.1".to_owned(),
        "[::1]".to_owned(),
        "place.northlight.example".to_owned(),
        "place.northlight.example.".to_owned(),
        "tauri.localhost".to_owned(),
        "ipc.localhost".to_owned(),
    ] {
        for (method, fields) in [
            ("GET", "Origin: https://evil.example\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: cors\r\n"),
            ("GET", "Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\n"),
            ("GET", "Sec-Fetch-Site: same-origin\r\n"),
            ("POST", "Origin: null\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n"),
            ("OPTIONS", "Origin: https://evil.example\r\nAccess-Control-Request-Method: PUT\r\n"),
            ("OPTIONS", "Origin: https://evil.example\r\nAccess-Control-Request-Private-Network: true\r\n"),
            (
                "GET",
                "Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\n\
                 Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: https://evil.example\r\n",
            ),
            ("PUT", "Content-Length: 0\r\n"),
            ("TRACE", ""),
        ] {
            let head = format!("{method} / HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n");
            let (status, answer) = ask(port, &head).await;
            assert!(matches!(status, 403 | 400), "{host} {method} {fields}: {answer}");
            assert_tells_nothing(&answer, &head);
        }
    }
    assert_eq!(reached(&visit), before, "something reached the company");
    visit.app.close().await;
}

/// Everything that a page can do with a port of the machine that it is read on. What it learns is one word each.
const TRIED: &str = r"
const port = PORT, here = HERE, seen = {};
const within = (promise) => Promise.race([promise, new Promise((done) => setTimeout(() => done('silence'), 4000))]);
const attempt = async (name, work) => { try { seen[name] = await within(work()); } catch (error) { seen[name] = 'refused'; } };
const event = (target, good, bad) => new Promise((done) => { target[good] = () => done('REACHED'); target[bad] = () => done('refused'); });
const put = (name, fields) => {
    const element = Object.assign(document.createElement(name), fields);
    document.body.append(element);
    return element;
};
for (const host of ['127.0.0.1', 'localhost', '[::1]', 'rebound.example', 'place.northlight.example']) {
    const port_at = 'http://' + host + ':' + port;
    await attempt('fetch ' + host, async () => 'READ ' + await (await fetch(port_at + '/')).text());
    await attempt('credentials ' + host, async () => 'READ ' + await (await fetch(port_at + '/', { credentials: 'include' })).text());
    await attempt('put ' + host, async () => 'READ ' + (await fetch(port_at + '/', { method: 'PUT', headers: { 'X-A': '1' } })).status);
    await attempt('post ' + host, async () => (await fetch(port_at + '/', { method: 'POST', mode: 'no-cors', headers: { 'Content-Type': 'text/plain' }, body: 'x' })).type);
    await attempt('beacon ' + host, async () => navigator.sendBeacon(port_at + '/', 'x') && 'sent');
    await attempt('image ' + host, () => event(put('img', { src: port_at + '/favicon.ico' }), 'onload', 'onerror'));
    await attempt('script ' + host, () => event(put('script', { src: port_at + '/a.js' }), 'onload', 'onerror'));
    await attempt('style ' + host, () => event(put('link', { rel: 'stylesheet', href: port_at + '/a.css' }), 'onload', 'onerror'));
    await attempt('film ' + host, () => event(put('video', { src: port_at + '/a.mp4' }), 'onloadeddata', 'onerror'));
    await attempt('socket ' + host, () => event(new WebSocket('ws://' + host + ':' + port + '/'), 'onopen', 'onerror'));
    await attempt('events ' + host, () => event(new EventSource(port_at + '/'), 'onopen', 'onerror'));
    await attempt('form ' + host, async () => {
        const frame = put('iframe', { name: 'frame-' + host });
        const form = put('form', { action: port_at + '/', method: 'POST', target: frame.name });
        const loaded = new Promise((done) => { frame.onload = done; });
        form.submit();
        await within(loaded);
        return frame.contentDocument ? 'READ ' + frame.contentDocument.body.innerText : 'unread';
    });
    await attempt('frame ' + host, async () => {
        const frame = put('iframe', { src: port_at + '/' });
        await within(new Promise((done) => { frame.onload = done; }));
        return frame.contentDocument && frame.contentDocument.body.innerText ? 'READ ' + frame.contentDocument.body.innerText : 'unread';
    });
    await attempt('worker ' + host, async () => {
        await navigator.serviceWorker.register(port_at + '/sw.js');
        return 'REACHED';
    });
}
await attempt('turn', () => new Promise((done) => {
    const peer = new RTCPeerConnection({ iceTransportPolicy: 'relay', iceServers: [{ urls: ['turn:127.0.0.1:' + port + '?transport=tcp', 'stun:127.0.0.1:' + port], username: 'u', credential: 'p' }] });
    peer.createDataChannel('x');
    peer.onicecandidate = ({ candidate }) => done(candidate ? 'REACHED ' + candidate.candidate : 'refused');
    peer.setLocalDescription();
}));
return seen;
";

#[tokio::test]
async fn ab_74_ab_75_a_page_in_another_browser_learns_and_moves_nothing() {
    let visit = visit().await;
    let (port, before) = (port(&visit), reached(&visit));
    let evil = Site::start(|_| page("<title>Evil</title>")).await;
    let stranger = Stranger::start().await;

    // A page of this machine: browsers do not even ask before it calls another port.
    for host in ["localhost", "evil.example"] {
        let here = format!("http://{host}:{}/", evil.address.port());
        stranger.page.goto(&here).await.unwrap();
        let tried = TRIED.replace("PORT", &port.to_string()).replace("HERE", &format!("'{here}'"));
        stranger.page.update_timeouts(patient()).await.unwrap();
        let seen = script(&stranger.page, &tried).await;
        let Value::Object(seen) = &seen else { panic!("{seen}") };
        assert!(seen.len() > 60, "{seen:#?}");
        for (what, learnt) in seen {
            let learnt = learnt.as_str().unwrap_or_default();
            assert!(
                matches!(learnt, "refused" | "unread" | "silence" | "opaque" | "sent"),
                "{what} from {here}: {learnt}"
            );
        }
    }

    // A name that led to the page and now leads to the port: the page is of the port's own origin. It is told what a
    // stranger is told, and its scripts may not even ask.
    for path in ["/", "/http://place.northlight.example/", "/me", "/sw.js"] {
        stranger.page.goto(&format!("http://rebound.example:{port}{path}")).await.unwrap();
        let told = stranger.page.source().await.unwrap();
        assert!(told.contains("not-a-web-server"), "{told}");
        for word in PRIVATE {
            assert!(!told.contains(word), "{word} in {told}");
        }
        let asked = "const asked = [];\
            for (const method of ['GET', 'POST', 'PUT', 'OPTIONS']) {\
                try { asked.push(await (await fetch('/', { method, credentials: 'include' })).text()); } catch { /* refused */ }\
            }\
            try { await navigator.serviceWorker.register('/sw.js'); asked.push('a worker'); } catch { /* refused */ }\
            return asked;";
        assert_eq!(script(&stranger.page, asked).await, json!([]), "{path}");
    }
    assert_eq!(reached(&visit), before, "something reached the company");
    visit.app.close().await;
}

#[tokio::test]
async fn ab_73_ab_76_a_browser_that_takes_the_port_for_its_proxy_gets_nowhere() {
    let visit = visit().await;
    let (port, before) = (port(&visit), reached(&visit));
    let browser = crate::support::browser::Direct::behind((Ipv4Addr::LOCALHOST, port).into()).await;
    for address in [PLACE, WIKI, "https://safe.northlight.example", "http://example.com", "https://example.com"] {
        // A challenge that nobody answers, or an error of the browser's own.
        let _ = browser.page.goto(address).await;
        let text = browser.page.source().await.unwrap_or_default();
        assert!(!text.contains("keeps to itself") && !text.contains("Hello, "), "{address}: {text}");
    }
    assert_eq!(reached(&visit), before, "something reached the company");
    visit.app.close().await;
}

fn patient() -> fantoccini::wd::TimeoutConfiguration {
    fantoccini::wd::TimeoutConfiguration::new(Some(4 * PATIENCE), Some(PATIENCE), None)
}
