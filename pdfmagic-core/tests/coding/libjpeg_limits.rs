//! Tests that no JPEG that libjpeg rejects, like most viewers, is written, or is passed on without a notice.

use pdfmagic_core::{Auto, Jpeg, Limits, Notice, Options, Page, Transcode};

use super::libjpeg::{djpeg, has_djpeg, run, verdict};
use super::support::coded;

/// Returns SOI, tables and the frame header of components with these H and V, whose identifiers count from 1.
fn header(sof: u8, factors: &[(u8, u8)], [width, height]: [u16; 2]) -> Vec<u8> {
    let mut frame = vec![8];
    frame.extend(height.to_be_bytes());
    frame.extend(width.to_be_bytes());
    frame.push(count(factors));
    for (id, (h, v)) in (1..).zip(factors) {
        frame.extend([id, h << 4 | v, 0]);
    }
    // Each table has one code of one bit: category 0, or the end of the block.
    let table = |class: u8| [&[class, 1][..], &[0; 15], &[0]].concat();
    let mut out = vec![0xFF, 0xD8];
    push(&mut out, 0xDB, &[&[0], &[1; 64][..]].concat());
    push(&mut out, sof, &frame);
    push(&mut out, 0xC4, &[table(0), table(0x10)].concat());
    out
}

fn count<T>(components: &[T]) -> u8 {
    u8::try_from(components.len()).expect("at most 4")
}

/// Appends the header of a scan of these components, with Ss and Se, and Ah and Al.
fn push_scan(out: &mut Vec<u8>, ids: &[u8], (ss, se): (u8, u8), (ah, al): (u8, u8)) {
    let mut scan = vec![count(ids)];
    scan.extend(ids.iter().flat_map(|&id| [id, 0]));
    scan.extend([ss, se, ah << 4 | al]);
    push(out, 0xDA, &scan);
}

/// Returns a sequential JPEG without nonzero coefficients.
fn flat(factors: &[(u8, u8)], size: [u16; 2], is_interleaved: bool) -> Vec<u8> {
    let mut out = header(0xC0, factors, size);
    let ids: Vec<u8> = (1..=count(factors)).collect();
    for scan in ids.chunks(if is_interleaved { ids.len() } else { 1 }) {
        push_scan(&mut out, scan, (0, 63), (0, 0));
        // A byte contains four blocks. A side has more than one MCU only if an MCU is one block.
        let blocks: usize = match scan {
            [_] => size
                .map(|side| usize::from(side).div_ceil(8))
                .iter()
                .product(),
            _ => factors.iter().map(|&(h, v)| usize::from(h * v)).sum(),
        };
        let (bytes, rest) = (blocks / 4, blocks % 4);
        out.resize(out.len() + bytes, 0);
        out.extend((rest > 0).then_some(0xFF >> (2 * rest)));
    }
    out.extend([0xFF, 0xD9]);
    out
}

fn push(out: &mut Vec<u8>, marker: u8, payload: &[u8]) {
    let length = u16::try_from(payload.len() + 2).expect("it is short");
    out.extend([0xFF, marker]);
    out.extend(length.to_be_bytes());
    out.extend(payload);
}

/// Whether libjpeg reads the coefficients of a JPEG. It could not upsample all of these JPEGs, nor write more than the
/// first component of each.
fn is_read(jpeg: &[u8]) -> bool {
    run("jpegtran", &["-copy", "none", "-grayscale"], jpeg).0
}

/// Returns H and V of three components. The first has the most blocks, so that jpegtran takes it for luminance.
fn all_factors() -> impl Iterator<Item = [(u8, u8); 3]> {
    let first = (1..=4).flat_map(|h| (1..=4).map(move |v| (h, v)));
    first.flat_map(|(h, v)| {
        let second = (1..=h).flat_map(move |h| (1..=v).map(move |v| (h, v)));
        second.map(move |second| [(h, v), second, (1, 1)])
    })
}

#[test]
fn interleaved_scans_are_accepted_as_by_libjpeg() {
    if !has_djpeg() {
        return;
    }
    let (mut taken, mut refused) = (0, 0);
    for factors in all_factors() {
        let jpeg = flat(&factors, [8, 8], true);
        let ours = Jpeg::parse(&jpeg, &Limits::default());
        assert_eq!(
            ours.is_ok(),
            is_read(&jpeg),
            "{factors:?}: {:?}",
            ours.err()
        );
        *if ours.is_ok() {
            &mut taken
        } else {
            &mut refused
        } += 1;
    }
    assert!(
        taken > 30 && refused > 30,
        "{taken} taken, {refused} refused"
    );
}

#[test]
fn transcoding_uses_the_fewest_scans_that_libjpeg_accepts() {
    if !has_djpeg() {
        return;
    }
    for factors in all_factors() {
        let jpeg = flat(&factors, [8, 8], false);
        for backend in [false, true].map(|progressive| Transcode { progressive }) {
            let data =
                coded(&jpeg, &backend).unwrap_or_else(|error| panic!("{factors:?}: {error}"));
            assert!(is_read(&data), "{factors:?}: {backend:?}");
            let scans = data.windows(2).filter(|pair| pair == b"\xFF\xDA").count();
            let fits = is_read(&flat(&factors, [8, 8], true));
            assert!(
                backend.progressive || scans == if fits { 1 } else { 3 },
                "{factors:?}: {scans} scans"
            );
        }
    }
}

#[test]
fn dimensions_that_libjpeg_rejects_are_reported() {
    if !has_djpeg() {
        return;
    }
    for side in [65_499, 65_500, 65_501, 65_535] {
        for size in [[side, 1], [1, side]] {
            let jpeg = flat(&[(1, 1)], size, true);
            let page =
                Page::from_jpeg(&jpeg, &Options::default(), &Auto).expect("its header is valid");
            let is_told = page.notices().contains(&Notice::TooLargeForViewers);
            assert_eq!(is_told, djpeg(&jpeg).is_none(), "{size:?}");
        }
    }
}

#[test]
fn progressive_scans_are_accepted_as_by_libjpeg() {
    if !has_djpeg() {
        return;
    }
    let pairs = |of: &'static [u8]| of.iter().flat_map(|&a| of.iter().map(move |&b| (a, b)));
    let bands = pairs(&[0, 1, 5, 63, 64]).map(|band| (band, (0, 0)));
    let approximations = pairs(&[0, 1, 2, 12, 13, 14, 15])
        .flat_map(|approximation| [(0, 0), (1, 63)].map(|band| (band, approximation)));
    let (mut taken, mut refused) = (0, 0);
    for (band, approximation) in bands.chain(approximations) {
        for components in [1, 3] {
            let factors = &[(1, 1); 3][..components];
            let mut jpeg = header(0xC2, factors, [8, 8]);
            push_scan(&mut jpeg, &[1, 2, 3][..components], band, approximation);
            jpeg.extend([0x1F, 0xFF, 0xD9]);
            let ours = Jpeg::parse(&jpeg, &Limits::default());
            // A warning about missing scans is correct.
            let is_taken = verdict(&jpeg) != "error";
            assert_eq!(
                ours.is_ok(),
                is_taken,
                "{band:?} {approximation:?} of {components}: {:?}",
                ours.err()
            );
            *if is_taken { &mut taken } else { &mut refused } += 1;
        }
    }
    assert!(
        taken > 10 && refused > 10,
        "{taken} taken, {refused} refused"
    );
}
