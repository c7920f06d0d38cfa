//! Indirect objects, streams, and their offsets (ISO 32000-1, 7.3.8 to 7.3.10).

use super::text::{Text, Token, decimal};
use crate::fingerprint::Fingerprint;
use crate::piece::Piece;

/// An indirect reference, written `n 0 R` (7.3.10). Only a [`Writer`] creates them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ref(u32);

#[cfg(feature = "lopdf")]
impl Ref {
    pub(crate) fn number(self) -> u32 {
        self.0
    }
}

/// A stream object whose data is not complete yet.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) id: Ref,
    length: Ref,
    /// The size of the pieces that it was opened with, in bytes.
    size: u64,
}

impl Token for Ref {
    fn write(self, text: &mut Text) {
        text.put(u64::from(self.0)).put(" 0 R");
    }
}

/// The size of a block in file systems that can share blocks between files, in bytes.
const BLOCK: usize = 4096;

/// Returns the largest range of the input in this data, as its offset in the input and in the data. `None` if it is too
/// small for shared blocks to be worth the padding.
fn shareable(data: &[Piece]) -> Option<(u64, u64)> {
    const MIN_SIZE: u64 = 256 << 10;
    let mut largest = None;
    let (mut size, mut in_data) = (MIN_SIZE, 0);
    for piece in data {
        if let Piece::Input(range) = piece
            && piece.size() >= size
        {
            size = piece.size();
            largest = Some((range.start, in_data));
        }
        in_data += piece.size();
    }
    largest
}

/// The end of a stream object.
pub(super) const END_STREAM: &str = "\nendstream\nendobj\n";

/// Writes indirect objects and records their offsets. Everything written can be taken at any time, except the last
/// text.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(super) pieces: Vec<Piece>,
    /// The text after the last piece. It is held back, so that later text joins the same piece.
    pub(super) text: Text,
    /// The number of bytes before `text`, taken or not.
    flushed: u64,
    /// The offset of object n is `offsets[n - first]`, in bytes.
    pub(super) offsets: Vec<u64>,
    pub(super) first: u32,
    /// The file that this one updates.
    #[cfg(feature = "lopdf")]
    pub(super) previous: Option<Box<Previous>>,
}

/// The file that an incremental update (7.5.6) is appended to.
#[cfg(feature = "lopdf")]
#[derive(Debug)]
pub(crate) struct Previous {
    /// Its size, in bytes.
    pub(crate) size: u64,
    /// Whether its last line ends with a line break.
    pub(crate) ends_line: bool,
    /// `Size`: one more than the highest object number.
    pub(crate) objects: u32,
    pub(crate) startxref: u64,
    /// Whether its cross-references are a stream. Those of the update are then a stream too.
    pub(crate) has_stream: bool,
    /// The objects that the update replaces: number, generation and offset.
    pub(crate) rewritten: Vec<(u32, u16, u64)>,
}

impl Writer {
    /// Begins a file with a version of PDF, with room for one page, as most documents have.
    pub(crate) fn new(version: &str) -> Self {
        // Four bytes above 127 mark the file as binary (7.5.2).
        let mut text = Text::new();
        text.put("%PDF-").put(version);
        text.put(&b"\n%\xE2\xE3\xCF\xD3\n"[..]);
        Self {
            pieces: Vec::with_capacity(4),
            text,
            flushed: 0,
            offsets: Vec::with_capacity(8),
            first: 1,
            #[cfg(feature = "lopdf")]
            previous: None,
        }
    }

    /// The version of PDF, unless a level of PDF/A requires another.
    pub(crate) const VERSION: &str = "1.7";

    /// Appends an update to a file.
    #[cfg(feature = "lopdf")]
    pub(crate) fn after(previous: Previous) -> Self {
        let mut text = Text::new();
        if !previous.ends_line {
            text.put("\n");
        }
        Self {
            text,
            flushed: previous.size,
            first: previous.objects,
            previous: Some(Box::new(previous)),
            ..Self::new(Self::VERSION)
        }
    }

    /// Replaces an object of the previous file.
    #[cfg(feature = "lopdf")]
    pub(crate) fn rewrite(&mut self, (number, generation): (u32, u16), body: &[u8]) {
        let offset = self.position();
        let text = &mut self.text;
        text.put(u64::from(number))
            .put(" ")
            .put(u64::from(generation));
        text.put(" obj\n").put(body).put("\nendobj\n");
        if let Some(previous) = &mut self.previous {
            previous.rewritten.push((number, generation, offset));
        }
    }

    /// Reserves the number of an object that is written later.
    pub(crate) fn reserve(&mut self) -> Ref {
        let number = self.next();
        self.offsets.push(0);
        Ref(number)
    }

    /// Writes a reserved object.
    pub(crate) fn object(&mut self, id: Ref, body: impl FnOnce(&mut Text)) {
        self.begin(id);
        body(&mut self.text);
        self.text.put("\nendobj\n");
    }

