//! Where a server listens, and when it is told to stop.

use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{SignalKind, signal};

/// How many connections wait to be accepted; the system may allow fewer (`somaxconn`). When a
/// thousand clients connect at once, those beyond it are ignored and try again after a second.
const BACKLOG: u32 = 4096;

/// The address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
pub struct CannotListen {
    address: String,
    #[source]
    source: std::io::Error,
}

/// Listens on an address.
pub async fn listen(address: &str) -> Result<TcpListener, CannotListen> {
    bind(address).await.map_err(|source| CannotListen { address: address.to_owned(), source })
}

async fn bind(address: &str) -> std::io::Result<TcpListener> {
    let mut refused = std::io::Error::other("the name has no address");
    for address in tokio::net::lookup_host(address).await? {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // A server that starts again need not wait until the old connections are forgotten.
        socket.set_reuseaddr(true)?;
        match socket.bind(address).and_then(|()| socket.listen(BACKLOG)) {
            Ok(listener) => return Ok(listener),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

/// Waits for SIGTERM or SIGINT. Neither is lost once this has been called.
pub fn told_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
