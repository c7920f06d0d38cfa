//! Asks a running service for its state.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(2);

/// Asks `/readyz` at this admin address. Returns whether the service is ready, and the name of its state.
pub(crate) fn ask(mut admin: SocketAddr) -> io::Result<(bool, String)> {
    match admin.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => admin.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => admin.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    let mut stream = TcpStream::connect_timeout(&admin, PATIENCE).or_else(|error| {
        // Without IPv6, the service listens on IPv4.
        let ipv4 = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), admin.port());
        let is_local = admin.ip() == Ipv6Addr::LOCALHOST;
        let other = is_local.then(|| TcpStream::connect_timeout(&ipv4, PATIENCE));
        other.unwrap_or(Err(error))
    })?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "GET /readyz HTTP/1.1\r\nHost: {admin}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let word = answer.lines().last().unwrap_or_default().to_owned();
    Ok((answer.starts_with("HTTP/1.1 200 "), word))
}
