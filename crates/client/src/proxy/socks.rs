//! SOCKS version 5 (RFC 1928) with user and password (RFC 1929): CONNECT only.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use zeroize::Zeroizing;

use super::Gate;
use crate::catalogue::Site;

const VERSION: u8 = 5;
const USER_PASSWORD: u8 = 2;
const NO_METHOD: u8 = 0xff;
const CONNECT: u8 = 1;

/// The reply codes of RFC 1928, section 6, that are used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Reply {
    Succeeded = 0,
    NotAllowed = 2,
    CommandNotSupported = 7,
    AddressNotSupported = 8,
}

/// Goes through the greeting; returns the site that the connection is for, `None` when it was refused.
pub(super) async fn greet<S>(gate: &Gate, stream: &mut S) -> io::Result<Option<Arc<Site>>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if !offers_password(stream).await? {
        stream.write_all(&[VERSION, NO_METHOD]).await?;
        return Ok(None);
    }
    stream.write_all(&[VERSION, USER_PASSWORD]).await?;
    if !log_in(gate, stream).await? {
        stream.write_all(&[1, 1]).await?;
        return Ok(None);
    }
    stream.write_all(&[1, 0]).await?;
    let [version, command, _reserved, kind] = read_array(stream).await?;
    if version != VERSION {
        return Err(malformed());
    }
    let Some(host) = read_host(stream, kind).await? else {
        reply(stream, Reply::AddressNotSupported).await?;
        return Ok(None);
    };
    let port = u16::from_be_bytes(read_array(stream).await?);
    if command != CONNECT {
        reply(stream, Reply::CommandNotSupported).await?;
        return Ok(None);
    }
    let site = gate.any_site(&host, port);
    reply(stream, if site.is_some() { Reply::Succeeded } else { Reply::NotAllowed }).await?;
    Ok(site)
}

async fn offers_password<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<bool> {
    let [version, count] = read_array(stream).await?;
    if version != VERSION {
        return Err(malformed());
    }
    let mut methods = vec![0; usize::from(count)];
    stream.read_exact(&mut methods).await?;
    Ok(methods.contains(&USER_PASSWORD))
}

async fn log_in<S: AsyncRead + Unpin>(gate: &Gate, stream: &mut S) -> io::Result<bool> {
    let [version] = read_array(stream).await?;
    if version != 1 {
        return Err(malformed());
    }
    let user = read_text(stream).await?;
    let password = read_text(stream).await?;
    Ok(gate.credentials.accept(&user, &password))
}

async fn read_text<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Zeroizing<Vec<u8>>> {
    let [length] = read_array(stream).await?;
    let mut text = Zeroizing::new(vec![0; usize::from(length)]);
    stream.read_exact(&mut text).await?;
    Ok(text)
}

/// Reads an address as the catalogue writes it; `None` for a kind that is not known.
async fn read_host<S: AsyncRead + Unpin>(stream: &mut S, kind: u8) -> io::Result<Option<String>> {
    match kind {
        1 => Ok(Some(Ipv4Addr::from(read_array::<4, S>(stream).await?).to_string())),
        3 => {
            let name = read_text(stream).await?;
            Ok(Some(String::from_utf8(name.to_vec()).unwrap_or_default()))
        }
        4 => Ok(Some(format!("[{}]", Ipv6Addr::from(read_array::<16, S>(stream).await?)))),
        _ => Ok(None),
    }
}

async fn reply<S: AsyncWrite + Unpin>(stream: &mut S, reply: Reply) -> io::Result<()> {
    // The bound address is of no use to anybody: 0.0.0.0:0.
    stream.write_all(&[VERSION, reply as u8, 0, 1, 0, 0, 0, 0, 0, 0]).await
}

async fn read_array<const LENGTH: usize, S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not SOCKS version 5")
}
