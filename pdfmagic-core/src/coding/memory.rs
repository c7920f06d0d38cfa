//! The memory budget, which excludes the input.

use crate::error::{Error, Resource};
use crate::jpeg::Jpeg;
use crate::limits::Limits;

/// The number of bytes taken, and the maximum.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    taken: u64,
    max: u64,
}

impl Memory {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            taken: 0,
            max: limits.max_memory,
        }
    }

    /// Returns what the color profile leaves: the header and the image in the PDF each have a copy.
    ///
    /// # Errors
    ///
    /// [`Error::Limit`] if the copies exceed the maximum.
    pub(crate) fn beside_profile(jpeg: &Jpeg<'_>, limits: &Limits) -> Result<Self, Error> {
        let profile = jpeg.icc_profile().map_or(0, <[u8]>::len);
        Self::new(limits).take(2 * profile)
    }

    /// Takes `size` more bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Limit`] if this exceeds the maximum.
    pub(crate) fn take(self, size: usize) -> Result<Self, Error> {
        let taken = self.taken.saturating_add(size as u64);
        Resource::Memory.check(taken, self.max)?;
        Ok(Self { taken, ..self })
    }

    /// Makes room in `items` for `more` items, and doubles the capacity if memory allows. The items exist twice while
    /// they are moved.
    pub(crate) fn make_room<T>(self, items: &mut Vec<T>, more: usize) -> Result<(), Error> {
        let needed = items.len() + more;
        if needed > items.capacity() {
            let moving = self.take(items.capacity() * size_of::<T>())?;
            moving.take(needed * size_of::<T>())?;
            let room = (moving.max - moving.taken) / size_of::<T>() as u64;
            let twice = (2 * items.capacity()).min(usize::try_from(room).unwrap_or(usize::MAX));
            items.reserve_exact(needed.max(twice) - items.len());
        }
        Ok(())
    }

    /// Makes room in `out` for a number of bits and a few stuffed bytes, and checks that `out` may double if there are
    /// more stuffed bytes. The caller has already taken twice the size of `out`, unless that is only a header.
    pub(super) fn make_room_to_write(self, out: &mut Vec<u8>, bits: u64) -> Result<(), Error> {
        let size = usize::try_from(bits / 8).unwrap_or(usize::MAX);
        self.take(size.saturating_mul(3).saturating_add(out.len()))?;
        out.reserve(size + size / 64);
        Ok(())
    }
}
