//! Walks marker segments (T.81 B.1.1).

use crate::error::Error;

/// The second byte of a marker (T.81 Table B.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marker(pub(super) u8);

impl Marker {
    pub(super) const SOI: Self = Self(0xD8);
    pub(super) const EOI: Self = Self(0xD9);
    pub(super) const SOS: Self = Self(0xDA);
    pub(super) const APP0: Self = Self(0xE0);
    pub(super) const APP1: Self = Self(0xE1);
    pub(super) const APP2: Self = Self(0xE2);
    pub(super) const APP14: Self = Self(0xEE);

    /// SOF0 ..= SOF15, less DHT (C4), JPG (C8) and DAC (CC), which share the range.
    pub(super) const fn is_sof(self) -> bool {
        matches!(self.0, 0xC0..=0xCF) && !matches!(self.0, 0xC4 | 0xC8 | 0xCC)
    }

    /// TEM and RST0 ..= RST7 stand alone.
    const fn has_length(self) -> bool {
        !matches!(self.0, 0x01 | 0xD0..=0xD9)
    }
}

/// One marker segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment<'a> {
    pub(super) marker: Marker,
    /// What follows the length, which counts itself.
    pub(super) payload: &'a [u8],
    /// Where the marker is, in bytes from the start of the file.
    pub(super) offset: usize,
    /// Where the payload is, likewise.
    payload_offset: usize,
}

impl Segment<'_> {
    pub(super) fn payload_offset(&self) -> usize {
        self.payload_offset
    }

    pub(super) fn malformed(&self, reason: &'static str) -> Error {
        Error::Format {
            offset: self.offset as u64,
            reason,
        }
    }
}

/// The segments between SOI and SOS.
#[derive(Debug)]
pub(super) struct Segments<'a> {
    bytes: &'a [u8],
    at: usize,
    done: bool,
}

impl<'a> Segments<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, Error> {
        if bytes.starts_with(&[0xFF, Marker::SOI.0]) {
            Ok(Self {
                bytes,
                at: 2,
                done: false,
            })
        } else {
            Err(Error::Format {
                offset: 0,
                reason: "no SOI marker",
            })
        }
    }

    fn read(&mut self) -> Result<Option<Segment<'a>>, Error> {
        let offset = self.at;
        let malformed = |reason| Error::Format {
            offset: offset as u64,
            reason,
        };
        let truncated = Error::Truncated {
            offset: self.bytes.len() as u64,
        };
        let rest = &self.bytes[offset..];
        match rest.first() {
            None => return Err(truncated),
            Some(0xFF) => {}
            Some(_) => return Err(malformed("expected a marker")),
        }
        // Any marker may be preceded by fill bytes 0xFF (B.1.1.2).
        let fill = rest.iter().take_while(|&&b| b == 0xFF).count();
        let Some(&code) = rest.get(fill) else {
            return Err(truncated);
        };
        let marker = Marker(code);
        let rest = &rest[fill + 1..];
        if marker == Marker::SOS {
            return Ok(None);
        }
        if marker == Marker::EOI {
            return Err(malformed("EOI before SOS"));
        }
        let payload = if marker.has_length() {
            let Some((length, rest)) = rest.split_first_chunk::<2>() else {
                return Err(truncated);
            };
            let length = usize::from(u16::from_be_bytes(*length));
            let length = length
                .checked_sub(2)
                .ok_or(malformed("segment length below 2"))?;
            rest.get(..length).ok_or(truncated)?
        } else {
            &[]
        };
        self.at = offset
            + fill
            + 1
            + if marker.has_length() {
                2 + payload.len()
            } else {
                0
            };
        Ok(Some(Segment {
            marker,
            payload,
            offset,
            payload_offset: self.at - payload.len(),
        }))
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = Result<Segment<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let item = self.read().transpose();
        self.done = !matches!(item, Some(Ok(_)));
        item
    }
}
