//! From start to end: what /readyz says.

use std::sync::Arc;

use tokio::sync::watch;

/// Where the service is in its life. Load never changes it: a replica that is not ready gets no share of the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
#[derive(Debug, Clone)]
pub(crate) struct Lifecycle(Arc<watch::Sender<Stage>>);

impl Lifecycle {
    pub(crate) fn enter(&self, stage: Stage) {
        self.0.send_replace(stage);
    }

    pub(crate) fn stage(&self) -> Stage {
        *self.0.borrow()
    }

    /// Waits until the service is told to stop.
    pub(crate) async fn draining(&self) {
        let mut stages = self.0.subscribe();
        // There is a sender as long as there is self.
        let _ = stages.wait_for(|stage| *stage == Stage::Draining).await;
    }
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Stage::Starting)))
    }
}
