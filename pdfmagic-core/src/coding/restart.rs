//! Restart intervals (T.81 E.1.4, E.2.4), and the handling of unexpected restart markers.

use super::bits::BitReader;
use super::fault::{Fault, Found};
use crate::error::Error;

/// Counts MCUs up to the next RSTm, and checks that marker.
///
/// At a fault, a strict reader stops. A lenient one continues like libjpeg, so that a re-encoded image looks like the
/// damaged one: If a marker other than the expected one is found, its number says whether it is late or early. A late
/// marker is skipped together with its interval; before an early one, the expected interval is considered empty. If an
/// interval ends too early, its current MCU is completed with zero bits, and its other MCUs are missing.
pub(super) struct Restarts<'a> {
    data: &'a [u8],
    is_huffman: bool,
    is_strict: bool,
    interval: usize,
    due: usize,
    /// m of the expected marker.
    number: u8,
    /// The first MCU of the interval.
    begun: usize,
    /// Whether the interval has no more MCUs.
    pub(super) is_dry: bool,
    /// The first fault that a lenient reader tolerated.
    pub(super) first_fault: Option<Found>,
}

/// The end of a scan.
#[derive(Clone, Copy)]
pub(super) struct ScanEnd {
    /// The offset of the marker that ends it, in bytes.
    pub(super) at: usize,
    /// The first fault that was tolerated.
    pub(super) fault: Option<Found>,
}

/// The meaning of a marker where RSTm is expected.
enum Meaning {
    /// It begins the expected interval.
    Begins,
    /// It belongs to an earlier interval.
    Late,
    /// It begins a later interval, or ends the scan.
    Early,
}

impl<'a> Restarts<'a> {
    /// `interval` is a number of MCUs; 0 for no intervals.
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

    /// Accepts the next marker after `bits` as the expected one, and returns the offset of the next interval.
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

    /// Interprets the marker at `at` where RSTm with m = `number` is expected. Returns `None` at the end of the data.
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

    /// Records that the interval, or the scan, ended in the middle of `mcu`; a lenient reader continues without the
    /// missing data.
    #[cold]
    pub(super) fn run_dry(&mut self, bits: BitReader<'_>, mcu: usize) -> Result<(), Error> {
        self.is_dry = true;
        self.note(Fault::Short, bits.position(), mcu)
    }

    /// Records a fault if an interval, or the scan, leaves data over before the marker at `end`. Its last MCU is the
    /// one before `mcu`. Padding with equal bytes is allowed, since some encoders write it.
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
        // An arithmetic encoder may omit or append bytes at the end (D.1.8).
        if self.is_dry || is_filled || !self.is_huffman {
            return Ok(());
        }
        self.note(Fault::Extra, end - unread.len(), mcu - 1)
    }

    /// Records a fault, which is an error for a strict reader.
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
