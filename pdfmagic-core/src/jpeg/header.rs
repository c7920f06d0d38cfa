//! Reads the segments from SOI to the first SOS and combines what they say.

use std::borrow::Cow;
use std::cell::LazyCell;
use std::num::NonZeroU16;

use memchr::{memchr_iter, memmem};

use super::app::{self, ADOBE_TRANSFORM_OFFSET, Adobe, AdobeTransform, Jfif};
use super::default_tables;
use super::edit::Edit;
use super::exif::{self, Exif, Orientation};
use super::frame::{ColorModel, ColorReason, Frame, LINES_OFFSET, Process};
use super::icc::IccChunks;
use super::scan_header::ScanHeader;
use super::segment::{Marker, Segment, Segments};
use super::source::Source;
use super::tables::Tables;
use super::views::MultiPicture;
use crate::density::Density;
use crate::error::{Error, Resource};
use crate::limits::Limits;
use crate::notice::Notice;

/// The maximum width and height in libjpeg and in decoders that are built on it, in pixels.
const LIBJPEG_MAX_SIDE: u16 = 65_500;

/// The combined contents of the segments.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent fact")]
pub(super) struct Header<'a> {
    pub(super) frame: Frame,
    pub(super) color_model: ColorModel,
    pub(super) color_reason: ColorReason,
    pub(super) adobe: Option<AdobeTransform>,
    pub(super) density: Option<([Density; 2], DensitySource)>,
    pub(super) pixel_ratio: f64,
    pub(super) orientation: Orientation,
    /// Whether Exif records where the picture was taken.
    pub(super) has_position: bool,
    /// Whether Exif declares that the colors are Adobe RGB.
    pub(super) is_adobe_rgb: bool,
    pub(super) icc_profile: Option<Cow<'a, [u8]>>,
    /// The edits, in order of their ranges.
    pub(super) edits: Vec<Edit>,
    pub(super) notices: Vec<Notice>,
    /// The offset of the frame header, in bytes.
    pub(super) frame_offset: u64,
    /// The offset of the first SOS marker, in bytes.
    pub(super) scans_offset: usize,
    /// Whether the first scan is sequential and has all components, so that no other may follow.
    pub(super) has_one_scan: bool,
    /// Whether the header says that other images or a video may follow this image.
    pub(super) names_more: bool,
    /// The end of the image according to the list of images and to XMP, as offsets in bytes. Either may be wrong.
    pub(super) stated_ends: [Option<u64>; 2],
    /// Whether this is the header of a gain map, or of an image that has one.
    pub(super) names_gain_map: bool,
    /// The list of all images in the file.
    pub(super) multi_picture: Option<MultiPicture<'a>>,
}

/// The origin of the density.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "lowercase")
)]
#[cfg_attr(
    feature = "utoipa",
    derive(utoipa::ToSchema),
    schema(rename_all = "lowercase")
)]
pub enum DensitySource {
    /// A JFIF segment.
    Jfif,
    /// Exif.
    Exif,
    /// A Photoshop image resource.
    Photoshop,
    /// XMP.
    Xmp,
}

/// The segments read so far.
#[derive(Default)]
struct Reader<'a> {
    frame: Option<(Frame, u64)>,
    tables: Tables<'a>,
    jfif: Option<Jfif>,
    exif: Option<Exif>,
    photoshop_density: Option<[f64; 2]>,
    xmp_density: Option<[f64; 2]>,
    /// The transform of each Adobe segment, and the offset of its byte in the input.
    adobe: Vec<(AdobeTransform, u64)>,
    icc: IccChunks<'a>,
    names_more: bool,
    /// The size of everything after the image according to XMP, in bytes.
    stated_rest: Option<u64>,
    names_gain_map: bool,
    multi_picture: Option<MultiPicture<'a>>,
    edits: Vec<Edit>,
}

/// Reads the marker segments from SOI to the first SOS.
pub(super) fn read<'a>(source: Source<'a>, limits: &Limits) -> Result<Header<'a>, Error> {
    let mut segments = Segments::new(source.head(), limits.max_segments)?;
    let mut reader = Reader::default();
    let scan = loop {
        let segment = segments.next()?;
        match segment.marker {
            Marker::SOS => break segment,
            Marker::EOI => return Err(segment.malformed("EOI before the first scan")),
            marker if marker.is_sof() => reader.frame(&segment, source)?,
            _ => reader.segment(&segment)?,
        }
    };
    let is_text = LazyCell::new(|| was_sent_as_text(&source.head()[..scan.offset]));
    let skipped = segments.into_skipped().into_iter();
    let skipped = skipped.map(|(range, why)| match why {
        Some(Notice::StrayBytesSkipped) if *is_text => Edit::cut(range, Notice::TextTransfer),
        _ => Edit::cut(range, why),
    });
    reader.edits.extend(skipped);
    // A profile in several chunks is assembled here, and copied once more into its image.
    Resource::Memory.check(2 * reader.icc.size() as u64, limits.max_memory)?;
    reader.finish(&scan, source.size())
}

