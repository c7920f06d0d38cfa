//! Iterates over marker segments (T.81 B.1.1).

use std::ops::Range;

use memchr::memchr_iter;

use crate::error::{Error, Resource};
use crate::file_kind::FileKind;
use crate::notice::Notice;

/// The number of bytes in which SOI is searched for, in data that is no other known kind of file.
pub(super) const SOI_REACH: usize = 4096;

/// The second byte of a marker (T.81 Table B.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marker(pub(crate) u8);

impl Marker {
    pub(crate) const SOF0: Self = Self(0xC0);
    pub(crate) const SOF1: Self = Self(0xC1);
    pub(crate) const SOF2: Self = Self(0xC2);
    pub(crate) const DHT: Self = Self(0xC4);
    pub(crate) const JPG: Self = Self(0xC8);
    pub(crate) const DAC: Self = Self(0xCC);
    pub(crate) const SOI: Self = Self(0xD8);
    pub(crate) const EOI: Self = Self(0xD9);
    pub(crate) const SOS: Self = Self(0xDA);
    pub(crate) const DQT: Self = Self(0xDB);
    pub(crate) const DNL: Self = Self(0xDC);
    pub(crate) const DRI: Self = Self(0xDD);
    pub(crate) const DHP: Self = Self(0xDE);
    pub(crate) const EXP: Self = Self(0xDF);
    pub(crate) const APP0: Self = Self(0xE0);
    pub(crate) const APP1: Self = Self(0xE1);
    pub(crate) const APP2: Self = Self(0xE2);
    pub(crate) const APP11: Self = Self(0xEB);
    pub(crate) const APP13: Self = Self(0xED);
    pub(crate) const APP14: Self = Self(0xEE);
    pub(crate) const COM: Self = Self(0xFE);
    /// JPEG-LS's frame header (T.87 C.1.1).
    pub(crate) const SOF55: Self = Self(0xF7);

    /// SOF0 to SOF15, except DHT, JPG and DAC, which are in the same range.
    pub(crate) const fn is_sof(self) -> bool {
        matches!(self.0, 0xC0..=0xCF) && !matches!(self, Self::DHT | Self::JPG | Self::DAC)
    }

    /// Whether no segment follows this marker: TEM, RSTm, SOI and EOI.
    pub(crate) const fn stands_alone(self) -> bool {
        matches!(self.0, 0x01 | 0xD0..=0xD9)
    }

    /// Whether T.81 and its extensions leave this marker undefined or reserve it.
    pub(crate) const fn is_reserved(self) -> bool {
        matches!(self.0, 0x02..=0xBF | 0xF0..=0xFD) || matches!(self, Self::JPG)
    }

    /// Whether this marker may be between the scans of a frame or after the last: tables, scan headers, DNL, APPn and
    /// COM.
    pub(super) const fn is_between_scans(self) -> bool {
        matches!(
            self,
            Self::DHT | Self::DAC | Self::SOS | Self::DQT | Self::DNL | Self::DRI
        ) || self.is_optional()
    }

    pub(super) const fn is_restart(self) -> bool {
        matches!(self.0, 0xD0..=0xD7)
    }

    /// Whether a decoder may skip this segment: APPn and COM.
    pub(super) const fn is_optional(self) -> bool {
        matches!(self.0, 0xE0..=0xEF | 0xFE)
    }
}

/// One marker segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment<'a> {
    pub(crate) marker: Marker,
    /// The bytes after the length field.
    pub(crate) payload: &'a [u8],
    /// The offset of its marker in the input, in bytes.
    pub(crate) offset: usize,
    /// The offset of the payload in the input, in bytes.
    pub(crate) payload_offset: usize,
}

impl Segment<'_> {
    pub(crate) fn malformed(&self, reason: &'static str) -> Error {
        malformed(self.offset, reason)
    }

    /// The range from the marker to the end of the payload, in bytes of the input.
    pub(crate) fn range(&self) -> Range<u64> {
        self.offset as u64..(self.payload_offset + self.payload.len()) as u64
    }
}

