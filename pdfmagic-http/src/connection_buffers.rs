//! The buffers of connections. They are large while there are few, and their total size is limited.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The minimum size of a buffer, in bytes, which is what hyper needs.
const LEAST: usize = 8 << 10;

/// The maximum size of a buffer, in bytes. A typical upload then arrives in one buffer, without copying. Servers other
/// than ours, which may use the [`router`](crate::router), have this size as hyper's default.
pub(crate) const MAX_BUFFER: usize = 408 << 10;

/// The fraction of the remaining memory that the next connection gets is one in this number.
const SHARE: usize = 64;

/// The memory for further connections, in bytes.
#[derive(Debug, Clone)]
pub(crate) struct ConnectionBuffers(Arc<AtomicUsize>);

/// The buffer of a connection.
#[derive(Debug)]
pub(crate) struct Grant {
    /// The size, in bytes.
    pub(crate) size: usize,
    taken: usize,
    left: ConnectionBuffers,
}

impl ConnectionBuffers {
    pub(crate) fn new(size: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(size)))
    }

    /// Grants a share of the remaining memory, until it is dropped.
    pub(crate) fn grant(&self) -> Grant {
        let share = |left: usize| (left / SHARE).clamp(LEAST, MAX_BUFFER);
        let taken = |left: usize| share(left).min(left);
        let update = |left| Some(left - taken(left));
        let (Ok(left) | Err(left)) =
            self.0
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, update);
        Grant {
            size: share(left),
            taken: taken(left),
            left: self.clone(),
        }
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        self.left.0.fetch_add(self.taken, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_get_smaller_with_more_connections() {
        const MIB: usize = 1 << 20;
        let buffers = ConnectionBuffers::new(64 * MIB);
        let grants: Vec<_> = (0..10_000).map(|_| buffers.grant()).collect();
        assert_eq!((grants[0].size, grants[9_999].size), (MAX_BUFFER, LEAST));
        let taken: usize = grants.iter().map(|grant| grant.taken).sum();
        assert!(taken <= 64 * MIB);
        drop(grants);
        assert_eq!(buffers.0.load(Ordering::Relaxed), 64 * MIB);
    }
}
