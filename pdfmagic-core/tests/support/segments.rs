//! The segments of a JPEG, and a change to them that keeps the picture.

/// Returns the segments of a header from SOI to SOS, as marker, offset of the payload, and payload.
pub(crate) fn segments(jpeg: &[u8]) -> impl Iterator<Item = (u8, usize, &[u8])> {
    let mut at = 2;
    std::iter::from_fn(move || {
        while jpeg.get(at + 1) == Some(&0xFF) {
            at += 1;
        }
        let &[0xFF, marker, high, low] = jpeg.get(at..at + 4)? else {
            return None;
        };
        let (start, end) = (
            at + 4,
            at + 2 + usize::from(u16::from_be_bytes([high, low])),
        );
        at = if marker == 0xDA { jpeg.len() } else { end };
        Some((marker, start, jpeg.get(start..end)?))
    })
}

/// Returns the same coefficients as samples of 12 bits, which are 16 times as large, since the quantization steps are.
pub(crate) fn with_12_bits(jpeg: &[u8]) -> Vec<u8> {
    let mut out = jpeg[..2].to_vec();
    let mut end = 2;
    for (marker, start, payload) in segments(jpeg) {
        end = start + payload.len();
        let (marker, payload) = match marker {
            0xDB => {
                let tables = payload.chunks(65).flat_map(|table| {
                    assert_eq!(table[0] >> 4, 0, "8 bits for each step");
                    let steps = table[1..]
                        .iter()
                        .flat_map(|&step| (16 * u16::from(step)).to_be_bytes());
                    [0x10 | table[0]]
                        .into_iter()
                        .chain(steps)
                        .collect::<Vec<_>>()
                });
                (0xDB, tables.collect())
            }
            // The marker becomes SOF1, since SOF0 is only for 8 bits (B.2.2).
            0xC0 => (0xC1, [&[12], &payload[1..]].concat()),
            marker => (marker, payload.to_vec()),
        };
        let length = u16::try_from(payload.len() + 2).expect("it fits");
        out.extend([0xFF, marker]);
        out.extend(length.to_be_bytes());
        out.extend(payload);
    }
    out.extend(&jpeg[end..]);
    out
}
