//! A TCP relay in front of the gateway that keeps every byte, as an observer in the network would.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// A listening relay; ends when dropped.
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    kept: Arc<Mutex<Vec<Stream>>>,
    refuses: Arc<AtomicBool>,
    task: AbortHandle,
}

type Stream = Arc<Mutex<Vec<u8>>>;

impl Relay {
    pub(crate) async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind a relay");
        let address = listener.local_addr().expect("a bound address");
        let kept = Arc::<Mutex<Vec<Stream>>>::default();
        let keep = kept.clone();
        let refuses = Arc::<AtomicBool>::default();
        let refused = refuses.clone();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if refused.load(Ordering::Relaxed) {
                    continue;
                }
                let Ok(server) = TcpStream::connect(target).await else { continue };
                let (up, down) = (Stream::default(), Stream::default());
                keep.lock().unwrap().extend([up.clone(), down.clone()]);
                let (client_read, client_write) = client.into_split();
                let (server_read, server_write) = server.into_split();
                tokio::spawn(copy(client_read, server_write, up));
                tokio::spawn(copy(server_read, client_write, down));
            }
        });
        Self { address, kept, refuses, task: task.abort_handle() }
    }

    /// Closes every further connection at once; those that are there go on.
    pub(crate) fn refuse_more(&self) {
        self.refuses.store(true, Ordering::Relaxed);
    }

    /// Returns what was relayed so far: one item for each direction of each connection.
    pub(crate) fn streams(&self) -> Vec<Vec<u8>> {
        self.kept.lock().unwrap().iter().map(|stream| stream.lock().unwrap().clone()).collect()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn copy(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, keep: Stream) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        keep.lock().unwrap().extend_from_slice(&buffer[..length]);
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
    // The other side may be gone already.
    let _ = to.shutdown().await;
}
