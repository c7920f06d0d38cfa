//! Whether a connection is answering a request, or waits for one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Counts the beginnings and ends of requests on a connection: odd while one is being answered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Phase(Arc<State>);

#[derive(Debug, Default)]
struct State {
    count: AtomicU32,
    /// Whether all of the body has come.
    is_whole: AtomicBool,
}

/// Tells the timers of a connection, when it is dropped, that a request has ended.
#[derive(Debug)]
pub(crate) struct RequestEnd(Phase);

impl Phase {
    /// A request begins, and ends when the result is dropped.
    pub(crate) fn begin(&self) -> RequestEnd {
        self.0.is_whole.store(false, Ordering::Release);
        self.next();
        RequestEnd(self.clone())
    }

    /// How many requests have begun.
    pub(crate) fn requests(&self) -> u32 {
        self.get().div_ceil(2)
    }

    /// A number that changes when a request begins or ends; odd in between.
    pub(crate) fn get(&self) -> u32 {
        self.0.count.load(Ordering::Acquire)
    }

    /// All of the request has come.
    pub(crate) fn complete(&self) {
        self.0.is_whole.store(true, Ordering::Release);
    }

    /// Whether all of the request has come that is being answered.
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
