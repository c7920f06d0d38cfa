//! The JPEG header, as far as PDF needs it (ITU-T T.81, Annex B).

mod app;
mod frame;
mod kind;
mod segment;
mod source;

use std::borrow::Cow;

pub use app::{AdobeTransform, Orientation};
pub use frame::{ColorModel, EntropyCoding, Feature, Frame, Process};
pub use kind::FileKind;
pub use source::Source;

use crate::error::Error;
use app::{Exif, IccChunks};
use segment::{Marker, Segments};

/// A JPEG whose header has been read and found sound.
///
/// Borrows the file: nothing is copied but an ICC profile that spans several segments.
#[derive(Debug, Clone)]
pub struct Jpeg<'a> {
    source: Source<'a>,
    frame: Frame,
    color_model: ColorModel,
    adobe: Option<AdobeTransform>,
    density: Option<[f64; 2]>,
    orientation: Orientation,
    neutral_orientation: Vec<(u64, [u8; 2])>,
    icc_profile: Option<Cow<'a, [u8]>>,
}

impl<'a> Jpeg<'a> {
    /// Reads the marker segments from SOI to the first SOS.
    ///
    /// The entropy-coded data is not looked at.
    ///
    /// # Errors
    ///
    /// [`Error::Format`] if the header breaks T.81; [`Error::Unsupported`] for hierarchical
    /// frames, a height given by DNL, or a number of components other than 1, 3 or 4;
    /// [`Error::NeedsInput`] if only the ends of the input were given and the header goes on past them.
    pub fn parse(source: impl Into<Source<'a>>) -> Result<Self, Error> {
        let source = source.into();
        let head = source.head();
        let mut frame = None;
        let mut adobe = None;
        let mut jfif_density = None;
        let mut exif = Exif::default();
        let mut icc = IccChunks::default();
        let mut is_jfif = false;
        let mut neutral_orientation = Vec::new();

        for segment in Segments::new(head).map_err(|e| source.short(e))? {
            let segment = segment.map_err(|e| source.short(e))?;
            match segment.marker {
                Marker::APP0 => {
                    if let Some(density) = app::jfif(segment.payload) {
                        is_jfif = true;
                        jfif_density = density;
                    }
                }
                Marker::APP1 => {
                    if let Some(found) = app::exif(segment.payload) {
                        exif = found;
                        let at = segment.payload_offset() as u64;
                        neutral_orientation
                            .extend(found.neutral.map(|(offset, one)| (at + offset as u64, one)));
                    }
                }
                Marker::APP2 => icc.push(segment.payload),
                Marker::APP14 => adobe = app::adobe(segment.payload).or(adobe),
                marker if marker.is_sof() => {
                    if frame.replace(Frame::parse(&segment)?).is_some() {
                        return Err(segment.malformed("second frame header"));
                    }
                }
                _ => {}
            }
        }
        let frame = frame.ok_or(Error::Format {
            offset: head.len() as u64,
            reason: "no frame header",
        })?;
        let color_model = ColorModel::of(&frame, adobe, is_jfif);
        Ok(Self {
            source,
            frame,
            color_model,
            adobe,
            density: jfif_density.or(exif.density),
            orientation: exif.orientation,
            neutral_orientation,
            icc_profile: icc.assemble(),
        })
    }

    /// Size of the input, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.source.size()
    }

    /// All of the input.
    ///
    /// # Errors
    ///
    /// [`Error::NeedsInput`] if only its ends were given.
    pub fn whole(&self) -> Result<&'a [u8], Error> {
        self.source.whole()
    }

    /// Whether the last two bytes are an EOI marker.
    #[must_use]
    pub fn ends_with_eoi(&self) -> bool {
        self.source.tail().ends_with(&[0xFF, Marker::EOI.0])
    }

    /// Where an Exif orientation other than 1 stands, in bytes from the start, and what would make it 1.
    #[must_use]
    pub fn neutral_orientation(&self) -> &[(u64, [u8; 2])] {
        &self.neutral_orientation
    }

    /// The frame header.
    #[must_use]
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    /// How the components spell colour.
    #[must_use]
    pub fn color_model(&self) -> ColorModel {
        self.color_model
    }

    /// The transform that an Adobe APP14 segment states, if there is one.
    #[must_use]
    pub fn adobe(&self) -> Option<AdobeTransform> {
        self.adobe
    }

    /// Horizontal and vertical density, in pixels per inch.
    #[must_use]
    pub fn density(&self) -> Option<[f64; 2]> {
        self.density
    }

    /// Which way up the image is meant to be seen.
    #[must_use]
    pub fn orientation(&self) -> Orientation {
        self.orientation
    }

    /// The embedded ICC profile.
    #[must_use]
    pub fn icc_profile(&self) -> Option<&[u8]> {
        self.icc_profile.as_deref()
    }
}
