//! Accepts connections.

use std::net::IpAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

/// The next connection, our address and the client's.
pub(crate) async fn accept(listener: &TcpListener) -> (TcpStream, [IpAddr; 2]) {
    loop {
        let accepted = listener.accept().await.and_then(|(stream, client)| {
            stream.set_nodelay(true)?;
            let local = stream.local_addr()?;
            Ok((stream, [local.ip(), client.ip()]))
        });
        match accepted {
            Ok(accepted) => return accepted,
            Err(error) => {
                tracing::warn!("accept: {error}");
                // The process may be out of descriptors, and some are about to be given back.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}
