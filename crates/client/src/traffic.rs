//! How much the pages of each site move: contents as they pass the proxy, without what carries them.
//!
//! 1. [`Meters`] has one pair of counters for each site, for as long as the vault is open.
//! 2. Each body, WebSocket and raw connection counts into them as its bytes pass ([`Meter`], [`Metered`]).
//! 3. [`Meters::take`] hands over what has come together since the last time.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The counters of one site, in bytes.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    sent: AtomicU64,
    received: AtomicU64,
}

/// Which way bytes go, as the device sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Sent,
    Received,
}

/// Counts one way of one site.
#[derive(Debug, Clone)]
pub(crate) struct Meter {
    traffic: Arc<Traffic>,
    way: Way,
}

/// What has come together at a site.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    pub(crate) sent: u64,
    pub(crate) received: u64,
}

/// The counters of every site, by its address (`https://wiki.example.com`).
#[derive(Debug, Default)]
pub(crate) struct Meters {
    sites: Mutex<HashMap<String, Arc<Traffic>>>,
}

impl Traffic {
    /// Returns what counts one way.
    pub(crate) fn meter(self: &Arc<Self>, way: Way) -> Meter {
        Meter { traffic: Arc::clone(self), way }
    }

    fn take(&self) -> Amount {
        Amount { sent: self.sent.swap(0, Ordering::Relaxed), received: self.received.swap(0, Ordering::Relaxed) }
    }
}

impl Meter {
    /// Counts bytes that passed.
    pub(crate) fn count(&self, bytes: usize) {
        let counter = match self.way {
            Way::Sent => &self.traffic.sent,
            Way::Received => &self.traffic.received,
        };
        counter.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl Meters {
    /// Returns the counters of a site, new ones where it has none.
    pub(crate) fn of(&self, address: &str) -> Arc<Traffic> {
        let mut sites = self.sites();
        match sites.get(address) {
            Some(traffic) => Arc::clone(traffic),
            None => Arc::clone(sites.entry(address.to_owned()).or_default()),
        }
    }

    /// Returns what has come together since the last time, for the sites that moved anything.
    pub(crate) fn take(&self) -> Vec<(String, Amount)> {
        let sites = self.sites();
        let amounts = sites.iter().map(|(address, traffic)| (address.clone(), traffic.take()));
        amounts.filter(|(_, amount)| *amount != Amount::default()).collect()
    }

    fn sites(&self) -> MutexGuard<'_, HashMap<String, Arc<Traffic>>> {
        self.sites.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The device's end of a connection to a site, counted both ways.
pub(crate) struct Metered<S> {
    stream: S,
    sent: Meter,
    received: Meter,
}

impl<S> Metered<S> {
    /// Counts what is read from `stream` as sent to the site, and what is written as received from it.
    pub(crate) fn browser(stream: S, traffic: &Arc<Traffic>) -> Self {
        Self { stream, sent: traffic.meter(Way::Sent), received: traffic.meter(Way::Received) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buf);
        this.sent.count(buf.filled().len() - before);
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(length)) = &written {
            this.received.count(*length);
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn what_passes_a_connection_is_counted_both_ways_and_handed_over_once() {
        let meters = Meters::default();
        let (mut page, device) = tokio::io::duplex(64);
        let mut device = Metered::browser(device, &meters.of("https://wiki.example.com"));
        page.write_all(b"question").await.unwrap();
        device.read_exact(&mut [0; 8]).await.unwrap();
        device.write_all(b"a longer answer").await.unwrap();
        let amount = Amount { sent: 8, received: 15 };
        assert_eq!(meters.take(), [("https://wiki.example.com".to_owned(), amount)]);
        assert_eq!(meters.take(), []);
    }

    #[test]
    fn a_site_keeps_its_counters_when_the_catalogue_is_read_again() {
        let meters = Meters::default();
        meters.of("a").meter(Way::Sent).count(3);
        meters.of("a").meter(Way::Sent).count(4);
        meters.of("b").meter(Way::Received).count(1);
        let mut taken = meters.take();
        taken.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(
            taken,
            [("a".to_owned(), Amount { sent: 7, received: 0 }), ("b".to_owned(), Amount { sent: 0, received: 1 })]
        );
    }
}
