//! The typical Huffman tables (T.81 K.3.3), which motion JPEG leaves out.

use super::segment::Marker;

/// Number of codes of 1 to 16 bits, and the values in the order of their codes.
pub(crate) type HuffmanTable = ([u8; 16], Vec<u8>);

/// Tables K.3 and K.4: DC differences of luminance (0) or chrominance (1).
pub(crate) fn dc(chrominance: bool) -> HuffmanTable {
    let counts = if chrominance {
        [0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0]
    } else {
        [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]
    };
    (counts, (0..12).collect())
}

/// Tables K.5 and K.6: AC coefficients of luminance (0) or chrominance (1).
pub(crate) fn ac(chrominance: bool) -> HuffmanTable {
    // After the short codes come all values that are left, in rising order.
    let (counts, short): (_, &[u8]) = if chrominance {
        (
            [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119],
            b"\x00\x01\x02\x03\x11\x04\x05\x21\x31\x06\x12\x41\x51\x07\x61\x71\x13\x22\x32\x81\x08\
              \x14\x42\x91\xA1\xB1\xC1\x09\x23\x33\x52\xF0\x15\x62\x72\xD1\x0A\x16\x24\x34\xE1\x25\xF1",
        )
    } else {
        (
            [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125],
            b"\x01\x02\x03\x00\x04\x11\x05\x12\x21\x31\x41\x06\x13\x51\x61\x07\x22\x71\x14\x32\x81\
              \x91\xA1\x08\x23\x42\xB1\xC1\x15\x52\xD1\xF0\x24\x33\x62\x72\x82",
        )
    };
    let is_left = |value: &u8| matches!(value & 0x0F, 1..=10) && !short.contains(value);
    (
        counts,
        short
            .iter()
            .copied()
            .chain((0..=255).filter(is_left))
            .collect(),
    )
}

/// All four as one DHT segment (B.2.4.2): luminance at destination 0, chrominance at 1.
pub(super) fn huffman_segment() -> Vec<u8> {
    let tables = [
        (0x00, dc(false)),
        (0x10, ac(false)),
        (0x01, dc(true)),
        (0x11, ac(true)),
    ];
    let mut body = Vec::new();
    for (class_and_destination, (counts, values)) in tables {
        body.push(class_and_destination);
        body.extend(counts);
        body.extend(values);
    }
    let length = u16::try_from(body.len() + 2).expect("four tables are below 64 KiB");
    [&[0xFF, Marker::DHT.0][..], &length.to_be_bytes(), &body].concat()
}
