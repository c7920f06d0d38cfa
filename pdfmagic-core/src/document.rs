//! A PDF, page by page (ISO 32000-1, 7.7).

use std::io::{self, Write};

#[cfg(feature = "lopdf")]
use crate::append::{self, Existing};
use crate::catalog::{self, Named};
use crate::conformance::Conformance;
use crate::error::Error;
#[cfg(feature = "reencode")]
use crate::error::Resource;
#[cfg(feature = "lopdf")]
use crate::existing::PdfError;
use crate::extras::{Extras, Given, put_id};
use crate::geometry::Placement;
use crate::metadata::Metadata;
use crate::objects::{Shared, write_leaves};
use crate::options::{DocumentOptions, PdfA};
use crate::page::{Label, Page};
use crate::pdf::{Ref, Text, Writer};
use crate::piece::Piece;

/// A PDF being written, page by page. Holds a few bytes for each page, and no image.
///
/// This example writes from memory to any writer:
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
/// If the image data need not pass through memory, [`push`](Self::push) and [`finish`](Self::finish) return what to
/// send instead.
#[derive(Debug)]
pub struct Document {
    writer: Writer,
    root: Root,
    tree: Ref,
    pages: Vec<Ref>,
    /// `None` for the default options, which need no objects.
    options: Option<Box<DocumentOptions>>,
    names: Vec<Named>,
    shared: Shared,
    extras: Option<Box<Extras>>,
}

/// The start of a document.
#[derive(Debug)]
enum Root {
    /// A new document, with its own catalog.
    New(Ref),
    /// An existing PDF, to which pages are added.
    #[cfg(feature = "lopdf")]
    Existing(Box<Existing>),
}

impl Document {
    /// Starts a document.
    #[must_use]
    pub fn new() -> Self {
        Self::of_version(Writer::VERSION)
    }

    /// Starts a document with a version of PDF.
    fn of_version(version: &str) -> Self {
        let mut writer = Writer::new(version);
        let (catalog, tree) = (writer.reserve(), writer.reserve());
        Self {
            writer,
            root: Root::New(catalog),
            tree,
            pages: Vec::with_capacity(1),
            options: None,
            names: Vec::new(),
            shared: Shared::default(),
            extras: None,
        }
    }

