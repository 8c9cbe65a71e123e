//! Logins that are bound to a connection stay with the one browser that made them.

use http::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use latchgate_tunnel::catalogue::CONNECTION_HEADER;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpListener;

use crate::fixture::{Device, TestApp, TestBody, WIKI, empty, full, text, wiki};

/// A site that logs a connection in, in two steps as NTLM does, and knows it from there on. It says how many
/// connections there were and in which state this one is.
async fn site() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut number = 0;
        while let Ok((stream, _)) = listener.accept().await {
            number += 1;
            let (connection, state) = (number, Arc::new(AtomicUsize::new(0)));
            let service = hyper::service::service_fn(move |request: Request<hyper::body::Incoming>| {
                assert!(!request.headers().contains_key(CONNECTION_HEADER));
                let answer = log_in(&request, connection, &state);
                async move { Ok::<_, Infallible>(answer) }
            });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    wiki(&format!("http://{address}"), "")
}

fn log_in<B>(request: &Request<B>, connection: usize, state: &AtomicUsize) -> Response<TestBody> {
    let step = request.headers().get("authorization").map(|value| value.to_str().unwrap());
    match (step, state.load(Ordering::SeqCst)) {
        (Some("NTLM one"), _) => {
            state.store(1, Ordering::SeqCst);
            challenge("NTLM two")
        }
        (Some("NTLM three"), 1) => {
            state.store(2, Ordering::SeqCst);
            Response::new(full(format!("logged in on {connection}")))
        }
        (None, 2) => Response::new(full(format!("known on {connection}"))),
        _ => challenge("NTLM"),
    }
}

fn challenge(offer: &str) -> Response<TestBody> {
    Response::builder().status(StatusCode::UNAUTHORIZED).header("www-authenticate", offer).body(empty()).unwrap()
}

async fn ask(device: &Device, connection: Option<u64>, authorization: Option<&str>) -> Response<hyper::body::Incoming> {
    let mut request = Request::get(WIKI);
    if let Some(connection) = connection {
        request = request.header(CONNECTION_HEADER, connection);
    }
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    device.send(request.body(empty()).unwrap()).await
}

#[tokio::test]
async fn a_login_is_bound_to_the_connection_of_the_browser_that_made_it() {
    let app = TestApp::new(&site().await);
    let maria = app.device_of("maria", "staff").await;
    let jonas = app.device_of("jonas", "staff").await;

    assert_eq!(ask(&maria, Some(7), None).await.status(), StatusCode::UNAUTHORIZED);
    let challenged = ask(&maria, Some(7), Some("NTLM one")).await;
    assert_eq!(challenged.headers()["www-authenticate"], "NTLM two");
    let logged_in = text(ask(&maria, Some(7), Some("NTLM three")).await).await;
    let known = text(ask(&maria, Some(7), None).await).await;

    assert_eq!((logged_in.as_str(), known.as_str()), ("logged in on 2", "known on 2"));
    // Neither another connection of the same browser nor another person gets there.
    for (device, connection) in [(&maria, Some(8)), (&maria, None), (&jonas, Some(7)), (&jonas, None)] {
        for _ in 0..3 {
            assert_eq!(ask(device, connection, None).await.status(), StatusCode::UNAUTHORIZED);
        }
    }
}

#[tokio::test]
async fn a_login_without_a_numbered_connection_is_never_shared() {
    let app = TestApp::new(&site().await);
    let maria = app.device_of("maria", "staff").await;

    ask(&maria, None, Some("NTLM one")).await;
    let second = ask(&maria, None, Some("NTLM three")).await;

    assert_eq!(second.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(ask(&maria, None, None).await.status(), StatusCode::UNAUTHORIZED);
}
