//! Cross-references and the trailer (ISO 32000-1, 7.5.4, 7.5.5, 7.5.8).

use super::text::{Text, decimal};
use super::writer::{END_STREAM, Writer};
use crate::piece::Piece;

impl Writer {
    /// The largest offset that fits into a cross-reference table: ten digits (7.5.4).
    pub(crate) const MAX_OFFSET: u64 = 9_999_999_999;

    /// Writes the cross-references and the trailer. `entries` writes the entries of the trailer that do not concern
    /// cross-references. Returns everything that was not taken before.
    pub(crate) fn finish(mut self, entries: impl FnOnce(&mut Text)) -> Vec<u8> {
        let startxref = self.position();
        let is_stream = startxref > Self::MAX_OFFSET;
        // The update of a file whose cross-references are a stream has a stream too.
        #[cfg(feature = "lopdf")]
        let is_stream = is_stream || self.previous.as_ref().is_some_and(|p| p.has_stream);
        if is_stream {
            self.cross_reference_stream(entries);
        } else {
            self.cross_reference_table(entries);
        }
        let text = &mut self.text;
        text.put("startxref\n").put(startxref).put("\n%%EOF\n");
        if self.pieces.is_empty() {
            return self.text.0;
        }
        self.flush();
        let all = self.pieces.into_iter().flat_map(|piece| match piece {
            Piece::Made(bytes) => bytes,
            Piece::Input(_) => Vec::new(),
        });
        all.collect()
    }

    /// Writes a cross-reference table and the trailer (7.5.4, 7.5.5).
    fn cross_reference_table(&mut self, entries: impl FnOnce(&mut Text)) {
        let size = self.next();
        let text = &mut self.text;
        text.put("xref\n");
        let entry = |text: &mut Text, offset: u64, generation: u16| {
            let mut entry = *b"0000000000 00000 n \n";
            decimal(offset, &mut entry[..10]);
            decimal(generation.into(), &mut entry[11..16]);
            text.put(&entry[..]);
        };
        #[cfg(feature = "lopdf")]
        for &(number, generation, offset) in self.previous.iter().flat_map(|p| &p.rewritten) {
            text.put(u64::from(number)).put(" 1\n");
            entry(text, offset, generation);
        }
        if self.first == 1 {
            text.put("0 ").put(u64::from(size));
            text.put("\n0000000000 65535 f \n");
        } else {
            text.put(u64::from(self.first))
                .put(" ")
                .put(self.offsets.len());
            text.put("\n");
        }
        for &offset in &self.offsets {
            entry(text, offset, 0);
        }
        text.put("trailer\n<< /Size ").put(u64::from(size));
        self.put_previous();
        entries(&mut self.text);
        self.text.put(" >>\n");
    }

    /// Writes a cross-reference stream, which is its own trailer (7.5.8).
    fn cross_reference_stream(&mut self, entries: impl FnOnce(&mut Text)) {
        /// The number of bytes of an offset, which suffice for files of 256 TiB.
        const WIDTH: usize = 6;
        let id = self.reserve();
        self.begin(id);
        let size = self.next();
        let mut count = self.offsets.len();
        self.text.put("<< /Type /XRef /Size ").put(u64::from(size));
        self.text.put(" /W [1 ").put(WIDTH).put(" 2]");
        let mut data = Text::new();
        let entry = |data: &mut Text, kind: u8, offset: u64, generation: u16| {
            data.put(&[kind][..])
                .put(&offset.to_be_bytes()[8 - WIDTH..]);
            data.put(&generation.to_be_bytes()[..]);
        };
        if self.first == 1 {
            // Object 0 is free, with the highest generation.
            entry(&mut data, 0, 0, u16::MAX);
            count += 1;
        } else {
            self.text.put(" /Index [");
            #[cfg(feature = "lopdf")]
            for &(number, generation, offset) in self.previous.iter().flat_map(|p| &p.rewritten) {
                self.text.put(u64::from(number)).put(" 1 ");
                entry(&mut data, 1, offset, generation);
                count += 1;
            }
            self.text
                .put(u64::from(self.first))
                .put(" ")
                .put(self.offsets.len());
            self.text.put("]");
        }
        for &offset in &self.offsets {
            entry(&mut data, 1, offset, 0);
        }
        self.put_previous();
        entries(&mut self.text);
        self.text.put(" /Length ").put(count * (1 + WIDTH + 2));
        self.text.put(" >>\nstream\n").put(data).put(END_STREAM);
    }

    /// Adds the entry of the trailer that refers to the cross-references of the previous file.
    #[cfg_attr(
        not(feature = "lopdf"),
        expect(clippy::unused_self, reason = "it is used with the feature lopdf")
    )]
    fn put_previous(&mut self) {
        #[cfg(feature = "lopdf")]
        if let Some(previous) = &self.previous {
            self.text.put(" /Prev ").put(previous.startxref);
        }
    }
}