/// Whether there are line feeds and each follows a carriage return, as in Windows text files.
fn was_sent_as_text(header: &[u8]) -> bool {
    let feeds = memchr_iter(b'\n', header).count();
    feeds > 1 && memmem::find_iter(header, b"\r\n").count() == feeds
}

/// Whether horizontal or vertical densities differ by more than rounding.
fn differ(a: [Density; 2], b: [Density; 2]) -> bool {
    let is_other = |(a, b): (Density, Density)| (a.get() / b.get() - 1.0).abs() > Density::ROUNDING;
    a.into_iter().zip(b).any(is_other)
}

impl<'a> Reader<'a> {
    fn frame(&mut self, segment: &Segment<'a>, source: Source<'a>) -> Result<(), Error> {
        if self.frame.is_some() {
            return Err(segment.malformed("second frame header"));
        }
        let height = match Frame::lines(segment)? {
            Some(height) => height,
            None => self.defined_lines(segment, source)?,
        };
        let frame = Frame::parse(segment, height)?;
        self.frame = Some((frame, segment.range().start));
        Ok(())
    }

    /// Finds the height in a DNL segment after the first scan (B.2.5), and adds the edits that move it into the frame
    /// header.
    fn defined_lines(
        &mut self,
        frame: &Segment<'a>,
        source: Source<'a>,
    ) -> Result<NonZeroU16, Error> {
        let bytes = source.all("its height is given after the image data")?;
        let mut segments = Segments::at(bytes, frame.offset);
        while segments.next()?.marker != Marker::SOS {}
        segments.skip_data();
        let dnl = segments.next()?;
        let lines = match (dnl.marker, dnl.payload) {
            (Marker::DNL, &[high, low]) => NonZeroU16::new(u16::from_be_bytes([high, low])),
            _ => None,
        };
        let lines =
            lines.ok_or_else(|| frame.malformed("height is 0, and no DNL segment gives it"))?;
        let at = (frame.payload_offset + LINES_OFFSET) as u64;
        self.edits.extend([
            Edit::replace(at, &lines.get().to_be_bytes(), Notice::HeightResolved),
            Edit::cut(dnl.range(), Notice::HeightResolved),
        ]);
        Ok(lines)
    }

    fn segment(&mut self, segment: &Segment<'a>) -> Result<(), Error> {
        match segment.marker {
            Marker::APP0 => self.jfif = self.jfif.or(app::jfif(segment.payload)),
            Marker::APP1 => {
                if let Some(exif) = exif::exif(segment.payload) {
                    self.exif(exif, segment);
                }
                self.names_more |= app::xmp_names_more(segment.payload);
                self.stated_rest = self.stated_rest.or(app::xmp_rest(segment.payload));
                self.names_gain_map |= app::xmp_names_gain_map(segment.payload);
                self.xmp_density = self.xmp_density.or(app::xmp_density(segment.payload));
            }
            Marker::APP2 => {
                self.icc.push(segment.payload);
                self.names_gain_map |= app::is_gain_map(segment.payload);
                self.multi_picture = self
                    .multi_picture
                    .or(MultiPicture::of(segment.payload, segment.payload_offset));
            }
            Marker::APP13 => {
                self.photoshop_density = self
                    .photoshop_density
                    .or(app::photoshop_density(segment.payload));
            }
            Marker::APP14 => match app::adobe(segment.payload) {
                Some(Adobe::Transform(transform)) => {
                    let at = segment.payload_offset + ADOBE_TRANSFORM_OFFSET;
                    self.adobe.push((transform, at as u64));
                }
                // Some viewers would read past the end of this segment.
                Some(Adobe::CutOff) => {
                    self.edits
                        .push(Edit::cut(segment.range(), Notice::ShortSegmentSkipped));
                }
                None => {}
            },
            Marker::DQT | Marker::DHT | Marker::DAC | Marker::DRI => self.tables.define(segment)?,
            marker => {
                if let Some(feature) = marker.foreign_frame() {
                    return Err(Error::Unsupported(feature));
                }
                if marker.is_reserved() {
                    return Err(segment.malformed("reserved marker"));
                }
            }
        }
        Ok(())
    }

    /// Keeps the first Exif segment. Later ones are cut, since pdf.js rejects them.
    fn exif(&mut self, exif: Exif, segment: &Segment<'_>) {
        if self.exif.is_some() {
            self.edits
                .push(Edit::cut(segment.range(), Notice::ExifDuplicateSkipped));
            return;
        }
        self.exif = Some(exif);
        // The page rotates the image; a viewer that obeys the orientation in the data would rotate it again.
        self.edits.extend(exif.neutral.map(|(offset, one)| {
            let at = segment.payload_offset + offset;
            Edit::replace(at as u64, &one, Notice::OrientationNeutralized)
        }));
    }

