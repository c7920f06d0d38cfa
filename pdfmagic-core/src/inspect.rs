//! The properties of a JPEG, and what a conversion would do with it.

use std::fmt;

use crate::backend::{Backend, Filter};
use crate::damage::{Damage, Sound};
use crate::density::Density;
use crate::error::Error;
use crate::geometry::Placement;
use crate::jpeg::{
    ColorModel, ColorReason, DensitySource, EntropyCoding, Jpeg, MetadataFound, Process, Source,
};
use crate::notice::{Notice, TrailingKind};
use crate::options::Options;
use crate::page::Page;
use crate::piece::Piece;

/// The properties of a JPEG, and what a conversion would do with it. `Display` writes it for people, and with the
/// feature `serde` it becomes JSON for programs.
///
/// ```
/// use pdfmagic_core::{Auto, Inspection, Options};
///
/// # let jpeg = include_bytes!("../tests/corpus/gray.jpg");
/// let inspection = Inspection::of(jpeg, &Options::default(), &Auto)?;
/// assert_eq!((inspection.width, inspection.height), (48, 32));
/// assert!(inspection.to_string().starts_with("48 x 32 pixels, 8 bits, gray"));
/// # Ok::<(), pdfmagic_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Inspection {
    /// Size of the input, in bytes.
    pub size: u64,
    /// End of the image in the input, as an offset in bytes.
    pub end: u64,
    /// Width of the stored image, in pixels.
    pub width: u16,
    /// Height of the stored image, in pixels.
    pub height: u16,
    /// Bits per sample.
    pub precision: u8,
    /// Number of components: 1, 3 or 4.
    #[cfg_attr(feature = "utoipa", schema(value_type = u64))]
    pub components: usize,
    /// Sampling factors of each component, such as 2x2.
    pub sampling: Vec<String>,
    /// Coding process.
    pub process: Process,
    /// Entropy coding.
    pub entropy_coding: EntropyCoding,
    /// Restart interval, in MCUs; 0 for none.
    pub restart_interval: u16,
    /// How the components encode color.
    pub color_model: ColorModel,
    /// Reason for the color model.
    pub color_reason: ColorReason,
    /// Size of the color profile, in bytes; null if there is none, or an invalid one.
    #[cfg_attr(feature = "utoipa", schema(value_type = Option<u64>))]
    pub icc_profile: Option<usize>,
    /// Exif orientation, 1 to 8; 1 if the file states none.
    pub orientation: u8,
    /// Horizontal and vertical density, in pixels per inch; null if the file states none.
    pub density: Option<[f64; 2]>,
    /// Origin of the density; null if the file states none.
    pub density_source: Option<DensitySource>,
    /// Metadata in the file.
    pub metadata: MetadataFound,
    /// Data after the image.
    pub trailing: Option<TrailingFound>,
    /// Whether all of the data was checked for damage.
    pub is_verified: bool,
    /// Damage that was found.
    pub damage: Option<DamageFound>,
    /// Whether the data can be embedded unchanged, apart from a few bytes of the header.
    pub is_embedded: bool,
    /// Page that would be made.
    pub page: PageFound,
    /// Anything unusual, and what a conversion would do about it.
    pub notices: Vec<NoticeFound>,
}

/// Data after an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct TrailingFound {
    /// Kind that it appears to be.
    pub kind: TrailingKind,
    /// Size, in bytes.
    pub size: u64,
}

/// Damage to an image.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct DamageFound {
    /// A stable identifier, for programs.
    pub code: &'static str,
    /// Kind of damage, its place, and the intact part.
    pub message: String,
    /// Offset at which it was noticed, in bytes from the start of the input.
    pub offset: u64,
    /// Scan in which it was noticed, from 1.
    pub scan: u32,
    /// MCU in which it was noticed, from 0 in its scan.
    pub mcu: u64,
    /// Number of intact rows from the top of the stored image, in pixels; null for a progressive image that is complete in
    /// less detail.
    pub sound_rows: Option<u32>,
    /// Number of intact scans of a progressive image; null if `sound_rows` is given.
    pub sound_scans: Option<u32>,
}

/// A page that would be made.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct PageFound {
    /// Width, in points.
    pub width: f64,
    /// Height, in points.
    pub height: f64,
}

/// Something unusual.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct NoticeFound {
    /// A stable identifier, for programs.
    pub code: &'static str,
    /// Description, and what would be done.
    pub message: String,
}

impl Inspection {
    /// Inspects a JPEG as a conversion with these options and this backend would, without making a PDF.
    ///
    /// # Errors
    ///
    /// The same as those of [`Page::from_jpeg`].
    pub fn of<'a>(
        source: impl Into<Source<'a>>,
        options: &Options,
        backend: &dyn Backend,
    ) -> Result<Self, Error> {
        Self::new(Jpeg::parse(source, &options.limits)?, options, backend)
    }

    /// Inspects a JPEG whose header has been parsed.
    ///
    /// # Errors
    ///
    /// The same as those of [`Page::new`].
    pub fn new(jpeg: Jpeg<'_>, options: &Options, backend: &dyn Backend) -> Result<Self, Error> {
        let facts = jpeg.clone();
        let page = Page::new(jpeg, options, backend)?;
        let frame = facts.frame();
        let notices = page.notices();
        let trailing = notices.iter().find_map(|notice| match notice {
            Notice::TrailingDataSkipped(trailing) => Some(TrailingFound {
                kind: trailing.kind,
                size: trailing.size,
            }),
            _ => None,
        });
        let is_input = |piece: &Piece| matches!(piece, Piece::Input(_));
        Ok(Self {
            size: facts.size(),
            end: facts.end(),
            width: frame.width.get(),
            height: frame.height.get(),
            precision: frame.precision,
            components: frame.components.len(),
            sampling: frame
                .components
                .iter()
                .map(|c| format!("{}x{}", c.h, c.v))
                .collect(),
            process: frame.process,
            entropy_coding: frame.entropy_coding,
            restart_interval: facts.tables()?.restart_interval,
            color_model: facts.color_model(),
            color_reason: facts.color_reason(),
            icc_profile: facts.icc_profile().map(<[u8]>::len),
            orientation: facts.orientation().exif(),
            density: facts.density().map(|density| density.map(Density::get)),
            density_source: facts.density_source(),
            metadata: facts.metadata()?,
            trailing,
            is_verified: options.input.verify || facts.is_odd(),
            damage: page.damage().map(DamageFound::of),
            is_embedded: page.image.filter == Filter::Dct
                && page.image.data.last().is_some_and(is_input),
            page: PageFound::of(&page.placement),
            notices: notices.iter().map(NoticeFound::of).collect(),
        })
    }
}

