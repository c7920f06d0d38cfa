//! Memory that requests may hold at a time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::Problem;

/// A semaphore counts at most 2³² permits at a time, so that each stands for this many bytes.
const GRAIN: usize = 1 << 10;

/// Bytes to be reserved before they are used, so that memory depends on the limit and not on the load.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    free: Arc<Semaphore>,
    held: Arc<MeanTime>,
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(bytes.div_ceil(GRAIN))),
            held: Arc::default(),
        }
    }

    /// Takes bytes off the budget until the reservation is dropped.
    pub(crate) fn reserve(&self, bytes: usize) -> Result<Reservation, Problem> {
        let busy = || Problem::Busy {
            what: "memory",
            retry_after: self.held.get(),
        };
        let grains = u32::try_from(bytes.div_ceil(GRAIN)).map_err(|_| busy())?;
        let permit = Arc::clone(&self.free)
            .try_acquire_many_owned(grains)
            .map_err(|_| busy())?;
        Ok(Reservation {
            _permit: permit,
            since: Instant::now(),
            held: Arc::clone(&self.held),
        })
    }
}

/// Bytes that a request may use.
#[derive(Debug)]
pub(crate) struct Reservation {
    _permit: OwnedSemaphorePermit,
    since: Instant,
    held: Arc<MeanTime>,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.held.add(self.since.elapsed());
    }
}

/// A mean that follows: the last measurement counts for an eighth.
#[derive(Debug, Default)]
pub(crate) struct MeanTime(Mutex<Duration>);

impl MeanTime {
    pub(crate) fn add(&self, time: Duration) {
        let mut mean = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *mean = (*mean * 7 + time) / 8;
    }

    pub(crate) fn get(&self) -> Duration {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reserved_is_not_there_for_others_until_it_is_dropped() {
        let budget = Budget::new(10 << 10);
        let first = budget.reserve(6 << 10).unwrap();
        assert_eq!(budget.free.available_permits(), 4);
        assert!(matches!(
            budget.reserve((4 << 10) + 1),
            Err(Problem::Busy { .. })
        ));
        let _second = budget.reserve(4 << 10).unwrap();
        drop(first);
        assert_eq!(budget.free.available_permits(), 6);
        assert!(budget.reserve(usize::MAX).is_err());
    }
}
