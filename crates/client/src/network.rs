//! The way to the gateway as this crate uses it, with a seam for tests, and what its errors mean for people.

use std::io;
use std::sync::{Mutex, PoisonError};

use futures_util::future::BoxFuture;
use latchgate_link::control::Controls;
use latchgate_link::device::{DeviceAccount, DeviceLink};
use latchgate_link::dial::{DialConfig, DialError, Dialer, TlsRoots};
use latchgate_link::rest::{LeavingAccount, Rest, RestError};
use latchgate_link::{LinkError, Refusal};
use latchgate_protocol::problem::code;
use latchgate_protocol::rest::{ClaimDevice, ConfirmWipe, DeviceClaimed, OrderWipe};
use latchgate_protocol::{GatewayOrigin, ResumeTicket};
use latchgate_tunnel::CloseReason;
use latchgate_tunnel::pairing::{InitiatorParams, Paired};
use latchgate_tunnel::session::SessionParams;
use rustls::CertificateError;
use tokio::io::{AsyncRead, AsyncWrite};
use url::Url;

use crate::failure::Fault;

/// An ordered byte stream to the connector.
pub(crate) trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for S {}

pub(crate) type BoxStream = Box<dyn ByteStream>;

/// An open session.
pub(crate) struct Opened {
    /// To the connector.
    pub(crate) stream: BoxStream,
    /// For replacing the key.
    pub(crate) controls: Controls,
}

/// Sends FIN; the stream is open then.
pub(crate) type Confirm = Box<dyn FnOnce() -> BoxFuture<'static, Result<Opened, LinkError>> + Send>;

/// Reaches gateways.
pub(crate) trait Network: Send + Sync + 'static {
    /// Trades a setup key for credentials.
    fn claim<'a>(
        &'a self,
        gateway: &'a GatewayOrigin,
        request: ClaimDevice,
    ) -> BoxFuture<'a, Result<DeviceClaimed, RestError>>;

    /// Logs in and subscribes.
    fn connect<'a>(
        &'a self,
        gateway: &'a GatewayOrigin,
        account: DeviceAccount,
    ) -> BoxFuture<'a, Result<Box<dyn Link>, LinkError>>;

    /// Fetches the order that waits at the gateway for a device that is not let in.
    fn wipe_order<'a>(
        &'a self,
        gateway: &'a GatewayOrigin,
        account: &'a LeavingAccount,
    ) -> BoxFuture<'a, Result<Option<OrderWipe>, RestError>>;

    /// Answers the order. False when none waits, or not yet.
    fn confirm_wipe<'a>(
        &'a self,
        gateway: &'a GatewayOrigin,
        account: &'a LeavingAccount,
        answer: &'a ConfirmWipe,
    ) -> BoxFuture<'a, Result<bool, RestError>>;
}

/// One connection to a gateway.
pub(crate) trait Link: Send + Sync {
    /// Returns the ticket that this login gave.
    fn ticket(&self) -> Option<ResumeTicket>;
    /// Waits until the connection has ended and says why.
    fn closed(&self) -> BoxFuture<'_, LinkError>;
    /// Waits until the connector says, sealed, that the pairing is over.
    fn farewell(&self) -> BoxFuture<'_, CloseReason>;
    /// Waits until the connector is there.
    fn connector_present(&self) -> BoxFuture<'_, Result<(), LinkError>>;
    /// Exchanges P1 and P2.
    fn pair<'a>(&'a self, params: InitiatorParams<'a>) -> BoxFuture<'a, Result<Paired, LinkError>>;
    /// Exchanges S1 and S2.
    fn open_session<'a>(&'a self, params: SessionParams<'a>) -> BoxFuture<'a, Result<Confirm, LinkError>>;
}

/// Reaches gateways over the real network.
pub(crate) struct Internet {
    roots: TlsRoots,
    /// Kept, so that the system's roots are read once and TLS sessions are resumed.
    dialer: Mutex<Option<Dialer>>,
}

