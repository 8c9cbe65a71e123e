//! Ports that are known before anybody listens there, or again after somebody did.

use std::net::SocketAddr;

use tokio::net::TcpSocket;

/// A port of the loopback address that the system gives to nobody by chance. Who asks for it by its number may listen
/// there, as servers do that can be started again at once (`SO_REUSEADDR`); until then connecting is refused.
#[derive(Debug)]
pub(crate) struct Reserved {
    pub(crate) address: SocketAddr,
    _bound: TcpSocket,
}

impl Reserved {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("let others bind its port");
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("bind a port");
        Self { address: socket.local_addr().expect("a bound address"), _bound: socket }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }
}
