//! Memory that requests may hold at a time: reserved before it is used, and used again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use memmap2::MmapMut;

use crate::problem::{Problem, Scarce};

/// Buffers are multiples of this, in bytes, so that one serves the next request of about the same size.
const GRAIN: usize = 64 << 10;

/// A budget in bytes, so that memory depends on the limit and not on the load.
///
/// Buffers are mappings of their own, and not the allocator's, whose habits no budget could bound. Those that are free are
/// used again, as far as no reservation wants their room; [`trim`](Self::trim) gives the others back to the system.
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
    /// The least that was idle since the last trim: what nobody needed.
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
        if !self.0.take(size) {
            return Err(self.busy());
        }
        Ok(Reservation {
            size,
            since: Instant::now(),
            memory: Arc::clone(&self.0),
        })
    }

    /// Makes a reservation larger or smaller, if there is as much.
    pub(crate) fn resize(&self, reservation: &mut Reservation, size: usize) -> Result<(), Problem> {
        if size <= reservation.size {
            reservation.shrink(size);
            return Ok(());
        }
        let is_there = reservation.grow(size - reservation.size);
        is_there.then_some(()).ok_or_else(|| self.busy())
    }

    /// Reserves memory for a body of the size that it states, or of any size up to that, in bytes.
    pub(crate) fn buffer(&self, size: Size) -> Result<Buffer, Problem> {
        Ok(Buffer {
            content: Content::Nothing,
            size,
            reservation: self.reserve(size.max())?,
            memory: self.clone(),
        })
    }

    /// Returns to the system what has been idle since the last time. To be called now and then.
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

    fn busy(&self) -> Problem {
        Problem::Busy {
            scarce: Scarce::Memory,
            retry_after: self.0.held.get(),
        }
    }
}

impl Shared {
    /// Takes bytes off the budget, if there are so many.
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
    /// A buffer used before: the last one, which caches still hold.
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

    /// Idle buffers beyond `room`. To be dropped without the lock, since that takes a while.
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

/// Bytes that a request may use.
#[derive(Debug)]
pub(crate) struct Reservation {
    size: usize,
    since: Instant,
    memory: Arc<Shared>,
}

impl Reservation {
    /// Takes more, if there is more.
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

    /// Adds another to it.
    pub(crate) fn join(&mut self, mut other: Self) {
        self.size += std::mem::take(&mut other.size);
    }

    /// A part of it as a reservation of its own, if it is as large.
    pub(crate) fn split(&mut self, size: usize) -> Option<Self> {
        self.size = self.size.checked_sub(size)?;
        Some(Self {
            size,
            since: self.since,
            memory: Arc::clone(&self.memory),
        })
    }

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

/// Size of a body, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Size {
    Stated(usize),
    AtMost(usize),
}

impl Size {
    fn max(self) -> usize {
        let (Self::Stated(max) | Self::AtMost(max)) = self;
        max
    }
}

/// A body in the making, and the reservation for it.
#[derive(Debug)]
pub(crate) struct Buffer {
    content: Content,
    size: Size,
    reservation: Reservation,
    memory: Memory,
}

/// What has come of a body.
#[derive(Debug)]
enum Content {
    Nothing,
    /// All of it, as a view of the connection's buffer.
    Whole(Bytes),
    /// So many bytes at the beginning of a mapping.
    Copied(MmapMut, usize),
}

impl Buffer {
    /// Adds bytes, which are a view of at most `pinned` bytes. They are not copied if they are all of the body, and if
    /// there is memory for what they keep alive.
    pub(crate) fn add(&mut self, bytes: Bytes, pinned: usize) -> Result<(), Problem> {
        let came = self.as_ref().len();
        let max = self.size.max();
        if bytes.len() > max - came {
            return Err(Problem::TooLarge { max });
        }
        // Less is copied sooner than accounted for.
        let is_whole = came == 0 && bytes.len() == max && bytes.len() >= GRAIN;
        if is_whole && self.reservation.grow(pinned.saturating_sub(bytes.len())) {
            self.content = Content::Whole(bytes);
            return Ok(());
        }
        if let Content::Nothing = self.content {
            self.content = Content::Copied(self.map()?, 0);
        }
        if let Content::Copied(map, size) = &mut self.content {
            let end = *size + bytes.len();
            map[*size..end].copy_from_slice(&bytes);
            *size = end;
        }
        Ok(())
    }

