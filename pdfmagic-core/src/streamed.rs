//! A PDF whose image is still arriving.

use crate::backend::Passthrough;
use crate::document::Document;
use crate::error::Error;
use crate::geometry::Placement;
use crate::jpeg::{EOI, End, EndFinder, Jpeg, Source};
use crate::notice::Notice;
use crate::objects::{Shared, image_dict};
use crate::options::Options;
use crate::page::{Label, Page};
use crate::pdf::{Open, Text};
use crate::piece::Piece;

/// A PDF of one page whose image is still arriving. The image is forwarded as it arrives, so that only its header is in
/// memory. What lies between the data and EOI is forwarded as well, though [`Passthrough`](crate::Passthrough) would
/// remove it.
///
/// ```
/// use std::io::{Read, Write};
///
/// use pdfmagic_core::{Options, Streamed};
///
/// fn convert(mut input: impl Read, mut output: impl Write) -> std::io::Result<()> {
///     let mut head = Vec::new();
///     input.by_ref().take(64 << 10).read_to_end(&mut head)?;
///     let (mut pdf, pieces) = Streamed::begin(&head, &Options::default())?;
///     for piece in pieces {
///         output.write_all(piece.bytes(&head))?;
///     }
///     let mut chunk = head.split_off(pdf.rest());
///     while !chunk.is_empty() {
///         output.write_all(&chunk[..pdf.pass(&chunk)])?;
///         chunk.clear();
///         input.by_ref().take(64 << 10).read_to_end(&mut chunk)?;
///     }
///     output.write_all(&pdf.end()?)
/// }
/// # let jpeg = include_bytes!("../tests/corpus/gray.jpg");
/// # let mut pdf = Vec::new();
/// # convert(&jpeg[..], &mut pdf)?;
/// # assert!(pdf.starts_with(b"%PDF-") && pdf.ends_with(b"%%EOF\n"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Streamed {
    document: Document,
    image: Open,
    placement: Placement,
    notices: Vec<Notice>,
    label: Option<Box<Label>>,
    rest: usize,
    /// The number of bytes of the input that are still to come before the first scan.
    before_scans: usize,
    finder: EndFinder,
    /// The number of bytes sent since the start of the first scan.
    sent: u64,
    /// The number of bytes sent before the first scan.
    sent_before: u64,
}

impl Streamed {
    /// Begins a PDF like [`Passthrough`]. `head` must contain the whole header of the JPEG. Returns the beginning of
    /// the file, with ranges of `head`. After it comes what [`pass`](Self::pass) lets through.
    ///
    /// # Errors
    ///
    /// The same as those of [`Page::from_jpeg`]; [`Error::NeedsInput`] if more of the header, or the whole input, is
    /// needed.
    pub fn begin(head: &[u8], options: &Options) -> Result<(Self, Vec<Piece>), Error> {
        Self::begin_in(Document::new(), head, options)
    }

    /// Like [`begin`](Self::begin), in a document that has no page yet.
    ///
    /// # Errors
    ///
    /// The same as those of [`begin`](Self::begin).
    pub fn begin_in(
        mut document: Document,
        head: &[u8],
        options: &Options,
    ) -> Result<(Self, Vec<Piece>), Error> {
        let source = Source::Ends {
            head,
            // If EOI is missing, it is added at the end.
            tail: EOI,
            size: u64::MAX,
        };
        if options.conformance.attaches() {
            return Err(Error::Option {
                option: "attach-original",
                reason: "needs the whole image before its PDF begins",
            });
        }
        let jpeg = Jpeg::parse_header(source, &options.limits)?;
        let scans_offset = jpeg.scans_offset();
        let Page {
            mut image,
            placement,
            notices,
            label,
            ..
        } = Page::new(jpeg, options, &Passthrough)?;
        let writer = document.writer();
        let profile = Shared::default().profile(writer, &mut image);
        let mut data = std::mem::take(&mut image.data);
        let rest = match data.pop() {
            Some(Piece::Input(range)) => usize::try_from(range.start).unwrap_or(head.len()),
            _ => head.len(),
        };
        let dict = |dict: &mut Text| image_dict(dict, &image, profile);
        let image = writer.open(dict, data);
        let pieces = writer.take();
        let streamed = Self {
            document,
            image,
            placement,
            notices,
            label,
            rest,
            before_scans: scans_offset.saturating_sub(rest),
            finder: EndFinder::new(),
            sent: 0,
            sent_before: 0,
        };
        Ok((streamed, pieces))
    }

    /// Names the page, for the outline and the page labels.
    #[must_use]
    pub fn named(mut self, name: impl Into<Box<str>>) -> Self {
        self.label.get_or_insert_default().name = Some(name.into());
        self
    }

    /// Notices about the header, and about what was done.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// The offset in bytes from which the input must go through [`pass`](Self::pass). It is within the header that was
    /// given to [`begin`](Self::begin).
    #[must_use]
    pub fn rest(&self) -> usize {
        self.rest
    }

    /// Takes the next bytes of the input, and returns how many of them come next in the file. Any remaining bytes
    /// follow the end of the image, and are not part of it.
    #[must_use]
    pub fn pass(&mut self, chunk: &[u8]) -> usize {
        let before = chunk.len().min(self.before_scans);
        self.before_scans -= before;
        self.sent_before += before as u64;
        let scans = &chunk[before..];
        let end = match self.finder.feed(scans) {
            Some(End::Eoi { end, .. }) => end,
            Some(End::Foreign { at } | End::Missing { at }) => at,
            None => u64::MAX,
        };
        let left = usize::try_from(end.saturating_sub(self.sent)).unwrap_or(usize::MAX);
        let sent = scans.len().min(left);
        self.sent += sent as u64;
        before + sent
    }

    /// Ends the PDF after the whole input has passed, and returns the rest of the file.
    ///
    /// # Errors
    ///
    /// The same as those of [`Document::finish`].
    pub fn end(mut self) -> Result<Vec<u8>, Error> {
        let end = match self.finder.finish() {
            End::Eoi { .. } => &[],
            End::Foreign { .. } | End::Missing { .. } => EOI,
        };
        let writer = self.document.writer();
        writer.close(&self.image, self.sent_before + self.sent, end);
        self.document
            .push_leaves(self.image.id, &self.placement, self.label);
        self.document.finish()
    }
}
