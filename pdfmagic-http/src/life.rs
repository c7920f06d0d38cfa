//! From start to end: what /readyz says.

use std::sync::atomic::{AtomicU8, Ordering};

/// Where the service is in its life. Load never changes it: a replica that is not ready gets no share of the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Stage {
    /// Not yet listening.
    Starting,
    /// Taking requests.
    Serving,
    /// Told to stop: goes on serving while balancers turn elsewhere.
    Draining,
}

impl Stage {
    /// One word.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Serving => "serving",
            Self::Draining => "draining",
        }
    }
}

/// The stage, for all who ask.
#[derive(Debug, Default)]
pub(crate) struct Life(AtomicU8);

impl Life {
    pub(crate) fn enter(&self, stage: Stage) {
        self.0.store(stage as u8, Ordering::Relaxed);
    }

    pub(crate) fn stage(&self) -> Stage {
        const STAGES: [Stage; 3] = [Stage::Starting, Stage::Serving, Stage::Draining];
        STAGES[usize::from(self.0.load(Ordering::Relaxed))]
    }
}
