//! The stages of the service, which /readyz reports.

use std::sync::Arc;

use tokio::sync::watch;

/// The stage of the service. Load never changes it: a replica that is not ready gets no share of the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Not listening yet.
    Starting,
    /// Accepting requests.
    Serving,
    /// Stopping: still serving, until balancers have switched to other replicas.
    Draining,
}

impl Stage {
    /// The name of the stage, as one word.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Serving => "serving",
            Self::Draining => "draining",
        }
    }
}

/// The shared stage.
#[derive(Debug, Clone)]
pub(crate) struct Lifecycle(Arc<watch::Sender<Stage>>);

impl Lifecycle {
    pub(crate) fn enter(&self, stage: Stage) {
        self.0.send_replace(stage);
    }

    pub(crate) fn stage(&self) -> Stage {
        *self.0.borrow()
    }

    /// Waits until the service is asked to stop.
    pub(crate) async fn draining(&self) {
        let mut stages = self.0.subscribe();
        // This cannot fail, since `self` holds the sender.
        let _ = stages.wait_for(|stage| *stage == Stage::Draining).await;
    }
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Stage::Starting)))
    }
}