impl Internet {
    pub(crate) const fn new(roots: TlsRoots) -> Self {
        Self { roots, dialer: Mutex::new(None) }
    }

    fn dialer(&self, gateway: &GatewayOrigin) -> Result<Dialer, DialError> {
        let mut kept = self.dialer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(dialer) = kept.as_ref().filter(|dialer| dialer.gateway() == gateway) {
            return Ok(dialer.clone());
        }
        let proxy = system_proxy(gateway, |name| std::env::var(name).ok());
        let dialer = Dialer::new(DialConfig { gateway: gateway.clone(), roots: self.roots.clone(), proxy })?;
        Ok(kept.insert(dialer).clone())
    }
}

impl Network for Internet {
    fn claim<'a>(
        &'a self,
        gateway: &'a GatewayOrigin,
        request: ClaimDevice,
    ) -> BoxFuture<'a, Result<DeviceClaimed, RestError>> {
        Box::pin(async move { Rest::new(self.dialer(gateway)?).claim(&request).await })
    }

    fn connect<'a>(
        &'a self,
        gateway: &'a GatewayOrigin,
        account: DeviceAccount,
    ) -> BoxFuture<'a, Result<Box<dyn Link>, LinkError>> {
        Box::pin(async move {
            let link = DeviceLink::connect(&self.dialer(gateway)?, &account).await?;
            Ok(Box::new(link) as Box<dyn Link>)
        })
    }

    fn wipe_order<'a>(
        &'a self,
        gateway: &'a GatewayOrigin,
        account: &'a LeavingAccount,
    ) -> BoxFuture<'a, Result<Option<OrderWipe>, RestError>> {
        Box::pin(async move { Rest::new(self.dialer(gateway)?).wipe_order(account).await })
    }

    fn confirm_wipe<'a>(
        &'a self,
        gateway: &'a GatewayOrigin,
        account: &'a LeavingAccount,
        answer: &'a ConfirmWipe,
    ) -> BoxFuture<'a, Result<bool, RestError>> {
        Box::pin(async move { Rest::new(self.dialer(gateway)?).confirm_wipe(account, answer).await })
    }
}

impl Link for DeviceLink {
    fn ticket(&self) -> Option<ResumeTicket> {
        Self::ticket(self)
    }

    fn closed(&self) -> BoxFuture<'_, LinkError> {
        Box::pin(Self::closed(self))
    }

    fn farewell(&self) -> BoxFuture<'_, CloseReason> {
        Box::pin(Self::farewell(self))
    }

    fn connector_present(&self) -> BoxFuture<'_, Result<(), LinkError>> {
        Box::pin(Self::connector_present(self))
    }

    fn pair<'a>(&'a self, params: InitiatorParams<'a>) -> BoxFuture<'a, Result<Paired, LinkError>> {
        Box::pin(Self::pair(self, params))
    }

    fn open_session<'a>(&'a self, params: SessionParams<'a>) -> BoxFuture<'a, Result<Confirm, LinkError>> {
        Box::pin(async move {
            let pending = Self::open_session(self, params).await?;
            let confirm: Confirm = Box::new(move || {
                Box::pin(async move {
                    let mut stream = pending.confirm().await?;
                    let controls = stream.take_controls();
                    Ok(Opened { stream: Box::new(stream), controls })
                })
            });
            Ok(confirm)
        })
    }
}

/// Returns the proxy that the environment names for `gateway` (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`).
fn system_proxy(gateway: &GatewayOrigin, variable: impl Fn(&str) -> Option<String>) -> Option<Url> {
    let host = gateway.host();
    let is_local = host == "localhost" || host.starts_with("127.") || host == "[::1]";
    let either =
        |upper: &str| variable(upper).or_else(|| variable(&upper.to_lowercase())).filter(|text| !text.is_empty());
    let excepted = either("NO_PROXY").is_some_and(|list| list.split(',').any(|entry| covers(entry.trim(), host)));
    if is_local || excepted {
        return None;
    }
    let url = Url::parse(&either("HTTPS_PROXY").or_else(|| either("ALL_PROXY"))?).ok()?;
    (url.scheme() == "http").then_some(url)
}

