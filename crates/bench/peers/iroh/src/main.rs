//! iroh, relay only, as a chain of `cargo xtask bench`: a relay, the company's end and the device's end.
//! Each TCP connection at the device is one QUIC stream; every packet passes through the relay.
//!
//! ```text
//! bench-iroh relay                       prints RELAY http://HOST:PORT
//! bench-iroh company RELAY UPSTREAM      prints ID of the endpoint
//! bench-iroh device RELAY ID             prints LISTENING HOST:PORT
//! ```

use std::net::Ipv4Addr;

use anyhow::{Context as _, bail};
use iroh::endpoint::{Connection, RecvStream, SendStream, presets};
use iroh::{Endpoint, EndpointAddr, RelayMode, RelayUrl, TransportAddr};
use iroh_relay::server::{RelayConfig, Server, ServerConfig};
use tokio::net::{TcpListener, TcpStream};

const ALPN: &[u8] = b"bench/1";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["relay"] => relay().await,
        ["company", relay, upstream] => company(relay.parse()?, upstream).await,
        ["device", relay, id] => device(relay.parse()?, id).await,
        _ => bail!("expected relay | company RELAY UPSTREAM | device RELAY ID"),
    }
}

async fn relay() -> anyhow::Result<()> {
    let mut config = ServerConfig::default();
    config.relay = Some(RelayConfig::new((Ipv4Addr::LOCALHOST, 0)));
    let server = Server::spawn(config).await.context("start the relay")?;
    println!("RELAY http://{}", server.http_addr().context("the relay does not listen")?);
    std::future::pending().await
}

async fn bind(relay: RelayUrl) -> anyhow::Result<Endpoint> {
    let builder = Endpoint::builder(presets::Minimal).relay_mode(RelayMode::custom([relay]));
    let endpoint = builder.clear_ip_transports().alpns(vec![ALPN.to_vec()]).bind().await.context("bind")?;
    endpoint.online().await;
    Ok(endpoint)
}

async fn company(relay: RelayUrl, upstream: &str) -> anyhow::Result<()> {
    let endpoint = bind(relay).await?;
    println!("ID {}", endpoint.id());
    while let Some(incoming) = endpoint.accept().await {
        let connection = incoming.await.context("accept a connection")?;
        tokio::spawn(answer(connection, upstream.to_owned()));
    }
    Ok(())
}

async fn answer(connection: Connection, upstream: String) -> anyhow::Result<()> {
    loop {
        let (send, receive) = connection.accept_bi().await?;
        let upstream = upstream.clone();
        tokio::spawn(async move { join(TcpStream::connect(upstream).await?, send, receive).await });
    }
}

async fn device(relay: RelayUrl, id: &str) -> anyhow::Result<()> {
    let endpoint = bind(relay.clone()).await?;
    let company = EndpointAddr::from_parts(id.parse()?, [TransportAddr::Relay(relay)]);
    let connection = endpoint.connect(company, ALPN).await.context("connect to the company")?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("LISTENING {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        let (send, receive) = connection.open_bi().await?;
        tokio::spawn(join(stream, send, receive));
    }
}

async fn join(mut tcp: TcpStream, send: SendStream, receive: RecvStream) -> anyhow::Result<()> {
    tcp.set_nodelay(true)?;
    let mut quic = tokio::io::join(receive, send);
    tokio::io::copy_bidirectional(&mut tcp, &mut quic).await?;
    Ok(())
}
