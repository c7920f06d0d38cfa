//! Tests that JPEGs with wrong or missing restart markers decode to the samples that libjpeg-turbo decodes from them.

use pdfmagic_core::{Jpeg, Limits, Transcode};

use super::corpus_files::read;
use super::libjpeg::{has_djpeg, jpegtran, run};
use super::support::{coded, difference};

/// Returns the offsets of the restart markers.
fn markers(jpeg: &[u8]) -> Vec<usize> {
    let pairs = jpeg.windows(2).enumerate();
    pairs
        .filter_map(|(at, pair)| matches!(pair, [0xFF, 0xD0..=0xD7]).then_some(at))
        .collect()
}

/// Applies several kinds of damage at one marker after another.
fn damaged(jpeg: &[u8]) -> Vec<(String, Vec<u8>)> {
    let markers = markers(jpeg);
    let mut all = Vec::new();
    for (&at, &next) in markers.iter().zip(&markers[1..]) {
        let (marker, interval) = (&jpeg[at..at + 2], &jpeg[at..next]);
        if interval.windows(2).any(|pair| pair == [0xFF, 0xDA]) {
            continue; // It is the last of its scan.
        }
        let mut add = |what: &str, with: &[u8], rest: usize| {
            let name = format!("{what} at byte {at}");
            all.push((name, [&jpeg[..at], with, &jpeg[rest..]].concat()));
        };
        for m in (0..8).filter(|m| 0xD0 + m != marker[1]) {
            add("misnumbered", &[0xFF, 0xD0 + m], at + 2);
        }
        add("marker lost", &[], at + 2);
        add("interval lost", &[], next);
        add("interval empty", marker, next);
        add("marker doubled", &[marker, marker].concat(), at + 2);
        add("interval doubled", &[interval, interval].concat(), next);
        add("stray marker", &[0xFF, 0x02, marker[0], marker[1]], at + 2);
    }
    all
}

#[test]
fn wrong_or_missing_restart_markers_are_handled_as_by_libjpeg() {
    if !has_djpeg() {
        return;
    }
    let limits = Limits::default();
    let (mut compared, mut same, mut different) = (0, 0, Vec::new());
    for (name, options) in [
        ("ycbcr_444.jpg", &["-restart", "1B"][..]),
        ("ycbcr_444.jpg", &["-restart", "5B"]),
        ("ycbcr_420.jpg", &["-restart", "1B"]),
        ("ycbcr_444.jpg", &["-progressive", "-restart", "3B"]),
        ("ycbcr_444.jpg", &["-arithmetic", "-restart", "3B"]),
    ] {
        let restarted = jpegtran(options, &read(name));
        for (damage, jpeg) in damaged(&restarted) {
            let place = format!("{name} {options:?}, {damage}");
            let header = Jpeg::parse(&jpeg, &limits).expect("its header is valid");
            // Without data, an arithmetic decoder reads zeros (D.1.8).
            let is_legal = options[0] == "-arithmetic" && damage.starts_with("interval empty");
            let found = header.verify(&limits).expect("it is within the limits");
            assert_eq!(found.is_none(), is_legal, "{place}: taken for whole");
            // It warns, but still outputs samples.
            let (_, expected) = run("djpeg", &["-pnm"], &jpeg);
            for backend in [false, true].map(|progressive| Transcode { progressive }) {
                let data = coded(&jpeg, &backend).expect("damage is mended");
                let (is_sound, samples) = run("djpeg", &["-pnm"], &data);
                assert!(is_sound, "{place}: unsound");
                compared += 1;
                // Blocks that decoders do not all show alike are replaced.
                let found = difference(&samples, &expected);
                same += usize::from(found == 0);
                if found > 20 {
                    different.push(format!("{place}: by {found} tenths"));
                }
            }
        }
    }
    assert!(compared > 500, "only {compared} were compared");
    assert!(
        same * 10 > compared * 9,
        "only {same} of {compared} are the same"
    );
}
