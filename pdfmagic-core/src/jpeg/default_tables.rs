//! The typical Huffman tables (T.81 K.3.3), which motion JPEG omits.

use super::huffman_table::{Class, HuffmanTable};
use super::segment::Marker;

/// The counts and the values of a table.
type Table<const N: usize> = ([u8; 16], [u8; N]);

/// Tables K.3 and K.4: DC differences of luminance and chrominance.
const DC: [Table<12>; 2] = {
    const CATEGORIES: [u8; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
    [
        ([0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], CATEGORIES),
        ([0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0], CATEGORIES),
    ]
};

/// Tables K.5 and K.6: AC coefficients of luminance and chrominance.
const AC: [Table<162>; 2] = [
    (
        [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125],
        with_the_rest(
            b"\x01\x02\x03\x00\x04\x11\x05\x12\x21\x31\x41\x06\x13\x51\x61\x07\x22\x71\x14\x32\x81\
              \x91\xA1\x08\x23\x42\xB1\xC1\x15\x52\xD1\xF0\x24\x33\x62\x72\x82",
        ),
    ),
    (
        [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119],
        with_the_rest(
            b"\x00\x01\x02\x03\x11\x04\x05\x21\x31\x06\x12\x41\x51\x07\x61\x71\x13\x22\x32\x81\x08\
              \x14\x42\x91\xA1\xB1\xC1\x09\x23\x33\x52\xF0\x15\x62\x72\xD1\x0A\x16\x24\x34\xE1\x25\xF1",
        ),
    ),
];

/// Returns the values with short codes, followed by all other values in ascending order.
const fn with_the_rest(short: &[u8]) -> [u8; 162] {
    let mut values = [0; 162];
    let (mut is_used, mut count) = ([false; 256], 0);
    while count < short.len() {
        values[count] = short[count];
        is_used[short[count] as usize] = true;
        count += 1;
    }
    let mut value = 0u8;
    loop {
        if matches!(value & 0x0F, 1..=10) && !is_used[value as usize] {
            values[count] = value;
            count += 1;
        }
        if value == u8::MAX {
            return values;
        }
        value += 1;
    }
}

/// Returns the typical table for a destination: luminance at 0, chrominance at 1.
pub(super) fn get(class: Class, destination: usize) -> Option<HuffmanTable<'static>> {
    fn view<const N: usize>((counts, values): &'static Table<N>) -> Option<HuffmanTable<'static>> {
        HuffmanTable::new(counts, values)
    }
    match class {
        Class::Dc => view(DC.get(destination)?),
        Class::Ac => view(AC.get(destination)?),
    }
}

/// Returns the wanted tables, by class and destination, as one DHT segment (B.2.4.2).
pub(super) fn segment(wanted: [[bool; 2]; 2]) -> Vec<u8> {
    let mut body = Vec::new();
    for (tc, class) in [(0x00, Class::Dc), (0x10, Class::Ac)] {
        for (th, &is_wanted) in (0..).zip(&wanted[class as usize]) {
            if let Some(table) = get(class, usize::from(th)).filter(|_| is_wanted) {
                body.push(tc + th);
                body.extend(table.counts());
                body.extend(table.values());
            }
        }
    }
    let length = u16::try_from(body.len() + 2).expect("four tables are below 64 KiB");
    [&[0xFF, Marker::DHT.0][..], &length.to_be_bytes(), &body].concat()
}
