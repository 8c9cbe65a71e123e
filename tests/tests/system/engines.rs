//! One page's script in two engines, Chromium and WebKitGTK, directly and through the tunnel: what a page can
//! tell is the same four times. The rows of docs/conformance.md name these tests.

use std::time::Duration;

use fantoccini::{Client, Locator};
use serde_json::{Value, json};

use crate::support::browser::{Direct, script};
use crate::support::desktop::Desktop;
use crate::support::forward::Forward;
use crate::support::plain::Plain;
use crate::support::system::SAFE;
use crate::support::{PATIENCE, System, eventually};

/// How long the script may take in all.
const SCRIPT: Duration = Duration::from_secs(90);

/// Everything that is tried, in one page; returns what it saw.
const TRIED: &str = r"
const seen = {};
seen.secure = isSecureContext;

document.cookie = 'lax=1; SameSite=Lax; Path=/';
document.cookie = 'secure=2; Secure; Path=/';
document.cookie = '__Host-own=3; Secure; Path=/';
document.cookie = '__Host-wrong=4; Secure; Path=/; Domain=northlight.example';
document.cookie = 'wide=5; Secure; Domain=northlight.example; Path=/';
seen.cookies = document.cookie.split('; ').filter((cookie) => /^(lax|secure|__Host|wide)/.test(cookie)).sort();
const told = await (await fetch('/whoami?a=%20b', { method: 'POST', body: '{}' })).json();
seen.told = { scheme: told.scheme, method: told.method, target: told.target.replace(/^https:..[^/]+/, '') };
seen.version = told.version;
seen.sent = (told.headers.cookie || []).join('; ').split('; ').filter((cookie) => /^(lax|secure|__Host|wide)/.test(cookie)).sort();

const bytes = new Uint8Array(3000000).map((_, index) => index * 7);
const back = new Uint8Array(await (await fetch('/echo', { method: 'POST', body: bytes })).arrayBuffer());
seen.echoed = back.length === bytes.length && back.every((byte, index) => byte === bytes[index]);

const part = await fetch('/files/large.bin?size=1000000', { headers: { Range: 'bytes=100-199' } });
seen.part = [part.status, part.headers.get('content-range'), (await part.arrayBuffer()).byteLength];

const stop = new AbortController();
const large = await fetch('/files/large.bin?size=4000000000', { signal: stop.signal });
await large.body.getReader().read();
stop.abort();
seen.aborted = stop.signal.aborted;

seen.events = await new Promise((done) => {
    const source = new EventSource('/events/stream');
    const ids = [];
    source.addEventListener('tick', (event) => {
        ids.push(event.lastEventId);
        if (ids.length === 2) { source.close(); done(ids); }
    });
});

seen.socket = await new Promise((done) => {
    const socket = new WebSocket(location.origin.replace('http', 'ws') + '/clock/ws');
    const got = [];
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => { socket.send('a text with æøå'); };
    socket.onmessage = (event) => {
        if (typeof event.data !== 'string') { got.push([...new Uint8Array(event.data)]); socket.close(4001, 'bye'); }
        else if (JSON.parse(event.data).echo) { got.push(event.data); socket.send(new Uint8Array([0, 255, 1, 254])); }
    };
    socket.onclose = (event) => done([...got, event.code, event.wasClean]);
});

await navigator.serviceWorker.register('/sw.js');
const registration = await navigator.serviceWorker.ready;
seen.worker = [registration.scope.endsWith('/'), registration.active !== null];

const login = await fetch('/login', { method: 'POST', body: new URLSearchParams({ name: 'Maria of the time sheet' }) });
seen.login = [login.status, login.redirected, new URL(login.url).pathname, (await login.text()).includes('Maria of the time sheet')];

const link = document.createElement('a');
Object.assign(link, { id: 'other', href: '/files', target: '_blank', textContent: 'another window' });
document.body.prepend(link);
return seen;
";

#[tokio::test]
async fn chromium_sees_the_same_through_the_tunnel() {
    let system = System::start().await;
    let maria = system.paired("maria").await;
    let plain = Plain::start(system.intranet.https_addr).await;
    let direct = Direct::start(plain.address, &system.folder().join("intranet-ca.pem")).await;
    let tunnelled = maria.browser().await;

    let (directly, tunnelled) = (try_all(&direct.page).await, try_all(&tunnelled.page).await);

    assert_same(tunnelled, directly);
}

#[tokio::test]
async fn webkitgtk_sees_the_same_through_the_tunnel() {
    let system = System::start().await;
    let maria = system.paired("maria").await;
    let plain = Plain::start(system.intranet.https_addr).await;
    let forward = Forward::start(maria.proxy().clone()).await;
    let desktop = Desktop::start().await;

    let page = desktop.open_webkit(plain.address).await;
    let directly = try_all(&page).await;
    page.close().await.unwrap();
    let page = desktop.open_webkit(forward.address).await;
    let tunnelled = try_all(&page).await;
    page.close().await.unwrap();

    assert_same(tunnelled, directly);
}

/// Runs the script, opens a window by a link, and returns all that was seen.
async fn try_all(page: &Client) -> Value {
    page.update_timeouts(fantoccini::wd::TimeoutConfiguration::new(Some(SCRIPT), Some(PATIENCE), None)).await.unwrap();
    page.goto(&format!("{SAFE}/secure")).await.unwrap();
    let mut seen = script(page, TRIED).await;
    assert!(seen["error"].is_null(), "{seen}");
    page.find(Locator::Id("other")).await.unwrap().click().await.unwrap();
    let windows = eventually("the other window", PATIENCE, async || {
        page.windows().await.ok().map(|windows| windows.len()).filter(|windows| *windows == 2)
    })
    .await;
    seen["windows"] = json!(windows);
    seen
}

/// Compares, and looks at the essential by itself: two ways could be wrong alike.
fn assert_same(mut tunnelled: Value, mut directly: Value) {
    // The version is between neighbours: the connector speaks HTTP/2 to a site that does, whatever the browser speaks.
    assert_eq!(tunnelled["version"].take(), "HTTP/2.0");
    directly["version"].take();
    assert_eq!(tunnelled, directly);
    let seen = directly;
    assert_eq!(seen["secure"], true, "{seen}");
    for cookie in ["__Host-own=3", "lax=1", "secure=2", "wide=5"] {
        for place in ["cookies", "sent"] {
            assert!(seen[place].as_array().is_some_and(|all| all.contains(&json!(cookie))), "{cookie}: {seen}");
        }
    }
    assert_eq!(seen["echoed"], true, "{seen}");
    assert_eq!(seen["part"], json!([206, "bytes 100-199/1000000", 100]), "{seen}");
    assert_eq!(seen["events"], json!(["1", "2"]), "{seen}");
    let echo = json!({ "echo": "a text with æøå" }).to_string();
    assert_eq!(seen["socket"], json!([echo, [0, 255, 1, 254], 4001, true]), "{seen}");
    assert_eq!(seen["worker"], json!([true, true]), "{seen}");
    assert_eq!(seen["login"][3], true, "{seen}");
}
