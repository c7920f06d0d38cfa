//! The memory that requests may hold at a time. It is reserved before it is used, and reused.

mod body;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use memmap2::MmapMut;

pub(crate) use self::body::Size;
use crate::problem::{Problem, Scarce};

/// A memory budget in bytes, so that memory depends on the limit and not on the load.
///
/// Buffers are separate mappings instead of the allocator's memory, which no budget could limit. Free buffers are
/// reused, as long as no reservation needs their memory; [`trim`](Self::trim) returns unused ones to the system.
#[derive(Debug, Clone)]
pub(crate) struct Memory(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    size: usize,
    state: Mutex<State>,
    held: MeanTime,
}

#[derive(Debug)]
struct State {
    free: usize,
    /// The free buffers, the longest unused first.
    idle: VecDeque<MmapMut>,
    idle_size: usize,
    /// The minimum size of all free buffers since the last trim, which is the size that nobody needed.
    least_idle: usize,
}

impl Memory {
    pub(crate) fn new(size: usize) -> Self {
        let state = Mutex::new(State {
            free: size,
            idle: VecDeque::new(),
            idle_size: 0,
            least_idle: 0,
        });
        Self(Arc::new(Shared {
            size,
            state,
            held: MeanTime::default(),
        }))
    }

    /// The number of bytes that requests may hold together.
    pub(crate) fn size(&self) -> usize {
        self.0.size
    }

    /// The number of bytes that requests hold.
    pub(crate) fn reserved(&self) -> usize {
        self.0.size - self.0.state().free
    }

    /// Takes bytes from the budget until the reservation is dropped.
    pub(crate) fn reserve(&self, size: usize) -> Result<Reservation, Problem> {
        if !self.0.take(size) {
            return Err(self.busy(size));
        }
        tracing::debug!(
            "memory: {size} bytes reserved, {} free",
            self.0.state().free
        );
        Ok(Reservation {
            size,
            since: Instant::now(),
            memory: Arc::clone(&self.0),
        })
    }

    /// Changes the size of a reservation, if the budget allows it.
    pub(crate) fn resize(&self, reservation: &mut Reservation, size: usize) -> Result<(), Problem> {
        if size <= reservation.size {
            reservation.shrink(size);
            return Ok(());
        }
        let more = size - reservation.size;
        let is_there = reservation.grow(more);
        is_there.then_some(()).ok_or_else(|| self.busy(more))
    }

    /// Returns buffers to the system that nobody needed since the last call. This must be called regularly.
    pub(crate) fn trim(&self) {
        let unused = {
            let mut state = self.0.state();
            let rest = state.idle_size - state.least_idle;
            let unused = state.excess(rest);
            state.least_idle = state.idle_size;
            unused
        };
        drop(unused);
    }

    fn busy(&self, size: usize) -> Problem {
        tracing::debug!("memory: {size} bytes refused, {} free", self.0.state().free);
        Problem::Busy {
            scarce: Scarce::Memory,
            retry_after: self.0.held.get(),
        }
    }
}

impl Shared {
    /// Takes bytes from the budget. Returns whether it had enough.
    fn take(&self, size: usize) -> bool {
        let unused = {
            let mut state = self.state();
            let Some(free) = state.free.checked_sub(size) else {
                return false;
            };
            state.free = free;
            state.excess(free)
        };
        drop(unused);
        true
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns a free buffer. The one used last is preferred, since caches still hold it.
    fn idle(&mut self, capacity: usize) -> Option<MmapMut> {
        let at = self.idle.iter().rposition(|map| map.len() == capacity)?;
        let map = self.idle.remove(at)?;
        self.idle_size -= map.len();
        self.least_idle = self.least_idle.min(self.idle_size);
        Some(map)
    }

    fn keep(&mut self, map: MmapMut) -> Vec<MmapMut> {
        self.idle_size += map.len();
        self.idle.push_back(map);
        self.excess(self.free)
    }

    /// Removes free buffers beyond a total size of `room`. They must be dropped without holding the lock, since that
    /// takes a while.
    fn excess(&mut self, room: usize) -> Vec<MmapMut> {
        let mut excess = Vec::new();
        while self.idle_size > room
            && let Some(map) = self.idle.pop_front()
        {
            self.idle_size -= map.len();
            excess.push(map);
        }
        self.least_idle = self.least_idle.min(self.idle_size);
        excess
    }
}

/// Memory that a request may use.
#[derive(Debug)]
pub(crate) struct Reservation {
    size: usize,
    since: Instant,
    memory: Arc<Shared>,
}

impl Reservation {
    /// Takes more bytes. Returns whether the budget had enough.
    fn grow(&mut self, by: usize) -> bool {
        let is_there = self.memory.take(by);
        if is_there {
            self.size += by;
        }
        is_there
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Adds another reservation to this one.
    pub(crate) fn join(&mut self, mut other: Self) {
        self.size += std::mem::take(&mut other.size);
    }

    /// Splits off a part as a separate reservation, if this one is large enough.
    pub(crate) fn split(&mut self, size: usize) -> Option<Self> {
        self.size = self.size.checked_sub(size)?;
        Some(Self {
            size,
            since: self.since,
            memory: Arc::clone(&self.memory),
        })
    }

    /// Returns bytes that turned out not to be needed.
    fn shrink(&mut self, size: usize) {
        self.memory.state().free += self.size - size;
        self.size = size;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.shrink(0);
        self.memory.held.add(self.since.elapsed());
    }
}

/// A moving average, in which the last measurement has a weight of an eighth.
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
    fn reserved_memory_is_unavailable_until_it_is_dropped() {
        let memory = Memory::new(10);
        let first = memory.reserve(6).unwrap();
        assert!(matches!(memory.reserve(5), Err(Problem::Busy { .. })));
        let _second = memory.reserve(4).unwrap();
        drop(first);
        assert_eq!(memory.reserved(), 4);
        assert!(memory.reserve(usize::MAX).is_err());
    }

    #[test]
    fn retry_after_follows_from_how_long_memory_is_held() {
        let memory = Memory::new(10);
        let all = memory.reserve(10).unwrap();
        memory.0.held.add(Duration::from_secs(16));
        let Err(Problem::Busy { retry_after, .. }) = memory.reserve(1) else {
            panic!("there is none");
        };
        assert_eq!(retry_after, Duration::from_secs(2));
        drop(all);
        assert!(memory.0.held.get() < Duration::from_secs(2));
    }
}