fn covers(entry: &str, host: &str) -> bool {
    let domain = entry.trim_start_matches('.');
    !domain.is_empty()
        && (entry == "*" || host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
}

impl From<&RestError> for Fault {
    fn from(error: &RestError) -> Self {
        match error {
            RestError::Dial(error) => error.into(),
            RestError::Problem(problem) => match problem.code.as_str() {
                code::CODE_USED => Self::CodeUsed,
                code::CODE_GONE => Self::CodeGone,
                code::SLOW_DOWN | code::UNAVAILABLE => Self::GatewayBusy,
                _ if problem.status >= 500 => Self::GatewayDown,
                _ => Self::GatewayIncompatible,
            },
            RestError::NotAGateway(status) => not_a_gateway(*status),
            RestError::Broken(_) | RestError::Timeout => Self::GatewayDown,
        }
    }
}

impl From<&LinkError> for Fault {
    fn from(error: &LinkError) -> Self {
        match error {
            LinkError::Dial(error) => error.into(),
            LinkError::Refused(refusal) | LinkError::Lost(refusal) => (*refusal).into(),
            LinkError::Misbehaved(_) => Self::GatewayIncompatible,
            LinkError::ConnectorAbsent => Self::ConnectorOffline,
            LinkError::KeyUnknown | LinkError::Session(_) => Self::KeyUnknown,
            LinkError::CodeUnknown => Self::CodeRefused,
            LinkError::Timeout(_) => Self::ConnectorSilent,
            LinkError::Pairing(_) => Self::PairingRefused,
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::BadCredentials | Refusal::NotAuthorized => Self::Revoked,
            Refusal::TakenOver => Self::TakenOver,
            Refusal::Stopping | Refusal::Busy => Self::GatewayBusy,
            Refusal::Closed | Refusal::Silent => Self::GatewayDown,
            Refusal::Other(_) => Self::GatewayIncompatible,
        }
    }
}

impl From<&DialError> for Fault {
    fn from(error: &DialError) -> Self {
        match error {
            DialError::Roots(_) => Self::RootsUnreadable,
            DialError::Lookup { source, .. } if source.to_string().contains("emporary failure") => Self::NoNetwork,
            DialError::Lookup { .. } => Self::Dns,
            DialError::Connect { source, .. } => unreachable_network(source),
            DialError::ProxyPassword => Self::ProxyAuth,
            DialError::Proxy(_) | DialError::Timeout => Self::GatewayDown,
            DialError::Tls { source, .. } => tls(source),
            DialError::NotAGateway(status) => not_a_gateway(*status),
            DialError::NotSpoken(_) => Self::GatewayIncompatible,
        }
    }
}

/// The error kinds are open-ended, so whatever does not tell of the own network is the gateway's.
fn unreachable_network(error: &io::Error) -> Fault {
    let own = [io::ErrorKind::NetworkUnreachable, io::ErrorKind::NetworkDown, io::ErrorKind::HostUnreachable];
    if own.contains(&error.kind()) { Fault::NoNetwork } else { Fault::GatewayDown }
}

fn tls(error: &io::Error) -> Fault {
    let inner = error.get_ref().and_then(|inner| {
        let inner: &(dyn std::error::Error + 'static) = inner;
        inner.downcast_ref::<rustls::Error>().or_else(|| inner.source()?.downcast_ref())
    });
    match inner {
        Some(rustls::Error::InvalidCertificate(reason)) if tells_of_the_date(reason) => Fault::CertificateDate,
        Some(rustls::Error::InvalidCertificate(_)) => Fault::TlsIntercepted,
        Some(rustls::Error::InvalidMessage(_)) => Fault::CaptivePortal,
        Some(_) => Fault::GatewayIncompatible,
        None => unreachable_network(error),
    }
}

fn tells_of_the_date(reason: &CertificateError) -> bool {
    matches!(
        reason,
        CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. }
    )
}

fn not_a_gateway(status: u16) -> Fault {
    match status {
        407 => Fault::ProxyAuth,
        200..400 | 511 => Fault::CaptivePortal,
        500.. => Fault::GatewayDown,
        _ => Fault::GatewayIncompatible,
    }
}

#[cfg(test)]
mod tests {
    use latchgate_protocol::origin::PlainHttp;
    use latchgate_protocol::problem::Problem;

    use super::*;

    fn gateway(text: &str) -> GatewayOrigin {
        GatewayOrigin::parse(text, PlainHttp::Allowed).unwrap()
    }

    #[test]
    fn ab_43_a_code_that_somebody_else_used_is_said_so() {
        let problem = Problem { status: 409, code: code::CODE_USED.into(), title: String::new(), detail: None };
        assert_eq!(Fault::from(&RestError::Problem(problem)), Fault::CodeUsed);
    }

    #[test]
    fn ab_90_a_captive_portal_and_a_proxy_that_asks_are_told_apart() {
        assert_eq!(Fault::from(&DialError::NotAGateway(200)), Fault::CaptivePortal);
        assert_eq!(Fault::from(&DialError::NotAGateway(302)), Fault::CaptivePortal);
        assert_eq!(Fault::from(&DialError::NotAGateway(404)), Fault::GatewayIncompatible);
        assert_eq!(Fault::from(&DialError::ProxyPassword), Fault::ProxyAuth);
        assert_eq!(Fault::from(&DialError::NotSpoken("wrong accept key".into())), Fault::GatewayIncompatible);
    }

    #[test]
    fn ab_88_a_foreign_certificate_is_an_interception_and_a_wrong_date_is_a_date() {
        let refused = |reason| {
            let source = io::Error::new(io::ErrorKind::InvalidData, rustls::Error::InvalidCertificate(reason));
            Fault::from(&DialError::Tls { host: "g".into(), source })
        };
        assert_eq!(refused(CertificateError::UnknownIssuer), Fault::TlsIntercepted);
        assert_eq!(refused(CertificateError::NotValidForName), Fault::TlsIntercepted);
        assert_eq!(refused(CertificateError::Expired), Fault::CertificateDate);
    }

    #[test]
    fn a_missing_network_is_told_from_a_missing_gateway() {
        let connect = |kind| DialError::Connect { host: "g".into(), port: 443, source: io::Error::from(kind) };
        assert_eq!(Fault::from(&connect(io::ErrorKind::NetworkUnreachable)), Fault::NoNetwork);
        assert_eq!(Fault::from(&connect(io::ErrorKind::ConnectionRefused)), Fault::GatewayDown);
        let lookup = |text: &str| DialError::Lookup { host: "g".into(), source: io::Error::other(text.to_owned()) };
        assert_eq!(Fault::from(&lookup("Name or service not known")), Fault::Dns);
        assert_eq!(Fault::from(&lookup("Temporary failure in name resolution")), Fault::NoNetwork);
    }

    #[test]
    fn the_environments_proxy_is_used_except_where_it_says_otherwise() {
        let environment = |name: &str| match name {
            "https_proxy" => Some("http://proxy.example:3128".to_owned()),
            "NO_PROXY" => Some("internal.example, .corp".to_owned()),
            _ => None,
        };
        assert!(system_proxy(&gateway("https://gateway.example.com"), environment).is_some());
        for direct in ["https://internal.example", "https://a.corp", "http://127.0.0.1:1", "http://localhost:1"] {
            assert_eq!(system_proxy(&gateway(direct), environment), None, "{direct}");
        }
        assert!(system_proxy(&gateway("https://notinternal.example"), environment).is_some());
    }
}
