//! Tests that allocations stay within the limit on memory, and that inputs that would need too much are rejected before
//! they cost anything.

use std::sync::Mutex;

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use pdfmagic_core::{Auto, Backend, Density, Jpeg, Limits, Quality, Reencode, Transcode};
use peak_alloc::PeakAlloc;
use segments::with_12_bits;

#[path = "support/corpus_files.rs"]
mod corpus_files;
#[path = "support/segments.rs"]
mod segments;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// The peak is that of the process, so tests take turns.
static TURN: Mutex<()> = Mutex::new(());

/// The memory for tables and a profile, in bytes, which does not depend on the size of the image.
const FIXED: usize = 1 << 18;

/// Runs `work`, and returns the maximum number of bytes that were allocated in addition to those before.
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
            quality: Quality::new(100).expect("it is in range"),
            ..at_most(1.03)
        }),
        Box::new(Reencode {
            max_size: Some(jpeg.size() / 2),
            gray: true,
            ..reencode
        }),
    ]
}

/// Returns pictures without two equal pixels, as gray, 4:2:0 and 4:4:4, with 8 bits and with 12.
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
    let eight_bits = [
        coded(ColorType::Luma, SamplingFactor::F_1_1, 1),
        coded(ColorType::Rgb, SamplingFactor::F_2_2, 3),
        coded(ColorType::Rgb, SamplingFactor::F_1_1, 3),
    ];
    let twelve_bits = eight_bits.each_ref().map(|jpeg| with_12_bits(jpeg));
    [eight_bits, twelve_bits].concat()
}

#[test]
fn backends_stay_within_the_memory_limit() {
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

/// The scans are decoded in lockstep, so that only one row of MCUs is stored.
#[test]
fn a_progressive_image_takes_little_more_memory_than_a_sequential_one() {
    let _turn = TURN.lock();
    let limits = Limits::default();
    let [_, _, sequential, ..] = &noise()[..] else {
        panic!("there are six");
    };
    let jpeg = Jpeg::parse(sequential, &limits).expect("it is valid");
    let image = Transcode { progressive: true }
        .image(&jpeg, &limits)
        .expect("it is valid");
    // The metadata of the input lies between the new pieces.
    let pieces = image.data.iter();
    let progressive: Vec<u8> = pieces
        .flat_map(|piece| piece.bytes(sequential))
        .copied()
        .collect();
    let [of_one, of_many] = [&sequential[..], &progressive].map(|data| {
        let jpeg = Jpeg::parse(data, &limits).expect("it is valid");
        let (image, taken) = peak(|| Reencode::default().image(&jpeg, &limits));
        assert!(image.is_ok());
        taken
    });
    assert!(
        of_many < of_one + FIXED,
        "{of_many} bytes, {of_one} for one scan"
    );
}

#[test]
fn profiles_stay_within_the_memory_limit() {
    let _turn = TURN.lock();
    let profile = {
        let mut profile = vec![0; 1 << 20];
        profile[..4].copy_from_slice(&(1u32 << 20).to_be_bytes());
        profile[8] = 4;
        profile[12..20].copy_from_slice(b"mntrGRAY");
        profile[36..40].copy_from_slice(b"acsp");
        profile
    };
    let chunks = profile.chunks(60_000);
    let count = u8::try_from(chunks.len()).expect("they are few");
    let segments = (1..).zip(chunks).flat_map(|(number, chunk): (u8, _)| {
        let length = u16::try_from(2 + 14 + chunk.len())
            .expect("it fits")
            .to_be_bytes();
        [
            b"\xFF\xE2",
            &length[..],
            b"ICC_PROFILE\0",
            &[number, count],
            chunk,
        ]
        .concat()
    });
    let gray = noise().swap_remove(0);
    let jpeg: Vec<u8> = gray[..2]
        .iter()
        .copied()
        .chain(segments)
        .chain(gray[2..].iter().copied())
        .collect();
    // The profile is assembled from its chunks, and then copied into the image.
    let needed = 2 * profile.len();
    for max in [needed / 2, needed - 1, needed, needed + 1] {
        let mut limits = Limits::default();
        limits.max_memory = max as u64;
        let (image, taken) = peak(|| Auto.image(&Jpeg::parse(&jpeg, &limits)?, &limits));
        assert!(taken < max + FIXED, "{taken} bytes of {max}");
        match image {
            Ok(image) => assert!(max >= needed && image.icc_profile.as_ref() == Some(&profile)),
            Err(error) => assert!(max < needed && error.code() == "limit.memory", "{error}"),
        }
    }
    // The data of the image counts in addition.
    for backend in backends(&Jpeg::parse(&jpeg, &Limits::default()).expect("it is valid")) {
        let image = |limits: &Limits| backend.image(&Jpeg::parse(&jpeg, limits)?, limits);
        let (_, free) = peak(|| image(&Limits::default()).is_ok());
        for max in [free * 3 / 4, free, free * 3 / 2] {
            let mut limits = Limits::default();
            limits.max_memory = max as u64;
            let (_, taken) = peak(|| image(&limits).is_ok());
            assert!(taken < max + FIXED, "{backend:?}: {taken} bytes of {max}");
        }
    }
}

/// Asserts that everything that reads all of the data rejects it with `code`, and allocates almost nothing before.
fn assert_refused(jpeg: &[u8], code: &str) {
    let limits = Limits::default();
    let jpeg = Jpeg::parse(jpeg, &limits).expect("its header is valid");
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
fn too_many_scans_are_rejected_before_decoding() {
    let _turn = TURN.lock();
    let mut jpeg = gray(0xC2, 8, 8);
    jpeg.extend(b"\xFF\xDA\0\x08\x01\x01\0\0\0\0\0".repeat(20_000));
    jpeg.extend(b"\xFF\xD9");
    assert_refused(&jpeg, "limit.scans");
}

#[test]
fn too_many_pixels_are_rejected_before_decoding() {
    let _turn = TURN.lock();
    for sof in [0xC0, 0xC2, 0xC9, 0xCA] {
        let mut jpeg = gray(sof, 65_500, 65_500);
        jpeg.extend(b"\xFF\xDA\0\x08\x01\x01\0\0\0\0");
        jpeg.resize(1000, 0);
        // With EOI, so little data would be rejected together with the header.
        assert_refused(&jpeg, "limit.pixels");
    }
}

/// Returns a JPEG from SOI to the frame header.
fn gray(sof: u8, width: u16, height: u16) -> Vec<u8> {
    let [[y0, y1], [x0, x1]] = [height, width].map(u16::to_be_bytes);
    [
        b"\xFF\xD8\xFF\xDB\0\x43\0".as_slice(),
        &[1; 64],
        &[0xFF, sof, 0, 11, 8, y0, y1, x0, x1, 1, 1, 0x11, 0],
    ]
    .concat()
}
