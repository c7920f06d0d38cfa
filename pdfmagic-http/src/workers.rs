//! Threads for work that takes the processor, and the queue before them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use crate::memory::MeanTime;
use crate::problem::{Problem, Scarce};

/// As many jobs as there are workers run at a time, some wait for a while, and the rest are turned away.
#[derive(Debug, Clone)]
pub(crate) struct Workers {
    idle: Arc<Semaphore>,
    places: Arc<Semaphore>,
    count: usize,
    queue: usize,
    patience: Duration,
    took: Arc<MeanTime>,
}

impl Workers {
    pub(crate) fn new(count: usize, queue: usize, patience: Duration) -> Self {
        Self {
            idle: Arc::new(Semaphore::new(count)),
            places: Arc::new(Semaphore::new(queue)),
            count,
            queue,
            patience,
            took: Arc::default(),
        }
    }

    /// Runs a job, and says how long it waited. A client that hangs up while it waits gives up its place.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<(T, Duration), Problem> {
        let busy = |scarce| Problem::Busy {
            scarce,
            retry_after: self.wait(),
        };
        let asked = Instant::now();
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| busy(Scarce::Places))?;
        let idle = Arc::clone(&self.idle).acquire_owned();
        let worker = tokio::time::timeout(self.patience, idle)
            .await
            .map_err(|_| busy(Scarce::Time))?
            .expect("the semaphore is never closed");
        drop(place);
        let started = Instant::now();
        let done = tokio::task::spawn_blocking(move || {
            let done = job();
            drop(worker);
            done
        });
        let done = done.await.map_err(|_| Problem::Bug)?;
        self.took.add(started.elapsed());
        Ok((done, started - asked))
    }

    /// How many jobs wait.
    pub(crate) fn queued(&self) -> usize {
        self.queue - self.places.available_permits()
    }

    /// How long a full queue takes.
    fn wait(&self) -> Duration {
        let jobs = self.queued() + self.count;
        self.took.get() * u32::try_from(jobs.div_ceil(self.count)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_job_that_panics_is_a_bug_and_gives_its_worker_back() {
        let workers = Workers::new(1, 1, Duration::from_secs(10));
        let panicked = workers.run(|| panic!("as it should")).await;
        assert!(matches!(panicked, Err(Problem::Bug)));
        assert_eq!(workers.run(|| 7).await.unwrap().0, 7);
    }

    #[tokio::test]
    async fn more_jobs_than_workers_and_places_are_turned_away() {
        let workers = Workers::new(1, 1, Duration::from_secs(10));
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let running = tokio::spawn({
            let workers = workers.clone();
            async move { workers.run(move || wait.recv()).await }
        });
        while workers.idle.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let waiting = tokio::spawn({
            let workers = workers.clone();
            async move { workers.run(|| ()).await }
        });
        while workers.queued() == 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(
            workers.run(|| ()).await,
            Err(Problem::Busy { .. })
        ));
        release.send(()).unwrap();
        assert!(running.await.unwrap().is_ok() && waiting.await.unwrap().is_ok());
        assert_eq!(workers.queued(), 0);
    }

    #[tokio::test]
    async fn a_job_that_waits_too_long_is_turned_away() {
        let workers = Workers::new(1, 1, Duration::from_millis(1));
        let taken = Arc::clone(&workers.idle).acquire_owned().await.unwrap();
        assert!(matches!(
            workers.run(|| ()).await,
            Err(Problem::Busy { .. })
        ));
        drop(taken);
        assert!(workers.run(|| ()).await.is_ok());
    }
}