fn malformed(offset: usize, reason: &'static str) -> Error {
    Error::Format {
        offset: offset as u64,
        reason,
    }
}

/// Iterates over segments, and skips entropy-coded data. Like libjpeg, this tolerates bytes outside any segment: it
/// skips them.
#[derive(Debug)]
pub(crate) struct Segments<'a> {
    bytes: &'a [u8],
    at: usize,
    left: u32,
    max: u32,
    /// The marker of the last segment, which may be truncated.
    last: Option<Marker>,
    /// The ranges skipped so far, and the notice about each; `None` if they are not recorded.
    skipped: Option<Vec<(Range<u64>, Option<Notice>)>>,
}

impl<'a> Segments<'a> {
    /// Finds SOI at the start, or in the first [`SOI_REACH`] bytes of data that is no other known kind of file. What is
    /// skipped is recorded: there are at most two ranges for each segment.
    pub(crate) fn new(bytes: &'a [u8], max_segments: u32) -> Result<Self, Error> {
        const SOI: &[u8] = &[0xFF, Marker::SOI.0];
        let mut segments = Self {
            left: max_segments,
            max: max_segments,
            skipped: Some(Vec::new()),
            ..Self::at(bytes, SOI.len())
        };
        if !bytes.starts_with(SOI) {
            let kind = FileKind::of(bytes);
            let soi = bytes[..bytes.len().min(SOI_REACH)]
                .windows(3)
                .position(|w| w == [0xFF, Marker::SOI.0, 0xFF])
                .filter(|_| kind.is_vague())
                .ok_or_else(|| Error::NotJpeg(kind))?;
            segments.at = soi + SOI.len();
            segments.skip(0..soi, Some(Notice::LeadingBytesSkipped));
        }
        Ok(segments)
    }

    /// Starts at the offset of a segment, without a limit on the number of segments. What is skipped is not recorded.
    pub(crate) fn at(bytes: &'a [u8], at: usize) -> Self {
        Self {
            bytes,
            at,
            left: u32::MAX,
            max: u32::MAX,
            last: None,
            skipped: None,
        }
    }

    /// Returns the ranges skipped, in order, and the notice about each.
    pub(crate) fn into_skipped(self) -> Vec<(Range<u64>, Option<Notice>)> {
        self.skipped.unwrap_or_default()
    }

