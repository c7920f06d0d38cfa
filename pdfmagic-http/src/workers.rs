//! Threads for work that uses the processor, and the queue before them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pdfmagic_core::CancelFlag;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::memory::MeanTime;
use crate::problem::{Problem, Scarce};

/// A pool of workers. As many jobs run at a time as there are workers; some wait for a while, and others are rejected.
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

    /// Waits for a worker. A client that hangs up meanwhile loses its place.
    pub(crate) async fn wait(&self) -> Result<Worker, Problem> {
        let busy = |scarce| Problem::Busy {
            scarce,
            retry_after: self.turn(),
        };
        let asked = Instant::now();
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| busy(Scarce::Places))?;
        let idle = Arc::clone(&self.idle).acquire_owned();
        let idle = timeout(self.patience, idle)
            .await
            .map_err(|_| busy(Scarce::Time))?
            .expect("the semaphore is never closed");
        drop(place);
        Ok(Worker {
            idle,
            waited: asked.elapsed(),
            took: Arc::clone(&self.took),
        })
    }

    /// The number of waiting jobs.
    pub(crate) fn queued(&self) -> usize {
        self.queue - self.places.available_permits()
    }

    /// Returns the time that a full queue takes.
    fn turn(&self) -> Duration {
        let jobs = self.queued() + self.count;
        self.took.get() * u32::try_from(jobs.div_ceil(self.count)).unwrap_or(u32::MAX)
    }
}

/// A place for one job on a thread.
#[derive(Debug)]
pub(crate) struct Worker {
    idle: OwnedSemaphorePermit,
    /// The time that the job waited for it.
    pub(crate) waited: Duration,
    took: Arc<MeanTime>,
}

impl Worker {
    /// Runs a job. The flag that it gets is set when nobody waits for the job any more, which happens after `patience`
    /// at the latest.
    pub(crate) async fn run<T: Send + 'static>(
        self,
        patience: Duration,
        job: impl FnOnce(CancelFlag) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let Self { idle, took, .. } = self;
        let waiting = Waiting(CancelFlag::default());
        let flag = waiting.0.clone();
        let job = tokio::task::spawn_blocking(move || {
            let began = Instant::now();
            let done = job(flag);
            took.add(began.elapsed());
            drop(idle);
            done
        });
        let done = timeout(patience, job).await;
        drop(waiting);
        done.map_err(|_| Problem::Overdue { patience })?
            .map_err(|_| Problem::Bug)
    }
}

/// A caller that waits for a job. Dropping it cancels the job.
#[derive(Debug)]
struct Waiting(CancelFlag);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.set();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    #[tokio::test]
    async fn a_panic_is_reported_as_a_bug_and_frees_the_worker() {
        let workers = Workers::new(1, 1, LONG);
        let worker = workers.wait().await.unwrap();
        let panicked = worker.run(LONG, |_| panic!("as it should")).await;
        assert!(matches!(panicked, Err(Problem::Bug)));
        let worker = workers.wait().await.unwrap();
        assert_eq!(worker.run(LONG, |_| 7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn overdue_and_abandoned_jobs_are_canceled() {
        let workers = Workers::new(1, 1, LONG);
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        let endless = move |flag: CancelFlag| {
            tell.send("begun").unwrap();
            while !flag.is_set() {
                std::thread::sleep(Duration::from_millis(1));
            }
            tell.send("stopped").unwrap();
        };
        let worker = workers.wait().await.unwrap();
        let overdue = worker.run(Duration::from_millis(50), endless.clone()).await;
        assert!(matches!(overdue, Err(Problem::Overdue { .. })));
        assert_eq!(told.recv().await, Some("begun"));
        assert_eq!(told.recv().await, Some("stopped"));
        let worker = workers.wait().await.unwrap();
        let waiting = tokio::spawn(worker.run(LONG, endless));
        assert_eq!(told.recv().await, Some("begun"));
        waiting.abort();
        assert_eq!(told.recv().await, Some("stopped"));
        drop(workers.wait().await.unwrap());
    }

    #[tokio::test]
    async fn jobs_beyond_the_workers_and_the_queue_are_rejected() {
        let workers = Workers::new(1, 1, LONG);
        let worker = workers.wait().await.unwrap();
        let waiting = tokio::spawn({
            let workers = workers.clone();
            async move { workers.wait().await }
        });
        while workers.queued() == 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(workers.wait().await, Err(Problem::Busy { .. })));
        worker.run(LONG, |_| ()).await.unwrap();
        assert!(waiting.await.unwrap().is_ok());
        assert_eq!(workers.queued(), 0);
    }

    #[tokio::test]
    async fn retry_after_is_estimated_from_the_queue() {
        let workers = Workers::new(2, 3, LONG);
        assert_eq!(workers.turn(), Duration::ZERO);
        // The first measurement has a weight of an eighth.
        workers.took.add(Duration::from_secs(8));
        assert_eq!(workers.turn(), Duration::from_secs(1));
        let _places = workers.places.try_acquire_many(3).unwrap();
        // There are five jobs for two workers.
        assert_eq!(workers.turn(), Duration::from_secs(3));
    }

    #[tokio::test]
    async fn a_job_that_waits_too_long_is_rejected() {
        let workers = Workers::new(1, 1, Duration::from_millis(1));
        let taken = workers.wait().await.unwrap();
        assert!(matches!(workers.wait().await, Err(Problem::Busy { .. })));
        drop(taken);
        assert!(workers.wait().await.is_ok());
    }
}
