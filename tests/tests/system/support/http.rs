//! A plain HTTP client: directly, or through a device's proxy in absolute form or by CONNECT.

use base64::Engine as _;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// Where a device's proxy is and what it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proxy {
    pub(crate) address: String,
    pub(crate) user: String,
    pub(crate) password: String,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

impl Proxy {
    /// Reads `http://USER:PASSWORD@HOST:PORT`.
    pub(crate) fn parse(url: &str) -> Self {
        let url = url::Url::parse(url).expect("READY names a URL");
        let address = format!("{}:{}", url.host_str().expect("a host"), url.port().expect("a port"));
        Self { address, user: url.username().to_owned(), password: url.password().unwrap_or_default().to_owned() }
    }

    /// Returns the value of `Proxy-Authorization`.
    pub(crate) fn authorization(&self) -> String {
        let credentials = format!("{}:{}", self.user, self.password);
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(credentials))
    }

    /// Fetches a page of an `http` site.
    pub(crate) async fn get(&self, url: &str) -> Answer {
        self.request(Method::GET, url, &[], Bytes::new()).await
    }

    /// Makes one request to an `http` site.
    pub(crate) async fn request(&self, method: Method, url: &str, headers: &[(&str, &str)], body: Bytes) -> Answer {
        self.try_request(method, url, headers, body).await.unwrap_or_else(|error| panic!("{url}: {error:#}"))
    }

    /// Makes one request to an `http` site; an error is a broken connection.
    pub(crate) async fn try_request(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> anyhow::Result<Answer> {
        let mut request = Request::builder().method(method).uri(url);
        request = request.header("proxy-authorization", self.authorization());
        send(TcpStream::connect(&self.address).await?, request, headers, body).await
    }
}

/// Makes one request directly.
pub(crate) async fn direct(method: Method, url: &str, headers: &[(&str, &str)], body: Bytes) -> Answer {
    let url = url::Url::parse(url).expect("a URL");
    let address = format!("{}:{}", url.host_str().expect("a host"), url.port_or_known_default().expect("a port"));
    let stream = TcpStream::connect(&address).await.unwrap_or_else(|error| panic!("connect to {address}: {error}"));
    let target = &url[url::Position::BeforePath..];
    send(stream, Request::builder().method(method).uri(target), headers, body).await.expect("a direct request")
}

async fn send(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    mut request: http::request::Builder,
    headers: &[(&str, &str)],
    body: Bytes,
) -> anyhow::Result<Answer> {
    let authority = request.uri_ref().and_then(|uri| uri.authority()).map(ToString::to_string);
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", authority.unwrap_or_else(|| "localhost".to_owned()));
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(request.body(Full::new(body))?).await?;
    let (parts, body) = answer.into_parts();
    let body = body.collect().await?.to_bytes();
    connection.abort();
    Ok(Answer { status: parts.status, body })
}
