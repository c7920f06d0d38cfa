//! Where the image ends, and what follows it in the input.

use super::edit::Edit;
use super::end_finder::{End, EndFinder};
use super::frame::Frame;
use super::header::Header;
use super::segment::Marker;
use super::source::Source;
use crate::error::Error;
use crate::notice::{Notice, Trailing};

/// The marker that ends every JPEG.
pub(crate) const EOI: &[u8] = &[0xFF, Marker::EOI.0];

/// The maximum size of inputs that are always searched for their end, in bytes. This takes a few microseconds.
const ALWAYS_FOLLOWED: u64 = 64 << 10;

/// The number of bytes at the end of an image that show whether it ends with a plain EOI.
const TAIL: u64 = 8;

/// The reason given when more of the input is needed.
const REASON: &str = "the end of its image must be found";

/// Where the image ends.
#[derive(Debug, Clone)]
pub(super) struct Ending {
    /// The offset after EOI, or where the data stops without one, in bytes from the start of the input.
    pub(super) end: u64,
    pub(super) has_eoi: bool,
    /// Whether something about the end is unusual, so that the data should be verified.
    pub(super) is_odd: bool,
    /// The removal of what lies between the data and EOI.
    pub(super) edit: Option<Edit>,
    /// A notice about what follows EOI.
    pub(super) trailing: Option<Notice>,
}

impl Ending {
    /// Assumes that the image ends with an EOI at the end of the input.
    pub(super) fn assumed(source: Source<'_>) -> Self {
        Self {
            end: source.size(),
            has_eoi: true,
            is_odd: false,
            edit: None,
            trailing: None,
        }
    }

    /// Checks the end that the header states. Returns `None` if there is no plain EOI.
    fn stated(source: Source<'_>, end: u64, scans_offset: usize) -> Result<Option<Self>, Error> {
        /// The number of bytes after EOI that nearly always suffice to identify what follows.
        const AFTER: u64 = 64;
        let (start, rest) = match (end.checked_sub(TAIL), source.size().checked_sub(end)) {
            (Some(start), Some(rest)) if start > scans_offset as u64 => (start, rest),
            _ => return Ok(None),
        };
        let there = source.from(start);
        if (there.len() as u64) < TAIL + rest.min(AFTER) {
            return Err(source.needed(start..end + AFTER, REASON));
        }
        let (before, after) = there.split_at(index(TAIL));
        if !ends_plainly(before) {
            return Ok(None);
        }
        let trailing = match Trailing::begins(after, rest) {
            Some(trailing) => Some(Notice::TrailingDataSkipped(trailing)),
            None if rest == 0 => None,
            None => {
                let more = Trailing::enough(after);
                return Err(source.needed(start..end.saturating_add(more), REASON));
            }
        };
        Ok(Some(Self {
            end,
            trailing,
            ..Self::assumed(source)
        }))
    }

    /// Finds the end of an image. The data is searched only if the last bytes or the header make that necessary.
    pub(super) fn find(source: Source<'_>, header: &Header<'_>) -> Result<Self, Error> {
        let (scans_offset, names_more) = (header.scans_offset, header.names_more);
        let data_size = source.size().saturating_sub(scans_offset as u64);
        let is_too_small = data_size < least_data(&header.frame);
        let may_be_told = source.size() > ALWAYS_FOLLOWED && !is_too_small;
        if may_be_told && names_more {
            for end in header.stated_ends.into_iter().flatten() {
                if let Some(ending) = Self::stated(source, end, scans_offset)? {
                    return Ok(ending);
                }
            }
        } else if may_be_told {
            if source.tail().is_empty() {
                let end = source.size();
                return Err(source.needed(end - TAIL..end, REASON));
            }
            if ends_plainly(source.tail()) {
                return Ok(Self::assumed(source));
            }
        }
        let bytes = source.all(REASON)?;
        let mut finder = EndFinder::new();
        finder.feed(&bytes[scans_offset..]);
        let absolute = |at: u64| scans_offset as u64 + at;
        let end = finder.finish();
        let mut ending = match end {
            End::Eoi { data_end, end } => {
                let (data_end, end) = (absolute(data_end), absolute(end));
                let trailing = Trailing::of(&bytes[index(end)..]);
                Self {
                    end,
                    has_eoi: true,
                    is_odd: trailing.is_some() && !names_more,
                    // pdf.js expects nothing between the data and EOI. Fill bytes count as data.
                    edit: (data_end < end - 2)
                        .then(|| Edit::cut(data_end..end - 2, Notice::AfterDataSkipped)),
                    trailing: trailing.map(Notice::TrailingDataSkipped),
                }
            }
            End::Foreign { at } | End::Missing { at } => Self {
                end: absolute(at),
                has_eoi: false,
                is_odd: true,
                edit: None,
                // A truncated segment needs no notice.
                trailing: Trailing::of(&bytes[index(absolute(at))..])
                    .filter(|_| matches!(end, End::Foreign { .. }))
                    .map(Notice::TrailingDataSkipped),
            },
        };
        if ending.has_eoi && is_too_small {
            return Err(Error::Format {
                offset: header.frame_offset,
                reason: "the dimensions are too large for so little data",
            });
        }
        let is_over_early = finder.scans() > 1 && header.has_one_scan;
        ending.is_odd |= is_too_small || finder.has_strays() || is_over_early;
        Ok(ending)
    }
}

/// Returns the minimum size of the data of a frame, in bytes: in a sequential Huffman-coded scan, a block takes at
/// least two bits.
fn least_data(frame: &Frame) -> u64 {
    if frame.is_sequential_huffman() {
        frame.blocks() / 4
    } else {
        0
    }
}

/// Whether the last bytes are an EOI directly after coded data.
fn ends_plainly(tail: &[u8]) -> bool {
    let Some(before) = tail.strip_suffix(EOI) else {
        return false;
    };
    let ends_with_restart = match before {
        [.., 0xFF, code] => Marker(*code).is_restart(),
        _ => false,
    };
    // The length of a DNL segment is 4.
    let dnl = [0xFF, Marker::DNL.0, 0, 4];
    let ends_with_dnl = before
        .last_chunk::<6>()
        .is_some_and(|segment| segment.starts_with(&dnl));
    !ends_with_restart && !ends_with_dnl
}

fn index(at: u64) -> usize {
    usize::try_from(at).expect("the input is in memory")
}
