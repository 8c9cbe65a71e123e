//! One HTTP request through an authenticated HTTP proxy, over the standard library alone.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, bail};

const TIMEOUT: Duration = Duration::from_secs(30);

/// What `READY http://USER:PASSWORD@HOST:PORT` says.
#[derive(Clone)]
pub(crate) struct Proxy {
    pub(crate) address: String,
    pub(crate) credentials: String,
}

impl Proxy {
    /// Reads the URL of a READY line.
    pub(crate) fn parse(url: &str) -> anyhow::Result<Self> {
        let (credentials, address) = url
            .strip_prefix("http://")
            .and_then(|rest| rest.trim_end_matches('/').split_once('@'))
            .context("expected READY http://USER:PASSWORD@HOST:PORT")?;
        Ok(Self { address: address.to_owned(), credentials: credentials.to_owned() })
    }

    /// Fetches a page of an `http` site and returns its body.
    pub(crate) fn get(&self, url: &str) -> anyhow::Result<String> {
        let mut answer = Vec::new();
        self.ask(url)?.read_to_end(&mut answer).context("read the answer")?;
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").context("the answer has no head")?;
        let status = head.lines().next().unwrap_or_default();
        if !status.contains(" 200 ") && !status.ends_with(" 200") {
            bail!("{url} answered {status}: {body}");
        }
        let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
        Ok(if chunked { join_chunks(body) } else { body.to_owned() })
    }

    /// Fetches a page of an `http` site and returns as soon as its status is here.
    pub(crate) fn first_byte(&self, url: &str) -> anyhow::Result<()> {
        let mut status = [0; "HTTP/1.1 200".len()];
        self.ask(url)?.read_exact(&mut status).context("read the answer")?;
        if !status.ends_with(b" 200") {
            bail!("{url} answered {}", String::from_utf8_lossy(&status));
        }
        Ok(())
    }

    /// Sends a request; the answer can be read from the stream.
    pub(crate) fn ask(&self, url: &str) -> anyhow::Result<TcpStream> {
        let host =
            url.strip_prefix("http://").and_then(|rest| rest.split('/').next()).context("expected an http URL")?;
        let mut stream = TcpStream::connect(&self.address).context("connect to the device's proxy")?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        let credentials = base64(self.credentials.as_bytes());
        let request = format!(
            "GET {url} HTTP/1.1\r\nHost: {host}\r\nProxy-Authorization: Basic {credentials}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).context("send the request")?;
        Ok(stream)
    }
}

/// Joins a chunked body (RFC 9112, section 7.1).
fn join_chunks(mut body: &str) -> String {
    let mut joined = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16).unwrap_or(0);
        let Some(chunk) = rest.get(..size).filter(|chunk| !chunk.is_empty()) else { break };
        joined.push_str(chunk);
        body = rest.get(size + 2..).unwrap_or_default();
    }
    joined
}

/// Writes bytes in Base64 (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_matches_the_rfc() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn chunks_are_joined() {
        assert_eq!(join_chunks("5\r\nHello\r\n7;x=y\r\n, maria\r\n0\r\n\r\n"), "Hello, maria");
    }

    #[test]
    fn a_ready_line_has_credentials_and_an_address() {
        let proxy = Proxy::parse("http://user:secret@127.0.0.1:8080").unwrap();
        assert_eq!((proxy.credentials.as_str(), proxy.address.as_str()), ("user:secret", "127.0.0.1:8080"));
        assert!(Proxy::parse("http://127.0.0.1:8080").is_err());
    }
}
