//! Exif: orientation and density from IFD0 (TIFF 6.0, section 8).

/// Where row 0 and column 0 of the stored image belong (TIFF 6.0 tag 274).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Orientation {
    /// 1.
    #[default]
    TopLeft,
    /// 2: mirrored.
    TopRight,
    /// 3: turned by 180°.
    BottomRight,
    /// 4.
    BottomLeft,
    /// 5.
    LeftTop,
    /// 6: turn clockwise by 90° to view.
    RightTop,
    /// 7.
    RightBottom,
    /// 8: turn anticlockwise by 90° to view.
    LeftBottom,
}

impl Orientation {
    fn from_tag(value: u16) -> Option<Self> {
        Some(match value {
            1 => Self::TopLeft,
            2 => Self::TopRight,
            3 => Self::BottomRight,
            4 => Self::BottomLeft,
            5 => Self::LeftTop,
            6 => Self::RightTop,
            7 => Self::RightBottom,
            8 => Self::LeftBottom,
            _ => return None,
        })
    }

    /// The value of the tag, 1 to 8.
    #[must_use]
    pub fn exif(self) -> u8 {
        match self {
            Self::TopLeft => 1,
            Self::TopRight => 2,
            Self::BottomRight => 3,
            Self::BottomLeft => 4,
            Self::LeftTop => 5,
            Self::RightTop => 6,
            Self::RightBottom => 7,
            Self::LeftBottom => 8,
        }
    }

    /// The same, turned clockwise by this many quarter turns.
    pub(crate) fn turned(self, quarters: u8) -> Self {
        (0..quarters).fold(self, |orientation, _| match orientation {
            Self::TopLeft => Self::RightTop,
            Self::RightTop => Self::BottomRight,
            Self::BottomRight => Self::LeftBottom,
            Self::LeftBottom => Self::TopLeft,
            Self::TopRight => Self::RightBottom,
            Self::RightBottom => Self::BottomLeft,
            Self::BottomLeft => Self::LeftTop,
            Self::LeftTop => Self::TopRight,
        })
    }

    /// Whether width and height change places.
    #[must_use]
    pub fn swaps_axes(self) -> bool {
        matches!(
            self,
            Self::LeftTop | Self::RightTop | Self::RightBottom | Self::LeftBottom
        )
    }
}

/// What IFD0 tells.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Exif {
    pub(super) orientation: Orientation,
    /// The tag is there, but says none of 1 to 8.
    pub(super) orientation_is_invalid: bool,
    /// Where the value of an orientation other than 1 is in the payload, in bytes, and the two bytes that mean 1.
    pub(super) neutral: Option<(usize, [u8; 2])>,
    /// Pixels per inch, horizontally and vertically.
    pub(super) density: Option<[f64; 2]>,
    /// Whether it says where the picture was taken.
    pub(super) has_position: bool,
    /// Whether it says that the colors are Adobe RGB.
    pub(super) is_adobe_rgb: bool,
}

const HEADER: &[u8] = b"Exif\0";
/// The header, and a byte of padding.
const TIFF_OFFSET: usize = HEADER.len() + 1;

/// Exif's APP1 segment. `None`: it is another's. Exif is advice: whatever does not parse is left out.
pub(super) fn exif(payload: &[u8]) -> Option<Exif> {
    let tiff = payload.strip_prefix(HEADER)?.get(1..).unwrap_or_default();
    Some(ifd0(tiff).unwrap_or_default())
}

/// Where an Exif segment states that the image is upright, in bytes of its payload, and the bytes that state another
/// orientation.
#[cfg(feature = "lopdf")]
pub(super) fn upright(payload: &[u8], orientation: Orientation) -> Option<(usize, [u8; 2])> {
    let tiff = TiffReader::new(payload.strip_prefix(HEADER)?.get(1..)?)?;
    let entries = tiff.directory(tiff.u32(4)?)?;
    let stated = |entry: &Entry| (entry.tag, entry.kind, entry.count) == (ORIENTATION, SHORT, 1);
    let value = entries.filter(stated).last()?.value;
    let is_upright = tiff.u16(value) == Some(Orientation::TopLeft.exif().into());
    let other = tiff.u16_bytes(orientation.exif().into());
    is_upright.then_some((TIFF_OFFSET + value, other))
}

const ORIENTATION: u16 = 274;

