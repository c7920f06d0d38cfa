//! A PDF, page by page (ISO 32000-1, 7.7).

use std::io::{self, Write};

use crate::error::Error;
use crate::objects::write_page;
use crate::page::Page;
use crate::pdf::{Ref, Writer};
use crate::piece::Piece;

/// A PDF being written, page by page. Holds a few bytes for each page, and no image.
///
/// From memory to anything that takes bytes:
///
/// ```
/// use pdfmagic_core::{Auto, Document, Options, Page};
///
/// fn album(photos: &[Vec<u8>], mut out: impl std::io::Write) -> std::io::Result<()> {
///     let mut document = Document::new();
///     for photo in photos {
///         let page = Page::from_jpeg(photo, &Options::default(), &Auto)?;
///         document.write_page(page, photo, &mut out)?;
///     }
///     document.finish_into(&mut out)
/// }
/// # let photo = include_bytes!("../tests/corpus/gray.jpg").to_vec();
/// # let mut pdf = Vec::new();
/// # album(&[photo.clone(), photo], &mut pdf)?;
/// # assert!(pdf.starts_with(b"%PDF-") && pdf.ends_with(b"%%EOF\n"));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Where the image data need not pass through memory, [`push`](Self::push) and [`finish`](Self::finish) say what to
/// send instead.
#[derive(Debug)]
pub struct Document {
    writer: Writer,
    catalog: Ref,
    tree: Ref,
    pages: Vec<Ref>,
}

impl Document {
    /// Starts a document.
    #[must_use]
    pub fn new() -> Self {
        let mut writer = Writer::new();
        let (catalog, tree) = (writer.reserve(), writer.reserve());
        Self {
            writer,
            catalog,
            tree,
            pages: Vec::with_capacity(1),
        }
    }

    /// Adds a page. Returns what comes next in the file; its ranges refer to the input of this page. Bytes after the
    /// image may be returned by a later `push` or by `finish`.
    #[must_use]
    pub fn push(&mut self, page: Page) -> Vec<Piece> {
        write_page(&mut self.writer, self.tree, page, &mut self.pages);
        self.writer.take()
    }

    /// Ends the document. Returns the rest of the file.
    ///
    /// # Errors
    ///
    /// [`Error::NoPages`] if no page was added; [`Error::Limit`] if the file would be larger than 10 GB, whose
    /// offsets a cross-reference table cannot hold.
    pub fn finish(mut self) -> Result<Vec<u8>, Error> {
        if self.pages.is_empty() {
            return Err(Error::NoPages);
        }
        self.writer.object(self.tree, |tree| {
            let pages = self.pages.iter().copied();
            tree.put("<< /Type /Pages /Kids [").list(pages);
            tree.put("] /Count ").put(self.pages.len()).put(" >>");
        });
        self.writer.object(self.catalog, |catalog| {
            catalog.put("<< /Type /Catalog /Pages ").put(self.tree);
            catalog.put(" >>");
        });
        self.writer.finish(self.catalog)
    }

    /// Adds a page, and writes what comes next in the file. `input` is all of the JPEG that the page was made from.
    ///
    /// # Errors
    ///
    /// As `output`.
    ///
    /// # Panics
    ///
    /// If `input` is shorter than what the page was made from.
    pub fn write_page(
        &mut self,
        page: Page,
        input: impl AsRef<[u8]>,
        output: &mut impl Write,
    ) -> io::Result<()> {
        self.push(page)
            .iter()
            .try_for_each(|piece| output.write_all(piece.bytes(input.as_ref())))
    }

    /// Ends the document, and writes the rest of the file.
    ///
    /// # Errors
    ///
    /// As `output`; as [`finish`](Self::finish), whose error is then the source.
    pub fn finish_into(self, output: &mut impl Write) -> io::Result<()> {
        output.write_all(&self.finish()?)
    }

    /// The writer, the root of the page tree, and the pages so far.
    pub(crate) fn parts(&mut self) -> (&mut Writer, Ref, &mut Vec<Ref>) {
        (&mut self.writer, self.tree, &mut self.pages)
    }
}

impl Default for Document {
    fn default() -> Self {
        Self::new()
    }
}
