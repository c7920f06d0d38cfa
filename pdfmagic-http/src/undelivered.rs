//! Finds data of answers that the system has accepted and clients have not yet acknowledged.
//!
//! When a process ends, the system delivers this data. When a pod ends, its network ends as well.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::sleep;

/// The tables of connections of this process and of others, including closed ones, by IPv4 and by IPv6. They exist only
/// on Linux; on other systems, no undelivered data is known.
const TABLES: [&str; 2] = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];

/// The time between checks.
const PAUSE: Duration = Duration::from_millis(100);

/// Waits until clients have received everything that was sent from `local`.
pub(crate) async fn delivered(local: SocketAddr) {
    // The tables are read twice, since a connection may be missing once.
    while undelivered(local) > 0 || undelivered(local) > 0 {
        sleep(PAUSE).await;
    }
}

/// Returns the number of bytes that were sent from the port of `local` and not acknowledged by clients.
///
/// The system returns its tables page by page. If other connections begin or end meanwhile, a connection may be missing or
/// count twice.
pub(crate) fn undelivered(local: SocketAddr) -> u64 {
    let tables = TABLES
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok());
    tables.map(|table| queued(&table, local.port())).sum()
}

/// Returns the sum of the send queues of connections at a port. The fields of a line include number, local address,
/// remote address, state, send queue and receive queue, all in hexadecimal digits except the first (`proc_pid_net(5)`).
fn queued(table: &str, port: u16) -> u64 {
    let connections = table.lines().skip(1).filter_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        let (_, local) = fields.nth(1)?.rsplit_once(':')?;
        let (queue, _) = fields.nth(2)?.split_once(':')?;
        let is_ours = u16::from_str_radix(local, 16) == Ok(port);
        is_ours.then(|| u64::from_str_radix(queue, 16).ok())?
    });
    // The end of a connection counts as one byte. Nothing is lost with it, and clients that are gone never acknowledge
    // it.
    connections.map(|queue| queue.saturating_sub(1)).sum()
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn unread_bytes_are_undelivered_even_after_the_connection_is_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut client = TcpStream::connect(address).unwrap();
        let (mut connection, _) = listener.accept().unwrap();
        assert_eq!(undelivered(address), 0);
        connection.set_nonblocking(true).unwrap();
        let mut sent = 0;
        while let Ok(count) = connection.write(&[7; 1 << 10]) {
            sent += count;
        }
        drop(connection);
        // The client's system has taken the rest. Other connections of this machine may make this one missing, or count twice.
        let is_part = |bytes| (1..sent as u64).contains(&bytes);
        assert!((0..100).any(|_| is_part(undelivered(address))));
        let mut received = Vec::new();
        client.read_to_end(&mut received).unwrap();
        assert_eq!(received.len(), sent);
        while undelivered(address) > 0 {
            std::thread::yield_now();
        }
    }

    #[test]
    fn other_ports_and_malformed_lines_are_ignored() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue\n\
            0: 0100007F:1F90 0100007F:D4F2 01 0000000B:00000000 00:00000000\n\
            1: 0100007F:1F90 0100007F:D4F4 04 00000001:00000000 00:00000000\n\
            2: 0100007F:D4F2 0100007F:1F90 01 000000FF:00000000 00:00000000\n\
            3: nonsense\n\n";
        assert_eq!(queued(table, 0x1F90), 10);
    }
}
