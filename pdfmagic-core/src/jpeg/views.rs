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

#[cfg(test)]
mod tests {
    use super::*;

    /// CIPA DC-007, 5.2.3.3: an entry has an attribute, a size, an offset, and two numbers of 16 bits. The offsets count from
    /// the byte order.
    #[test]
    fn images_after_the_first_are_listed_with_their_kinds() {
        let kinds = [
            (0x0002_0001_u32, Kind::View),
            (0x8002_0002, Kind::View),
            (0x0002_0003, Kind::View),
            (0x0002_0004, Kind::Other),
            (0x0001_0001, Kind::Other),
            (0x4000_0000, Kind::Undefined),
        ];
        let entry = |[attribute, size, offset]: [u32; 3]| {
            let words = [attribute, size, offset, 0].map(u32::to_be_bytes);
            words.as_flattened().to_vec()
        };
        let listed: Vec<_> = (1..).zip(kinds).collect();
        let mut entries = entry([0x0003_0000, 700, 0]);
        for &(n, (attribute, _)) in &listed {
            entries.extend(entry([attribute, 100 * n, 1000 * n]));
        }
        let size = u32::try_from(entries.len()).unwrap().to_be_bytes();
        let directory = b"MPF\0MM\0*\0\0\0\x08\0\x01\xB0\x02\0\x07";
        // What follows the entries is no part of the list.
        let payload = [
            &directory[..],
            &size,
            &[0, 0, 0, 26],
            &[0; 4],
            &entries,
            &[7; 64],
        ]
        .concat();
        let list = MultiPicture::of(&payload, 50).unwrap();
        assert_eq!(list.first_size(), Some(700));
        let found = list.others().into_iter().map(|i| (i.range, i.kind));
        let expected = listed.iter().map(|&(n, (_, kind))| {
            let start = 54 + 1000 * u64::from(n);
            (start..start + 100 * u64::from(n), kind)
        });
        assert!(found.eq(expected), "{:?}", list.others());
    }
}
