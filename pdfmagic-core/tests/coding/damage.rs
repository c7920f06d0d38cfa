//! Tests that damaged data is repaired to the samples that libjpeg-turbo decodes from it.

use pdfmagic_core::{DamageKind, Jpeg, Limits, Transcode};

use super::corpus_files::read;
use super::libjpeg::{has_djpeg, jpegtran, run};
use super::support::{coded, difference};

/// Damages every tenth of the coded data.
fn damaged(jpeg: &[u8]) -> Vec<(String, Vec<u8>)> {
    let scan = jpeg.windows(2).position(|pair| pair == [0xFF, 0xDA]);
    let start = scan.expect("there is a scan") + 16;
    let mut all = Vec::new();
    for tenth in 0..10 {
        let at = start + (jpeg.len() - start) * tenth / 10;
        all.push((format!("cut at byte {at}"), jpeg[..at].to_vec()));
        let mut add = |what: &str, with: &[u8]| {
            let mut damaged = jpeg.to_vec();
            let end = (at + with.len()).min(jpeg.len() - 2);
            damaged[at..end].copy_from_slice(&with[..end - at]);
            all.push((format!("{what} at byte {at}"), damaged));
        };
        add("zeros", &[0; 9]);
        add("ones", &[0xFF; 2]);
        add("a stray marker", &[0xFF, 0xDF]);
        for bit in 0..8 {
            add("a flipped bit", &[jpeg[at] ^ 1 << bit]);
        }
    }
    all
}

#[test]
fn damaged_data_is_repaired_as_libjpeg_decodes_it() {
    if !has_djpeg() {
        return;
    }
    let (mut compared, mut same, mut different) = (0, 0, Vec::new());
    for (name, options) in [
        ("ycbcr_444.jpg", &[][..]),
        ("ycbcr_420.jpg", &[]),
        ("tiles.jpg", &[]),
        ("gray.jpg", &[]),
        ("scan_per_component.jpg", &[]),
        ("ycbcr_444.jpg", &["-restart", "3B"]),
        ("ycbcr_420.jpg", &["-progressive"]),
        ("gray.jpg", &["-progressive", "-restart", "5B"]),
        ("ycbcr_444.jpg", &["-arithmetic"]),
        ("ycbcr_420.jpg", &["-arithmetic", "-progressive"]),
    ] {
        let jpeg = read(name);
        let jpeg = if options.is_empty() {
            jpeg
        } else {
            jpegtran(options, &jpeg)
        };
        for (damage, jpeg) in damaged(&jpeg) {
            let (_, expected) = run("djpeg", &["-pnm"], &jpeg);
            if expected.is_empty() {
                // libjpeg-turbo fails where more scans should follow, and browsers do not.
                continue;
            }
            for backend in [false, true].map(|progressive| Transcode { progressive }) {
                let Ok(data) = coded(&jpeg, &backend) else {
                    different.push(format!("{name} {options:?}, {damage}: refused"));
                    continue;
                };
                let (is_sound, samples) = run("djpeg", &["-pnm"], &data);
                assert!(is_sound, "{name} {options:?}, {damage}: unsound");
                compared += 1;
                // libjpeg smooths what a progression leaves unknown, row by row, as far as the last scan extends.
                // Otherwise, only blocks differ that decoders do not all show alike.
                let is_smoothed = options.contains(&"-progressive");
                let found = difference(&samples, &expected);
                same += usize::from(samples == expected);
                if found > if is_smoothed { 80 } else { 20 } {
                    different.push(format!("{name} {options:?}, {damage}: by {found} tenths"));
                }
            }
        }
    }
    assert!(compared > 1900, "only {compared} were compared");
    println!("{same} of {compared} are the same");
    assert!(
        same * 10 > compared * 9,
        "only {same} of {compared} are the same"
    );
    // libjpeg-turbo's 16-bit IDCT overflows in a few blocks, and differs from other decoders there.
    let allowed = compared / 200;
    assert!(different.len() <= allowed, "\n{}", different.join("\n"));
}

/// Decoders clip such blocks, or wrap around.
#[test]
fn brightness_beyond_the_range_of_samples_is_damage_in_every_process() {
    if !has_djpeg() {
        return;
    }
    for options in [
        &[][..],
        &["-progressive"],
        &["-arithmetic"],
        &["-arithmetic", "-progressive"],
    ] {
        let mut jpeg = jpegtran(options, &read("ycbcr_444.jpg"));
        let table = jpeg.windows(2).position(|pair| pair == [0xFF, 0xDB]);
        // With this quantization step, the brightest block is twice as bright as white.
        jpeg[table.expect("there is a table") + 5] = 16;
        let limits = Limits::default();
        let parsed = Jpeg::parse(&jpeg, &limits).expect("the header is valid");
        let damage = parsed.verify(&limits).expect("it can be decoded");
        let damage = damage.expect("DC is beyond its range");
        let kind = DamageKind::Corrupt("an impossible brightness");
        assert_eq!((damage.kind, damage.scan, damage.mcu), (kind, 1, 22));
    }
}
