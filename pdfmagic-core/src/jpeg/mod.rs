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

/// Lets the Exif data of a JPEG state an orientation, if it states that the image is upright.
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

/// A JPEG whose header has been read and found sound.
///
/// Borrows the input: nothing is copied but an ICC profile that spans several segments.
#[derive(Debug, Clone)]
pub struct Jpeg<'a> {
    source: Source<'a>,
    header: Header<'a>,
    ending: Ending,
    damage: Option<Damage>,
    is_inverted: bool,
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
    /// [`Error::NeedsInput`] if only parts of the input were given, and more of it is needed.
    pub fn parse(source: impl Into<Source<'a>>, limits: &Limits) -> Result<Self, Error> {
        let source = source.into();
        let header = header::read(source, limits).map_err(|error| source.short(error))?;
        let mut ending = Ending::find(
            source,
            &header.frame,
            header.frame_offset,
            header.scans_offset,
            header.names_more,
            header.stated_ends,
        )?;
        if let (Some(cut), Some(last)) = (&ending.edit, header.edits.last())
            && cut.range == last.range
        {
            // A DNL segment that gave the height is left out already.
            ending.edit = None;
        }
        Ok(Self::of(source, header, ending))
    }

    /// Reads the marker segments from SOI to the first SOS, and takes it that the image ends with the input.
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

    /// Size of the input, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.source.size()
    }

    /// All of the input.
    ///
    /// # Errors
    ///
    /// [`Error::NeedsInput`] if only parts of it were given.
    pub fn whole(&self) -> Result<&'a [u8], Error> {
        self.source.whole()
    }

    /// All of the input up to where the image ends.
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

    /// What says how the components encode color.
    #[must_use]
    pub fn color_reason(&self) -> ColorReason {
        self.header.color_reason
    }

    /// The metadata before the first scan.
    ///
    /// # Errors
    ///
    /// As [`Jpeg::parse`].
    pub fn metadata(&self) -> Result<MetadataFound, Error> {
        let header = &self.header;
        metadata::found(self.source.head(), header.scans_offset, header.has_position)
    }

    /// What the metadata says that the image shows: XMP's alternative text or description, or IPTC's caption.
    ///
    /// # Errors
    ///
    /// As [`Jpeg::parse`].
    pub fn description(&self) -> Result<Option<String>, Error> {
        description::description(self.source.head(), self.header.scans_offset)
    }

    /// The beginning of the header, which tells photos apart: it has their dates.
    pub(crate) fn beginning(&self) -> &'a [u8] {
        const MOST: usize = 4096;
        &self.source.head()[..self.header.scans_offset.min(MOST)]
    }

    /// Where the image ends in the input, in bytes: after its EOI, if it has one.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.ending.end
    }

    /// The transform that an Adobe APP14 segment states, if there is one.
    #[must_use]
    pub fn adobe(&self) -> Option<AdobeTransform> {
        self.header.adobe
    }

    /// Horizontal and vertical density: JFIF's, else Exif's, else Photoshop's, the first that is plausible.
    /// `None` if none is.
    #[must_use]
    pub fn density(&self) -> Option<[Density; 2]> {
        self.header.density.map(|(density, _)| density)
    }

    /// What states the density.
    #[must_use]
    pub fn density_source(&self) -> Option<DensitySource> {
        self.header.density.map(|(_, source)| source)
    }

    /// What Adobe's segment must say in re-encoded data, with components numbered from 1. `None` where
    /// viewers take the colors for what they are without it, or would invert them because of it.
    pub(crate) fn stated_transform(&self) -> Option<u8> {
        match (self.header.color_model, self.header.adobe) {
            (ColorModel::Gray | ColorModel::YCbCr, _) | (ColorModel::Cmyk, None) => None,
            (model, _) => model.transform().map(AdobeTransform::byte),
        }
    }

    /// How much higher the vertical density is than the horizontal where no density is stated; 1 for square pixels.
    #[must_use]
    pub fn pixel_ratio(&self) -> f64 {
        self.header.pixel_ratio
    }

    /// Which way up the image is meant to be seen.
    #[must_use]
    pub fn orientation(&self) -> Orientation {
        self.header.orientation
    }

    /// The tables as they stand at the first scan. They are read again, since most conversions need none.
    pub(crate) fn tables(&self) -> Result<Tables<'a>, Error> {
        let header = &self.source.head()[..self.header.scans_offset];
        let mut segments = Segments::new(header, u32::MAX)?;
        let mut tables = Tables::default();
        // It ends where the first scan begins.
        while let Ok(segment) = segments.next() {
            tables.define(&segment)?;
        }
        Ok(tables)
    }

    /// Where the first SOS marker is, in bytes.
    pub(crate) fn scans_offset(&self) -> usize {
        self.header.scans_offset
    }

    /// The embedded ICC profile, if it is sound and for as many components as the frame has.
    #[must_use]
    pub fn icc_profile(&self) -> Option<&[u8]> {
        self.header.icc_profile.as_deref()
    }

    /// What was odd about the header, whatever a backend makes of it.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.header.notices
    }

    /// Applies what the options say about metadata and colors, before a [`Backend`](crate::Backend) makes an image of it.
    /// [`Page::new`](crate::Page::new) does that by itself.
    ///
    /// # Errors
    ///
    /// As [`Jpeg::parse`].
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
            header.has_position = false;
            if size > 0 {
                header.notices.push(Notice::MetadataRemoved { size });
            }
        } else if self.header.has_position {
            notices.push(Notice::PositionKept);
        }
        Ok(())
    }

    /// The metadata as it is to stand in re-encoded data, after what must change in it.
    pub(crate) fn kept_metadata(&self) -> Result<Vec<Piece>, Error> {
        metadata::kept(
            self.source.head(),
            self.header.scans_offset,
            &self.header.edits,
        )
    }

    /// The damage that was found in the data.
    #[must_use]
    pub fn damage(&self) -> Option<Damage> {
        self.damage
    }

    /// Remembers damage that is to be mended.
    pub(crate) fn set_damage(&mut self, damage: Option<Damage>) {
        self.damage = damage;
    }

    /// Whether the values of four components are stored inverted: 0 is full ink.
    #[must_use]
    pub fn is_inverted(&self) -> bool {
        self.header.color_model.is_cmyk() && self.is_inverted
    }

    /// Whether Exif says that the colors are Adobe RGB, and no profile says what they are.
    #[must_use]
    pub fn is_adobe_rgb(&self) -> bool {
        let is_rgb = matches!(self.header.color_model, ColorModel::YCbCr | ColorModel::Rgb);
        is_rgb && self.header.is_adobe_rgb && self.header.icc_profile.is_none()
    }

    /// Whether the image ends without EOI, at something that no image contains.
    pub(crate) fn is_foreign_at_end(&self) -> bool {
        !self.ending.has_eoi && self.ending.trailing.is_some()
    }

    /// Where the views are in a file that holds several of one scene (MPO), in bytes, this image first. Gain maps, depth
    /// maps, previews and thumbnails are no views.
    ///
    /// # Errors
    ///
    /// [`Error::NeedsInput`] if the header lists other images, and only parts of the input were given.
    pub fn views(&self, limits: &Limits) -> Result<Vec<Range<u64>>, Error> {
        let mut views: Vec<_> = std::iter::once(0..self.ending.end).collect();
        let Some(list) = self.header.multi_picture else {
            return Ok(views);
        };
        let bytes = self
            .source
            .all("the images after the first become pages, too")?;
        for Listed { range, kind } in list.others() {
            let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
            let data = bytes.get(at(range.start)..at(range.end).min(bytes.len()));
            let Some(Ok(other)) = data.map(|data| Self::parse_header(data, limits)) else {
                continue;
            };
            // Of what is not told, what is as large may be a view; a gain map says that it is one.
            let size = |jpeg: &Self| (jpeg.frame().width, jpeg.frame().height);
            let is_alike = size(self) == size(&other) && !other.header.names_gain_map;
            if kind == Kind::View || kind == Kind::Undefined && is_alike {
                views.push(range.start..range.end.min(bytes.len() as u64));
            }
        }
        Ok(views)
    }

    /// Whether the image ends with EOI.
    pub(crate) fn has_eoi(&self) -> bool {
        self.ending.has_eoi
    }

    /// Whether something shows that the data may be damaged: its end is missing, bytes follow it that the header does not
    /// announce, there are too few of them, or the header has bytes that belong to no segment. Then the data should be
    /// [verified](Self::verify).
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

    /// The image, with what must change in it for every viewer to show the same, and why.
    ///
    /// Changes are few and small, nearly all of them in the header; the rest comes as ranges of the input.
    pub(crate) fn mended(&self) -> (Vec<Piece>, Vec<Notice>) {
        let edits = self.header.edits.iter().chain(&self.ending.edit);
        let mut pieces = edit::apply(edits.clone(), 0..self.ending.end);
        let mut notices: Vec<_> = edits.filter_map(|edit| edit.notice).collect();
        notices.extend(self.ending.trailing);
        if !self.ending.has_eoi {
            // A missing EOI costs rows in poppler.
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
    /// [`Error::Limit`] for more pixels or scans; [`Error::NeedsInput`] if only parts of the input were given.
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
