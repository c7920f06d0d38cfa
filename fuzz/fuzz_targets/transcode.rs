//! Law: coefficients survive. The data made of them depends on nothing else, so it is the same again after a detour
//! by progressive coding; and what is quantized as finely as it was is the same too.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pdfmagic_core::backend::{Quality, Reencode};
use pdfmagic_core::geometry::Density;
use pdfmagic_core::{Backend, Error, Jpeg, Limits, Lossless, Transcode};

fuzz_target!(|input: &[u8]| {
    let Ok(baseline) = code(input, &Transcode { progressive: false }) else {
        assert!(code(input, &Transcode { progressive: true }).is_err());
        let _ = code(input, &Lossless);
        return;
    };
    let progressive = code(input, &Transcode { progressive: true }).expect("it was decodable");
    for data in [&baseline, &progressive] {
        let again = code(data, &Transcode { progressive: false }).expect("what we write is sound");
        assert!(again == baseline);
    }
    let backends = [
        Reencode::default(),
        Reencode {
            gray: true,
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
            code(&data, &Transcode { progressive: false }).expect("what we write is sound");
        }
    }
});

fn code(input: &[u8], backend: &dyn Backend) -> Result<Vec<u8>, Error> {
    // Large pictures are slow to decode, and find nothing that small ones do not.
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
