//! Downloads and uploads of any size, made and hashed as they go.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use anyhow::ensure;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use latchgate_intranet::large;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;

use super::http::{Answer, Proxy};

/// What arrived of a file so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Transfer {
    pub(crate) received: u64,
    /// How many answers began in the middle.
    pub(crate) resumed: usize,
    hash: Sha256,
    tag: Option<String>,
}

impl Transfer {
    pub(crate) fn sha256(&self) -> String {
        hex::encode(self.hash.clone().finalize())
    }
}

impl Transfer {
    /// Downloads the whole rest.
    pub(crate) async fn download(&mut self, proxy: &Proxy, url: &str) -> anyhow::Result<()> {
        let mut answer = self.go_on(proxy, url).await?;
        self.read(&mut answer, u64::MAX).await
    }

    /// Asks for what is missing.
    pub(crate) async fn go_on(&mut self, proxy: &Proxy, url: &str) -> anyhow::Result<Response<Incoming>> {
        let mut request = Request::get(url);
        if let Some(tag) = self.tag.as_ref().filter(|_| self.received > 0) {
            request = request.header("range", format!("bytes={}-", self.received)).header("if-range", tag);
        }
        let answer = send(proxy, request, Empty::<Bytes>::new()).await?;
        if self.received > 0 {
            ensure!(answer.status() == StatusCode::PARTIAL_CONTENT, "the range was answered with {}", answer.status());
            self.resumed += 1;
        }
        ensure!(answer.status().is_success(), "the file was answered with {}", answer.status());
        self.tag = answer.headers().get("etag").and_then(|tag| tag.to_str().ok()).map(ToOwned::to_owned);
        Ok(answer)
    }

    /// Reads until the end of the answer, or until at least `until` bytes of the file are there. An error leaves
    /// what came before it.
    pub(crate) async fn read(&mut self, answer: &mut Response<Incoming>, until: u64) -> anyhow::Result<()> {
        while self.received < until {
            let Some(frame) = answer.body_mut().frame().await else { return Ok(()) };
            if let Some(bytes) = frame?.data_ref() {
                self.hash.update(bytes);
                self.received += bytes.len() as u64;
            }
        }
        Ok(())
    }
}

/// Uploads the first `size` bytes of the sample intranet's large file.
pub(crate) async fn upload(proxy: &Proxy, url: &str, size: u64) -> Answer {
    let request = Request::put(url).header("content-type", "application/octet-stream");
    let answer = send(proxy, request, Made { offset: 0, size }).await.expect("an answer to the upload");
    let status = answer.status();
    Answer { status, body: answer.into_body().collect().await.expect("a whole answer").to_bytes() }
}

async fn send<B>(proxy: &Proxy, request: http::request::Builder, body: B) -> anyhow::Result<Response<Incoming>>
where
    B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    let stream = TcpStream::connect(&proxy.address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let host = request.uri_ref().and_then(|uri| uri.authority()).map(ToString::to_string).unwrap_or_default();
    let request = request.header("host", host).header("proxy-authorization", proxy.authorization());
    Ok(sender.send_request(request.body(body)?).await?)
}

/// A body that is made when it is asked for.
struct Made {
    offset: u64,
    size: u64,
}

impl Body for Made {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        /// How much is made at once.
        const PART: u64 = 64 * 1024;
        let this = self.get_mut();
        let part = large::part(this.offset, PART.min(this.size - this.offset));
        this.offset += part.len() as u64;
        Poll::Ready((!part.is_empty()).then(|| Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.offset == self.size
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.size - self.offset)
    }
}
