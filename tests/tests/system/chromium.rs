//! A person's own browser behind a device's proxy: headless Chromium, end to end.

use latchgate_intranet::large;
use sha2::{Digest as _, Sha256};

use crate::support::system::SAFE;
use crate::support::{PATIENCE, System, WIKI};

const MEBIBYTE: u64 = 1024 * 1024;

#[tokio::test]
async fn a_browser_logs_in_and_edits() {
    let system = System::start().await;
    let maria = system.paired("maria").await;
    let browser = maria.browser().await;

    browser.open(&format!("{WIKI}/login")).await;
    browser.fill("name", "Maria of the time sheet").await;
    browser.click("sign-in").await;
    let signed_in = browser.text("signed-in").await;
    browser.open(&format!("{WIKI}/wiki/handbook/edit")).await;
    browser.fill("text", "Written through the tunnel: **æøå**").await;
    browser.click("save").await;
    let content = browser.text("content").await;
    browser.open(&format!("{WIKI}/wiki/handbook/history")).await;
    let history = browser.text("history").await;

    assert_eq!(signed_in, "Maria of the time sheet");
    assert_eq!(content, "Written through the tunnel: æøå");
    assert!(history.contains("maria"), "{history}");
}

#[tokio::test]
async fn a_browser_uploads_50_mb() {
    let system = System::start().await;
    let maria = system.paired("maria").await;
    let browser = maria.browser().await;
    let mut content = Vec::new();
    while (content.len() as u64) < 50 * MEBIBYTE {
        content.extend_from_slice(&large::part(content.len() as u64, 50 * MEBIBYTE - content.len() as u64));
    }
    let file = maria.folder().join("report.bin");
    std::fs::write(&file, &content).unwrap();

    browser.open(&format!("{WIKI}/upload")).await;
    browser.fill("file", file.to_str().unwrap()).await;
    browser.click("send").await;
    let uploads = browser.text("uploads").await;

    let hash: String = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(uploads.contains(&hash) && uploads.contains("report.bin"), "{uploads}");
    assert!(uploads.contains(&content.len().to_string()), "{uploads}");
}

#[tokio::test]
async fn a_browser_downloads_200_mb_and_resumes_in_the_middle() {
    let system = System::start().await;
    let maria = system.paired("maria").await;
    let browser = maria.browser().await;
    let size = 200 * MEBIBYTE;

    browser.open(&format!("{WIKI}/files")).await;
    let download = format!(
        r"
        const address = '/files/large.bin?size={size}';
        let hash = 0x811c9dc5, received = 0;
        const take = async (answer, limit) => {{
            const reader = answer.body.getReader();
            for (;;) {{
                const {{ done, value }} = await reader.read();
                if (done) return;
                for (const byte of value) hash = Math.imul(hash ^ byte, 0x01000193);
                received += value.length;
                if (received >= limit) {{ await reader.cancel(); return; }}
            }}
        }};
        const first = await fetch(address);
        await take(first, {size} / 2);
        const interrupted = received;
        const rest = await fetch(address, {{
            headers: {{ 'Range': `bytes=${{received}}-`, 'If-Range': first.headers.get('etag') }},
        }});
        await take(rest, Infinity);
        return {{ interrupted, received, status: rest.status, hash: hash >>> 0 }};"
    );
    let result = browser.script(&download).await;

    assert_eq!(result["status"], 206, "{result}");
    assert_eq!(result["received"], size, "{result}");
    assert!(result["interrupted"].as_u64().unwrap() < size, "{result}");
    assert_eq!(result["hash"], fnv1a(size), "{result}");
}

#[tokio::test]
async fn a_browser_holds_a_websocket_and_an_event_stream() {
    let system = System::start().await;
    let maria = system.paired("maria").await;
    let browser = maria.browser().await;
    let several = |text: &str| text.parse::<u64>().is_ok_and(|count| count >= 3);

    browser.open(&format!("{WIKI}/clock")).await;
    browser.text_becomes("count", PATIENCE, several).await;
    browser.page.execute("document.getElementById('text').value = 'there and back'", Vec::new()).await.unwrap();
    browser.page.execute("document.getElementById('say').requestSubmit()", Vec::new()).await.unwrap();
    browser.text_becomes("echo", PATIENCE, |text| text == "there and back").await;
    let connections = browser.text("connections").await;
    browser.open(&format!("{WIKI}/events")).await;
    browser.text_becomes("count", PATIENCE, several).await;
    let event = browser.text("event").await;

    assert_eq!(connections, "1");
    assert!(event.ends_with("for maria"), "{event}");
}

#[tokio::test]
async fn an_https_site_is_a_secure_origin() {
    let system = System::start().await;
    let maria = system.paired("maria").await;
    let browser = maria.browser().await;

    browser.open(&format!("{SAFE}/secure")).await;
    browser.text_becomes("service-worker", PATIENCE, |text| text == "active").await;
    browser.text_becomes("service-worker-answer", PATIENCE, |text| text == "service worker").await;
    let context = browser.text("secure-context").await;
    let arrived = browser.text("arrived").await;
    browser.page.refresh().await.unwrap();
    let cookie = browser.text_becomes("secure-cookie", PATIENCE, |text| text == "yes").await;
    browser.open(&format!("{SAFE}/clock")).await;
    browser.text_becomes("state", PATIENCE, |text| text == "Connected").await;

    assert_eq!((context.as_str(), arrived.as_str(), cookie.as_str()), ("yes", "https", "yes"));
}

/// Hashes a whole large file as the page's script does (FNV-1a, 32 bits).
fn fnv1a(size: u64) -> u32 {
    let (mut hash, mut offset) = (0x811c_9dc5_u32, 0);
    while offset < size {
        let part = large::part(offset, size - offset);
        hash = part.iter().fold(hash, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
        offset += part.len() as u64;
    }
    hash
}
