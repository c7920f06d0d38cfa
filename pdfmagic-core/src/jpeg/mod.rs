//! The JPEG header, as far as PDF needs it (ITU-T T.81, Annex B).

mod app;
mod default_tables;
mod description;
mod edit;
mod end_finder;
mod ending;
mod exif;
mod frame;
mod header;
mod huffman_table;
mod icc;
mod metadata;
mod scan_header;
mod segment;
mod source;
mod tables;
mod views;

use std::ops::Range;

pub use app::AdobeTransform;
pub(crate) use end_finder::{End, EndFinder};
pub(crate) use ending::EOI;
pub use exif::Orientation;
pub use frame::{ColorModel, ColorReason, Component, EntropyCoding, Frame, Process};
pub use header::DensitySource;
pub(crate) use huffman_table::{Class, HuffmanTable};
pub use metadata::MetadataFound;
pub(crate) use scan_header::{ScanHeader, Selector};
pub(crate) use segment::{Marker, Segments};
pub use source::Source;
pub(crate) use tables::{Conditioning, QuantizationTable, Quantizer, Tables};

use crate::damage::Damage;
use crate::density::Density;
use crate::error::{Error, Resource};
use crate::limits::Limits;
use crate::notice::Notice;
use crate::options::{CmykPolarity, InputOptions, Metadata};
use crate::piece::Piece;
use edit::Edit;
use ending::Ending;
use header::Header;
use views::{Kind, Listed};

/// Sets the orientation in the Exif data of a JPEG, if it has one that says upright.
#[cfg(feature = "lopdf")]
pub(crate) fn state_orientation(jpeg: &mut [u8], orientation: Orientation) {
    let limits = Limits::default();
    let Ok(mut segments) = Segments::new(jpeg, limits.max_segments) else {
        return;
    };
    let mut place = None;
    while let Ok(segment) = segments.next()
        && segment.marker != Marker::SOS
    {
        if segment.marker == Marker::APP1 && place.is_none() {
            let value = exif::upright(segment.payload, orientation);
            place = value.map(|(offset, value)| (segment.payload_offset + offset, value));
        }
    }
    if let Some((at, value)) = place {
        jpeg[at..at + value.len()].copy_from_slice(&value);
    }
}

/// A JPEG whose header has been parsed and is valid.
///
/// Borrows the input; only an ICC profile in several segments is copied.
#[derive(Debug, Clone)]
pub struct Jpeg<'a> {
    source: Source<'a>,
    header: Header<'a>,
    ending: Ending,
    damage: Option<Damage>,
    is_inverted: bool,
}

impl<'a> Jpeg<'a> {
    /// Parses the marker segments from SOI to the first SOS.
    ///
    /// The entropy-coded data is not read, unless a DNL segment after it states the height.
    ///
    /// # Errors
    ///
    /// [`Error::NotJpeg`] for another kind of file; [`Error::Format`] or [`Error::Truncated`] if the header violates
    /// T.81; [`Error::Unsupported`] for hierarchical frames, JPEG-LS, or a number of components other than 1, 3 or 4;
    /// [`Error::Limit`] for more segments, or a larger color profile, than `limits` allows; [`Error::NeedsInput`] if
    /// only parts of the input were given, and more of it is needed.
    pub fn parse(source: impl Into<Source<'a>>, limits: &Limits) -> Result<Self, Error> {
        let source = source.into();
        let mut header = header::read(source, limits).map_err(|error| source.short(error))?;
        let mut ending = Ending::find(source, &header)?;
        if let (Some(cut), Some(last)) = (&ending.edit, header.edits.last())
            && cut.range == last.range
        {
            // The DNL segment that stated the height is already cut.
            ending.edit = None;
        }
        // It may also lie in a larger cut, or beyond the end of data without EOI.
        let end = ending
            .edit
            .as_ref()
            .map_or(ending.end, |cut| cut.range.start);
        header.edits.retain(|edit| edit.range.end <= end);
        Ok(Self::of(source, header, ending))
    }

    /// Parses the marker segments from SOI to the first SOS, and assumes that the image ends with the input.
    pub(crate) fn parse_header(
        source: impl Into<Source<'a>>,
        limits: &Limits,
    ) -> Result<Self, Error> {
        let source = source.into();
        let header = header::read(source, limits).map_err(|error| source.short(error))?;
        Ok(Self::of(source, header, Ending::assumed(source)))
    }

    fn of(source: Source<'a>, header: Header<'a>, ending: Ending) -> Self {
        Self {
            source,
            ending,
            damage: None,
            is_inverted: header.adobe.is_some(),
            header,
        }
    }

