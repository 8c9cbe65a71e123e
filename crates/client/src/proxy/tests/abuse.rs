use std::net::Ipv4Addr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::rig::{Rig, basic, converse, expect};
use crate::catalogue::SiteIndex;
use crate::client::ClientError;
use crate::proxy::{Credentials, Proxy};

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or(answer)
}

#[tokio::test]
async fn ab_73_nothing_passes_without_the_credentials_of_this_unlock() {
    let rig = Rig::start().await;
    let url = "http://wiki.example.com/";
    let user = &rig.proxy.endpoint().user;
    for authorization in [
        String::new(),
        basic(user, ""),
        basic(user, "wrong"),
        basic("", &rig.proxy.endpoint().password),
        "Proxy-Authorization: Bearer x\r\n".to_owned(),
        format!("{}{}", basic(user, "wrong"), rig.authorization()),
    ] {
        let get = format!("GET {url} HTTP/1.1\r\nHost: wiki.example.com\r\nConnection: close\r\n{authorization}\r\n");
        let answer = rig.exchange(&get).await;
        assert_eq!(status(&answer), "407", "{authorization}");
        assert!(answer.to_lowercase().contains("proxy-authenticate: basic"));
        let connect =
            format!("CONNECT wiki.example.com:80 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{authorization}\r\n");
        assert_eq!(status(&rig.exchange(&connect).await), "407");
    }
}

