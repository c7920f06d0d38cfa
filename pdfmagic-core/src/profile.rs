//! Small color profiles of our own making (ICC.1:2001-04, version 2.4: every version of PDF takes it).

/// A signature, as the standard writes them.
type Signature = [u8; 4];

/// An XYZ color, relative to the illuminant D50.
type Xyz = [f64; 3];

/// D50, the illuminant of the connection space (6.2).
const D50: Xyz = [0.9642, 1.0, 0.8249];

/// D65, the white of common displays.
const D65: Xyz = [0.9505, 1.0, 1.0891];

/// How a channel's values become linear light: a gamma (6.5.3).
#[derive(Clone, Copy)]
struct Gamma(f64);

/// An RGB profile for Adobe RGB (1998): its primaries adapted to D50, and its gamma of 563/256.
pub(crate) fn adobe_rgb() -> Vec<u8> {
    let primaries = [
        [0.609_74, 0.311_11, 0.019_47],
        [0.205_28, 0.625_67, 0.060_87],
        [0.149_19, 0.063_22, 0.744_57],
    ];
    rgb(
        "Compatible with Adobe RGB (1998)",
        primaries,
        Gamma(563.0 / 256.0),
    )
}

/// A display profile of three primaries with one curve (6.3.1.2).
fn rgb(description: &str, primaries: [Xyz; 3], gamma: Gamma) -> Vec<u8> {
    let mut tags: Vec<(Signature, Vec<u8>)> = vec![
        (*b"desc", description_tag(description)),
        (*b"cprt", text_tag("No copyright, use freely")),
        (*b"wtpt", xyz_tag(D65)),
    ];
    for (name, primary) in [*b"rXYZ", *b"gXYZ", *b"bXYZ"].into_iter().zip(primaries) {
        tags.push((name, xyz_tag(primary)));
    }
    for name in [*b"rTRC", *b"gTRC", *b"bTRC"] {
        tags.push((name, curve_tag(gamma)));
    }
    profile(*b"RGB ", &tags)
}

/// The header (6.1), the tag table (6.2) and the tags. Equal tags share their data.
fn profile(space: Signature, tags: &[(Signature, Vec<u8>)]) -> Vec<u8> {
    const HEADER: usize = 128;
    let mut table = be(tags.len());
    let mut data: Vec<u8> = Vec::new();
    let data_offset = HEADER + 4 + 12 * tags.len();
    let mut written: Vec<(&[u8], usize)> = Vec::new();
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
    // A fixed date: the same profile has the same bytes.
    header.extend([2026, 1, 1, 0, 0, 0].map(u16::to_be_bytes).as_flattened());
    header.extend(b"acsp");
    header.resize(68, 0);
    header.extend(D50.map(fixed).as_flattened());
    header.resize(HEADER, 0);
    [header, table, data].concat()
}

/// s15Fixed16Number (5.1.3).
fn fixed(value: f64) -> [u8; 4] {
    #[expect(clippy::cast_possible_truncation, reason = "colors are below 2")]
    let fixed = (value * 65_536.0).round() as i32;
    fixed.to_be_bytes()
}

fn be(number: usize) -> Vec<u8> {
    let number = u32::try_from(number).expect("profiles are small");
    number.to_be_bytes().to_vec()
}

/// 6.5.17
fn xyz_tag(color: Xyz) -> Vec<u8> {
    [b"XYZ \0\0\0\0".as_slice(), color.map(fixed).as_flattened()].concat()
}

/// 6.5.3, of one entry: u8Fixed8Number.
fn curve_tag(Gamma(gamma): Gamma) -> Vec<u8> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a gamma is a small positive number"
    )]
    let gamma = (gamma * 256.0).round() as u16;
    [b"curv\0\0\0\0\0\0\0\x01".as_slice(), &gamma.to_be_bytes()].concat()
}

/// 6.5.18
fn text_tag(text: &str) -> Vec<u8> {
    [b"text\0\0\0\0".as_slice(), text.as_bytes(), &[0]].concat()
}

/// 6.5.17 of the earlier standard: ASCII, and empty Unicode and Macintosh descriptions.
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
