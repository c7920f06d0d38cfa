//! Listens for connections and accepts them.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use rustix::io::Errno;
use tokio::net::{TcpListener, TcpStream};

/// Listens at an address. If all addresses are requested and there is no IPv6, it listens at all IPv4 addresses.
pub(crate) async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let ipv4 = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), address.port());
    let is_missing = |error: &io::Error| {
        let code = error.raw_os_error().map(Errno::from_raw_os_error);
        code == Some(Errno::AFNOSUPPORT) || code == Some(Errno::ADDRNOTAVAIL)
    };
    match TcpListener::bind(address).await {
        Err(error) if address.ip() == Ipv6Addr::UNSPECIFIED && is_missing(&error) => {
            TcpListener::bind(ipv4).await
        }
        bound => bound,
    }
}

/// Accepts the next connection. Returns it with our address and the client's.
pub(crate) async fn accept(listener: &TcpListener) -> (TcpStream, [IpAddr; 2]) {
    loop {
        let accepted = listener.accept().await.and_then(|(stream, client)| {
            stream.set_nodelay(true)?;
            let local = stream.local_addr()?;
            // A socket for both families represents IPv4 addresses as IPv6.
            let ends = [local, client].map(|end| end.ip().to_canonical());
            Ok((stream, ends))
        });
        match accepted {
            Ok(accepted) => return accepted,
            Err(error) => {
                tracing::warn!("accept: {error}");
                // The process may be out of descriptors, some of which will soon be free again.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}
