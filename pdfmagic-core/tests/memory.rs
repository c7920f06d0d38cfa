//! What is allocated stays within the limit on memory, and what asks for too much is refused before it costs anything.

use std::sync::Mutex;

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use pdfmagic_core::Density;
use pdfmagic_core::Reencode;
use pdfmagic_core::{Auto, Backend, Jpeg, Limits, Transcode};
use peak_alloc::PeakAlloc;

#[path = "support/corpus_files.rs"]
mod corpus_files;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// The peak is that of the process, so tests take turns.
static TURN: Mutex<()> = Mutex::new(());

/// What tables take, and a profile, whatever the size of the image.
const FIXED: usize = 1 << 18;

/// Runs `work`, and says how many bytes were allocated at a time, beside those that were before.
fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
    ALLOCATOR.reset_peak_usage();
    let before = ALLOCATOR.current_usage();
    let result = work();
    (result, ALLOCATOR.peak_usage() - before)
}

fn backends(jpeg: &Jpeg<'_>) -> Vec<Box<dyn Backend>> {
    let reencode = Reencode::default();
    let [density, _] = jpeg.density().unwrap_or_default();
    let at_most = |ratio| Reencode {
        max_density: Density::new(density.get() / ratio),
        ..reencode
    };
    vec![
        Box::new(Transcode { progressive: false }),
        Box::new(Transcode { progressive: true }),
        Box::new(Auto),
        Box::new(reencode),
        Box::new(Reencode {
            subsample: true,
            ..reencode
        }),
        Box::new(at_most(2.0)),
        Box::new(at_most(1.3)),
        Box::new(Reencode {
            max_size: Some(jpeg.size() / 2),
            gray: true,
            ..reencode
        }),
    ]
}

/// Pictures without two pixels alike, as gray, 4:2:0 and 4:4:4.
fn noise() -> Vec<Vec<u8>> {
    let mut state = 1u32;
    let samples: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(600 * 400 * 3)
    .collect();
    let coded = |color_type, sampling_factor, count: usize| {
        let mut data = Vec::new();
        let mut encoder = Encoder::new(&mut data, 90);
        encoder.set_sampling_factor(sampling_factor);
        encoder
            .encode(&samples[..600 * 400 * count], 600, 400, color_type)
            .expect("it can be coded");
        data
    };
    vec![
        coded(ColorType::Luma, SamplingFactor::F_1_1, 1),
        coded(ColorType::Rgb, SamplingFactor::F_2_2, 3),
        coded(ColorType::Rgb, SamplingFactor::F_1_1, 3),
    ]
}

#[test]
fn no_backend_takes_more_memory_than_it_may() {
    let _turn = TURN.lock();
    let (mut runs, mut refused) = (0, 0);
    let files = corpus_files::files().into_iter().map(|(_, jpeg)| jpeg);
    for data in files.chain(noise()) {
        let Ok(jpeg) = Jpeg::parse(&data, &Limits::default()) else {
            continue;
        };
        for backend in backends(&jpeg) {
            let mut limits = Limits::default();
            let (_, free) = peak(|| backend.image(&jpeg, &limits).is_ok());
            for max in [free / 4, free * 3 / 4, free, free * 3 / 2] {
                limits.max_memory = max as u64;
                let (image, taken) = peak(|| backend.image(&jpeg, &limits));
                assert!(taken < max + FIXED, "{backend:?}: {taken} bytes of {max}");
                runs += 1;
                refused += usize::from(image.is_err_and(|error| error.code() == "limit.memory"));
            }
        }
    }
    println!("{runs} runs within the limit, {refused} of them refused");
}

/// Asserts that whatever reads all of the data refuses it with `code`, and allocates next to nothing before.
fn assert_refused(jpeg: &[u8], code: &str) {
    let limits = Limits::default();
    let jpeg = Jpeg::parse(jpeg, &limits).expect("its header is sound");
    let (walked, taken) = peak(|| jpeg.verify(&limits));
    assert_eq!(walked.expect_err("it is too much").code(), code);
    assert!(taken < FIXED, "a walk takes {taken} bytes");
    for backend in backends(&jpeg) {
        if backend.name() == Auto.name() {
            continue; // It passes the data on unseen.
        }
        let (image, taken) = peak(|| backend.image(&jpeg, &limits));
        assert_eq!(
            image.expect_err("it is too much").code(),
            code,
            "{backend:?}"
        );
        assert!(taken < FIXED, "{backend:?} takes {taken} bytes");
    }
}

#[test]
fn a_great_many_scans_are_refused_before_they_are_decoded() {
    let _turn = TURN.lock();
    let mut jpeg = gray(0xC2, 8, 8);
    jpeg.extend(b"\xFF\xDA\0\x08\x01\x01\0\0\0\0\0".repeat(20_000));
    jpeg.extend(b"\xFF\xD9");
    assert_refused(&jpeg, "limit.scans");
}

#[test]
fn a_great_many_pixels_are_refused_before_they_are_decoded() {
    let _turn = TURN.lock();
    for sof in [0xC0, 0xC2, 0xC9, 0xCA] {
        let mut jpeg = gray(sof, 65_500, 65_500);
        jpeg.extend(b"\xFF\xDA\0\x08\x01\x01\0\0\0\0");
        jpeg.resize(1000, 0);
        // With EOI, so little data would be refused with the header.
        assert_refused(&jpeg, "limit.pixels");
    }
}

/// From SOI to the frame header.
fn gray(sof: u8, width: u16, height: u16) -> Vec<u8> {
    let [[y0, y1], [x0, x1]] = [height, width].map(u16::to_be_bytes);
    [
        b"\xFF\xD8\xFF\xDB\0\x43\0".as_slice(),
        &[1; 64],
        &[0xFF, sof, 0, 11, 8, y0, y1, x0, x1, 1, 1, 0x11, 0],
    ]
    .concat()
}
