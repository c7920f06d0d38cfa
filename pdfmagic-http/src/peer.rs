//! The two ends of a connection, which requests refer to.

use std::net::IpAddr;

/// The two ends of a connection, as an extension of its requests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    /// Our address.
    pub(crate) local: IpAddr,
    /// The client's address.
    pub(crate) client: IpAddr,
    /// The size of the connection's buffer, in bytes.
    pub(crate) buffer: usize,
}
