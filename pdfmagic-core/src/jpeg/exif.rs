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
}

const HEADER: &[u8] = b"Exif\0";
/// The header, and a byte of padding.
const TIFF_OFFSET: usize = HEADER.len() + 1;

/// Exif's APP1 segment. `None`: it is another's. Exif is advice: whatever does not parse is left out.
pub(super) fn exif(payload: &[u8]) -> Option<Exif> {
    let tiff = payload.strip_prefix(HEADER)?.get(1..).unwrap_or_default();
    Some(ifd0(tiff).unwrap_or_default())
}

fn ifd0(tiff: &[u8]) -> Option<Exif> {
    const ORIENTATION: u16 = 274;
    const X_RESOLUTION: u16 = 282;
    const Y_RESOLUTION: u16 = 283;
    const RESOLUTION_UNIT: u16 = 296;
    const SHORT: u16 = 3;
    const RATIONAL: u16 = 5;

    let fields = Fields::new(tiff)?;
    let directory = usize::try_from(fields.u32(4)?).ok()?;
    let mut exif = Exif::default();
    let mut resolution = [None; 2];
    let mut unit = 2;
    let entries = (0..usize::from(fields.u16(directory)?)).map(|i| directory + 2 + 12 * i);
    for entry in entries {
        let value = entry + 8;
        let (Some(tag), Some(kind), Some(count), Some(short)) = (
            fields.u16(entry),
            fields.u16(entry + 2),
            fields.u32(entry + 4),
            fields.u16(value),
        ) else {
            break;
        };
        let rational = || {
            let at = usize::try_from(fields.u32(value)?).ok()?;
            Some(f64::from(fields.u32(at)?) / f64::from(fields.u32(at.checked_add(4)?)?))
        };
        match (tag, kind, count) {
            (ORIENTATION, SHORT, 1) => match Orientation::from_tag(short) {
                Some(orientation) => {
                    exif.orientation = orientation;
                    exif.neutral = (orientation != Orientation::TopLeft)
                        .then_some((TIFF_OFFSET + value, fields.u16_bytes(1)));
                }
                None => exif.orientation_is_invalid = true,
            },
            (ORIENTATION, ..) => exif.orientation_is_invalid = true,
            (X_RESOLUTION, RATIONAL, 1) => resolution[0] = rational(),
            (Y_RESOLUTION, RATIONAL, 1) => resolution[1] = rational(),
            (RESOLUTION_UNIT, SHORT, 1) => unit = short,
            _ => {}
        }
    }
    if let ([Some(x), Some(y)], Some(per_inch)) = (resolution, units_per_inch(unit)) {
        exif.density = Some([x, y].map(|n| n * per_inch));
    }
    Some(exif)
}

/// `ResolutionUnit`: 2 is the inch, and the default; 3 the centimeter; 1 says that there is none.
fn units_per_inch(unit: u16) -> Option<f64> {
    match unit {
        2 => Some(1.0),
        3 => Some(2.54),
        _ => None,
    }
}

/// Numbers in either byte order, by offset from the TIFF header.
struct Fields<'a> {
    tiff: &'a [u8],
    is_big: bool,
}

impl<'a> Fields<'a> {
    fn new(tiff: &'a [u8]) -> Option<Self> {
        let is_big = match tiff.get(..4)? {
            b"MM\0*" => true,
            b"II*\0" => false,
            _ => return None,
        };
        Some(Self { tiff, is_big })
    }

    fn u16(&self, at: usize) -> Option<u16> {
        let bytes = *self.tiff.get(at..)?.first_chunk()?;
        Some(if self.is_big {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        })
    }

    fn u32(&self, at: usize) -> Option<u32> {
        let bytes = *self.tiff.get(at..)?.first_chunk()?;
        Some(if self.is_big {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        })
    }

    fn u16_bytes(&self, value: u16) -> [u8; 2] {
        if self.is_big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }
}
