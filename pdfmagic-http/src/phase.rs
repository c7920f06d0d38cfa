//! The phase of a connection: answering a request, or waiting for one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// The number of beginnings and ends of requests on a connection, which is odd while a request is being answered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Phase(Arc<State>);

#[derive(Debug, Default)]
struct State {
    count: AtomicU32,
    /// Whether the whole body has arrived.
    is_whole: AtomicBool,
}

/// Notifies the timers of a connection, when it is dropped, that a request has ended.
#[derive(Debug)]
pub(crate) struct RequestEnd(Phase);

impl Phase {
    /// Begins a request, which ends when the result is dropped.
    pub(crate) fn begin(&self) -> RequestEnd {
        self.0.is_whole.store(false, Ordering::Release);
        self.next();
        RequestEnd(self.clone())
    }

    /// Returns the number of requests that have begun.
    pub(crate) fn requests(&self) -> u32 {
        self.get().div_ceil(2)
    }

    /// Returns a number that changes when a request begins or ends, and is odd in between.
    pub(crate) fn get(&self) -> u32 {
        self.0.count.load(Ordering::Acquire)
    }

    /// Marks the current request as completely received.
    pub(crate) fn complete(&self) {
        self.0.is_whole.store(true, Ordering::Release);
    }

    /// Whether the request being answered was completely received.
    pub(crate) fn is_whole(&self) -> bool {
        self.0.is_whole.load(Ordering::Acquire)
    }

    fn next(&self) {
        self.0.count.fetch_add(1, Ordering::AcqRel);
    }
}

impl Drop for RequestEnd {
    fn drop(&mut self) {
        self.0.next();
    }
}
