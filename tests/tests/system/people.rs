//! Two people, two devices, one address: each sees their own, and nobody can be somebody else.

use bytes::Bytes;
use http::Method;

use crate::support::{System, WIKI};

#[tokio::test]
async fn two_people_see_different_content_at_one_address() {
    let system = System::start().await;
    let (maria, jonas) = (system.paired("maria").await, system.paired("jonas").await);
    let address = format!("{WIKI}/me");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    maria.proxy().request(Method::POST, &address, &form, Bytes::from("text=only+for+maria")).await;
    jonas.proxy().request(Method::POST, &address, &form, Bytes::from("text=only+for+jonas")).await;

    let (of_maria, of_jonas) = (maria.proxy().get(&address).await.text(), jonas.proxy().get(&address).await.text());

    assert!(of_maria.contains("only for maria") && !of_maria.contains("only for jonas"), "{of_maria}");
    assert!(of_jonas.contains("only for jonas") && !of_jonas.contains("only for maria"), "{of_jonas}");
}

#[tokio::test]
async fn a_forged_identity_never_reaches_the_upstream() {
    let system = System::start().await;
    let maria = system.paired("maria").await;
    let forged = [
        ("x-remote-user", "jonas"),
        ("X-REMOTE-USER", "jonas"),
        ("x_remote_user", "jonas"),
        ("x-remote-user ", "jonas"),
        ("latchgate-assertion", "jonas"),
        ("x-forwarded-user", "jonas"),
        ("x-forwarded-for", "10.9.8.7"),
        ("forwarded", "for=10.9.8.7"),
        ("connection", "x-remote-user"),
    ];
    for (name, value) in forged {
        // A client that cannot even write such a header has not forged it.
        if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
            continue;
        }
        let answer =
            maria.proxy().request(Method::GET, &format!("{WIKI}/whoami"), &[(name, value)], Bytes::new()).await;
        let seen = answer.json();
        assert_eq!(seen["person"], "maria", "with {name}: {seen}");
        assert_eq!(seen["headers"]["x-remote-user"], serde_json::json!(["maria"]), "with {name}: {seen}");
    }
    for request in system.intranet.requests() {
        let forged = request.headers.iter().any(|(_, value)| value.contains("jonas") || value.contains("10.9.8.7"));
        assert!(!forged, "{request:?}");
    }
}