    /// The size of the input, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.source.size()
    }

    /// Returns the whole input.
    ///
    /// # Errors
    ///
    /// [`Error::NeedsInput`] if only parts of it were given.
    pub fn whole(&self) -> Result<&'a [u8], Error> {
        self.source.whole()
    }

    /// Returns the input up to the end of the image.
    pub(crate) fn image_data(&self) -> Result<&'a [u8], Error> {
        let end = usize::try_from(self.ending.end).unwrap_or(usize::MAX);
        self.whole().map(|bytes| &bytes[..bytes.len().min(end)])
    }

    /// The frame header.
    #[must_use]
    pub fn frame(&self) -> &Frame {
        &self.header.frame
    }

    /// How the components encode color.
    #[must_use]
    pub fn color_model(&self) -> ColorModel {
        self.header.color_model
    }

    /// The reason for the color model.
    #[must_use]
    pub fn color_reason(&self) -> ColorReason {
        self.header.color_reason
    }

    /// Lists the metadata before the first scan.
    ///
    /// # Errors
    ///
    /// The same as those of [`Jpeg::parse`].
    pub fn metadata(&self) -> Result<MetadataFound, Error> {
        let header = &self.header;
        metadata::found(self.source.head(), header.scans_offset, header.has_position)
    }

    /// Returns the description of the picture in the metadata: XMP's alternative text or description, or IPTC's
    /// caption.
    ///
    /// # Errors
    ///
    /// The same as those of [`Jpeg::parse`].
    pub fn description(&self) -> Result<Option<String>, Error> {
        description::description(self.source.head(), self.header.scans_offset)
    }

    /// Returns the beginning of the header. It distinguishes photos, since it contains their dates.
    pub(crate) fn beginning(&self) -> &'a [u8] {
        const MOST: usize = 4096;
        &self.source.head()[..self.header.scans_offset.min(MOST)]
    }

    /// The end of the image in the input, as an offset in bytes: after its EOI, if it has one.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.ending.end
    }

    /// The transform that an Adobe APP14 segment states. `None` if there is no such segment.
    #[must_use]
    pub fn adobe(&self) -> Option<AdobeTransform> {
        self.header.adobe
    }

    /// Horizontal and vertical density: the first plausible one of JFIF, Exif, Photoshop and XMP. `None` if there is
    /// none.
    #[must_use]
    pub fn density(&self) -> Option<[Density; 2]> {
        self.header.density.map(|(density, _)| density)
    }

    /// The origin of the density.
    #[must_use]
    pub fn density_source(&self) -> Option<DensitySource> {
        self.header.density.map(|(_, source)| source)
    }

    /// Returns the transform that Adobe's segment must state in re-encoded data, whose components are numbered from 1.
    /// `None` if viewers interpret the colors correctly without the segment, or would invert them because of it.
    pub(crate) fn stated_transform(&self) -> Option<u8> {
        match (self.header.color_model, self.header.adobe) {
            (ColorModel::Gray | ColorModel::YCbCr, _) | (ColorModel::Cmyk, None) => None,
            (model, _) => model.transform().map(AdobeTransform::byte),
        }
    }

    /// The ratio of the vertical to the horizontal density, if only that is stated; 1 for square pixels.
    #[must_use]
    pub fn pixel_ratio(&self) -> f64 {
        self.header.pixel_ratio
    }

    /// The orientation that Exif states.
    #[must_use]
    pub fn orientation(&self) -> Orientation {
        self.header.orientation
    }

    /// Returns the tables defined before the first scan. They are parsed again, since most conversions do not need
    /// them.
    pub(crate) fn tables(&self) -> Result<Tables<'a>, Error> {
        let header = &self.source.head()[..self.header.scans_offset];
        let mut segments = Segments::new(header, u32::MAX)?;
        let mut tables = Tables::default();
        // The header has been parsed before, so an error can only mean the end of `header`.
        while let Ok(segment) = segments.next() {
            tables.define(&segment)?;
        }
        Ok(tables)
    }

    /// The offset of the first SOS marker, in bytes.
    pub(crate) fn scans_offset(&self) -> usize {
        self.header.scans_offset
    }

    /// The embedded ICC profile, if it is valid and has as many components as the frame.
    #[must_use]
    pub fn icc_profile(&self) -> Option<&[u8]> {
        self.header.icc_profile.as_deref()
    }

    /// Notices about the header that apply to every backend.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.header.notices
    }

    /// Applies the options for metadata and colors, before a [`Backend`](crate::Backend) makes an image of the JPEG.
    /// [`Page::new`](crate::Page::new) calls this itself.
    ///
    /// # Errors
    ///
    /// The same as those of [`Jpeg::parse`].
    pub fn apply(&mut self, options: InputOptions) -> Result<(), Error> {
        self.is_inverted = match options.cmyk_polarity {
            CmykPolarity::Auto => self.is_inverted,
            CmykPolarity::Normal => false,
            CmykPolarity::Inverted => true,
        };
        let notices = &mut self.header.notices;
        if options.cmyk_polarity != CmykPolarity::Auto {
            notices.retain(|notice| *notice != Notice::CmykPolarityAssumed);
        }
        if options.metadata == Metadata::Strip {
            let head = self.source.head();
            let header = &mut self.header;
            let size = metadata::strip(head, header.scans_offset, &mut header.edits)?;
            if size > 0 {
                header.notices.push(Notice::MetadataRemoved { size });
            }
        }
        Ok(())
    }

    /// Whether Exif records where the picture was taken.
    pub(crate) fn has_position(&self) -> bool {
        self.header.has_position
    }

    /// Returns the metadata to be kept in re-encoded data, with the edits applied.
    pub(crate) fn kept_metadata(&self) -> Result<Vec<Piece>, Error> {
        metadata::kept(
            self.source.head(),
            self.header.scans_offset,
            &self.header.edits,
        )
    }

    /// The damage found in the data.
    #[must_use]
    pub fn damage(&self) -> Option<Damage> {
        self.damage
    }

    /// Records damage that has to be repaired.
    pub(crate) fn set_damage(&mut self, damage: Option<Damage>) {
        self.damage = damage;
    }

    /// Whether the values of CMYK components are stored inverted, with 0 for full ink.
    #[must_use]
    pub fn is_inverted(&self) -> bool {
        self.header.color_model.is_cmyk() && self.is_inverted
    }

    /// Whether Exif declares Adobe RGB and there is no profile.
    #[must_use]
    pub fn is_adobe_rgb(&self) -> bool {
        let is_rgb = matches!(self.header.color_model, ColorModel::YCbCr | ColorModel::Rgb);
        is_rgb && self.header.is_adobe_rgb && self.header.icc_profile.is_none()
    }

    /// Whether the first scan is sequential and has all components, so that no other may follow.
    pub(crate) fn has_one_scan(&self) -> bool {
        self.header.has_one_scan
    }

    /// Whether the image ends without EOI, at a marker that cannot be in an image.
    pub(crate) fn is_foreign_at_end(&self) -> bool {
        !self.ending.has_eoi && self.ending.trailing.is_some()
    }

    /// Returns the ranges of the views, in bytes of the input, if the file contains several views of one scene (MPO).
    /// This image comes first, and the others do not overlap each other. Gain maps, depth maps, previews and thumbnails
    /// are not views.
    ///
    /// # Errors
    ///
    /// [`Error::NeedsInput`] if the header lists other images, and only parts of the input were given.
    pub fn views(&self, limits: &Limits) -> Result<Vec<Range<u64>>, Error> {
        let mut views: Vec<_> = std::iter::once(0..self.ending.end).collect();
        let mut end = 0;
        let Some(list) = self.header.multi_picture else {
            return Ok(views);
        };
        let bytes = self
            .source
            .all("the images after the first become pages, too")?;
        for Listed { range, kind } in list.others() {
            // An image that is listed again and again would take the memory for as many pages.
            if range.start < end {
                continue;
            }
            let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
            let data = bytes.get(at(range.start)..at(range.end).min(bytes.len()));
            let Some(Ok(other)) = data.map(|data| Self::parse_header(data, limits)) else {
                continue;
            };
            // An image of undefined kind counts as a view if it has the same size; a gain map identifies itself.
            let size = |jpeg: &Self| (jpeg.frame().width, jpeg.frame().height);
            let is_alike = size(self) == size(&other) && !other.header.names_gain_map;
            if kind == Kind::View || kind == Kind::Undefined && is_alike {
                end = range.end.min(bytes.len() as u64);
                views.push(range.start..end);
            }
        }
        Ok(views)
    }

    /// Whether the image ends with EOI.
    pub(crate) fn has_eoi(&self) -> bool {
        self.ending.has_eoi
    }

    /// Whether there are signs that the data may be damaged: EOI is missing, bytes follow it that the header does not
    /// announce, a scan follows one of all components, the data is too short, or the header has bytes outside any
    /// segment. Such data should be [verified](Self::verify).
    #[must_use]
    pub fn is_odd(&self) -> bool {
        let is_stray = |edit: &Edit| {
            matches!(
                edit.notice,
                Some(Notice::StrayBytesSkipped | Notice::TextTransfer)
            )
        };
        self.ending.is_odd || self.header.edits.iter().any(is_stray)
    }

    /// Returns the image with all edits applied, and their notices.
    ///
    /// Edits are few and small, nearly all of them in the header; the rest is returned as ranges of the input.
    pub(crate) fn mended(&self) -> (Vec<Piece>, Vec<Notice>) {
        let edits = self.header.edits.iter().chain(&self.ending.edit);
        let mut pieces = edit::apply(edits.clone(), 0..self.ending.end);
        let mut notices: Vec<_> = edits.filter_map(|edit| edit.notice).collect();
        notices.extend(self.ending.trailing);
        if !self.ending.has_eoi {
            // Without EOI, poppler loses rows.
            pieces.push(Piece::Made(EOI.to_vec()));
            if self.ending.trailing.is_none() {
                notices.push(Notice::EoiAppended);
            }
        }
        notices.sort_unstable();
        notices.dedup();
        (pieces, notices)
    }

    /// Checks that decoding stays within `limits`, without decoding.
    ///
    /// # Errors
    ///
    /// [`Error::Limit`] for too many pixels or scans; [`Error::NeedsInput`] if only parts of the input were given.
    pub fn check_decodable(&self, limits: &Limits) -> Result<(), Error> {
        let pixels =
            u64::from(self.header.frame.width.get()) * u64::from(self.header.frame.height.get());
        Resource::Pixels.check(pixels, limits.max_pixels)?;
        let mut segments = Segments::at(self.image_data()?, self.header.scans_offset);
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