    /// Writes a stream object (7.3.8). `dict` writes the entries of its dictionary, except `Length`.
    pub(crate) fn stream(
        &mut self,
        dict: impl FnOnce(&mut Text),
        data: impl AsRef<[Piece]> + IntoIterator<Item = Piece>,
    ) -> Ref {
        let id = self.reserve();
        let length: u64 = data.as_ref().iter().map(Piece::size).sum();
        let range = shareable(data.as_ref());
        self.begin_stream(id, dict, length, range);
        for piece in data {
            self.piece(piece);
        }
        self.text.put(END_STREAM);
        id
    }

    /// Writes a stream object of short text, of at most 9,999 bytes.
    pub(crate) fn text_stream(&mut self, body: impl FnOnce(&mut Text)) -> Ref {
        const LENGTH: &str = "<< /Length ";
        const FIELD: &str = "    ";
        let id = self.reserve();
        self.begin(id);
        self.text.put(LENGTH);
        let field = self.text.0.len();
        self.text.put(FIELD).put(" >>\nstream\n");
        let start = self.text.0.len();
        body(&mut self.text);
        let length = self.text.0.len() - start;
        decimal(length as u64, &mut self.text.0[field..field + FIELD.len()]);
        self.text.put(END_STREAM);
        id
    }

    /// Begins a stream object, whose data begins with these pieces. Its `Length` is an object of its own, which
    /// [`close`](Self::close) writes.
    pub(crate) fn open(&mut self, dict: impl FnOnce(&mut Text), data: Vec<Piece>) -> Open {
        let (id, length) = (self.reserve(), self.reserve());
        self.begin_stream(id, dict, length, None);
        let size = data.iter().map(Piece::size).sum();
        for piece in data {
            self.piece(piece);
        }
        self.flush();
        Open { id, length, size }
    }

    /// Ends a stream object. `rest` more bytes of data were sent, and `end` follows them.
    pub(crate) fn close(&mut self, open: &Open, rest: u64, end: &[u8]) {
        self.flushed += rest;
        self.text.put(end).put(END_STREAM);
        let length = open.size + rest + end.len() as u64;
        self.object(open.length, |text| {
            text.put(length);
        });
    }

    /// Takes the pieces written so far.
    pub(crate) fn take(&mut self) -> Vec<Piece> {
        std::mem::take(&mut self.pieces)
    }

    /// The size of the pieces taken so far, in bytes.
    #[cfg(feature = "reencode")]
    pub(crate) fn taken(&self) -> u64 {
        let waiting: u64 = self.pieces.iter().map(Piece::size).sum();
        self.flushed - waiting
    }

    /// The number of the next object.
    pub(super) fn next(&self) -> u32 {
        let count = u32::try_from(self.offsets.len()).expect("fewer objects than bytes");
        self.first + count
    }

    /// Adds the offsets of all objects to a fingerprint, and thereby their sizes.
    pub(crate) fn identify(&self, fingerprint: &mut Fingerprint) {
        self.offsets
            .iter()
            .for_each(|&offset| fingerprint.word(offset));
    }

    /// The size of everything written so far, in bytes.
    pub(crate) fn position(&self) -> u64 {
        self.flushed + self.text.0.len() as u64
    }

    pub(super) fn begin(&mut self, id: Ref) {
        self.offsets[(id.0 - self.first) as usize] = self.position();
        self.text.put(u64::from(id.0)).put(" 0 obj\n");
    }

    /// Writes a stream object up to its data. `range` is a range of an input, as its offset in the input and in the
    /// data. Blanks are inserted so that the two offsets in the files differ by whole blocks of a file system.
    fn begin_stream(
        &mut self,
        id: Ref,
        dict: impl FnOnce(&mut Text),
        length: impl Token,
        range: Option<(u64, u64)>,
    ) {
        const END_DICT: &str = " >>\nstream\n";
        static BLANKS: [u8; BLOCK] = [b' '; BLOCK];
        self.begin(id);
        self.text.put("<< ");
        dict(&mut self.text);
        self.text.put(" /Length ").put(length);
        if let Some((in_input, in_data)) = range {
            let offset = self.position() + END_DICT.len() as u64 + in_data;
            #[expect(clippy::cast_possible_truncation, reason = "smaller than a block")]
            let blanks = (in_input.wrapping_sub(offset) % BLOCK as u64) as usize;
            self.text.put(&BLANKS[..blanks]);
        }
        self.text.put(END_DICT);
    }

    /// Adds stream data. Short new data joins the text; everything else remains a separate piece.
    fn piece(&mut self, data: Piece) {
        /// The maximum size in bytes for which copying is cheaper than another piece.
        const SHORT: usize = 4096;
        match data {
            Piece::Made(bytes) if self.text.0.len() + bytes.len() <= SHORT => {
                self.text.put(&bytes[..]);
            }
            data => {
                self.flush();
                self.flushed += data.size();
                self.pieces.push(data);
            }
        }
    }

    /// Turns the text into a piece.
    pub(super) fn flush(&mut self) {
        if !self.text.0.is_empty() {
            self.flushed += self.text.0.len() as u64;
            let text = std::mem::replace(&mut self.text, Text::new());
            self.pieces.push(text.into());
        }
    }
}
