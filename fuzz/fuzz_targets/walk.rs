//! Law: verifying a JPEG succeeds if and only if decoding does, without resynchronizing at restart markers; and it ends
//! at the same byte whatever follows the image.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pdfmagic_core::{Backend, Jpeg, Limits, Notice, Transcode};

fuzz_target!(|input: &[u8]| {
    // Large pictures are slow to decode, and find no other faults than small ones.
    let mut limits = Limits::default();
    limits.max_pixels = 1 << 18;
    limits.max_scans = 50;
    let Ok(jpeg) = Jpeg::parse(input, &limits) else {
        return;
    };
    let walked = jpeg.verify(&limits);
    if jpeg.frame().precision == 8 && jpeg.frame().process != pdfmagic_core::jpeg::Process::Lossless
    {
        let decoded = Transcode { progressive: false }.image(&jpeg, &limits);
        let is_whole = decoded
            .as_ref()
            .is_ok_and(|image| !image.notices.contains(&Notice::RestartsResynchronized));
        assert_eq!(
            walked.is_ok(),
            is_whole,
            "{:?}, {:?}",
            walked.err(),
            decoded.err()
        );
    }
    let Ok(size) = jpeg.verify(&limits) else {
        return;
    };
    assert!(size <= input.len() as u64);
    if input
        .get(..size as usize)
        .is_some_and(|whole| whole.ends_with(b"\xFF\xD9"))
    {
        let longer = [&input[..size as usize], b"\xFF\xD8\xFF"].concat();
        let jpeg = Jpeg::parse(&longer, &limits).expect("its header is the same");
        assert_eq!(jpeg.verify(&limits).expect("its data is the same"), size);
    }
});
