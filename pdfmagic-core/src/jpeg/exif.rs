//! Exif: orientation and density from IFD0 (TIFF 6.0, section 8).

/// The position of row 0 and column 0 of the stored image when it is displayed (TIFF 6.0 tag 274).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Orientation {
    /// 1: upright.
    #[default]
    TopLeft,
    /// 2: mirrored horizontally.
    TopRight,
    /// 3: rotated by 180°.
    BottomRight,
    /// 4: mirrored vertically.
    BottomLeft,
    /// 5: mirrored along the diagonal from the top left.
    LeftTop,
    /// 6: to be rotated clockwise by 90° for viewing.
    RightTop,
    /// 7: mirrored along the other diagonal.
    RightBottom,
    /// 8: to be rotated counterclockwise by 90° for viewing.
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

    /// Returns the value of the Exif tag, 1 to 8.
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

    /// Returns the orientation after further clockwise quarter turns of the displayed image.
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

    /// Whether this swaps width and height.
    #[must_use]
    pub fn swaps_axes(self) -> bool {
        matches!(
            self,
            Self::LeftTop | Self::RightTop | Self::RightBottom | Self::LeftBottom
        )
    }
}

/// The information in IFD0 that matters here.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Exif {
    pub(super) orientation: Orientation,
    /// Whether the orientation tag has a value outside 1 to 8.
    pub(super) orientation_is_invalid: bool,
    /// The offset in the payload of an orientation other than 1, in bytes, and the two bytes that would mean 1.
    pub(super) neutral: Option<(usize, [u8; 2])>,
    /// Horizontal and vertical density, in pixels per inch.
    pub(super) density: Option<[f64; 2]>,
    /// Whether the position where the picture was taken is recorded.
    pub(super) has_position: bool,
    /// Whether the colors are declared to be Adobe RGB.
    pub(super) is_adobe_rgb: bool,
}

const HEADER: &[u8] = b"Exif\0";
/// The size of the header with its byte of padding, in bytes.
const TIFF_OFFSET: usize = HEADER.len() + 1;

/// Parses Exif's APP1 segment. Returns `None` if it belongs to another format. Exif is only advice, so fields that do
/// not parse are ignored.
pub(super) fn exif(payload: &[u8]) -> Option<Exif> {
    let tiff = payload.strip_prefix(HEADER)?.get(1..).unwrap_or_default();
    Some(ifd0(tiff).unwrap_or_default())
}

/// Finds the orientation in an Exif segment, if it says upright. Returns its offset in the payload, in bytes, and the
/// bytes that state `orientation` instead.
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

/// Whether the Exif directory at `pointer` declares Adobe RGB, by the index R03 in its interoperability directory (DCF
/// 2.0, 4.5.3).
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

/// Whether the GPS directory at `pointer` has a latitude.
fn has_position(tiff: &TiffReader<'_>, pointer: usize) -> bool {
    const LATITUDE: u16 = 2;
    tiff.find(pointer, LATITUDE).is_some()
}

/// `ResolutionUnit` is 2 for inches (the default), 3 for centimeters, and 1 for no unit.
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
    /// The offset of the value, or of the pointer to it, from the TIFF header, in bytes.
    pub(super) value: usize,
}

/// Reads directories and numbers in either byte order. Offsets count from the TIFF header.
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

    /// Returns the entries of a directory, up to where the data is truncated.
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

    /// Returns the offset of the value of a tag in the directory at `pointer`.
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

    /// Returns the rational at `pointer`.
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
