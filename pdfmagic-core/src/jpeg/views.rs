//! The images of a file that holds several, in the Multi-Picture Format (CIPA DC-007).

use std::ops::Range;

use super::exif::TiffReader;

/// The size of an entry of the list, in bytes.
const ENTRY_SIZE: usize = 16;

/// An APP2 segment that lists the images of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct MultiPicture<'a> {
    /// The bytes after the signature.
    tiff: &'a [u8],
    /// The offset of `tiff` in the input, in bytes. The offsets of images count from it.
    offset: usize,
}

/// An image in the list.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    /// Its range in the input, in bytes.
    pub(super) range: Range<u64>,
    pub(super) kind: Kind,
}

/// The purpose of an image in the list (5.2.3.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Another view: of a panorama, from another angle, or for the other eye.
    View,
    /// Unspecified.
    Undefined,
    /// A preview or a thumbnail.
    Other,
}

impl<'a> MultiPicture<'a> {
    /// Parses an APP2 payload at this offset of the input, if it is such a list.
    pub(super) fn of(payload: &'a [u8], payload_offset: usize) -> Option<Self> {
        const SIGNATURE: &[u8] = b"MPF\0";
        Some(Self {
            tiff: payload.strip_prefix(SIGNATURE)?,
            offset: payload_offset + SIGNATURE.len(),
        })
    }

    /// Returns the images after the first, up to the first entry that does not parse.
    pub(super) fn others(self) -> Vec<Listed> {
        self.read().unwrap_or_default()
    }

    /// The size of the first image, in bytes.
    pub(super) fn first_size(self) -> Option<u64> {
        let (tiff, at, _) = self.entries()?;
        tiff.u32(at + 4).map(u64::from)
    }

    /// Returns a reader of the index, the offset of the entries in it, and their number.
    fn entries(self) -> Option<(TiffReader<'a>, usize, usize)> {
        const MP_ENTRY: u16 = 0xB002;
        let tiff = TiffReader::new(self.tiff)?;
        let list = tiff
            .directory(tiff.u32(4)?)?
            .find(|entry| entry.tag == MP_ENTRY)?;
        let at = usize::try_from(tiff.u32(list.value)?).ok()?;
        let count = usize::try_from(list.count).ok()? / ENTRY_SIZE;
        Some((tiff, at, count))
    }

    fn read(self) -> Option<Vec<Listed>> {
        let (tiff, at, count) = self.entries()?;
        let entry = |index: usize| {
            let at = at + ENTRY_SIZE * index;
            let (attribute, size, offset) = (tiff.u32(at)?, tiff.u32(at + 4)?, tiff.u32(at + 8)?);
            let start = self.offset as u64 + u64::from(offset);
            Some(Listed {
                range: start..start + u64::from(size),
                kind: match attribute & 0x00FF_FFFF {
                    0x02_0001..=0x02_0003 => Kind::View,
                    0 => Kind::Undefined,
                    _ => Kind::Other,
                },
            })
        };
        Some((1..count).map_while(entry).collect())
    }
}