    /// A mapping with room for all of the body.
    fn map(&mut self) -> Result<MmapMut, Problem> {
        let size = self.size.max();
        let capacity = size.max(1).next_multiple_of(GRAIN);
        let idle = match self.size {
            Size::Stated(_) => self.memory.0.state().idle(capacity),
            Size::AtMost(_) => None,
        };
        // All of it is in memory, also what this body does not need.
        let idle = idle.filter(|_| self.reservation.grow(capacity - size));
        // The system may have no more, though the budget has.
        idle.map_or_else(|| MmapMut::map_anon(capacity), Ok)
            .map_err(|_| self.memory.busy())
    }

    /// Ends the body. The memory is given back when the last view of it is dropped.
    pub(crate) fn freeze(mut self) -> Bytes {
        match (&self.content, self.size) {
            (Content::Nothing, _) => self.reservation.shrink(0),
            // What never was written to is not in memory.
            (Content::Copied(_, size), Size::AtMost(_)) => self.reservation.shrink(*size),
            (Content::Whole(_) | Content::Copied(..), _) => {}
        }
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        match &self.content {
            Content::Nothing => &[],
            Content::Whole(bytes) => bytes,
            Content::Copied(map, size) => &map[..*size],
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Content::Copied(map, _) = std::mem::replace(&mut self.content, Content::Nothing)
            && let Size::Stated(_) = self.size
        {
            let unused = self.memory.0.state().keep(map);
            drop(unused);
        }
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

    const MIB: usize = 1 << 20;

    fn begun(memory: &Memory, size: usize) -> Buffer {
        let mut buffer = memory.buffer(Size::Stated(size)).unwrap();
        buffer.add(Bytes::from_static(b"x"), 0).unwrap();
        buffer
    }

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
        let mut buffer = memory.buffer(Size::AtMost(8)).unwrap();
        buffer.add(Bytes::from_static(b"abc"), 0).unwrap();
        assert!(buffer.add(Bytes::from_static(b"123456"), 0).is_err());
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
    fn a_body_that_comes_at_once_is_not_copied_if_there_is_memory_for_what_it_keeps_alive() {
        let memory = Memory::new(MIB);
        let bytes = Bytes::from(vec![1; MIB / 2]);
        let body = |bytes: Bytes, pinned| {
            let mut buffer = memory.buffer(Size::Stated(MIB / 2)).unwrap();
            buffer.add(bytes, pinned).unwrap();
            buffer.freeze()
        };
        assert_ne!(body(bytes.clone(), 2 * MIB).as_ptr(), bytes.as_ptr());
        let part = bytes.slice(1..);
        assert_ne!(body(part.clone(), 0).as_ptr(), part.as_ptr());
        let whole = body(bytes.clone(), MIB);
        assert_eq!((whole.as_ptr(), memory.reserved()), (bytes.as_ptr(), MIB));
        drop(whole);
        assert_eq!(memory.reserved(), 0);
    }

    #[test]
    fn buffers_are_used_again_and_never_take_what_requests_could_have() {
        let memory = Memory::new(16 * MIB);
        let idle = || memory.0.state().idle_size;
        drop(begun(&memory, 4 * MIB));
        assert_eq!(idle(), 4 * MIB);
        // Its pages are in memory, also those that a smaller body would not need.
        drop(begun(&memory, 3 * MIB));
        assert_eq!(idle(), 7 * MIB);
        let again = begun(&memory, 4 * MIB - 1);
        assert_eq!((idle(), memory.reserved()), (3 * MIB, 4 * MIB));
        drop(again);
        let mut unstated = memory.buffer(Size::AtMost(4 * MIB)).unwrap();
        unstated.add(Bytes::from_static(b"x"), 0).unwrap();
        drop(unstated.freeze());
        assert_eq!(idle(), 7 * MIB);
        let _larger = memory.reserve(13 * MIB).unwrap();
        assert_eq!(idle(), 0);
    }

    #[test]
    fn who_finds_no_memory_is_told_how_long_others_hold_it() {
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

    #[test]
    fn what_nobody_needed_goes_back_to_the_system() {
        let memory = Memory::new(64 * MIB);
        let idle = || memory.0.state().idle_size;
        let buffers: Vec<_> = (0..4).map(|_| begun(&memory, 4 * MIB)).collect();
        drop(buffers);
        memory.trim();
        assert_eq!(idle(), 16 * MIB);
        drop(begun(&memory, 4 * MIB));
        memory.trim();
        assert_eq!(idle(), 4 * MIB);
        memory.trim();
        assert_eq!(idle(), 0);
    }
}