fn ifd0(tiff: &[u8]) -> Option<Exif> {
    const X_RESOLUTION: u16 = 282;
    const Y_RESOLUTION: u16 = 283;
    const RESOLUTION_UNIT: u16 = 296;
    const EXIF_IFD: u16 = 0x8769;
    const GPS_IFD: u16 = 0x8825;

    let tiff = TiffReader::new(tiff)?;
    let mut exif = Exif::default();
    let mut resolution = [None; 2];
    let mut unit = 2;
    for entry in tiff.directory(tiff.u32(4)?)? {
        match (entry.tag, entry.kind, entry.count) {
            (ORIENTATION, SHORT, 1) => match Orientation::from_tag(tiff.u16(entry.value)?) {
                Some(orientation) => {
                    exif.orientation = orientation;
                    exif.neutral = (orientation != Orientation::TopLeft)
                        .then_some((TIFF_OFFSET + entry.value, tiff.u16_bytes(1)));
                }
                None => exif.orientation_is_invalid = true,
            },
            (ORIENTATION, ..) => exif.orientation_is_invalid = true,
            (X_RESOLUTION, RATIONAL, 1) => resolution[0] = tiff.rational(entry.value),
            (Y_RESOLUTION, RATIONAL, 1) => resolution[1] = tiff.rational(entry.value),
            (RESOLUTION_UNIT, SHORT, 1) => unit = tiff.u16(entry.value)?,
            (EXIF_IFD, LONG, 1) => exif.is_adobe_rgb = is_adobe_rgb(&tiff, entry.value),
            (GPS_IFD, LONG, 1) => exif.has_position = has_position(&tiff, entry.value),
            _ => {}
        }
    }
    if let ([Some(x), Some(y)], Some(per_inch)) = (resolution, units_per_inch(unit)) {
        exif.density = Some([x, y].map(|n| n * per_inch));
    }
    Some(exif)
}

/// Whether the Exif directory that is pointed to says Adobe RGB: by the index R03 of its interoperability directory
/// (DCF 2.0, 4.5.3).
fn is_adobe_rgb(tiff: &TiffReader<'_>, pointer: usize) -> bool {
    const COLOR_SPACE: u16 = 0xA001;
    const SRGB: u16 = 1;
    const INTEROPERABILITY_IFD: u16 = 0xA005;
    const INDEX: u16 = 1;
    let exif = |tag| tiff.find(pointer, tag);
    let is_srgb = exif(COLOR_SPACE).is_some_and(|value| tiff.u16(value) == Some(SRGB));
    let index = exif(INTEROPERABILITY_IFD).and_then(|pointer| tiff.find(pointer, INDEX));
    !is_srgb && index.is_some_and(|value| tiff.bytes(value, 3) == Some(b"R03"))
}

/// Whether the GPS directory that is pointed to tells a latitude.
fn has_position(tiff: &TiffReader<'_>, pointer: usize) -> bool {
    const LATITUDE: u16 = 2;
    tiff.find(pointer, LATITUDE).is_some()
}

/// `ResolutionUnit`: 2 is the inch, and the default; 3 the centimeter; 1 says that there is none.
fn units_per_inch(unit: u16) -> Option<f64> {
    match unit {
        2 => Some(1.0),
        3 => Some(2.54),
        _ => None,
    }
}

const SHORT: u16 = 3;
const LONG: u16 = 4;
const RATIONAL: u16 = 5;

/// An entry of a directory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) tag: u16,
    pub(super) kind: u16,
    pub(super) count: u32,
    /// Where its value is, or a pointer to it, by offset from the TIFF header.
    pub(super) value: usize,
}

/// Directories and numbers in either byte order, by offset from the TIFF header.
pub(super) struct TiffReader<'a> {
    tiff: &'a [u8],
    is_big: bool,
}

impl<'a> TiffReader<'a> {
    pub(super) fn new(tiff: &'a [u8]) -> Option<Self> {
        let is_big = match tiff.get(..4)? {
            b"MM\0*" => true,
            b"II*\0" => false,
            _ => return None,
        };
        Some(Self { tiff, is_big })
    }

    /// The entries of a directory, as far as they are there.
    pub(super) fn directory(&self, at: u32) -> Option<impl Iterator<Item = Entry>> {
        let at = usize::try_from(at).ok()?;
        let count = usize::from(self.u16(at)?);
        let entry = move |i| {
            let at = at + 2 + 12 * i;
            let value = at + 8;
            Some(Entry {
                tag: self.u16(at)?,
                kind: self.u16(at + 2)?,
                count: self.u32(at + 4)?,
                value: self.u32(value).map(|_| value)?,
            })
        };
        Some((0..count).map_while(entry))
    }

    /// Where the value of a tag is in the directory that is pointed to.
    fn find(&self, pointer: usize, tag: u16) -> Option<usize> {
        let mut entries = self.directory(self.u32(pointer)?)?;
        entries
            .find(|entry| entry.tag == tag)
            .map(|entry| entry.value)
    }

    fn bytes(&self, at: usize, size: usize) -> Option<&'a [u8]> {
        self.tiff.get(at..)?.get(..size)
    }

    fn u16(&self, at: usize) -> Option<u16> {
        let bytes = *self.tiff.get(at..)?.first_chunk()?;
        Some(if self.is_big {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        })
    }

    pub(super) fn u32(&self, at: usize) -> Option<u32> {
        let bytes = *self.tiff.get(at..)?.first_chunk()?;
        Some(if self.is_big {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        })
    }

    /// The rational that is pointed to.
    fn rational(&self, pointer: usize) -> Option<f64> {
        let at = usize::try_from(self.u32(pointer)?).ok()?;
        Some(f64::from(self.u32(at)?) / f64::from(self.u32(at.checked_add(4)?)?))
    }

    fn u16_bytes(&self, value: u16) -> [u8; 2] {
        if self.is_big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }
}
