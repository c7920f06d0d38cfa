//! Tests of large images and large files: the alignment of their data, and the size of offsets.

use std::ops::Range;

use pdfmagic_core::{Document, Options, Page, Passthrough, Piece, Source};
use proptest::prelude::*;

use crate::corpus_files::read;

const BLOCK: u64 = 4096;

/// The size from which inputs are not read as a whole, in bytes.
const ENOUGH: u64 = 70_000;

/// Returns the pieces of a JPEG of `size` bytes, of which only the ends exist.
fn pieces_of(document: &mut Document, head: &[u8], size: u64) -> Vec<Piece> {
    let source = Source::Ends {
        head,
        tail: &[0xFF, 0xD9],
        size,
    };
    let page = Page::from_jpeg(source, &Options::default(), &Passthrough);
    document.push(page.expect("its header is valid"))
}

fn head(name: &str) -> Vec<u8> {
    let jpeg = read(name);
    let data = jpeg.windows(2).position(|marker| marker == [0xFF, 0xDA]);
    jpeg[..data.expect("a scan") + 32].to_vec()
}

/// A file with only the bytes that we made, by offset.
#[derive(Default)]
struct Sparse {
    size: u64,
    made: Vec<(u64, Vec<u8>)>,
    ranges: Vec<(u64, Range<u64>)>,
}

impl Sparse {
    fn push(&mut self, pieces: Vec<Piece>) {
        for piece in pieces {
            let size = piece.size();
            match piece {
                Piece::Made(bytes) => self.made.push((self.size, bytes)),
                Piece::Input(range) => self.ranges.push((self.size, range)),
            }
            self.size += size;
        }
    }

    /// Returns the bytes that we made from this offset on.
    fn at(&self, offset: u64) -> &[u8] {
        let holds = |(start, bytes): &&(u64, Vec<u8>)| {
            (*start..start + bytes.len() as u64).contains(&offset)
        };
        let (start, bytes) = self
            .made
            .iter()
            .find(holds)
            .expect("the part was generated");
        &bytes[usize::try_from(offset - start).expect("within")..]
    }

    /// Returns the offset at the end of the file.
    fn startxref(&self) -> u64 {
        let (_, end) = self.made.last().expect("a trailer");
        let end = String::from_utf8_lossy(end);
        let (_, offset) = end.rsplit_once("startxref\n").expect("there is one");
        offset
            .trim_end_matches("\n%%EOF\n")
            .parse()
            .expect("a number")
    }

    /// Returns the offsets of the objects, from object 1 on.
    fn offsets(&self) -> Vec<u64> {
        let section = self.at(self.startxref());
        if let Some(table) = section.strip_prefix(b"xref\n0 ") {
            let entries = table.split(|&byte| byte == b'\n').skip(2);
            let number = |entry: &[u8]| String::from_utf8_lossy(&entry[..10]).parse().ok();
            return entries
                .map_while(|entry| (entry.len() == 19).then(|| number(entry))?)
                .collect();
        }
        let text = String::from_utf8_lossy(section);
        assert!(
            text.contains("/Type /XRef") && text.contains("/W [1 6 2]"),
            "{text}"
        );
        let data = section
            .windows(7)
            .position(|word| word == b"stream\n")
            .expect("a stream");
        let size = text
            .split_once("/Size ")
            .and_then(|(_, rest)| rest.split_once(' '));
        let size: usize = size
            .and_then(|(size, _)| size.parse().ok())
            .expect("a number");
        assert!(text.contains(&format!("/Length {} ", size * 9)), "{text}");
        let entries = section[data + 7..][..size * 9].chunks(9);
        let entry = |entry: &[u8]| {
            assert_eq!((entry[0], &entry[7..]), (1, &[0, 0][..]));
            entry[1..7]
                .iter()
                .fold(0, |offset, &byte| offset << 8 | u64::from(byte))
        };
        entries.skip(1).map(entry).collect()
    }
}

