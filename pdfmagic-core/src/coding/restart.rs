//! Restart intervals (T.81 E.1.4, E.2.4), and what is to be done where their markers are not those due.

use super::bits::BitReader;
use super::fault::{Fault, Found};
use crate::error::Error;

/// Counts MCUs to the next RSTm, and expects it.
///
/// At a fault a strict reader gives up, and a lenient one goes on as libjpeg does, so that a re-encoded image looks as
/// the damaged one did. Where a marker other than the one due is met, its number says whether it comes late, and is passed
/// over with its interval, or early, and then the interval due is an empty one. An interval that ends too early reads as
/// zero bits up to the end of an MCU, and its other MCUs are missing.
pub(super) struct Restarts<'a> {
    data: &'a [u8],
    is_huffman: bool,
    is_strict: bool,
    interval: usize,
    due: usize,
    /// m of the marker that is due.
    number: u8,
    /// The MCU that the interval began with.
    begun: usize,
    /// Whether the interval has no more MCUs.
    pub(super) is_dry: bool,
    /// The first fault that a lenient reader has passed over.
    pub(super) first_fault: Option<Found>,
}

/// Where a scan ends.
#[derive(Clone, Copy)]
pub(super) struct ScanEnd {
    /// Where the marker is that ends it, in bytes.
    pub(super) at: usize,
    /// The first fault that was passed over.
    pub(super) fault: Option<Found>,
}

/// What a marker means where RSTm is due.
enum Meaning {
    /// It begins the interval that is due.
    Begins,
    /// It is left from earlier intervals.
    Late,
    /// It begins a later interval, or something else.
    Early,
}

impl<'a> Restarts<'a> {
    /// `interval` is a number of MCUs; 0 for none.
    pub(super) fn new(data: &'a [u8], interval: usize, is_huffman: bool, is_strict: bool) -> Self {
        Self {
            is_huffman,
            data,
            is_strict,
            interval,
            due: if interval == 0 { usize::MAX } else { interval },
            number: 0,
            begun: 0,
            is_dry: false,
            first_fault: None,
        }
    }

    #[inline(always)]
    pub(super) fn due(&self, mcu: usize) -> bool {
        mcu == self.due
    }

    /// Takes the marker that `bits` come to for the one that is due, and returns where the next interval begins.
    pub(super) fn pass(&mut self, bits: BitReader<'_>) -> Result<usize, Error> {
        let mut at = bits.to_marker();
        let (number, mcu) = (self.number, self.due);
        self.check_unread(bits, at, mcu)?;
        self.number = (number + 1) % 8;
        self.due += self.interval;
        self.begun = mcu;
        if self.code(at) == Some(0xD0 + number) {
            self.is_dry = false;
            return Ok(at + 2);
        }
        self.note(
            if self.code(at).is_some() {
                Fault::Restart
            } else {
                Fault::Short
            },
            at,
            mcu,
        )?;
        loop {
            match self.meaning(at, number) {
                Some(Meaning::Begins) => {
                    self.is_dry = false;
                    return Ok(at + 2);
                }
                Some(Meaning::Late) => at = BitReader::new(self.data, at + 2).to_marker(),
                Some(Meaning::Early) => return Ok(at),
                None => {
                    self.is_dry = true;
                    return Ok(at);
                }
            }
        }
    }

    /// The marker at `at` where RSTm with m = `number` is due. `None` at the end of the data.
    fn meaning(&self, at: usize, number: u8) -> Option<Meaning> {
        Some(match self.code(at)? {
            0..0xC0 => Meaning::Late,
            code @ 0xD0..=0xD7 => match code.wrapping_sub(0xD0 + number) % 8 {
                1 | 2 => Meaning::Early,
                6 | 7 => Meaning::Late,
                _ => Meaning::Begins,
            },
            _ => Meaning::Early,
        })
    }

    /// Goes on without what an interval, or the scan, lacks that has ended in the middle of `mcu`.
    #[cold]
    pub(super) fn run_dry(&mut self, bits: BitReader<'_>, mcu: usize) -> Result<(), Error> {
        self.is_dry = true;
        self.note(Fault::Short, bits.position(), mcu)
    }

    /// Whether an interval, or the scan, whose last MCU is before `mcu` leaves data over, before the marker at `end`. Some
    /// encoders fill up with equal bytes.
    pub(super) fn check_unread(
        &mut self,
        bits: BitReader<'_>,
        end: usize,
        mcu: usize,
    ) -> Result<(), Error> {
        let unread = bits.unread(end);
        let is_filled = match unread {
            [] => true,
            [first, ..] => {
                unread.iter().all(|byte| byte == first) && (*first == 0 || unread.len() > 3)
            }
        };
        // An arithmetic encoder may leave out, and put in, what it likes at the end (D.1.8).
        if self.is_dry || is_filled || !self.is_huffman {
            return Ok(());
        }
        self.note(Fault::Extra, end - unread.len(), mcu - 1)
    }

    /// Passes over a fault, or gives up.
    #[cold]
    pub(super) fn note(&mut self, fault: Fault, offset: usize, mcu: usize) -> Result<(), Error> {
        let found = Found {
            fault,
            offset,
            mcu,
            interval: self.begun,
        };
        if self.is_strict {
            return Err(found.into());
        }
        self.first_fault.get_or_insert(found);
        Ok(())
    }

    /// The second byte of the marker at `at`.
    fn code(&self, at: usize) -> Option<u8> {
        self.data.get(at + 1).copied()
    }
}
