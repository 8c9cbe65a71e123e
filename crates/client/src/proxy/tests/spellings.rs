//! Every way to write where a request shall go, to a port that is for one browser and a few sites.

use super::rig::{Rig, converse};

/// Names of this machine, of others, and of a site that is not quite it.
fn others(port: u16) -> Vec<String> {
    let mut names: Vec<String> = [
        "evil.com",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "127.1",
        "127.0.1",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "2130706433",
        "0",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "169.254.169.254",
        "[fe80::1]",
        "wiki.example.com.",
        "wiki.example.com..",
        ".wiki.example.com",
        "xwiki.example.com",
        "wiki.example.com.evil.com",
        "wiki-example.com",
        "build.example.com",
    ]
    .map(ToOwned::to_owned)
    .into();
    for host in ["127.0.0.1", "127.1", "localhost", "[::1]", "evil.com", "wiki.example.com"] {
        names.push(format!("{host}:{port}"));
    }
    names
}

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or(answer)
}

/// A name that leads to the port although it belongs to somebody else: what a rebound name does in a browser.
#[tokio::test]
async fn ab_75_a_request_for_the_port_itself_is_refused_under_every_name() {
    let rig = Rig::start().await;
    let port = rig.proxy.endpoint().addr.port();
    let authorization = rig.authorization();
    let own = [format!("127.0.0.1:{port}"), "wiki.example.com".to_owned(), String::new(), "user@127.0.0.1".to_owned()];
    for host in others(port).into_iter().chain(own) {
        for target in ["/", "//wiki.example.com/", "/\\wiki.example.com", "/http://wiki.example.com/"] {
            for authorization in ["", authorization.as_str()] {
                let head = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{authorization}\r\n");
                let answer = rig.exchange(&head).await;
                assert!(matches!(status(&answer), "403" | "400"), "{host} {target}: {answer}");
                assert!(!answer.to_lowercase().contains("access-control-"), "{answer}");
            }
        }
    }
}

#[tokio::test]
async fn ab_75_no_other_name_passes_in_any_place() {
    let rig = Rig::start().await;
    let authorization = rig.authorization();
    for host in others(rig.proxy.endpoint().addr.port()) {
        let absolute = rig.get(&format!("http://{host}/"), "").await;
        assert!(matches!(status(&absolute), "403" | "400"), "{host}: {absolute}");
        let upgrade = format!(
            "GET ws://{host}/ HTTP/1.1\r\nHost: {host}\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{authorization}\r\n"
        );
        let mut stream = rig.dial().await;
        tokio::io::AsyncWriteExt::write_all(&mut stream, upgrade.as_bytes()).await.unwrap();
        let socket = super::rig::read_head(&mut stream).await;
        assert!(matches!(status(&socket), "403" | "400"), "{host}: {socket}");

        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if port.parse::<u16>().is_ok() => (name, port.parse().unwrap()),
            _ => (host.as_str(), 80),
        };
        let connect = format!(
            "CONNECT {name}:{port} HTTP/1.1\r\nHost: {name}:{port}\r\nConnection: close\r\n{authorization}\r\n"
        );
        let connected = rig.exchange(&connect).await;
        assert!(matches!(status(&connected), "403" | "400"), "{host}: {connected}");
        assert_eq!(rig.socks(name, port).await.0, 2, "{host} over SOCKS");

        let beside = format!(
            "GET http://wiki.example.com/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{authorization}\r\n"
        );
        assert_eq!(status(&rig.exchange(&beside).await), "400", "{host} beside a site");
        let inside = rig.tunnel("wiki.example.com:80").await;
        let answer = converse(inside, &format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).await;
        assert!(matches!(status(&answer), "421" | "400"), "{host} inside a connection: {answer}");
    }
}

#[tokio::test]
async fn ab_75_a_name_with_somebody_in_front_does_not_pass() {
    let rig = Rig::start().await;
    let authorization = rig.authorization();
    for host in
        ["user@wiki.example.com", "user:pass@wiki.example.com", "@wiki.example.com", "wiki.example.com@evil.com"]
    {
        assert_eq!(status(&rig.get(&format!("http://{host}/"), "").await), "400", "{host}");
        for head in [
            format!("CONNECT {host}:80 HTTP/1.1\r\nHost: {host}:80\r\nConnection: close\r\n{authorization}\r\n"),
            format!(
                "GET http://wiki.example.com/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{authorization}\r\n"
            ),
        ] {
            assert_eq!(status(&rig.exchange(&head).await), "400", "{head}");
        }
        let inside = rig.tunnel("wiki.example.com:80").await;
        let answer = converse(inside, &format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).await;
        assert!(matches!(status(&answer), "421" | "400"), "{host}: {answer}");
        assert_eq!(rig.socks(host, 80).await.0, 2, "{host} over SOCKS");
    }
    let twice = format!(
        "GET http://wiki.example.com/ HTTP/1.1\r\nHost: wiki.example.com\r\nHost: evil.com\r\nConnection: close\r\n\
         {authorization}\r\n"
    );
    assert_eq!(status(&rig.exchange(&twice).await), "400", "two hosts");
}

#[tokio::test]
async fn ab_57_ab_76_targets_of_other_forms_lead_nowhere() {
    let rig = Rig::start().await;
    let authorization = rig.authorization();
    for line in [
        "GET wiki.example.com:80",
        "GET *",
        "OPTIONS *",
        "GET http:/wiki.example.com/",
        "GET http:///",
        "GET http://",
        "GET \\\\wiki.example.com\\",
        "GET http:\\\\wiki.example.com\\",
        "GET file:///etc/hostname",
        "GET data:text/plain,x",
        "GET javascript:1",
        "GET gopher://wiki.example.com/",
        "GET https://wiki.example.com/",
        "CONNECT wiki.example.com",
        "CONNECT http://wiki.example.com/",
        "CONNECT /",
        "CONNECT *",
        "CONNECT wiki.example.com:0",
        "CONNECT wiki.example.com:99999",
        "CONNECT wiki.example.com:80:80",
        "CONNECT :80",
    ] {
        let head = format!("{line} HTTP/1.1\r\nHost: wiki.example.com\r\nConnection: close\r\n{authorization}\r\n");
        let answer = rig.exchange(&head).await;
        assert!(matches!(status(&answer), "400" | "403"), "{line}: {answer}");
    }
    // What HTTP/1.0 may leave out is no way around either.
    let answer = rig.exchange(&format!("GET / HTTP/1.0\r\n{authorization}\r\n")).await;
    assert_eq!(status(&answer), "403");
}