/// File systems share whole blocks, so blanks before the data align it. They are not worth their size for less data.
#[test]
fn data_is_aligned_from_256_kib_on() {
    let head = head("ycbcr_444.jpg");
    for (size, is_aligned) in [(256 << 10, true), ((256 << 10) - 1, false)] {
        let mut file = Sparse::default();
        file.push(pieces_of(&mut Document::new(), &head, size));
        let [(offset, range)] = &file.ranges[..] else {
            panic!("the data is one range");
        };
        assert_eq!(*range, 0..size);
        assert_eq!(offset % BLOCK == 0, is_aligned, "{size} bytes");
        let is_padded = file.at(0).windows(9).any(|bytes| bytes == [b' '; 9]);
        assert_eq!(is_padded, is_aligned, "{size} bytes");
    }
}

/// The offsets of a table have ten digits (ISO 32000-1, 7.5.4).
#[test]
fn cross_references_are_a_table_as_long_as_offsets_have_ten_digits() {
    let head = head("ycbcr_444.jpg");
    let of_size = |size| {
        let (mut document, mut file) = (Document::new(), Sparse::default());
        file.push(pieces_of(&mut document, &head, size));
        file.push(vec![Piece::Made(document.finish().expect("it has a page"))]);
        file
    };
    let size = 9_999_000_000;
    let largest = size + (9_999_999_999 - of_size(size).startxref());
    for (size, is_table) in [(largest, true), (largest + 1, false)] {
        let file = of_size(size);
        assert_eq!(file.startxref() <= 9_999_999_999, is_table);
        assert_eq!(file.at(file.startxref()).starts_with(b"xref\n"), is_table);
    }
}

proptest! {
    #[test]
    fn offsets_are_correct_for_files_of_any_size(
        sizes in prop::collection::vec((0u64..1 << 20, 0u32..34), 1..12),
    ) {
        let head = head("ycbcr_444.jpg");
        let mut document = Document::new();
        let mut file = Sparse::default();
        for (mantissa, shift) in sizes {
            let size = (head.len() as u64 + ENOUGH).max(mantissa << shift >> 20);
            file.push(pieces_of(&mut document, &head, size));
        }
        file.push(vec![Piece::Made(document.finish().expect("it has pages"))]);
        prop_assert_eq!(file.startxref() > 9_999_999_999, file.at(file.startxref())[0] != b'x');
        let offsets = file.offsets();
        prop_assert!(offsets.len() > 4);
        for (number, &offset) in (1..).zip(&offsets) {
            let object = format!("{number} 0 obj\n");
            prop_assert!(file.at(offset).starts_with(object.as_bytes()), "object {}", number);
        }
    }

    #[test]
    fn large_ranges_keep_their_alignment_to_blocks(
        name in prop::sample::select(vec!["ycbcr_444.jpg", "orientation_6.jpg", "icc_srgb.jpg", "com_too_short.jpg"]),
        sizes in prop::collection::vec((0u64..5_000_000, any::<bool>()), 1..6),
    ) {
        let head = head(name);
        let mut document = Document::new();
        let mut file = Sparse::default();
        for (size, is_small) in sizes {
            let size = if is_small { size % (256 << 10) } else { size + (257 << 10) };
            let (before, ranges) = (file.size, file.ranges.len());
            file.push(pieces_of(&mut document, &head, size.max(head.len() as u64 + ENOUGH)));
            let largest = file.ranges[ranges..].iter().max_by_key(|(_, range)| range.end - range.start);
            let (offset, range) = largest.expect("an image has data");
            if range.end - range.start >= 256 << 10 {
                prop_assert_eq!(offset % BLOCK, range.start % BLOCK);
                // This includes everything that a page needs.
                prop_assert!(file.size - before < size + BLOCK + 5000);
            } else {
                prop_assert!(file.size - before < size.max(head.len() as u64 + ENOUGH) + 5000);
            }
        }
    }
}