    /// Starts a document with options. Invalid options are reported by [`finish`](Self::finish), and before that by
    /// [`DocumentOptions::conformance`].
    ///
    /// ```
    /// use pdfmagic_core::{Auto, Document, DocumentOptions, Options, Page};
    ///
    /// # let photo = include_bytes!("../tests/corpus/gray.jpg");
    /// let mut options = DocumentOptions::default();
    /// options.title = Some("Holidays".to_owned());
    /// options.outline = true;
    /// let mut document = Document::with_options(&options);
    /// let page = Page::from_jpeg(photo, &Options::default(), &Auto)?;
    /// let pieces = document.push(page.named("The beach"));
    /// # let _ = (pieces, document.finish()?);
    /// # Ok::<(), pdfmagic_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_options(options: &DocumentOptions) -> Self {
        let is_default = *options == DocumentOptions::default();
        let rules = options.pdfa.map(PdfA::rules);
        Self {
            options: (!is_default).then(|| Box::new(options.clone())),
            extras: Extras::of(options),
            ..Self::of_version(rules.map_or(Writer::VERSION, |rules| rules.version))
        }
    }

    /// Continues an existing PDF: pages are added after its own, and its bytes remain unchanged. They come first in the
    /// file, before what [`push`](Self::push) returns.
    ///
    /// ```
    /// use pdfmagic_core::{Auto, Document, Options, Page, jpeg_to_pdf};
    ///
    /// # let photo = include_bytes!("../tests/corpus/gray.jpg");
    /// let mut pdf = jpeg_to_pdf(photo)?;
    /// let mut document = Document::after(&pdf)?;
    /// let page = Page::from_jpeg(photo, &Options::default(), &Auto)?;
    /// document.write_page(page, photo, &mut pdf)?;
    /// document.finish_into(&mut pdf)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the file is not a PDF, or is encrypted, signed or broken.
    #[cfg(feature = "lopdf")]
    pub fn after(pdf: &[u8]) -> Result<Self, PdfError> {
        let (existing, mut writer) = append::open(pdf)?;
        let tree = writer.reserve();
        Ok(Self {
            writer,
            root: Root::Existing(Box::new(existing)),
            tree,
            ..Self::new()
        })
    }

    /// Adds a page, or several if its image is split. Returns what comes next in the file, with ranges of the input of
    /// this page. Bytes after the image may be returned by a later `push` or by `finish`.
    #[must_use]
    pub fn push(&mut self, page: Page) -> Vec<Piece> {
        let Page {
            image,
            placement,
            label,
            ..
        } = page;
        let image = self.shared.image(&mut self.writer, image, label.as_deref());
        self.push_leaves(image, &placement, label);
        self.writer.take()
    }

    /// Ends the document, and returns the rest of the file.
    ///
    /// # Errors
    ///
    /// [`Error::NoPages`] if no page was added; [`Error::Option`] for an initial page that does not exist;
    /// [`Error::Limit`] if the PDF is larger than its options allow; [`Error::Nonconforming`] if a standard forbids
    /// something.
    pub fn finish(self) -> Result<Vec<u8>, Error> {
        if self.pages.is_empty() {
            return Err(Error::NoPages);
        }
        match self.root {
            Root::New(catalog) => self.finish_new(catalog),
            #[cfg(feature = "lopdf")]
            Root::Existing(existing) => {
                finish_existing(self.writer, *existing, self.extras, self.tree, &self.pages)
            }
        }
    }

    fn finish_new(mut self, catalog: Ref) -> Result<Vec<u8>, Error> {
        self.writer.object(self.tree, |tree| {
            let pages = self.pages.iter().copied();
            tree.put("<< /Type /Pages /Kids [").list(pages);
            tree.put("] /Count ").put(self.pages.len()).put(" >>");
        });
        let (mut info, mut entries, mut id) = (None, None, None);
        let extras = self.extras.as_deref();
        let conformance = extras.map_or_else(Conformance::default, Extras::conformance);
        if let Some(options) = &self.options {
            let last = self.pages.len();
            let first_shown = options.viewer_initial_page;
            if first_shown.is_some_and(|page| page.get() as usize > last) {
                return Err(Error::Option {
                    option: "viewer-initial-page",
                    reason: "is after the last page",
                });
            }
            let metadata;
            [info, metadata] = Metadata::of(options).write(&mut self.writer, conformance);
            let (w, pages, names) = (&mut self.writer, &self.pages, &self.names);
            entries = Some(catalog::entries(w, options, metadata, pages, names));
        }
        if let Some(extras) = self.extras {
            let entries = entries.get_or_insert_with(Text::new);
            let (w, options) = (&mut self.writer, self.options.as_deref());
            id = extras.finish(w, options, self.pages.len(), entries)?;
        }
        self.writer.object(catalog, |text| {
            text.put("<< /Type /Catalog /Pages ").put(self.tree);
            if let Some(entries) = entries {
                text.put(entries);
            }
            text.put(" >>");
        });
        #[cfg(feature = "reencode")]
        let before = self.writer.taken();
        let rest = self.writer.finish(|trailer| {
            trailer.put(" /Root ").put(catalog);
            if let Some(info) = info {
                trailer.put(" /Info ").put(info);
            }
            if let Some(id) = id {
                put_id(trailer, id);
            }
        });
        #[cfg(feature = "reencode")]
        if let Some(max) = self.options.and_then(|options| options.max_pdf_size) {
            Resource::PdfBytes.check(before + rest.len() as u64, max.get())?;
        }
        Ok(rest)
    }

    /// Adds a page, and writes what comes next in the file. `input` is the whole JPEG that the page was made from.
    ///
    /// # Errors
    ///
    /// Returns the errors of `output`.
    ///
    /// # Panics
    ///
    /// If `input` is shorter than the JPEG that the page was made from.
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
    /// Returns the errors of `output`. An error of [`finish`](Self::finish) is returned as the source of an I/O error.
    pub fn finish_into(self, output: &mut impl Write) -> io::Result<()> {
        output.write_all(&self.finish()?)
    }

    pub(crate) fn writer(&mut self) -> &mut Writer {
        &mut self.writer
    }

    /// Returns the additional entries of the pages of an image, if there are any.
    fn begin_page(&mut self, label: Option<&Label>) -> Given {
        let is_asked = |label: &Label| label.alt.is_some() || label.original.is_some();
        if self.extras.is_none() && !label.is_some_and(is_asked) {
            return Given::default();
        }
        let extras = self.extras.get_or_insert_default();
        let unlabeled = Label::default();
        let label = label.unwrap_or(&unlabeled);
        match &self.root {
            Root::New(_) => extras.begin_page(&mut self.writer, label, self.pages.len()),
            #[cfg(feature = "lopdf")]
            Root::Existing(_) => {
                extras.refuse(label);
                Given::default()
            }
        }
    }

    /// Adds the pages that show an image.
    pub(crate) fn push_leaves(
        &mut self,
        image: Ref,
        placement: &Placement,
        label: Option<Box<Label>>,
    ) {
        let first = self.pages.len();
        let given = self.begin_page(label.as_deref());
        write_leaves(
            &mut self.writer,
            self.tree,
            image,
            placement,
            given,
            &mut self.pages,
        );
        if let (Some(extras), Some(label)) = (&mut self.extras, &label)
            && let Some(alt) = label.alt.as_deref().filter(|_| given.figure.is_some())
        {
            extras.end_page(&mut self.writer, alt, &self.pages[first..], placement);
        }
        if let Some(name) = label.and_then(|label| label.name)
            && self
                .options
                .as_ref()
                .is_some_and(|options| options.outline || options.page_labels)
        {
            let pages = first..self.pages.len();
            self.names.push(Named { pages, name });
        }
    }
}

/// Finishes pages that were added to an existing PDF.
#[cfg(feature = "lopdf")]
fn finish_existing(
    mut w: Writer,
    existing: Existing,
    extras: Option<Box<Extras>>,
    tree: Ref,
    pages: &[Ref],
) -> Result<Vec<u8>, Error> {
    if let Some(extras) = extras {
        extras.finish(&mut w, None, pages.len(), &mut Text::new())?;
    }
    w.object(tree, |text| existing.put_tree(text, pages));
    let trailer = existing.rewrite(&mut w, tree);
    Ok(w.finish(|text| {
        text.put(&trailer[..]);
    }))
}

impl Default for Document {
    fn default() -> Self {
        Self::new()
    }
}
