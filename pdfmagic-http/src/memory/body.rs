//! A body while it arrives, in memory that is reserved for it.

use bytes::Bytes;
use memmap2::MmapMut;

use super::{Memory, Reservation};
use crate::problem::Problem;

/// The unit of buffer sizes, in bytes. A buffer can then be reused for a request of a similar size.
const GRAIN: usize = 64 << 10;

impl Memory {
    /// Reserves memory for a body of a stated size, or of any size up to a maximum, in bytes.
    pub(crate) fn buffer(&self, size: Size) -> Result<Buffer, Problem> {
        Ok(Buffer {
            content: Content::Nothing,
            size,
            reservation: self.reserve(size.max())?,
            memory: self.clone(),
        })
    }
}

/// The size of a body, in bytes.
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

/// A body while it arrives, and the reservation for it.
#[derive(Debug)]
pub(crate) struct Buffer {
    content: Content,
    size: Size,
    reservation: Reservation,
    memory: Memory,
}

/// The content of a body so far.
#[derive(Debug)]
enum Content {
    Nothing,
    /// The whole body, as a view of the connection's buffer.
    Whole(Bytes),
    /// The first bytes of a mapping.
    Copied(MmapMut, usize),
}

impl Buffer {
    /// Adds bytes, which are a view of a buffer of at most `pinned` bytes. They are not copied if they are the whole
    /// body and there is memory for the buffer that they keep alive.
    pub(crate) fn add(&mut self, bytes: Bytes, pinned: usize) -> Result<(), Problem> {
        let came = self.as_ref().len();
        let max = self.size.max();
        if bytes.len() > max - came {
            let what = "the body is".to_owned();
            return Err(Problem::TooLarge { what, max });
        }
        // Copying a small body takes less time than accounting for its buffer.
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

    /// Returns a mapping with room for the whole body.
    fn map(&mut self) -> Result<MmapMut, Problem> {
        let size = self.size.max();
        let capacity = size.max(1).next_multiple_of(GRAIN);
        let idle = match self.size {
            Size::Stated(_) => self.memory.0.state().idle(capacity),
            Size::AtMost(_) => None,
        };
        // A reused mapping is completely in memory, including what this body does not need.
        let idle = idle.filter(|_| self.reservation.grow(capacity - size));
        // The system may have no more memory, even if the budget has.
        idle.map_or_else(|| MmapMut::map_anon(capacity), Ok)
            .map_err(|_| self.memory.busy(capacity))
    }

    /// Ends the body. Its memory is freed when the last view of it is dropped.
    pub(crate) fn freeze(mut self) -> Bytes {
        match (&self.content, self.size) {
            (Content::Nothing, _) => self.reservation.shrink(0),
            // Pages that were never written to are not in memory.
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
    fn a_body_in_one_piece_is_not_copied_if_the_memory_that_it_pins_is_free() {
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
    fn buffers_are_reused_and_freed_when_requests_need_memory() {
        let memory = Memory::new(16 * MIB);
        let idle = || memory.0.state().idle_size;
        drop(begun(&memory, 4 * MIB));
        assert_eq!(idle(), 4 * MIB);
        // Its pages are in memory, including those that a smaller body would not need.
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
    fn unused_buffers_are_returned_to_the_system() {
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
