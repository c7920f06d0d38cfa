//! Memory that requests may hold at a time: reserved before it is used, and used again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use memmap2::MmapMut;

use crate::problem::{Problem, Scarce};

/// Buffers are multiples of this, in bytes, so that one serves the next request of about the same size.
const GRAIN: usize = 64 << 10;

/// Buffers kept for later, in bytes. They never take what requests could have.
const MAX_IDLE: usize = 32 << 20;

/// A budget in bytes, so that memory depends on the limit and not on the load.
///
/// Buffers are mappings of their own: what is let go returns to the system, whatever the allocator thinks of it.
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
    /// The longest unused first.
    idle: VecDeque<MmapMut>,
    idle_size: usize,
}

impl Memory {
    pub(crate) fn new(size: usize) -> Self {
        let state = Mutex::new(State {
            free: size,
            idle: VecDeque::new(),
            idle_size: 0,
        });
        Self(Arc::new(Shared {
            size,
            state,
            held: MeanTime::default(),
        }))
    }

    /// Bytes that requests may hold together.
    pub(crate) fn size(&self) -> usize {
        self.0.size
    }

    /// Bytes that requests hold.
    pub(crate) fn reserved(&self) -> usize {
        self.0.size - self.0.state().free
    }

    /// Takes bytes off the budget until the reservation is dropped.
    pub(crate) fn reserve(&self, size: usize) -> Result<Reservation, Problem> {
        let unused = {
            let mut state = self.0.state();
            state.free = state.free.checked_sub(size).ok_or_else(|| self.busy())?;
            state.excess()
        };
        drop(unused);
        Ok(Reservation {
            size,
            since: Instant::now(),
            memory: Arc::clone(&self.0),
        })
    }

    /// Reserves memory for a body of at most `size` bytes.
    pub(crate) fn buffer(&self, size: usize) -> Result<Buffer, Problem> {
        let reservation = self.reserve(size)?;
        let capacity = size.max(1).next_multiple_of(GRAIN);
        let idle = self.0.state().idle(capacity);
        // The system has no more, though the budget has.
        let map = idle.map_or_else(|| MmapMut::map_anon(capacity), Ok);
        Ok(Buffer {
            map: Some(map.map_err(|_| self.busy())?),
            size: 0,
            reservation,
        })
    }

    fn busy(&self) -> Problem {
        Problem::Busy {
            scarce: Scarce::Memory,
            retry_after: self.0.held.get(),
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A buffer used before: the last one, which caches still hold, of those that fit without waste.
    fn idle(&mut self, capacity: usize) -> Option<MmapMut> {
        let fits = |map: &MmapMut| (capacity..=2 * capacity).contains(&map.len());
        let at = self.idle.iter().rposition(fits)?;
        let map = self.idle.remove(at)?;
        self.idle_size -= map.len();
        Some(map)
    }

    fn keep(&mut self, map: MmapMut) -> Vec<MmapMut> {
        self.idle_size += map.len();
        self.idle.push_back(map);
        self.excess()
    }

    /// Unused buffers for which there is no room. To be dropped without the lock, since that takes a while.
    fn excess(&mut self) -> Vec<MmapMut> {
        let mut excess = Vec::new();
        while self.idle_size > self.free.min(MAX_IDLE)
            && let Some(map) = self.idle.pop_front()
        {
            self.idle_size -= map.len();
            excess.push(map);
        }
        excess
    }
}

/// Bytes that a request may use.
#[derive(Debug)]
pub(crate) struct Reservation {
    size: usize,
    since: Instant,
    memory: Arc<Shared>,
}

impl Reservation {
    /// Gives back what turned out not to be needed.
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

/// A body, and the reservation for it.
#[derive(Debug)]
pub(crate) struct Buffer {
    /// There until this is dropped.
    map: Option<MmapMut>,
    size: usize,
    reservation: Reservation,
}

impl Buffer {
    /// Adds bytes. There must be room for them.
    pub(crate) fn extend(&mut self, bytes: &[u8]) -> Result<(), TooMuch> {
        let end = self.size + bytes.len();
        if end > self.reservation.size {
            return Err(TooMuch);
        }
        if let Some(map) = &mut self.map {
            map[self.size..end].copy_from_slice(bytes);
        }
        self.size = end;
        Ok(())
    }

    /// Ends the body. The memory is given back when the last view of it is dropped.
    pub(crate) fn freeze(mut self) -> Bytes {
        self.reservation.shrink(self.size);
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        self.map.as_ref().map_or(&[], |map| &map[..self.size])
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(map) = self.map.take() {
            let unused = self.reservation.memory.state().keep(map);
            drop(unused);
        }
    }
}

/// More came than was reserved.
#[derive(Debug)]
pub(crate) struct TooMuch;

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

    const MIB: usize = 1 << 20;

    #[test]
    fn what_is_reserved_is_not_there_for_others_until_it_is_dropped() {
        let memory = Memory::new(10);
        let first = memory.reserve(6).unwrap();
        assert!(matches!(memory.reserve(5), Err(Problem::Busy { .. })));
        let _second = memory.reserve(4).unwrap();
        drop(first);
        assert_eq!(memory.reserved(), 4);
        assert!(memory.reserve(usize::MAX).is_err());
    }

    #[test]
    fn a_body_is_held_until_its_last_view_is_dropped() {
        let memory = Memory::new(10);
        let mut buffer = memory.buffer(8).unwrap();
        buffer.extend(b"abc").unwrap();
        assert!(buffer.extend(b"123456").is_err());
        assert_eq!(memory.reserved(), 8);
        let body = buffer.freeze();
        assert_eq!((memory.reserved(), &body[..]), (3, &b"abc"[..]));
        let view = body.slice(1..);
        drop(body);
        assert_eq!((memory.reserved(), &view[..]), (3, &b"bc"[..]));
        drop(view);
        assert_eq!(memory.reserved(), 0);
    }

    #[test]
    fn buffers_are_used_again_and_never_take_what_requests_could_have() {
        let memory = Memory::new(8 * MIB);
        let idle = || memory.0.state().idle_size;
        drop(memory.buffer(4 * MIB).unwrap());
        assert_eq!(idle(), 4 * MIB);
        let again = memory.buffer(3 * MIB).unwrap();
        assert_eq!(idle(), 0);
        drop(again);
        let _larger = memory.reserve(5 * MIB).unwrap();
        assert_eq!(idle(), 0);
    }

    #[test]
    fn few_buffers_are_kept() {
        let memory = Memory::new(1 << 30);
        let buffers: Vec<_> = (0..8).map(|_| memory.buffer(8 * MIB).unwrap()).collect();
        drop(buffers);
        assert!(memory.0.state().idle_size <= MAX_IDLE);
    }
}
