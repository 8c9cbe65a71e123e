//! Requests that are not of the documented form, and who may ask for what.

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use latchgate_protocol::rest::{DeviceList, PasswordRotation};
use latchgate_protocol::{ClaimId, DeviceId, DeviceSetupKey, InstanceId, InstancePassword};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::TestGateway;
use crate::support::{Account, Answer, PATIENCE, claim, create_device, request, revoke, rng, with_ops};

fn list(instance: &Account) -> Request<Full<Bytes>> {
    request(Method::GET, "/v1/devices").by(instance).empty()
}

fn rotate(user: &Account, step: &str) -> Request<Full<Bytes>> {
    request(Method::POST, "/v1/instances/rotate-password").by(user).text(format!(r#"{{"step":"{step}"}}"#))
}

/// Writes bytes to a connection of their own and returns what comes back until the gateway closes.
async fn raw(gateway: &TestGateway, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(gateway.addr()).await.unwrap();
    // The gateway may close before it has read everything.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the connection was not closed");
    drop(read);
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn ab_04_an_unknown_instance_and_a_wrong_password_are_answered_alike() {
    let gateway = TestGateway::start_with(with_ops).await;
    let instance = gateway.create_instance().await;
    let device = gateway.create_device(&instance).await.device_id;
    let password = InstancePassword::make(&mut rng()).reveal().to_string();
    let unknown = Account { id: InstanceId::make(&mut rng()), password: password.clone() };
    let wrong = Account { password, ..instance };
    type Call = fn(&Account, DeviceId) -> Request<Full<Bytes>>;
    let calls: [Call; 4] = [
        |account, _| list(account),
        |account, _| create_device(account, "key", 600),
        |account, _| rotate(account, "prepare"),
        revoke,
    ];
    for call in calls {
        let mut answers = Vec::new();
        for account in [&unknown, &wrong] {
            let before = gateway.metric("latchgate_hashes_total").await;
            let mut answer = gateway.call(call(account, device)).await;
            let derivations = gateway.metric("latchgate_hashes_total").await - before;
            answer.headers.remove("date");
            answers.push((answer.status, answer.headers, answer.body, derivations));
        }
        assert_eq!((answers[0].0, answers[0].3), (StatusCode::UNAUTHORIZED, 1), "one derivation");
        assert_eq!(answers[0], answers[1]);
    }
}

#[tokio::test]
async fn ab_07_oversized_requests_are_refused() {
    let gateway = TestGateway::start().await;
    let instance = gateway.create_instance().await;

    let long_password = "x".repeat(1 << 20);
    let head = format!("GET /v1/devices HTTP/1.1\r\nhost: g\r\nauthorization: Basic {long_password}\r\n\r\n");
    assert!(raw(&gateway, head.as_bytes()).await.starts_with("HTTP/1.1 431 "));

    let many: String = (0..10_000).map(|number| format!("x{number}: y\r\n")).collect();
    let head = format!("GET /v1/devices HTTP/1.1\r\nhost: g\r\n{many}\r\n");
    assert!(raw(&gateway, head.as_bytes()).await.starts_with("HTTP/1.1 431 "));

    let body = request(Method::POST, "/v1/devices/claim").text(" ".repeat(65_537));
    assert_eq!(gateway.call(body).await.status, StatusCode::PAYLOAD_TOO_LARGE);

    let announced = "POST /v1/devices/claim HTTP/1.1\r\nhost: g\r\ncontent-type: application/json\r\ncontent-length: 1073741824\r\n\r\n{";
    assert!(raw(&gateway, announced.as_bytes()).await.starts_with("HTTP/1.1 413 "));
    assert_eq!(gateway.call(list(&instance)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn ab_07_a_request_head_that_does_not_end_is_closed() {
    let gateway = TestGateway::start_with(|config| config.limits.head_timeout_ms = 50).await;
    for begun in ["", "GET /v1/devices HTTP/1.1\r\nhost:"] {
        let answer = raw(&gateway, begun.as_bytes()).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
}

#[tokio::test]
async fn ab_08_an_id_of_another_form_is_refused() {
    let gateway = TestGateway::start().await;
    let instance = gateway.create_instance().await;
    let good = DeviceId::make(&mut rng()).to_string();
    let wrong = [
        ".",
        "*",
        "%3e",
        "+",
        "%23",
        "%2f",
        "%00",
        "%E2%80%AE",
        "%ff",
        "00",
        &"0".repeat(4096),
        &good.to_uppercase(),
        &format!("{good}0"),
        &format!("{}%2e", &good[1..]),
    ];
    for id in wrong {
        for draft in
            [request(Method::DELETE, &format!("/v1/devices/{id}")), request(Method::GET, &format!("/v1/mqtt/{id}"))]
        {
            let answer = gateway.call(draft.by(&instance).empty()).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{id}");
            assert!(!answer.text().contains(id) || id.len() < 3, "{id} is repeated");
        }
    }
}

#[tokio::test]
async fn ab_09_an_instance_has_no_part_in_anothers_devices() {
    let gateway = TestGateway::start().await;
    let (mine, theirs) = (gateway.create_instance().await, gateway.create_instance().await);
    let account = gateway.device(&theirs).await;

    let foreign = gateway.call(revoke(&mine, account.id)).await;
    let unknown = gateway.call(revoke(&mine, DeviceId::make(&mut rng()))).await;

    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
    assert_eq!(foreign.body, unknown.body);
    assert!(gateway.call(list(&mine)).await.body_as::<DeviceList>(StatusCode::OK).devices.is_empty());
    gateway.device_peer(&account).await;
    let crossed = gateway.try_connect(mine.id, &account.id.to_string(), &account.password).await.1;
    assert_eq!(crossed, 0x86, "a device logged in at another instance");
}

#[tokio::test]
async fn ab_10_json_of_another_form_is_refused() {
    let gateway = TestGateway::start().await;
    let instance = gateway.create_instance().await;
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let wrong_devices = [
        "",
        "null",
        "[]",
        "600",
        "{}",
        r#"{"expires_in":600"#,
        r#"{"expires_in":600,"expires_in":601}"#,
        r#"{"expires_in":NaN}"#,
        r#"{"expires_in":"600"}"#,
        r#"{"expires_in":-1}"#,
        r#"{"expires_in":0}"#,
        r#"{"expires_in":86401}"#,
        r#"{"expires_in":1e3}"#,
        r#"{"expires_in":600,"canary":1}"#,
        r#"{"expires_in":600} x"#,
        "{\"expires_in\":600,\"\u{202e}\":1}",
        "\u{feff}{\"expires_in\":600}",
        &deep,
        &format!(r#"{{"expires_in":{deep}}}"#),
    ];
    for body in wrong_devices {
        let draft = request(Method::POST, "/v1/devices").by(&instance).header("idempotency-key", "k");
        let answer = gateway.call(draft.text(body.to_owned())).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body:.80}");
        assert_eq!(answer.problem().code, "malformed");
        assert!(!answer.text().contains("canary"));
    }
    let wrong_steps =
        ["{}", r#"{"step":"other"}"#, r#"{"step":"prepare","x":1}"#, r#"{"step":"prepare","step":"commit"}"#];
    for body in wrong_steps {
        let draft = request(Method::POST, "/v1/instances/rotate-password").by(&instance);
        assert_eq!(gateway.call(draft.text(body)).await.status, StatusCode::BAD_REQUEST, "{body}");
    }
    let key = DeviceSetupKey::make(&mut rng()).reveal().to_string();
    let wrong_claims = [
        format!(r#"{{"device_setup_key":"{key}"}}"#),
        format!(r#"{{"device_setup_key":"{key}","claim_id":"canary"}}"#),
        format!(r#"{{"device_setup_key":"{key}=","claim_id":"{}"}}"#, ClaimId::make(&mut rng()).reveal().as_str()),
    ];
    for body in wrong_claims {
        let answer = gateway.call(request(Method::POST, "/v1/devices/claim").text(body)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(!answer.text().contains("canary") && !answer.text().contains(&key));
    }
    assert!(gateway.call(list(&instance)).await.body_as::<DeviceList>(StatusCode::OK).devices.is_empty());
}

#[tokio::test]
async fn ab_10_a_body_that_is_not_json_and_a_missing_key_are_refused() {
    let gateway = TestGateway::start().await;
    let instance = gateway.create_instance().await;
    let form = request(Method::POST, "/v1/devices/claim").header("content-type", "text/plain").empty();
    assert_eq!(gateway.call(form).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    for key in ["", &"k".repeat(129), "\u{e9}"] {
        assert_eq!(gateway.call(create_device(&instance, key, 600)).await.status, StatusCode::BAD_REQUEST, "{key}");
    }
}

#[tokio::test]
async fn ab_12_credentials_in_a_query_string_are_refused_and_counted() {
    let gateway = TestGateway::start_with(with_ops).await;
    let instance = gateway.create_instance().await;
    let paths = [
        format!("/v1/devices?instance_id={}&instance_password={}", instance.id, instance.password),
        format!("/v1/mqtt/{}?password={}", instance.id, instance.password),
        "/v1/devices?".to_owned(),
        "/nothing?x".to_owned(),
    ];
    for path in &paths {
        let answer = gateway.call(request(Method::GET, path).by(&instance).empty()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        assert!(!answer.text().contains(&instance.password));
    }
    assert_eq!(gateway.metric("latchgate_credentials_in_query_total").await, 4);
}

#[tokio::test]
async fn ab_13_answers_are_not_stored_and_not_shared_with_web_pages() {
    let gateway = TestGateway::start().await;
    let instance = gateway.create_instance().await;
    let from_page = |method, path| request(method, path).header("origin", "https://evil.example");
    let answers: [Answer; 6] = [
        gateway.call(from_page(Method::POST, "/v1/instances").empty()).await,
        gateway.call(from_page(Method::GET, "/v1/devices").by(&instance).empty()).await,
        gateway
            .call(from_page(Method::OPTIONS, "/v1/devices").header("access-control-request-method", "POST").empty())
            .await,
        gateway.call(from_page(Method::GET, "/nothing").empty()).await,
        gateway.call(from_page(Method::GET, "/v1/devices").empty()).await,
        gateway.call(claim(&DeviceSetupKey::make(&mut rng()), &ClaimId::make(&mut rng()))).await,
    ];
    for answer in &answers {
        assert_eq!(answer.headers["cache-control"], "no-store", "{answer:?}");
        let shared = answer.headers.keys().find(|name| name.as_str().starts_with("access-control-"));
        assert_eq!(shared, None);
    }
    assert_eq!(answers[2].status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn ab_14_ambiguous_framing_is_refused_and_the_connection_closed() {
    let gateway = TestGateway::start().await;
    let smuggled = "GET /v1/openapi.json HTTP/1.1\r\nhost: g\r\n\r\n";
    let chunked = "0\r\n\r\n";
    let set = [
        ("two lengths", "content-length: 0\r\ncontent-length: 40\r\n\r\n", ""),
        ("two lengths in one", "content-length: 0, 40\r\n\r\n", ""),
        ("a signed length", "content-length: +0\r\n\r\n", ""),
        ("a hexadecimal length", "content-length: 0x0\r\n\r\n", ""),
        ("a space before the colon", "content-length : 0\r\n\r\n", ""),
        ("a folded line", "x: y\r\n folded\r\n\r\n", ""),
        ("a folded encoding", "transfer-encoding:\r\n chunked\r\n\r\n", chunked),
        ("an unknown encoding", "transfer-encoding: xchunked\r\n\r\n", ""),
        ("chunked is not last", "transfer-encoding: chunked, identity\r\n\r\n", ""),
        ("CL.TE", "content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n", chunked),
        ("TE.CL", "transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n", chunked),
        ("TE.TE", "transfer-encoding: chunked\r\ntransfer-encoding: x\r\n\r\n", chunked),
        ("chunked twice", "transfer-encoding: chunked, chunked\r\n\r\n", chunked),
        ("chunked alone", "transfer-encoding: chunked\r\n\r\n", chunked),
        ("a bare line feed in a value", "x: y\nz: chunked\r\r\n\r\n", ""),
    ];
    for (name, framing, body) in set {
        let bytes = format!("POST /v1/instances HTTP/1.1\r\nhost: g\r\n{framing}{body}{smuggled}");
        let answer = raw(&gateway, bytes.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{name}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{name}: {answer}");
    }
    let old = format!("POST /v1/instances HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n{chunked}{smuggled}");
    assert!(raw(&gateway, old.as_bytes()).await.contains(" 400 Bad Request"));
}

#[tokio::test]
async fn ab_14_http_2_is_not_spoken() {
    let gateway = TestGateway::start().await;
    let settings = b"\0\0\0\x04\0\0\0\0\0";
    let preface = [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], settings].concat();
    let answer = raw(&gateway, &preface).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

#[tokio::test]
async fn the_password_changes_in_two_steps() {
    let gateway = TestGateway::start().await;
    let old = gateway.create_instance().await;
    let prepared = gateway.call(rotate(&old, "prepare")).await.body_as(StatusCode::OK);
    let PasswordRotation::Prepared { instance_password } = prepared else { panic!("not prepared") };
    let new = Account { password: instance_password.reveal().to_string(), ..old };
    for valid in [&old, &new] {
        assert_eq!(gateway.call(list(valid)).await.status, StatusCode::OK);
    }
    assert_eq!(gateway.call(rotate(&old, "commit")).await.status, StatusCode::BAD_REQUEST);
    for _ in 0..2 {
        let committed = gateway.call(rotate(&new, "commit")).await.body_as(StatusCode::OK);
        assert!(matches!(committed, PasswordRotation::Committed));
    }
    assert_eq!(gateway.call(list(&old)).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(gateway.call(list(&new)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn registration_wants_the_token_where_one_is_configured() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "the-token\n").unwrap();
    let gateway = TestGateway::start_with(|config| config.registration_token_file = Some(file)).await;
    let register = || request(Method::POST, "/v1/instances");
    for wrong in [register(), register().header("authorization", "Bearer other"), register().basic("a", "the-token")] {
        let answer = gateway.call(wrong.empty()).await;
        assert_eq!((answer.status, answer.problem().code.as_str()), (StatusCode::FORBIDDEN, "registration-closed"));
    }
    let right = register().header("authorization", "Bearer the-token").empty();
    assert_eq!(gateway.call(right).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn the_description_is_served_as_it_is_kept_and_names_each_route() {
    let gateway = TestGateway::start().await;
    let served = gateway.call(request(Method::GET, "/v1/openapi.json").empty()).await;
    assert_eq!(served.text(), include_str!("../../openapi.json"));
    let document: serde_json::Value = serde_json::from_slice(&served.body).unwrap();
    let source = include_str!("../../src/api.rs");
    let routes = source.lines().filter_map(|line| line.trim().strip_prefix(".route(\"")?.split_once("\", "));
    let mut seen = 0;
    for (path, methods) in routes {
        for method in ["get", "put", "post", "delete"] {
            let routed = methods.contains(&format!("{method}("));
            let described = document["paths"][path].get(method).is_some();
            assert_eq!(routed, described, "{method} {path}");
            seen += usize::from(routed);
        }
    }
    assert_eq!(seen, 11);
    assert_eq!(document["paths"].as_object().unwrap().len(), 9);
}
