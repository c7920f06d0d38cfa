//! Small color profiles that are generated here (ICC.1:2001-04, version 2.4, which every version of PDF allows).

/// A signature of four characters.
type Signature = [u8; 4];

/// An XYZ color, relative to the illuminant D50.
type Xyz = [f64; 3];

/// D50, the illuminant of the connection space (6.2).
const D50: Xyz = [0.9642, 1.0, 0.8249];

/// D65, the white of common displays.
const D65: Xyz = [0.9505, 1.0, 1.0891];

/// The conversion of a channel's values to linear light (6.5.3).
#[derive(Clone, Copy)]
enum Curve {
    Gamma(f64),
    /// The curve of sRGB (IEC 61966-2-1).
    Srgb,
}

/// The linear light of evenly spaced values from 0 to 1 in sRGB, as fractions of 65,535.
static SRGB_CURVE: [u16; 1024] = srgb_curve();

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "within 0 and 65,535"
)]
const fn srgb_curve() -> [u16; 1024] {
    let mut curve = [0; 1024];
    let mut i = 0;
    while i < curve.len() {
        let value = i as f64 / (curve.len() - 1) as f64;
        let light = if value <= 0.040_45 {
            value / 12.92
        } else {
            power_2_4((value + 0.055) / 1.055)
        };
        curve[i] = (light * 65_535.0 + 0.5) as u16;
        i += 1;
    }
    curve
}

/// Returns `base` to the power of 2.4, for a base from 0.09 to 1.
const fn power_2_4(base: f64) -> f64 {
    let square = base * base;
    // This is Newton's method for the fifth root of the square.
    let mut root = 1.0;
    let mut step = 0;
    while step < 20 {
        let fourth = root * root * root * root;
        root -= (root * fourth - square) / (5.0 * fourth);
        step += 1;
    }
    square * root
}

/// Returns an RGB profile for sRGB, with its primaries adapted to D50, and its curve.
pub(crate) fn srgb() -> Vec<u8> {
    let primaries = [
        [0.436_07, 0.222_50, 0.013_93],
        [0.385_06, 0.716_88, 0.097_10],
        [0.143_07, 0.060_62, 0.713_87],
    ];
    rgb("sRGB IEC61966-2.1", primaries, Curve::Srgb)
}

/// Returns a profile for gray with the curve of sRGB (6.3.1.1).
pub(crate) fn gray() -> Vec<u8> {
    let tags = [
        (*b"desc", description_tag("Gray with the curve of sRGB")),
        (*b"cprt", text_tag("No copyright, use freely")),
        (*b"wtpt", xyz_tag(D50)),
        (*b"kTRC", curve_tag(Curve::Srgb)),
    ];
    profile(*b"GRAY", &tags)
}

/// Returns an RGB profile for Adobe RGB (1998), with its primaries adapted to D50, and its gamma of 563/256.
pub(crate) fn adobe_rgb() -> Vec<u8> {
    let primaries = [
        [0.609_74, 0.311_11, 0.019_47],
        [0.205_28, 0.625_67, 0.060_87],
        [0.149_19, 0.063_22, 0.744_57],
    ];
    rgb(
        "Compatible with Adobe RGB (1998)",
        primaries,
        Curve::Gamma(563.0 / 256.0),
    )
}

/// Returns a display profile with three primaries and one curve (6.3.1.2).
fn rgb(description: &str, primaries: [Xyz; 3], curve: Curve) -> Vec<u8> {
    let mut tags: Vec<(Signature, Vec<u8>)> = vec![
        (*b"desc", description_tag(description)),
        (*b"cprt", text_tag("No copyright, use freely")),
        (*b"wtpt", xyz_tag(D65)),
    ];
    for (name, primary) in [*b"rXYZ", *b"gXYZ", *b"bXYZ"].into_iter().zip(primaries) {
        tags.push((name, xyz_tag(primary)));
    }
    let curve = curve_tag(curve);
    for name in [*b"rTRC", *b"gTRC", *b"bTRC"] {
        tags.push((name, curve.clone()));
    }
    profile(*b"RGB ", &tags)
}

