//! A connection to one site, after CONNECT or SOCKS5: TLS is terminated, plain HTTP served, raw bytes passed.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes};
use http::{Method, Request, Uri, Version};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional_with_sizes};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Gate;
use super::http::{serve_site_http1, serve_site_http2};
use crate::catalogue::{Scheme, Site};
use crate::limits::{COPY_BUFFER, GREETING_TIMEOUT};
use crate::traffic::Metered;
use crate::uplink::Passing;

/// Serves the connection behind a CONNECT.
pub(super) async fn serve_upgraded(gate: &Arc<Gate>, upgraded: Upgraded, site: Arc<Site>) -> io::Result<()> {
    let parts = upgraded.downcast::<TokioIo<TcpStream>>().map_err(|_| io::Error::other("not a socket"))?;
    serve_site(gate, Prefixed { prefix: parts.read_buf, stream: parts.io.into_inner() }, site).await
}

/// Serves a connection to `site`.
pub(super) async fn serve_site<S>(gate: &Arc<Gate>, stream: S, site: Arc<Site>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    if site.passthrough {
        return pass_through(gate, stream, &site).await;
    }
    match site.scheme {
        Scheme::Http => serve_site_http1(gate, stream, site).await,
        Scheme::Https => {
            let acceptor = gate.authority.acceptor(&site.host).map_err(io::Error::other)?;
            let tls = timeout(GREETING_TIMEOUT, acceptor.accept(stream)).await??;
            let http2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
            if http2 { serve_site_http2(gate, tls, site).await } else { serve_site_http1(gate, tls, site).await }
        }
    }
}

/// Copies raw bytes through the tunnel.
async fn pass_through<S>(gate: &Gate, stream: S, site: &Site) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut request = Request::new(Passing::empty());
    *request.method_mut() = Method::CONNECT;
    *request.version_mut() = Version::HTTP_2;
    let target = format!("{}:{}", site.host, site.port);
    *request.uri_mut() = Uri::builder().authority(target).build().map_err(io::Error::other)?;
    let answer = gate.behind.uplink.request(request).await.map_err(io::Error::other)?;
    if !answer.status().is_success() {
        return Err(io::Error::new(io::ErrorKind::ConnectionRefused, "the connector refused the connection"));
    }
    let mut tunnel = TokioIo::new(hyper::upgrade::on(answer).await.map_err(io::Error::other)?);
    copy(&mut Metered::browser(stream, &site.traffic), &mut tunnel).await
}

/// Copies both ways until both ends have closed.
pub(super) async fn copy<A, B>(browser: &mut A, tunnel: &mut B) -> io::Result<()>
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    copy_bidirectional_with_sizes(browser, tunnel, COPY_BUFFER, COPY_BUFFER).await.map(drop)
}

/// A stream of which the first bytes were read already.
struct Prefixed<S> {
    prefix: Bytes,
    stream: S,
}

impl<S: AsyncRead + Unpin> AsyncRead for Prefixed<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.prefix.is_empty() {
            return Pin::new(&mut this.stream).poll_read(cx, buf);
        }
        let length = this.prefix.len().min(buf.remaining());
        buf.put_slice(&this.prefix[..length]);
        this.prefix.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Prefixed<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
