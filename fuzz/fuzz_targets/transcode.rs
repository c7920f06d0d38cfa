//! Law: transcoding keeps the coefficients. By way of progressive coding, the input and its baseline transcode become
//! the same data. Everything that is written can be decoded.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pdfmagic_core::{Quality, Reencode};
use pdfmagic_core::Density;
use pdfmagic_core::{Backend, Error, Jpeg, Limits, Auto, Transcode};

const BASELINE: Transcode = Transcode { progressive: false };
const PROGRESSIVE: Transcode = Transcode { progressive: true };

fuzz_target!(|input: &[u8]| {
    let Ok(baseline) = code(input, &BASELINE) else {
        assert!(code(input, &PROGRESSIVE).is_err());
        let _ = code(input, &Auto);
        return;
    };
    let detour = |data: &[u8]| {
        let progressive = code(data, &PROGRESSIVE).expect("it was decodable");
        code(&progressive, &BASELINE).expect("what we write is sound")
    };
    assert!(detour(input) == detour(&baseline));
    let backends = [
        Reencode::default(),
        Reencode {
            gray: true,
            ..Reencode::default()
        },
        Reencode {
            subsample: true,
            ..Reencode::default()
        },
        Reencode {
            max_density: Density::new(48.0),
            ..Reencode::default()
        },
        Reencode {
            quality: Quality::new(5).expect("it is in range"),
            ..Reencode::default()
        },
    ];
    for backend in backends {
        if let Ok(data) = code(input, &backend) {
            code(&data, &BASELINE).expect("what we write is sound");
        }
    }
});

fn code(input: &[u8], backend: &dyn Backend) -> Result<Vec<u8>, Error> {
    // Large pictures are slow to decode, and find no other faults than small ones.
    let mut limits = Limits::default();
    limits.max_pixels = 1 << 18;
    limits.max_scans = 50;
    let image = backend.image(&Jpeg::parse(input, &limits)?, &limits)?;
    let pieces = image.data.iter();
    Ok(pieces
        .flat_map(|piece| piece.bytes(input))
        .copied()
        .collect())
}
