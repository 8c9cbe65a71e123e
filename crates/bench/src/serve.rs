//! The upstream: `GET /bytes/N` answers N bytes, `GET /endless` more than anybody reads, `POST /sink` drains its
//! body and answers its length.

use std::io::Write as _;
use std::net::SocketAddr;

use anyhow::Context as _;
use bytes::Buf as _;
use clap::Args;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;

use crate::http::{Inbox, Request};

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

/// What nobody reads to the end, in bytes.
const ENDLESS: usize = 1 << 50;

/// What the kernel keeps of one such answer, in bytes.
const ENDLESS_BUFFER: usize = 128 * 1024;

/// What bodies are made of.
static CONTENT: [u8; 256 * 1024] = [b'x'; 256 * 1024];

/// Serves until the process is ended.
pub(crate) async fn run(arguments: &ServeArgs) -> anyhow::Result<()> {
    let listener = TcpListener::bind(arguments.listen).await.context("listen")?;
    writeln!(std::io::stdout(), "LISTENING http://{}", listener.local_addr()?)?;
    loop {
        let (stream, _) = listener.accept().await.context("accept a connection")?;
        stream.set_nodelay(true).context("turn Nagle's algorithm off")?;
        tokio::spawn(async move {
            // A client that goes away in the middle is its own affair.
            let _ = serve(stream).await;
        });
    }
}

async fn serve(stream: TcpStream) -> anyhow::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut inbox = Inbox::new(reader);
    while let Some(request) = inbox.request().await? {
        let received = inbox.drain(request.body).await?;
        respond(&mut writer, &request, received).await?;
    }
    Ok(())
}

async fn respond(writer: &mut OwnedWriteHalf, request: &Request, received: u64) -> anyhow::Result<()> {
    let length = request.path.strip_prefix("/bytes/").and_then(|number| number.parse::<usize>().ok());
    match (request.method.as_str(), length) {
        ("GET", Some(length)) => send(writer, "200 OK", length).await,
        ("GET", None) if request.path == "/endless" => {
            // A thousand of these would fill all memory that the kernel has for TCP, and make it drop what it has.
            socket2::SockRef::from(writer.as_ref()).set_send_buffer_size(ENDLESS_BUFFER).context("limit the buffer")?;
            send(writer, "200 OK", ENDLESS).await
        }
        ("POST", None) if request.path == "/sink" => {
            let body = received.to_string();
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            writer.write_all(answer.as_bytes()).await.context("answer")
        }
        _ => send(writer, "404 Not Found", 0).await,
    }
}

async fn send(writer: &mut OwnedWriteHalf, status: &str, length: usize) -> anyhow::Result<()> {
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Type: application/octet-stream\r\nContent-Length: {length}\r\n\r\n");
    let first = length.min(CONTENT.len());
    writer.write_all_buf(&mut head.as_bytes().chain(&CONTENT[..first])).await.context("answer")?;
    let mut left = length - first;
    while left > 0 {
        let piece = left.min(CONTENT.len());
        writer.write_all(&CONTENT[..piece]).await.context("answer")?;
        left -= piece;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn connect() -> (Inbox<tokio::net::tcp::OwnedReadHalf>, OwnedWriteHalf) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        tokio::spawn(serve(server));
        let (reader, writer) = client.into_split();
        (Inbox::new(reader), writer)
    }

    #[tokio::test]
    async fn a_download_has_the_length_that_was_asked_for() {
        let (mut inbox, mut writer) = connect().await;
        for length in [0, 1, 1024, 300_000] {
            writer.write_all(format!("GET /bytes/{length} HTTP/1.1\r\n\r\n").as_bytes()).await.unwrap();
            let (status, body) = inbox.answer().await.unwrap();
            assert_eq!((status, inbox.drain(body).await.unwrap()), (200, length));
        }
    }

    #[tokio::test]
    async fn an_upload_is_drained_and_counted() {
        let (mut inbox, mut writer) = connect().await;
        writer.write_all(b"POST /sink HTTP/1.1\r\nContent-Length: 5\r\n\r\nHello").await.unwrap();
        assert_eq!(inbox.answer().await.unwrap(), (200, crate::http::Framing::Length(1)));
    }

    #[tokio::test]
    async fn another_path_is_not_found() {
        let (mut inbox, mut writer) = connect().await;
        writer.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        assert_eq!(inbox.answer().await.unwrap().0, 404);
    }
}
