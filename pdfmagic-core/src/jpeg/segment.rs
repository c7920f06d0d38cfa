//! Walks marker segments (T.81 B.1.1).

use std::ops::Range;

use memchr::memchr_iter;

use crate::error::{Error, Resource};
use crate::file_kind::FileKind;
use crate::notice::Notice;

/// How far into what is no other kind of file SOI is looked for, in bytes.
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
    pub(crate) const APP13: Self = Self(0xED);
    pub(crate) const APP14: Self = Self(0xEE);
    /// JPEG-LS's frame header (T.87 C.1.1).
    pub(crate) const SOF55: Self = Self(0xF7);

    /// SOF0 ..= SOF15, less DHT, JPG and DAC, which share the range.
    pub(crate) const fn is_sof(self) -> bool {
        matches!(self.0, 0xC0..=0xCF) && !matches!(self, Self::DHT | Self::JPG | Self::DAC)
    }

    /// TEM, RSTm, SOI and EOI have no segment.
    pub(crate) const fn stands_alone(self) -> bool {
        matches!(self.0, 0x01 | 0xD0..=0xD9)
    }

    /// What T.81 and its extensions leave undefined, or define for no decoder.
    pub(crate) const fn is_reserved(self) -> bool {
        matches!(self.0, 0x02..=0xBF | 0xF0..=0xFD) || matches!(self, Self::JPG)
    }

    /// What may stand between the scans of a frame, or after the last: tables, scan headers, DNL, APPn and COM.
    pub(super) const fn is_between_scans(self) -> bool {
        matches!(
            self,
            Self::DHT | Self::DAC | Self::SOS | Self::DQT | Self::DNL | Self::DRI
        ) || self.is_optional()
    }

    pub(super) const fn is_restart(self) -> bool {
        matches!(self.0, 0xD0..=0xD7)
    }

    /// APPn and COM: what a decoder may pass over.
    pub(super) const fn is_optional(self) -> bool {
        matches!(self.0, 0xE0..=0xEF | 0xFE)
    }
}

/// One marker segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment<'a> {
    pub(crate) marker: Marker,
    /// What follows the length, which counts itself.
    pub(crate) payload: &'a [u8],
    /// Where its marker is, in bytes from the start of the input.
    pub(crate) offset: usize,
    /// Where the payload is, likewise.
    pub(crate) payload_offset: usize,
}

impl Segment<'_> {
    pub(crate) fn malformed(&self, reason: &'static str) -> Error {
        malformed(self.offset, reason)
    }

    /// From the marker to the end of the payload, in bytes of the input.
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

/// Walks segments, and over entropy-coded data. As tolerant as libjpeg: what belongs to no segment is passed
/// over and remembered.
#[derive(Debug)]
pub(crate) struct Segments<'a> {
    bytes: &'a [u8],
    at: usize,
    left: u32,
    max: u32,
    /// What was passed over since the input began, and what to say of it.
    pub(crate) skipped: Vec<(Range<u64>, Option<Notice>)>,
}

impl<'a> Segments<'a> {
    /// Finds SOI: at the start, or in the first [`SOI_REACH`] bytes of what is no other kind of file.
    pub(crate) fn new(bytes: &'a [u8], max_segments: u32) -> Result<Self, Error> {
        const SOI: &[u8] = &[0xFF, Marker::SOI.0];
        let mut segments = Self {
            left: max_segments,
            max: max_segments,
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

    /// Goes on from where a segment begins. The segments are not counted.
    pub(crate) fn at(bytes: &'a [u8], at: usize) -> Self {
        Self {
            bytes,
            at,
            left: u32::MAX,
            max: u32::MAX,
            skipped: Vec::new(),
        }
    }

    /// The next segment. EOI comes as one without a payload; other markers that stand alone are passed over.
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

    /// Passes over entropy-coded data, up to the marker that ends it (B.1.1.5), and returns where that is.
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

    /// Reads a marker, and passes over what is before it. B.1.1.2 allows fill bytes 0xFF, which are left out too, since
    /// pdf.js may not find its way through them; what else there is, no decoder expects.
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

    fn skip(&mut self, range: Range<usize>, why: Option<Notice>) {
        let (start, end) = (range.start as u64, range.end as u64);
        match self.skipped.last_mut() {
            Some((last, reason)) if (last.end, *reason) == (start, why) => last.end = end,
            _ => self.skipped.push((start..end, why)),
        }
    }

    fn truncated(&self) -> Error {
        Error::Truncated {
            offset: self.bytes.len() as u64,
        }
    }
}
