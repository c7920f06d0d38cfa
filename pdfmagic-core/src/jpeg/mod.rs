//! The JPEG header, as far as PDF needs it (ITU-T T.81, Annex B).

mod app;
mod edit;
mod exif;
mod frame;
mod header;
mod icc;
mod kind;
pub(crate) mod segment;
mod source;
pub(crate) mod standard;
mod tables;

use std::borrow::Cow;

pub use app::AdobeTransform;
pub use exif::Orientation;
pub use frame::{ColorModel, Component, EntropyCoding, Feature, Frame, Process};
pub use kind::FileKind;
pub use source::Source;

use crate::coding;
use crate::error::{Error, Resource};
use crate::geometry::Density;
use crate::notice::Notice;
use crate::options::Limits;
use crate::pdf::Piece;
use edit::Edit;
use segment::{Marker, Segments};

/// The marker at the end of every JPEG.
pub(crate) const EOI: &[u8] = &[0xFF, Marker::EOI.0];

/// A JPEG whose header has been read and found sound.
///
/// Borrows the input: nothing is copied but an ICC profile that spans several segments.
#[derive(Debug, Clone)]
pub struct Jpeg<'a> {
    source: Source<'a>,
    frame: Frame,
    color_model: ColorModel,
    adobe: Option<AdobeTransform>,
    density: Option<[Density; 2]>,
    pixel_ratio: f64,
    orientation: Orientation,
    icc_profile: Option<Cow<'a, [u8]>>,
    edits: Vec<Edit>,
    notices: Vec<Notice>,
    /// Where the first SOS marker is, in bytes.
    scans_offset: usize,
}

impl<'a> Jpeg<'a> {
    /// Reads the marker segments from SOI to the first SOS.
    ///
    /// The entropy-coded data is not looked at, unless a DNL segment after it gives the height.
    ///
    /// # Errors
    ///
    /// [`Error::NotJpeg`] for another kind of file; [`Error::Format`] or [`Error::Truncated`] if the header
    /// breaks T.81; [`Error::Unsupported`] for hierarchical frames, JPEG-LS, or a number of components other
    /// than 1, 3 or 4; [`Error::Limit`] for more segments, or a larger color profile, than `limits` allows;
    /// [`Error::NeedsInput`] if only the ends of the input were given and the header goes on past them.
    pub fn parse(source: impl Into<Source<'a>>, limits: &Limits) -> Result<Self, Error> {
        let source = source.into();
        header::parse(source, limits).map_err(|error| source.short(error))
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

    /// The frame header.
    #[must_use]
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    /// How the components spell color.
    #[must_use]
    pub fn color_model(&self) -> ColorModel {
        self.color_model
    }

    /// The transform that an Adobe APP14 segment states, if there is one.
    #[must_use]
    pub fn adobe(&self) -> Option<AdobeTransform> {
        self.adobe
    }

    /// Horizontal and vertical density: JFIF's, else Exif's, else Photoshop's, the first that is plausible.
    /// `None` if none is.
    #[must_use]
    pub fn density(&self) -> Option<[Density; 2]> {
        self.density
    }

    /// What Adobe's segment must say in data that is coded anew, with components numbered from 1. `None` where
    /// viewers take the colors for what they are without it, or would invert them because of it.
    pub(crate) fn stated_transform(&self) -> Option<u8> {
        match (self.color_model, self.adobe) {
            (ColorModel::Gray | ColorModel::YCbCr, _) | (ColorModel::Cmyk, None) => None,
            (model, _) => model.transform().map(AdobeTransform::byte),
        }
    }

    /// How much higher the vertical density is than the horizontal where no density is stated; 1 for square pixels.
    #[must_use]
    pub fn pixel_ratio(&self) -> f64 {
        self.pixel_ratio
    }

    /// Which way up the image is meant to be seen.
    #[must_use]
    pub fn orientation(&self) -> Orientation {
        self.orientation
    }

    /// The embedded ICC profile, if it is sound and for as many components as the frame has.
    #[must_use]
    pub fn icc_profile(&self) -> Option<&[u8]> {
        self.icc_profile.as_deref()
    }

    /// What was odd about the header, whatever a backend makes of it.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// The input with what must change in it for every viewer to show the same, and why.
    ///
    /// Changes are few and small, nearly all of them in the header; the rest comes as ranges of the input.
    pub(crate) fn mended(&self) -> (Vec<Piece>, Vec<Notice>) {
        let mut pieces = edit::apply(&self.edits, self.size());
        let mut notices: Vec<_> = self.edits.iter().map(|edit| edit.notice).collect();
        if !self.source.tail().ends_with(EOI) {
            // A missing EOI costs rows in poppler.
            pieces.push(Piece::Made(EOI.to_vec()));
            notices.push(Notice::EoiAppended);
        }
        notices.sort_unstable();
        notices.dedup();
        (pieces, notices)
    }

    /// Passes over all of the coded data, and returns the size of the JPEG in bytes, from the start of the input to
    /// the end of EOI. What follows belongs to something else.
    ///
    /// # Errors
    ///
    /// [`Error::Scan`] with the first MCU that is not whole; else as [`Jpeg::parse`].
    pub fn verify(&self, limits: &Limits) -> Result<u64, Error> {
        Ok(coding::walk(self, limits)? as u64)
    }

    /// Checks that decoding stays within `limits`, without decoding.
    ///
    /// # Errors
    ///
    /// [`Error::Limit`] for more pixels or scans; [`Error::NeedsInput`] if only the ends of the input were given.
    pub fn check_decodable(&self, limits: &Limits) -> Result<(), Error> {
        let pixels = u64::from(self.frame.width.get()) * u64::from(self.frame.height.get());
        Resource::Pixels.check(pixels, limits.max_pixels)?;
        let mut segments = Segments::at(self.whole()?, self.scans_offset);
        let mut scans = 0;
        while let Ok(segment) = segments.next() {
            match segment.marker {
                Marker::SOS => {
                    scans += 1;
                    Resource::Scans.check(scans, u64::from(limits.max_scans))?;
                    segments.skip_data();
                }
                Marker::EOI => break,
                _ => {}
            }
        }
        Ok(())
    }
}