/// Returns the header (6.1), the tag table (6.2) and the tags. Equal tags share their data.
fn profile(space: Signature, tags: &[(Signature, Vec<u8>)]) -> Vec<u8> {
    const HEADER: usize = 128;
    let mut table = be(tags.len());
    let size = tags.iter().map(|(_, tag)| tag.len().next_multiple_of(4));
    let mut data: Vec<u8> = Vec::with_capacity(size.sum());
    let data_offset = HEADER + 4 + 12 * tags.len();
    let mut written: Vec<(&[u8], usize)> = Vec::with_capacity(tags.len());
    for (name, tag) in tags {
        let known = written.iter().find(|(other, _)| other == tag);
        let at = known.map_or(data.len(), |&(_, at)| at);
        if at == data.len() {
            written.push((tag, at));
            data.extend(tag);
            data.resize(data.len().next_multiple_of(4), 0);
        }
        table.extend(name);
        table.extend(be(data_offset + at));
        table.extend(be(tag.len()));
    }
    let mut header = be(data_offset + data.len());
    header.extend([0; 4]);
    header.extend([2, 0x40, 0, 0]);
    header.extend(b"mntr");
    header.extend(space);
    header.extend(b"XYZ ");
    // The date is fixed, so that the same profile has the same bytes.
    header.extend([2026, 1, 1, 0, 0, 0].map(u16::to_be_bytes).as_flattened());
    header.extend(b"acsp");
    header.resize(68, 0);
    header.extend(D50.map(fixed).as_flattened());
    header.resize(HEADER, 0);
    [header, table, data].concat()
}

/// Encodes an s15Fixed16Number (5.1.3).
fn fixed(value: f64) -> [u8; 4] {
    #[expect(clippy::cast_possible_truncation, reason = "colors are below 2")]
    let fixed = (value * 65_536.0).round() as i32;
    fixed.to_be_bytes()
}

fn be(number: usize) -> Vec<u8> {
    let number = u32::try_from(number).expect("profiles are small");
    number.to_be_bytes().to_vec()
}

/// Encodes an XYZ tag (6.5.17).
fn xyz_tag(color: Xyz) -> Vec<u8> {
    [b"XYZ \0\0\0\0".as_slice(), color.map(fixed).as_flattened()].concat()
}

/// Encodes a curve tag (6.5.3). A single entry is a gamma, as a u8Fixed8Number.
fn curve_tag(curve: Curve) -> Vec<u8> {
    let gamma;
    let entries = match curve {
        Curve::Srgb => &SRGB_CURVE[..],
        Curve::Gamma(value) => {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a gamma is a small positive number"
            )]
            let value = (value * 256.0).round() as u16;
            gamma = [value];
            &gamma
        }
    };
    let mut tag = [b"curv\0\0\0\0".as_slice(), &be(entries.len())].concat();
    let entries: Vec<_> = entries.iter().map(|entry| entry.to_be_bytes()).collect();
    tag.extend(entries.as_flattened());
    tag
}

/// Encodes a text tag (6.5.18).
fn text_tag(text: &str) -> Vec<u8> {
    [b"text\0\0\0\0".as_slice(), text.as_bytes(), &[0]].concat()
}

/// Encodes a description tag (6.5.17 of the earlier standard): ASCII, and empty Unicode and Macintosh descriptions.
fn description_tag(text: &str) -> Vec<u8> {
    let mut tag = [
        b"desc\0\0\0\0".as_slice(),
        &be(text.len() + 1),
        text.as_bytes(),
        &[0],
    ]
    .concat();
    tag.resize(tag.len() + 4 + 4 + 2 + 1 + 67, 0);
    tag
}
