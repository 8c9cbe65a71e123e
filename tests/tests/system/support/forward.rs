//! Stands between a browser and a device's proxy and adds the credentials, which a browser's command line
//! cannot carry. It also lets a device come back on another port with other credentials, as an app would
//! tell its own web view.
//!
//! Every connection carries one request: the credentials go into its head, the rest is passed on as it is.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

use super::http::Proxy;

/// The longest request head that a browser sends.
const HEAD_LIMIT: usize = 256 * 1024;

/// A listening forwarder; ends when dropped.
pub(crate) struct Forward {
    pub(crate) address: SocketAddr,
    target: Arc<Mutex<Proxy>>,
    task: AbortHandle,
}

impl Forward {
    pub(crate) async fn start(proxy: Proxy) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind a forwarder");
        let address = listener.local_addr().expect("a bound address");
        let target = Arc::new(Mutex::new(proxy));
        let targets = target.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let proxy = targets.lock().unwrap().clone();
                // A browser opens and drops connections as it likes.
                tokio::spawn(async move { drop(pass_on(stream, proxy).await) });
            }
        });
        Self { address, target, task: task.abort_handle() }
    }

    /// From the next connection on, goes to another proxy.
    pub(crate) fn follow(&self, proxy: Proxy) {
        *self.target.lock().unwrap() = proxy;
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass_on(mut browser: TcpStream, proxy: Proxy) -> io::Result<()> {
    let mut head = Vec::new();
    let end = loop {
        if let Some(end) = head.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 2;
        }
        if head.len() > HEAD_LIMIT || browser.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    };
    let rest = head.split_off(end);
    let mut device = TcpStream::connect(&proxy.address).await?;
    device.write_all(&with_credentials(&head, &proxy)).await?;
    device.write_all(&rest).await?;
    tokio::io::copy_bidirectional(&mut browser, &mut device).await?;
    Ok(())
}

/// Adds the credentials to a head and, unless it opens a tunnel, asks for one request per connection.
fn with_credentials(head: &[u8], proxy: &Proxy) -> Vec<u8> {
    let head = String::from_utf8_lossy(head);
    let tunnel = head.starts_with("CONNECT ");
    let mut out = String::new();
    for line in head.trim_end().split("\r\n") {
        let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
        if tunnel || (name != "connection" && name != "proxy-connection") {
            out += line;
            out += "\r\n";
        }
    }
    out += &format!("Proxy-Authorization: {}\r\n", proxy.authorization());
    if !tunnel {
        out += "Connection: close\r\n";
    }
    out.into_bytes()
}
