//! A proxy that leads every CONNECT to one address and passes raw bytes: how a browser reaches a site directly
//! under its own name, without a resolver that knows it.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// A listening proxy; ends when dropped.
pub(crate) struct Plain {
    pub(crate) address: SocketAddr,
    task: AbortHandle,
}

impl Plain {
    pub(crate) async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind a proxy");
        let address = listener.local_addr().expect("a bound address");
        let task = tokio::spawn(async move {
            while let Ok((browser, _)) = listener.accept().await {
                // A browser opens and drops connections as it likes.
                tokio::spawn(async move { drop(pass_on(browser, target).await) });
            }
        });
        Self { address, task: task.abort_handle() }
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass_on(mut browser: TcpStream, target: SocketAddr) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(browser.read_u8().await?);
    }
    if !head.starts_with(b"CONNECT ") {
        return browser.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").await;
    }
    let mut site = TcpStream::connect(target).await?;
    browser.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
    tokio::io::copy_bidirectional(&mut browser, &mut site).await?;
    Ok(())
}
