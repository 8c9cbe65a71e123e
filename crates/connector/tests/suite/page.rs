//! The connector's own pairing page, over its real listener and with the real command.

use std::net::SocketAddr;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::timeout;

use super::support::{Company, Device, PATIENCE, WIKI, claim, until};

/// A whole answer as text.
async fn ask(address: SocketAddr, head: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("a part of the test works");
    let request = format!("{head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.expect("a part of the test works");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("a part of the test works");
    answer
}

async fn call(address: SocketAddr, what: &str, extra: &str, body: &str) -> String {
    let head = format!("POST /pair/{what} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json{extra}");
    ask(address, &head, body).await
}

fn json(answer: &str) -> Value {
    let (_, body) = answer.split_once("\r\n\r\n").expect("a part of the test works");
    serde_json::from_str(body).unwrap_or_else(|_| panic!("not JSON: {answer}"))
}

/// Runs `device invite maria --page` and returns the token of the address that it prints.
async fn token(company: &Company, address: SocketAddr) -> String {
    let config = company.folder.path().join("connector.toml");
    std::fs::write(&config, company.config_text()).expect("a part of the test works");
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchgate-connector"));
    let output = command.args(["device", "invite", "maria", "--page", "--json", "--config"]).arg(&config).output();
    let output = output.await.expect("a part of the test works");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: Value = serde_json::from_slice(&output.stdout).expect("a part of the test works");
    let url = said["page"].as_str().expect("a part of the test works");
    url.strip_prefix(&format!("http://{address}/pair#")).unwrap_or_else(|| panic!("{url}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_shows_a_code_and_waits() {
    let company = Company::started().await;
    let address = company.connector.as_ref().unwrap().local_addr().unwrap();
    let token = token(&company, address).await;
    let opened = call(address, "open", "", &format!(r#"{{"token":"{token}"}}"#)).await;
    let session = json(&opened)["session"].as_str().unwrap().to_owned();
    let state = call(address, "state", &format!("\r\nLatchgate-Page: {session}"), "{}").await;
    let view = json(&state);
    assert_eq!((view["state"].as_str(), view["person"].as_str()), (Some("waiting"), Some("Maria Jensen")));
    assert!(view["picture"].as_str().unwrap().starts_with("<svg"), "{view}");
    assert!(!state.contains("LG1:"), "the code is a picture alone");
    let again = json(&call(address, "state", &format!("\r\nLatchgate-Page: {session}"), "{}").await);
    assert_eq!(view["device"], again["device"], "one code at a time");
    let reused = call(address, "open", "", &format!(r#"{{"token":"{token}"}}"#)).await;
    assert!(reused.starts_with("HTTP/1.1 401"), "{reused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ab_69_no_other_page_frames_reads_or_calls_the_pairing_page() {
    let company = Company::started().await;
    let address = company.connector.as_ref().unwrap().local_addr().unwrap();
    let page = ask(address, &format!("GET /pair HTTP/1.1\r\nHost: {address}"), "").await;
    let lower = page.to_lowercase();
    for header in ["frame-ancestors 'none'", "default-src 'none'", "no-store", "no-referrer", "nosniff"] {
        assert!(lower.contains(header), "no {header}: {page}");
    }
    assert!(!lower.contains("access-control") && !lower.contains("set-cookie"), "{page}");
    let rebound = ask(address, &format!("GET /pair HTTP/1.1\r\nHost: evil.example.com:{}", address.port()), "").await;
    assert!(rebound.starts_with("HTTP/1.1 421"), "{rebound}");

    let token = token(&company, address).await;
    let body = format!(r#"{{"token":"{token}"}}"#);
    for extra in ["\r\nOrigin: http://evil.example.com", "\r\nOrigin: null", "\r\nSec-Fetch-Site: cross-site"] {
        let answer = call(address, "open", extra, &body).await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{extra}: {answer}");
    }
    let form = format!("POST /pair/open HTTP/1.1\r\nHost: {address}\r\nContent-Type: text/plain");
    assert!(ask(address, &form, &body).await.starts_with("HTTP/1.1 404"), "a form opens the page");
    let preflight = format!("OPTIONS /pair/open HTTP/1.1\r\nHost: {address}\r\nOrigin: http://evil.example.com");
    assert!(ask(address, &preflight, "").await.starts_with("HTTP/1.1 404"));
    for what in ["state", "confirm", "deny"] {
        let answer = call(address, what, "", "{}").await;
        assert!(answer.starts_with("HTTP/1.1 401"), "{what} without a session: {answer}");
    }
    let own = format!("\r\nOrigin: http://{address}\r\nSec-Fetch-Site: same-origin");
    assert!(call(address, "open", &own, &body).await.starts_with("HTTP/1.1 200"), "the page itself is served");
}

/// Runs `device invite maria --text --wait` and pairs a device by the code that it prints; does `then` once the command
/// has said `until`. Returns all that it said.
async fn waited(company: &Company, until: &str, then: impl AsyncFnOnce(&Device)) -> String {
    let config = company.folder.path().join("connector.toml");
    std::fs::write(&config, company.config_text()).expect("a part of the test works");
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchgate-connector"));
    command.args(["device", "invite", "maria", "--text", "--wait", "--config"]).arg(&config);
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut waiting = command.spawn().expect("a part of the test works");
    let mut code = String::new();
    BufReader::new(waiting.stdout.take().expect("a part of the test works"))
        .read_line(&mut code)
        .await
        .expect("a part of the test works");
    let mut device = Device::claim_text(code.trim()).await;
    device.pair().await.expect("a part of the test works");
    let _session = device.session().await.expect("a part of the test works");
    let mut said = String::new();
    let mut lines = BufReader::new(waiting.stderr.take().expect("a part of the test works"));
    let following = async {
        while !said.contains(until) && lines.read_line(&mut said).await.expect("a part of the test works") > 0 {}
        then(&device).await;
        while lines.read_line(&mut said).await.expect("a part of the test works") > 0 {}
        assert!(waiting.wait().await.expect("a part of the test works").success(), "{said}");
    };
    timeout(PATIENCE, following).await.expect("the command ends in time");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn the_terminal_says_how_far_the_device_is() {
    let company = Company::started().await;
    let said = waited(&company, "Waiting for the device", async |_| {}).await;
    assert!(said.trim_end().ends_with("Paired."), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ab_45_the_terminal_shows_the_check_code_and_waits_for_its_approval() {
    let mut company = Company::new().await;
    company.confirm = "person";
    company.start().await;
    let said = waited(&company, "Check code: ", async |device| {
        let (status, _) = device.open().await.get(WIKI).await.unwrap();
        assert_eq!(status.as_u16(), 403, "nothing is served before the code was compared");
        company.store.approve(device.device_id(), Some(&device.check_code())).unwrap();
    });
    let said = said.await;
    assert!(said.contains("the check code is to be compared") && said.trim_end().ends_with("Paired."), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ab_43_a_contested_code_stands_in_the_list_of_devices() {
    let company = Company::started().await;
    let invitation = company.invite().await;
    claim(&invitation).await.unwrap();
    claim(&invitation).await.unwrap_err();
    until(|| company.store.devices().unwrap()[0].contested.is_some()).await;
}
