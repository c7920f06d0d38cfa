//! JPEGs made for the tests: the output of an encoder, with segments inserted or removed.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// Returns 64 × 48 pixels with edges and gradients, so that a rotated or shifted picture differs from the correct one.
pub(crate) fn jpeg(color: ColorType) -> Vec<u8> {
    let (width, height) = (64u16, 48u16);
    let channels = match color {
        ColorType::Luma => 1,
        ColorType::Cmyk | ColorType::CmykAsYcck => 4,
        _ => 3,
    };
    let samples: Vec<u8> = (0..height)
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .flat_map(|(x, y)| {
            [
                4 * x,
                5 * y,
                2 * (x + y),
                if x < 20 && y < 12 { 160 } else { 0 },
            ]
        })
        .map(|sample| u8::try_from(sample).expect("below 256"))
        .collect();
    let samples: Vec<u8> = samples
        .chunks(4)
        .flat_map(|pixel| &pixel[..channels])
        .copied()
        .collect();
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, 90);
    encoder.set_sampling_factor(SamplingFactor::F_1_1);
    encoder
        .encode(&samples, width, height, color)
        .expect("the samples fit");
    out
}

/// Returns a marker segment.
pub(crate) fn segment(marker: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 2).expect("a payload fits its segment");
    [&[0xFF, marker], &length.to_be_bytes()[..], payload].concat()
}

/// Returns a JPEG with `bytes` after SOI.
pub(crate) fn with(jpeg: &[u8], bytes: &[u8]) -> Vec<u8> {
    [&jpeg[..2], bytes, &jpeg[2..]].concat()
}

/// Returns a JPEG without the header segments of these markers.
pub(crate) fn without(jpeg: &[u8], markers: &[u8]) -> Vec<u8> {
    let mut out = jpeg[..2].to_vec();
    let mut rest = &jpeg[2..];
    while rest[1] != 0xDA {
        let (segment, next) =
            rest.split_at(2 + usize::from(u16::from_be_bytes([rest[2], rest[3]])));
        if !markers.contains(&segment[1]) {
            out.extend(segment);
        }
        rest = next;
    }
    [out, rest.to_vec()].concat()
}

/// Returns a JFIF segment that states this density.
pub(crate) fn jfif(units: u8, x: u16, y: u16) -> Vec<u8> {
    let density = [x.to_be_bytes(), y.to_be_bytes()].concat();
    segment(
        0xE0,
        &[b"JFIF\0\x01\x02", &[units][..], &density, &[0, 0]].concat(),
    )
}

/// Returns an Adobe segment.
pub(crate) fn adobe(transform: u8) -> Vec<u8> {
    segment(
        0xEE,
        &[b"Adobe\0\x64\0\0\0\0".as_slice(), &[transform]].concat(),
    )
}

/// Returns an Exif segment whose IFD0 has these entries: tag, type, count and the four bytes of the value. Data that
/// offsets refer to may follow at `8 + 2 + 12 * entries + 4`.
pub(crate) fn exif(entries: &[(u16, u16, u32, [u8; 4])], data: &[u8]) -> Vec<u8> {
    let count = u16::try_from(entries.len()).expect("few entries");
    let mut payload = b"Exif\0\0MM\0*\0\0\0\x08".to_vec();
    payload.extend(count.to_be_bytes());
    for (tag, kind, count, value) in entries {
        payload.extend(tag.to_be_bytes());
        payload.extend(kind.to_be_bytes());
        payload.extend(count.to_be_bytes());
        payload.extend(value);
    }
    payload.extend([0; 4]);
    payload.extend(data);
    segment(0xE1, &payload)
}

/// Returns a segment with an XMP packet.
pub(crate) fn xmp(text: &str) -> Vec<u8> {
    let packet = format!("http://ns.adobe.com/xap/1.0/\0{text}");
    segment(0xE1, packet.as_bytes())
}

/// Returns an Exif segment that states this orientation.
pub(crate) fn oriented(orientation: u16) -> Vec<u8> {
    let [high, low] = orientation.to_be_bytes();
    exif(&[(274, 3, 1, [high, low, 0, 0])], &[])
}

/// Returns a valid profile header for this color space.
pub(crate) fn profile(space: [u8; 4]) -> Vec<u8> {
    let mut profile = vec![0; 132];
    profile[..4].copy_from_slice(&132u32.to_be_bytes());
    profile[8] = 2;
    profile[12..16].copy_from_slice(b"mntr");
    profile[16..20].copy_from_slice(&space);
    profile[36..40].copy_from_slice(b"acsp");
    profile
}

/// Returns one chunk of a profile.
pub(crate) fn icc_chunk(number: u8, total: u8, data: &[u8]) -> Vec<u8> {
    segment(
        0xE2,
        &[b"ICC_PROFILE\0", &[number, total][..], data].concat(),
    )
}

/// Returns a JPEG that ends after its first scan header, whose payload is `scan`. Its samples have 8 bits, all of its
/// quantization tables are flat, and it has no Huffman tables. Components are given by identifier, sampling factors (in one
/// byte) and quantization table.
pub(crate) fn headed(sof: u8, components: &[[u8; 3]], tables: &[u8], scan: &[u8]) -> Vec<u8> {
    let quantization = [0, 1, 2, 3].map(|number| [&[number][..], &[1; 64]].concat());
    let count = u8::try_from(components.len()).expect("few components");
    let frame = [&[8, 0, 9, 0, 17, count], components.as_flattened()].concat();
    [
        b"\xFF\xD8",
        &segment(0xDB, &quantization.concat())[..],
        &segment(sof, &frame),
        tables,
        &segment(0xDA, scan),
    ]
    .concat()
}