    /// Returns the next segment. EOI is returned as a segment without a payload; other markers without a segment are
    /// skipped.
    pub(crate) fn next(&mut self) -> Result<Segment<'a>, Error> {
        loop {
            let marker = self.marker()?;
            let offset = self.at - 2;
            if marker == Marker::EOI {
                return Ok(self.segment(marker, offset, 0));
            }
            if marker.stands_alone() {
                self.skip(offset..self.at, Some(Notice::StrayBytesSkipped));
                continue;
            }
            self.left = self.left.checked_sub(1).ok_or_else(|| Error::Limit {
                what: Resource::Segments,
                actual: u64::from(self.max) + 1,
                max: u64::from(self.max),
            })?;
            self.last = Some(marker);
            let length = self.rest().first_chunk().ok_or_else(|| self.truncated())?;
            self.at += 2;
            let Some(length) = usize::from(u16::from_be_bytes(*length)).checked_sub(2) else {
                if marker.is_optional() {
                    self.skip(offset..self.at, Some(Notice::ShortSegmentSkipped));
                    continue;
                }
                return Err(malformed(offset, "segment length below 2"));
            };
            if self.rest().len() < length {
                return Err(self.truncated());
            }
            return Ok(self.segment(marker, offset, length));
        }
    }

    /// Whether the last segment cannot be in an image after its first scan.
    pub(crate) fn last_is_foreign(&self) -> bool {
        self.last.is_some_and(|marker| !marker.is_between_scans())
    }

    /// Skips entropy-coded data up to the marker that ends it (B.1.1.5), and returns the offset of that marker.
    pub(crate) fn skip_data(&mut self) -> usize {
        let bytes = self.bytes;
        let is_end = |at: &usize| match bytes.get(at + 1) {
            Some(&code) => code != 0 && code != 0xFF && !Marker(code).is_restart(),
            None => false,
        };
        let from = self.at;
        let end = memchr_iter(0xFF, self.rest())
            .map(|at| from + at)
            .find(is_end);
        self.at = end.unwrap_or(bytes.len());
        self.at
    }

    /// Reads a marker and skips the bytes before it. Fill bytes 0xFF, which B.1.1.2 allows, are removed as well, since
    /// pdf.js may not parse them; no decoder expects any other bytes.
    fn marker(&mut self) -> Result<Marker, Error> {
        let from = self.at;
        let mut is_fill = true;
        loop {
            match *self.rest() {
                [0xFF, 0xFF, ..] => self.at += 1,
                [0xFF, 0, ..] => (self.at, is_fill) = (self.at + 2, false),
                [0xFF, code, ..] => {
                    if self.at > from {
                        self.skip(
                            from..self.at,
                            (!is_fill).then_some(Notice::StrayBytesSkipped),
                        );
                    }
                    self.at += 2;
                    return Ok(Marker(code));
                }
                [_, _, ..] => (self.at, is_fill) = (self.at + 1, false),
                _ => return Err(self.truncated()),
            }
        }
    }

    fn segment(&mut self, marker: Marker, offset: usize, length: usize) -> Segment<'a> {
        let payload_offset = self.at;
        self.at += length;
        Segment {
            marker,
            payload: &self.bytes[payload_offset..self.at],
            offset,
            payload_offset,
        }
    }

    fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// Records a range. Fill bytes have no notice of their own, and are recorded together with adjacent ranges.
    fn skip(&mut self, range: Range<usize>, why: Option<Notice>) {
        let Some(skipped) = &mut self.skipped else {
            return;
        };
        let (start, end) = (range.start as u64, range.end as u64);
        match skipped.last_mut() {
            Some((last, reason))
                if last.end == start
                    && (why.is_none() || reason.is_none_or(|r| Some(r) == why)) =>
            {
                last.end = end;
                *reason = reason.or(why);
            }
            _ => skipped.push((start..end, why)),
        }
    }

    fn truncated(&self) -> Error {
        Error::Truncated {
            offset: self.bytes.len() as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each range takes memory, and there can be as many stray markers as the input has room for.
    #[test]
    fn adjacent_stray_markers_are_skipped_as_one_range() {
        for (stray, end) in [
            (&b"\xFF\xD0"[..], 20),
            (b"\xFF\xFF\xD0", 29),
            (b"\xFF\xD0x\xFF", 38),
        ] {
            let bytes = [b"\xFF\xD8", &stray.repeat(9)[..], b"\xFF\xFE\0\x02"].concat();
            let mut segments = Segments::new(&bytes, 1).unwrap();
            segments.next().unwrap();
            let one = (2..end, Some(Notice::StrayBytesSkipped));
            assert_eq!(segments.into_skipped(), [one]);
        }
    }

    /// B.1.1.5: stuffed bytes and restart markers belong to the data, and fill bytes may precede any marker (B.1.1.2).
    #[test]
    fn entropy_coded_data_ends_at_a_marker_other_than_a_restart_marker() {
        let scan = b"\xFF\xDA\0\x08\x01\x01\0\0\x3F\0";
        for data in [
            b"".as_slice(),
            b"\x01\xDA",
            b"\xFF\0",
            b"\xFF\xD0\x01\xFF\xD7",
            b"\xFF\0\xD9\xFF\xFF",
        ] {
            for (end, offset) in [
                (&b"\xFF\xD9"[..], 0),
                (b"\xFF\x01", 0),
                (b"", 0),
                (b"\xFF", 1),
            ] {
                let bytes = [scan, data, end].concat();
                let mut segments = Segments::at(&bytes, 0);
                segments.next().unwrap();
                assert_eq!(
                    segments.skip_data(),
                    scan.len() + data.len() + offset,
                    "{data:?} {end:?}"
                );
            }
        }
    }
}