impl DamageFound {
    fn of(damage: Damage) -> Self {
        let (sound_rows, sound_scans) = match damage.sound {
            Sound::Rows { sound, .. } => (Some(sound), None),
            Sound::Scans { sound, .. } => (None, Some(sound)),
        };
        Self {
            code: damage.code(),
            message: damage.to_string(),
            offset: damage.offset,
            scan: damage.scan,
            mcu: damage.mcu,
            sound_rows,
            sound_scans,
        }
    }
}

impl PageFound {
    fn of(placement: &Placement) -> Self {
        let unit = f64::from(placement.user_unit);
        let [width, height] = placement.media_box.map(|side| side.get() * unit);
        Self { width, height }
    }
}

impl NoticeFound {
    fn of(notice: &Notice) -> Self {
        Self {
            code: notice.code(),
            message: notice.to_string(),
        }
    }
}

/// Writes about ten lines for people.
impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let process = match self.process {
            Process::Baseline => "baseline",
            Process::ExtendedSequential => "extended sequential",
            Process::Progressive => "progressive",
            Process::Lossless => "lossless",
        };
        let coding = match self.entropy_coding {
            EntropyCoding::Huffman => "Huffman coding",
            EntropyCoding::Arithmetic => "arithmetic coding",
        };
        let model = match self.color_model {
            ColorModel::Gray => "gray",
            ColorModel::YCbCr => "YCbCr",
            ColorModel::Rgb => "RGB",
            ColorModel::Cmyk => "CMYK",
            ColorModel::Ycck => "YCCK",
        };
        let (width, height, bits) = (self.width, self.height, self.precision);
        writeln!(
            f,
            "{width} x {height} pixels, {bits} bits, {model}{}",
            self.reason()
        )?;
        write!(
            f,
            "coding: {process}, {coding}, sampling {}",
            self.sampling.join(" ")
        )?;
        if self.restart_interval > 0 {
            write!(f, ", restart interval {}", self.restart_interval)?;
        }
        writeln!(f)?;
        match self.icc_profile {
            Some(size) => writeln!(f, "color profile: {size} bytes")?,
            None => writeln!(f, "color profile: none")?,
        }
        match (self.density, self.density_source) {
            (Some([x, y]), Some(source)) => {
                let source = match source {
                    DensitySource::Jfif => "JFIF",
                    DensitySource::Exif => "Exif",
                    DensitySource::Photoshop => "Photoshop",
                    DensitySource::Xmp => "XMP",
                };
                writeln!(f, "density: {x:.0} x {y:.0} pixels per inch ({source})")?;
            }
            _ => writeln!(f, "density: not stated")?,
        }
        writeln!(f, "orientation: {}", self.orientation)?;
        writeln!(f, "metadata: {}", self.found())?;
        match self.trailing {
            Some(trailing) => writeln!(f, "after the image: {} bytes", trailing.size)?,
            None => writeln!(f, "after the image: nothing")?,
        }
        match (&self.damage, self.is_verified) {
            (Some(damage), _) => writeln!(f, "damage: {}", damage.message)?,
            (None, true) => writeln!(f, "damage: none")?,
            (None, false) => writeln!(f, "damage: not looked for")?,
        }
        let how = if self.is_embedded {
            "the data as it is"
        } else {
            "re-encoded data"
        };
        let (width, height) = (self.page.width, self.page.height);
        write!(
            f,
            "in a PDF: a page of {width:.1} x {height:.1} points with {how}"
        )?;
        // Damage has its own line.
        let damage = self.damage.as_ref().map(|damage| damage.code);
        let notices = self.notices.iter();
        for notice in notices.filter(|notice| Some(notice.code) != damage) {
            write!(f, "\nnote: {}", notice.message)?;
        }
        Ok(())
    }
}

impl Inspection {
    fn reason(&self) -> &'static str {
        match self.color_reason {
            ColorReason::ComponentCount => "",
            ColorReason::Jfif => " (JFIF says so)",
            ColorReason::Adobe => " (the Adobe segment says so)",
            ColorReason::Identifiers => " (the components are named so)",
            ColorReason::Lossless => " (lossless coding)",
        }
    }

    fn found(&self) -> String {
        let m = self.metadata;
        let names = [
            (m.exif, "Exif"),
            (m.position, "GPS position"),
            (m.xmp, "XMP"),
            (m.iptc, "IPTC"),
            (m.comment, "comment"),
            (m.c2pa, "C2PA"),
        ];
        let found: Vec<_> = names
            .into_iter()
            .filter_map(|(is_found, name)| is_found.then_some(name))
            .collect();
        match found[..] {
            [] => "none".to_owned(),
            _ => format!("{}; {} bytes", found.join(", "), m.size),
        }
    }
}
