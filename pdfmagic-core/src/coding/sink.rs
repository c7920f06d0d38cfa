//! The destination of decoded blocks.

use super::coefficients::{Block, Plane};
use super::fault::Fault;
use super::grid::{Layout, Place};
use crate::error::Error;

/// Takes the blocks of a scan, and stores or re-encodes them.
pub(super) trait Sink {
    /// Takes a block at its row and column in its component: its DC, and a reader of its AC coefficients.
    fn block(
        &mut self,
        p: &Place,
        at: (usize, usize),
        dc: i16,
        levels: impl Levels,
    ) -> Result<(), Fault>;
    /// Announces a row of MCUs with this many blocks.
    fn make_room(&mut self, _blocks: usize) -> Result<(), Error> {
        Ok(())
    }
    /// Announces that a row of MCUs is complete.
    fn row(&mut self, _down: usize) {}
}

/// The AC coefficients of a block, not yet read.
pub(super) trait Levels: Sized {
    /// Passes zig-zag index and value of each nonzero coefficient to `put`, in order. Zeros may be passed as well.
    fn read(self, put: impl FnMut(usize, i16)) -> Result<(), Fault>;

    /// Returns the block with this DC. It is stored in `room` unless it is already stored elsewhere.
    #[inline(always)]
    fn block<'b>(self, dc: i16, room: &'b mut Block) -> Result<&'b Block, Fault>
    where
        Self: 'b,
    {
        self.fill(dc, room, |_, value| value)?;
        Ok(room)
    }

    /// Stores this DC in `block`, and the result of `level` for each index and value.
    #[inline(always)]
    fn fill(
        self,
        dc: i16,
        block: &mut Block,
        level: impl Fn(usize, i16) -> i16,
    ) -> Result<(), Fault> {
        let mut nonzero = 0;
        block.zz[0] = dc;
        let read = self.read(|k, value| {
            let level = level(k & 63, value);
            block.zz[k & 63] = level;
            nonzero |= u64::from(level != 0) << (k & 63);
        });
        // This is necessary even if the data ended too early, since the block may hold coefficients of an earlier scan.
        block.nonzero = nonzero;
        read
    }
}

impl Levels for &Block {
    #[inline(always)]
    fn read(self, mut put: impl FnMut(usize, i16)) -> Result<(), Fault> {
        self.indices().for_each(|k| put(k, self.zz[k]));
        Ok(())
    }

    #[inline(always)]
    fn block<'b>(self, _: i16, _: &'b mut Block) -> Result<&'b Block, Fault>
    where
        Self: 'b,
    {
        Ok(self)
    }
}

/// Passes a row of MCUs to `sink`, which is stored in `planes` as the row `stored`.
pub(super) fn deliver<S: Sink>(
    planes: &[Plane],
    stored: usize,
    layout: &Layout,
    down: usize,
    sink: &mut S,
) -> Result<(), Error> {
    sink.make_room(layout.across * layout.blocks.len())?;
    for (across, p) in layout.row() {
        let block = planes[p.component].get(p.at(stored, across));
        sink.block(p, p.at(down, across), block.zz[0], block)
            .expect("only data that is read can be at fault");
    }
    sink.row(down);
    Ok(())
}