    fn finish(mut self, scan: &Segment<'_>, size: u64) -> Result<Header<'a>, Error> {
        let (frame, frame_offset) = self
            .frame
            .take()
            .ok_or_else(|| scan.malformed("scan before a frame header"))?;
        let first = ScanHeader::parse(scan, &frame, &self.tables)?;
        let mut notices = Vec::new();
        let adobe = self.adobe.last().map(|&(transform, _)| transform);
        let (color_model, color_reason) = ColorModel::of(&frame, adobe, self.jfif.is_some());
        self.state_color(color_model, &frame, frame_offset);
        if color_model == ColorModel::Cmyk && adobe.is_none() {
            notices.push(Notice::CmykPolarityAssumed);
        }
        if first.uses_default.as_flattened().contains(&true) {
            // Motion JPEG omits these tables, and pdf.js shows nothing without them.
            self.edits.push(Edit::insert(
                scan.range().start,
                default_tables::segment(first.uses_default),
                Notice::HuffmanTablesInserted,
            ));
        }
        if frame.width.get().max(frame.height.get()) > LIBJPEG_MAX_SIDE {
            notices.push(Notice::TooLargeForViewers);
        }
        let density = self.density(&mut notices);
        let pixel_ratio = self.pixel_ratio();
        let exif = self.exif.unwrap_or_default();
        if exif.orientation_is_invalid {
            notices.push(Notice::OrientationInvalid);
        }
        let has_icc = !self.icc.is_empty();
        let icc_profile = self.icc.assemble(frame.components.len());
        if has_icc && icc_profile.is_none() {
            notices.push(Notice::IccDropped);
        }
        self.edits.sort_by_key(|edit| edit.range.start);
        Ok(Header {
            has_one_scan: frame.process != Process::Progressive
                && first.selectors().len() == frame.components.len(),
            frame,
            color_model,
            color_reason,
            adobe,
            density,
            pixel_ratio,
            orientation: exif.orientation,
            has_position: exif.has_position,
            is_adobe_rgb: exif.is_adobe_rgb,
            icc_profile,
            edits: self.edits,
            notices,
            frame_offset,
            scans_offset: scan.offset,
            names_more: self.names_more || self.names_gain_map || self.multi_picture.is_some(),
            stated_ends: [
                self.multi_picture.and_then(MultiPicture::first_size),
                self.stated_rest.and_then(|rest| size.checked_sub(rest)),
            ],
            names_gain_map: self.names_gain_map,
            multi_picture: self.multi_picture,
        })
    }

    /// Makes Adobe's segment state the color model where viewers would otherwise differ: where it states another model,
    /// or where it is missing and the identifiers are R, G, B, which some viewers ignore.
    fn state_color(&mut self, color_model: ColorModel, frame: &Frame, frame_offset: u64) {
        let Some(stated) = color_model.transform() else {
            return;
        };
        if self.adobe.is_empty() && frame.has_rgb_identifiers() {
            let segment = [
                b"\xFF\xEE\0\x0EAdobe\0\x64\0\0\0\0".as_slice(),
                &[stated.byte()],
            ];
            self.edits.push(Edit::insert(
                frame_offset,
                segment.concat(),
                Notice::ColorStated,
            ));
        }
        let wrong = self
            .adobe
            .iter()
            .filter(|&&(transform, _)| transform != stated);
        self.edits.extend(
            wrong.map(|&(_, offset)| Edit::replace(offset, &[stated.byte()], Notice::ColorStated)),
        );
    }

    /// Returns the ratio of the vertical to the horizontal density, if JFIF states only a ratio.
    fn pixel_ratio(&self) -> f64 {
        match self.jfif {
            Some(Jfif::Aspect([x, y])) if (0.25..=4.0).contains(&(y / x)) => y / x,
            _ => 1.0,
        }
    }

    /// Returns the first plausible density, in the order JFIF, Exif, Photoshop, XMP.
    fn density(&self, notices: &mut Vec<Notice>) -> Option<([Density; 2], DensitySource)> {
        let jfif = match self.jfif {
            Some(Jfif::Density(density)) => Some(density),
            _ => None,
        };
        let exif = self.exif.and_then(|exif| exif.density);
        let plausible = |[x, y]: [f64; 2]| Some([Density::new(x)?, Density::new(y)?]);
        if let (Some(jfif), Some(exif)) = (jfif.and_then(plausible), exif.and_then(plausible))
            && differ(jfif, exif)
        {
            notices.push(Notice::DensityConflict);
        }
        let stated = [
            (jfif, DensitySource::Jfif),
            (exif, DensitySource::Exif),
            (self.photoshop_density, DensitySource::Photoshop),
            (self.xmp_density, DensitySource::Xmp),
        ];
        // A density of zero, and a fraction with the denominator zero, mean that none is stated.
        let mut stated = stated
            .into_iter()
            .filter_map(|(density, source)| Some((density?, source)))
            .filter(|(density, _)| density.iter().all(|&n| n > 0.0 && n.is_finite()));
        let plausible = |(density, source)| Some((plausible(density)?, source));
        let first = stated.next()?;
        plausible(first).or_else(|| {
            notices.push(Notice::DensityImplausible);
            stated.find_map(plausible)
        })
    }
}
