//! Pages, and the objects they become (ISO 32000-1, 7.7).

use crate::backend::{Backend, Filter, ImageXObject, Passthrough};
use crate::error::Error;
use crate::geometry::Placement;
use crate::jpeg::{EOI, Jpeg, Source};
use crate::notice::Notice;
use crate::options::Options;
use crate::pdf::{Open, Ref, Text, Writer};
use crate::piece::Piece;

/// One page showing one image.
#[derive(Debug, Clone)]
pub struct Page {
    image: ImageXObject,
    placement: Placement,
    notices: Vec<Notice>,
}

impl Page {
    /// Makes a page from a JPEG. Pages do not depend on each other.
    ///
    /// # Errors
    ///
    /// As [`Jpeg::parse`] and [`Backend::image`].
    pub fn from_jpeg<'a>(
        source: impl Into<Source<'a>>,
        options: &Options,
        backend: &dyn Backend,
    ) -> Result<Self, Error> {
        let jpeg = Jpeg::parse(source, &options.limits)?;
        let image = backend.image(&jpeg, &options.limits)?;
        let placement = Placement::plan(&jpeg, options);
        let mut notices = [jpeg.notices(), &image.notices].concat();
        if placement.is_enlarged {
            notices.push(Notice::PageEnlarged);
        }
        Ok(Self {
            image,
            placement,
            notices,
        })
    }

    /// What was odd about the input, and what was done about it.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }
}

/// A PDF being written, page by page. Holds a few bytes for each page, and no image.
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

    /// Adds a page. Returns what comes next in the file; its ranges refer to the input of this page. What goes behind the
    /// image may wait for the next page, or the end.
    #[must_use]
    pub fn push(&mut self, page: Page) -> Vec<Piece> {
        let page = write_page(&mut self.writer, self.tree, page);
        self.pages.push(page);
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
}

impl Default for Document {
    fn default() -> Self {
        Self::new()
    }
}

/// A PDF of one page whose image is still coming: it goes out as it comes in, and nothing is known of its end.
///
/// ```no_run
/// use std::io::{Read, Write};
/// # use pdfmagic_core::{Options, Piece, Streamed};
/// # fn copy(mut input: impl Read, mut output: impl Write) -> Result<(), Box<dyn std::error::Error>> {
/// let mut head = vec![0; 64 << 10];
/// input.read_exact(&mut head)?;
/// let (pdf, pieces) = Streamed::begin(&head, &Options::default())?;
/// for piece in pieces {
///     match piece {
///         Piece::Made(bytes) => output.write_all(&bytes)?,
///         Piece::Input(range) => {
///             let end = head.len().min(range.end.try_into()?);
///             output.write_all(&head[range.start.try_into()?..end])?;
///         }
///     }
/// }
/// let mut rest = Vec::new(); // in real life, a part at a time
/// input.read_to_end(&mut rest)?;
/// output.write_all(&rest)?;
/// output.write_all(&pdf.end((head.len() + rest.len()) as u64, &rest)?)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Streamed {
    document: Document,
    image: Open,
    placement: Placement,
    notices: Vec<Notice>,
    /// Where in the input its last piece begins, in bytes.
    rest: u64,
}

impl Streamed {
    /// Begins a PDF, given all of a JPEG's header, as [`Passthrough`](crate::Passthrough) does. Returns what comes first in
    /// the file. Ranges refer to the input; the last one, which ends at `u64::MAX`, goes on to the input's end.
    ///
    /// # Errors
    ///
    /// As [`Page::from_jpeg`]; [`Error::NeedsInput`] if more of the header is needed, or all of the input.
    pub fn begin(head: &[u8], options: &Options) -> Result<(Self, Vec<Piece>), Error> {
        let source = Source::Ends {
            head,
            // What is missing there is added at the end.
            tail: EOI,
            size: u64::MAX,
        };
        let Page {
            mut image,
            placement,
            notices,
        } = Page::from_jpeg(source, options, &Passthrough)?;
        let mut document = Document::new();
        let profile = write_profile(&mut document.writer, &mut image);
        let rest = match image.data.last() {
            Some(Piece::Input(range)) => range.start,
            _ => head.len() as u64,
        };
        let data = std::mem::take(&mut image.data);
        let dict = |dict: &mut Text| image_dict(dict, &image, profile);
        let image = document.writer.open(dict, data);
        let pieces = document.writer.take();
        let streamed = Self {
            document,
            image,
            placement,
            notices,
            rest,
        };
        Ok((streamed, pieces))
    }

