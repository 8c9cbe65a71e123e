//! How the proxy behaves for its person: the words of its pages, what it counts, what it asks sites for.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::rig::{Rig, expect};
use crate::traffic::Amount;
use crate::words::{FailureWords, PageWords, Words};

#[tokio::test]
async fn what_passes_is_counted_by_site_and_what_is_made_here_is_not() {
    let rig = Rig::start().await;
    let body = "x".repeat(5000);
    let authorization = rig.authorization();
    let head = format!(
        "POST http://wiki.example.com/echo HTTP/1.1\r\nHost: wiki.example.com\r\n{authorization}Connection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    assert!(rig.exchange(&head).await.ends_with(&body));
    rig.get("http://nowhere.example.com/", "Accept: text/html\r\n").await;
    let mut raw = rig.tunnel("raw.example.com:443").await;
    expect(&mut raw, b"raw:").await;
    raw.write_all(b"frames").await.unwrap();
    expect(&mut raw, b"frames").await;
    raw.shutdown().await.unwrap();
    assert_eq!(raw.read(&mut [0]).await.unwrap(), 0);

    let mut counted = rig.meters.take();
    counted.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(
        counted,
        [
            ("http://wiki.example.com".to_owned(), Amount { sent: 5000, received: 5000 }),
            ("https://raw.example.com".to_owned(), Amount { sent: 6, received: 10 }),
        ]
    );
}

#[tokio::test]
async fn sites_are_asked_for_less_only_where_little_data_shall_move() {
    let rig = Rig::start().await;
    assert!(!rig.get("http://wiki.example.com/", "").await.contains("save-data"));
    rig.behind.low_data.store(true, Ordering::Relaxed);
    assert!(rig.get("http://wiki.example.com/", "").await.contains("save-data=\"on\""));
}

#[tokio::test]
async fn the_pages_of_the_proxy_speak_the_persons_language_from_the_next_one_on() {
    let rig = Rig::start().await;
    let refused = async || rig.get("http://nowhere.example.com/", "Accept: text/html\r\n").await;
    assert!(refused().await.contains("nowhere.example.com is not one of the sites"));
    let failure = FailureWords { message: "Das gehört nicht dazu.".to_owned(), advice: String::new() };
    let failures = HashMap::from([("site-not-allowed".to_owned(), failure)]);
    let page = PageWords { failures, ..Words::default().page };
    rig.behind.words.store(Arc::new(Words { language: "de".to_owned(), page }));
    let page = refused().await;
    assert!(page.contains("lang=\"de\"") && page.contains("Das gehört nicht dazu."), "{page}");
    // A script reads the stable code.
    assert!(rig.get("http://nowhere.example.com/", "").await.contains("site-not-allowed: "));
}
