//! The client: keeps a number of connections busy, one request at a time on each, and times every request.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use clap::Args;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::task::JoinSet;

use crate::http::Inbox;
use crate::summary::{Sample, Summary};

/// Names the proxy with its credentials, as `http://USER:PASSWORD@HOST:PORT`: not an argument, because
/// arguments are visible to every user of the machine.
pub(crate) const PROXY_VARIABLE: &str = "LATCHGATE_BENCH_PROXY";

/// How long a run may take beyond its time before it counts as stuck.
const GRACE: Duration = Duration::from_secs(60);

/// What uploads are made of.
static CONTENT: [u8; 256 * 1024] = [b'x'; 256 * 1024];

#[derive(Debug, Args)]
pub(crate) struct LoadArgs {
    /// What to request: `http://HOST[:PORT]/PATH`. Through the proxy that LATCHGATE_BENCH_PROXY names, if it is set.
    #[arg(long)]
    url: String,
    /// How many connections to keep busy.
    #[arg(long, default_value_t = 1)]
    connections: usize,
    /// For how long; a request that has begun is finished.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// For how long before that, without counting.
    #[arg(long, default_value_t = 0.3)]
    warm_up: f64,
    /// Posts this many bytes with each request; without it, the requests are GETs.
    #[arg(long)]
    upload: Option<usize>,
}

/// What every connection does.
struct Plan {
    address: String,
    head: String,
    upload: usize,
    /// From when requests count.
    begin: Instant,
    end: Instant,
}

/// Runs the load and sums it up.
pub(crate) async fn run(arguments: &LoadArgs) -> anyhow::Result<Summary> {
    let proxy = std::env::var(PROXY_VARIABLE).ok();
    let (address, head) = request(&arguments.url, proxy.as_deref(), arguments.upload)?;
    ensure!(arguments.connections > 0, "a load needs at least one connection");
    let begin = Instant::now() + Duration::try_from_secs_f64(arguments.warm_up)?;
    let end = begin + Duration::try_from_secs_f64(arguments.seconds)?;
    let plan = std::sync::Arc::new(Plan { address, head, upload: arguments.upload.unwrap_or(0), begin, end });

    let mut workers = JoinSet::new();
    for _ in 0..arguments.connections {
        let plan = plan.clone();
        workers.spawn(async move { keep_busy(&plan).await });
    }
    let limit = end + GRACE;
    let mut samples = Vec::new();
    while let Some(worker) =
        tokio::time::timeout_at(limit.into(), workers.join_next()).await.context("the run is stuck")?
    {
        samples.extend(worker??);
    }
    Summary::of(begin, samples)
}

async fn keep_busy(plan: &Plan) -> anyhow::Result<Vec<Sample>> {
    let stream = TcpStream::connect(&plan.address).await.context("connect")?;
    stream.set_nodelay(true).context("turn Nagle's algorithm off")?;
    let (reader, mut writer) = stream.into_split();
    let mut inbox = Inbox::new(reader);
    let mut samples = Vec::new();
    let mut counted = false;
    loop {
        let begun = Instant::now();
        if begun >= plan.end && counted {
            return Ok(samples);
        }
        let bytes = exchange(plan, &mut inbox, &mut writer).await?;
        samples.push(Sample { begun, ended: Instant::now(), bytes });
        counted = begun >= plan.begin;
    }
}

/// Makes one request and returns how many bytes of content went up or down.
async fn exchange(plan: &Plan, inbox: &mut Inbox<OwnedReadHalf>, writer: &mut OwnedWriteHalf) -> anyhow::Result<u64> {
    writer.write_all(plan.head.as_bytes()).await.context("send a request")?;
    let mut left = plan.upload;
    while left > 0 {
        let piece = left.min(CONTENT.len());
        writer.write_all(&CONTENT[..piece]).await.context("send a body")?;
        left -= piece;
    }
    let (status, body) = inbox.answer().await?;
    let received = inbox.drain(body).await?;
    ensure!(status == 200, "the answer has status {status}");
    Ok(if plan.upload > 0 { plan.upload as u64 } else { received })
}

/// Writes the head of every request, and finds where to connect to.
pub(crate) fn request(url: &str, proxy: Option<&str>, upload: Option<usize>) -> anyhow::Result<(String, String)> {
    let Some((host, path)) = url.strip_prefix("http://").and_then(|rest| rest.split_once('/')) else {
        bail!("expected a URL of the form http://HOST/PATH");
    };
    let method = if upload.is_some() { "POST" } else { "GET" };
    let length = upload.map(|length| format!("Content-Length: {length}\r\n")).unwrap_or_default();
    let Some(proxy) = proxy else {
        return Ok((host.to_owned(), format!("{method} /{path} HTTP/1.1\r\nHost: {host}\r\n{length}\r\n")));
    };
    let Some((credentials, address)) = proxy.strip_prefix("http://").and_then(|rest| rest.split_once('@')) else {
        bail!("expected {PROXY_VARIABLE} to be of the form http://USER:PASSWORD@HOST:PORT");
    };
    let credentials = BASE64_STANDARD.encode(credentials);
    let head =
        format!("{method} {url} HTTP/1.1\r\nHost: {host}\r\nProxy-Authorization: Basic {credentials}\r\n{length}\r\n");
    Ok((address.trim_end_matches('/').to_owned(), head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direct_request_names_the_path_alone() {
        let (address, head) = request("http://127.0.0.1:80/bytes/1", None, None).unwrap();
        assert_eq!(address, "127.0.0.1:80");
        assert_eq!(head, "GET /bytes/1 HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n");
    }

    #[test]
    fn a_request_through_a_proxy_names_the_whole_address_and_the_credentials() {
        let (address, head) = request("http://a.example/sink", Some("http://u:p@127.0.0.1:9/"), Some(3)).unwrap();
        assert_eq!(address, "127.0.0.1:9");
        assert_eq!(
            head,
            "POST http://a.example/sink HTTP/1.1\r\nHost: a.example\r\nProxy-Authorization: Basic dTpw\r\nContent-Length: 3\r\n\r\n"
        );
    }

    #[test]
    fn a_url_without_a_path_is_refused() {
        assert!(request("http://a.example", None, None).is_err());
        assert!(request("https://a.example/", None, None).is_err());
    }
}