    /// What was odd about the header, and what was done about it.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// Ends the PDF, given the size of all of the input in bytes, and its last bytes, of which two are enough. Returns the
    /// rest of the file.
    ///
    /// # Errors
    ///
    /// As [`Document::finish`].
    pub fn end(mut self, size: u64, tail: &[u8]) -> Result<Vec<u8>, Error> {
        let end = if tail.ends_with(EOI) { &[] } else { EOI };
        let writer = &mut self.document.writer;
        writer.close(&self.image, size.saturating_sub(self.rest), end);
        let page = write_leaf(writer, self.document.tree, self.image.id, &self.placement);
        self.document.pages.push(page);
        self.document.finish()
    }
}

fn write_page(w: &mut Writer, parent: Ref, page: Page) -> Ref {
    let Page {
        mut image,
        placement,
        ..
    } = page;
    let profile = write_profile(w, &mut image);
    let data = std::mem::take(&mut image.data);
    let image = w.stream(|dict| image_dict(dict, &image, profile), data);
    write_leaf(w, parent, image, &placement)
}

/// Writes the page object, and the content that shows the image.
fn write_leaf(w: &mut Writer, parent: Ref, image: Ref, placement: &Placement) -> Ref {
    let mut content = Text::new();
    content.put("q ").list(placement.matrix);
    content.put(" cm /Im0 Do Q");
    let content = w.stream(|_| (), [content.into()]);
    let id = w.reserve();
    w.object(id, |page| {
        page.put("<< /Type /Page /Parent ").put(parent);
        page.put(" /MediaBox [0 0 ").list(placement.media_box);
        page.put("]");
        if placement.user_unit != 1 {
            page.put(" /UserUnit ").put(u64::from(placement.user_unit));
        }
        page.put(" /Resources << /XObject << /Im0 ").put(image);
        page.put(" >> >> /Contents ").put(content).put(" >>");
    });
    id
}

/// Writes the profile of an image, if it has one.
fn write_profile(w: &mut Writer, image: &mut ImageXObject) -> Option<Ref> {
    let profile = image.icc_profile.take()?;
    let space = image.color_space;
    let dict = |dict: &mut Text| {
        dict.put("/N ").put(space.components());
        dict.put(" /Alternate ").put(space);
    };
    Some(w.stream(dict, [Piece::Made(profile)]))
}

/// The entries of an image's dictionary, but for `Length`.
fn image_dict(dict: &mut Text, image: &ImageXObject, profile: Option<Ref>) {
    let space = image.color_space;
    let [width, height] = [image.width, image.height].map(|side| u64::from(side.get()));
    dict.put("/Type /XObject /Subtype /Image /Width ")
        .put(width);
    dict.put(" /Height ").put(height).put(" /ColorSpace ");
    match profile {
        Some(profile) => dict.put("[/ICCBased ").put(profile).put("]"),
        None => dict.put(space),
    };
    match image.filter {
        Filter::Dct => dict.put(" /BitsPerComponent 8 /Filter /DCTDecode"),
        Filter::Flate { bits_per_component } => {
            let bits = u64::from(bits_per_component);
            dict.put(" /BitsPerComponent ").put(bits);
            dict.put(" /Filter /FlateDecode /DecodeParms << /Predictor 15 /Colors ");
            dict.put(space.components());
            dict.put(" /BitsPerComponent ").put(bits);
            dict.put(" /Columns ").put(width).put(" >>")
        }
    };
    if image.inverted {
        let swapped = std::iter::repeat_n("1 0", space.components());
        dict.put(" /Decode [").list(swapped).put("]");
    }
}