#[tokio::test]
async fn ab_73_socks_without_the_credentials_is_refused() {
    let rig = Rig::start().await;
    let mut no_password = rig.dial().await;
    no_password.write_all(&[5, 1, 0]).await.unwrap();
    expect(&mut no_password, &[5, 0xff]).await;
    assert_eq!(no_password.read(&mut [0]).await.unwrap(), 0);

    let mut wrong = rig.dial().await;
    wrong.write_all(b"\x05\x01\x02\x01\x01u\x01p").await.unwrap();
    expect(&mut wrong, &[5, 2, 1, 1]).await;
    assert_eq!(wrong.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn ab_73_the_listener_is_a_loopback_one_at_a_port_of_the_systems_choice() {
    let rig = Rig::start().await;
    let other = Rig::start().await;
    assert!(rig.proxy.endpoint().addr.ip().is_loopback());
    assert_ne!(rig.proxy.endpoint().addr.port(), other.proxy.endpoint().addr.port());
    for address in [Ipv4Addr::UNSPECIFIED, Ipv4Addr::new(10, 0, 0, 1)] {
        let started = Proxy::start((address, 0).into(), Credentials::make().unwrap(), rig.behind.clone());
        assert!(matches!(started.await.err().unwrap(), ClientError::NotLoopback));
    }
}

#[tokio::test]
async fn ab_74_a_page_that_calls_the_port_as_a_web_server_gets_nothing() {
    let rig = Rig::start().await;
    let addr = rig.proxy.endpoint().addr;
    let authorization = rig.authorization();
    for (method, headers) in [
        ("GET", "Origin: https://evil.example\r\nSec-Fetch-Site: cross-site\r\n"),
        ("POST", "Origin: https://evil.example\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n"),
        ("OPTIONS", "Origin: https://evil.example\r\nAccess-Control-Request-Private-Network: true\r\n"),
        ("GET", "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"),
        ("GET", authorization.as_str()),
        ("HEAD", ""),
    ] {
        let answer = rig.exchange(&format!("{method} / HTTP/1.1\r\nHost: {addr}\r\n{headers}\r\n")).await;
        assert_eq!(status(&answer), "403", "{method} {headers}");
        assert!(!answer.to_lowercase().contains("access-control-"), "{answer}");
    }
}

#[tokio::test]
async fn ab_75_only_the_exact_name_of_a_site_passes() {
    let rig = Rig::start().await;
    let port = rig.proxy.endpoint().addr.port();
    for host in [
        "evil.com".to_owned(),
        "localhost".to_owned(),
        "localhost.".to_owned(),
        format!("127.0.0.1:{port}"),
        "127.1".to_owned(),
        "2130706433".to_owned(),
        "[::1]".to_owned(),
        "[::ffff:127.0.0.1]".to_owned(),
        "0.0.0.0".to_owned(),
        "wiki.example.com.".to_owned(),
        "wiki.example.com:81".to_owned(),
        "xwiki.example.com".to_owned(),
    ] {
        assert_eq!(status(&rig.get(&format!("http://{host}/"), "").await), "403", "{host}");
    }
    for host in ["user@wiki.example.com", "user:pass@wiki.example.com", "wiki.example.com:0", "wiki.example.com:x"] {
        let answer = rig.get(&format!("http://{host}/"), "").await;
        assert_eq!(status(&answer), "400", "{host}");
    }
}

#[tokio::test]
async fn ab_75_a_host_header_that_disagrees_is_refused() {
    let rig = Rig::start().await;
    let authorization = rig.authorization();
    for host in ["evil.com", "wiki.example.com:81", "127.0.0.1", ""] {
        let head = format!(
            "GET http://wiki.example.com/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{authorization}\r\n"
        );
        assert_eq!(status(&rig.exchange(&head).await), "400", "{host}");
    }
    let inside = rig.tunnel("wiki.example.com:80").await;
    let answer = converse(inside, "GET / HTTP/1.1\r\nHost: build.example.com:8080\r\nConnection: close\r\n\r\n").await;
    assert_eq!(status(&answer), "421");
    let inside = rig.tunnel("wiki.example.com:80").await;
    let answer = converse(inside, "GET / HTTP/1.0\r\n\r\n").await;
    assert_eq!(status(&answer), "421");
}

#[tokio::test]
async fn ab_76_it_is_no_open_proxy() {
    let rig = Rig::start().await;
    let authorization = rig.authorization();
    assert_eq!(status(&rig.get("http://example.com/", "").await), "403");
    assert_eq!(status(&rig.get("https://safe.example.com/", "").await), "400");
    assert_eq!(status(&rig.get("ftp://wiki.example.com/", "").await), "400");
    for target in ["example.com:443", "wiki.example.com:22", "127.0.0.1:22", "localhost:80"] {
        let head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nConnection: close\r\n{authorization}\r\n");
        assert_eq!(status(&rig.exchange(&head).await), "403", "{target}");
        let (host, port) = target.rsplit_once(':').unwrap();
        let (reply, mut stream) = rig.socks(host, port.parse().unwrap()).await;
        assert_eq!(reply, 2, "{target}");
        drop(stream.read_to_end(&mut Vec::new()).await);
    }
}

#[tokio::test]
async fn ab_76_inside_a_connection_to_a_site_nothing_else_is_reached() {
    let rig = Rig::start().await;
    for line in ["GET http://build.example.com:8080/ HTTP/1.1", "CONNECT build.example.com:8080 HTTP/1.1"] {
        let inside = rig.tunnel("wiki.example.com:80").await;
        let answer = converse(inside, &format!("{line}\r\nHost: wiki.example.com\r\nConnection: close\r\n\r\n")).await;
        assert_eq!(status(&answer), "421", "{line}");
    }
    let inside = rig.tunnel("wiki.example.com:80").await;
    let head = "CONNECT wiki.example.com:80 HTTP/1.1\r\nHost: wiki.example.com\r\nConnection: close\r\n\r\n";
    assert_eq!(status(&converse(inside, head).await), "405");
}

#[tokio::test]
async fn ab_79_two_profiles_share_neither_credentials_nor_authority() {
    let (one, two) = (Rig::start().await, Rig::start().await);
    let head = format!(
        "GET http://wiki.example.com/ HTTP/1.1\r\nHost: wiki.example.com\r\nConnection: close\r\n{}\r\n",
        one.authorization()
    );
    assert_eq!(status(&one.exchange(&head).await), "200");
    assert_eq!(status(&two.exchange(&head).await), "407");
    assert_ne!(one.proxy.endpoint().ca_pem, two.proxy.endpoint().ca_pem);
}

#[tokio::test]
async fn ab_85_closing_the_proxy_ends_every_connection() {
    let rig = Rig::start().await;
    let mut tunnel = rig.tunnel("wiki.example.com:80").await;
    let addr = rig.proxy.endpoint().addr;
    drop(rig.proxy);
    assert_eq!(tunnel.read(&mut [0]).await.unwrap_or(0), 0);
    // The listener's task is dropped by the runtime, in its own time.
    while tokio::net::TcpStream::connect(addr).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_site_that_was_taken_away_is_refused_on_open_connections_too() {
    let rig = Rig::start().await;
    let mut inside = rig.tunnel("wiki.example.com:80").await;
    let head = "GET / HTTP/1.1\r\nHost: wiki.example.com\r\n\r\n";
    inside.write_all(head.as_bytes()).await.unwrap();
    expect(&mut inside, b"HTTP/1.1 200").await;
    rig.sites.store(Arc::new(SiteIndex::default()));
    let inside = rig.socks("wiki.example.com", 80).await;
    assert_eq!(inside.0, 2);
    assert_eq!(status(&rig.get("http://wiki.example.com/", "").await), "403");
}

#[tokio::test]
async fn malformed_greetings_end_quietly() {
    let rig = Rig::start().await;
    for bytes in [
        &b"\x05\x01\x02\x09"[..],
        b"\x05\x00",
        b"\x05\x01\x02\x01\x00",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\0\0\0\0",
    ] {
        let mut stream = rig.dial().await;
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        drop(stream.read_to_end(&mut Vec::new()).await);
    }
    assert_eq!(status(&rig.get("http://wiki.example.com/", "").await), "200");
}
