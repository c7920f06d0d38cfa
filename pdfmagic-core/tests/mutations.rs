//! Tests of real JPEGs whose structure is broken in thousands of ways, and of decompression bombs: there is no panic,
//! no more memory than the limit, and the laws hold. The mutations are the same in each run.

use std::iter::repeat_n;

use pdfmagic_core::{Auto, Backend, Jpeg, Limits, Passthrough, Reencode, Transcode};
use peak_alloc::PeakAlloc;

#[path = "support/corpus_files.rs"]
mod corpus_files;
#[path = "support/laws.rs"]
mod laws;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// The maximum memory for any input, in bytes, however many tests run at a time.
const MAX_MEMORY: usize = 256 << 20;

/// The number of mutants that each of four tests makes; the variable `MUTATIONS` sets it for a long run.
fn mutations() -> u64 {
    std::env::var("MUTATIONS").map_or(1_250, |number| number.parse().expect("a number"))
}

/// Pseudo-random numbers, by `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    /// Returns a number below `n`, which must not be 0.
    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).expect("it is below a usize")
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }

    fn of<T: Copy>(&mut self, choice: &[T]) -> T {
        choice[self.below(choice.len())]
    }
}

/// Returns the offsets of the marker segments before the first scan, and of that scan.
fn segments(jpeg: &[u8]) -> Vec<usize> {
    let (mut found, mut at) = (Vec::new(), 2);
    while let Some([0xFF, marker, high, low]) = jpeg.get(at..at + 4) {
        found.push(at);
        if *marker == 0xDA {
            break;
        }
        at += 2 + usize::from(u16::from_be_bytes([*high, *low]));
    }
    found
}

fn segment(marker: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 2)
        .expect("it fits")
        .to_be_bytes();
    [&[0xFF, marker], &length[..], payload].concat()
}

/// Returns Exif whose directories lead to themselves, or to nowhere.
fn exif_cycle(random: &mut Random) -> Vec<u8> {
    let offset = random.of(&[0_u32, 8, 12, 26, 0xFFFF_FFFF]).to_be_bytes();
    let mut tiff = b"Exif\0\0MM\0\x2A\0\0\0\x08\0\x02".to_vec();
    for tag in [
        random.of(&[0x8769_u16, 0x8825, 274]),
        random.of(&[0x8769, 282, 296]),
    ] {
        let kind = random.of(&[3_u16, 4, 5, 0, 0xFFFF]).to_be_bytes();
        let count = random.of(&[0_u32, 1, 2, 0xFFFF_FFFF]).to_be_bytes();
        tiff.extend([&tag.to_be_bytes()[..], &kind, &count, &offset].concat());
    }
    tiff.extend(offset);
    segment(0xE1, &tiff)
}

/// Returns chunks of a profile with invalid numbers.
fn icc_chunks(random: &mut Random) -> Vec<u8> {
    let mut chunks = Vec::new();
    for _ in 0..=random.below(4) {
        let mut payload = b"ICC_PROFILE\0".to_vec();
        payload.extend([random.of(&[0, 1, 2, 255]), random.of(&[0, 1, 2, 255])]);
        let size = u32::try_from(random.below(300)).expect("it is small");
        payload.extend(size.to_be_bytes());
        let length = random.below(200);
        payload.extend(repeat_n(random.byte(), length));
        chunks.extend(segment(0xE2, &payload));
    }
    chunks
}

/// Breaks something.
fn mutate(jpeg: &mut Vec<u8>, random: &mut Random) {
    let segments = segments(jpeg);
    if segments.is_empty() {
        return;
    }
    let at = random.of(&segments);
    let end = segments.iter().copied().find(|&next| next > at);
    let end = end.unwrap_or(jpeg.len()).min(jpeg.len());
    let scans = *segments.last().expect("there is one");
    match random.below(11) {
        0 => {
            let length = [
                random.of(&[0, 0, 1, 0xFF]),
                random.of(&[0, 1, 2, 3, 0xFF, 17]),
            ];
            jpeg[at + 2..at + 4].copy_from_slice(&length);
        }
        1 => {
            jpeg[at + 1] = random.of(&[
                0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xCA, 0xC4, 0xDB, 0xDA, 0xD8, 0xD9, 0xDC, 0xDD, 0xFE,
                0xFF, 0,
            ]);
        }
        2 => drop(jpeg.drain(at..end)),
        3 => {
            let copy = jpeg[at..end].to_vec();
            let place = random.of(&segments);
            jpeg.splice(place..place, copy);
        }
        4 => {
            for _ in 0..=random.below(3) {
                let place = (at + 4 + random.below(end - at)).min(jpeg.len() - 1);
                jpeg[place] = random.of(&[0, 1, 3, 4, 0x11, 0x22, 0x3F, 0x44, 0x7F, 0xFF]);
            }
        }
        5 => jpeg.truncate((at + random.below(5)).min(jpeg.len())),
        6 => {
            for _ in 0..=random.below(8) {
                let place = scans + random.below(jpeg.len() - scans);
                jpeg[place] = random.byte();
            }
        }
        7 => {
            jpeg.splice(at..at, exif_cycle(random));
        }
        8 => {
            jpeg.splice(at..at, icc_chunks(random));
        }
        9 => {
            let interval = [0, random.of(&[0, 1, 2, 255])];
            jpeg.splice(at..at, segment(0xDD, &interval));
        }
        _ => {
            let frame = segments
                .iter()
                .find(|&&at| matches!(jpeg[at + 1], 0xC0..=0xC3 | 0xC9 | 0xCA));
            if let Some(&frame) = frame
                && frame + 9 <= jpeg.len()
            {
                let side =
                    random.of(&[[0, 0], [0, 1], [0, 17], [2, 0], [0xFF, 0xDC], [0xFF, 0xFF]]);
                let place = frame + random.of(&[5, 7]);
                jpeg[place..place + 2].copy_from_slice(&side);
            }
        }
    }
}

/// Asserts one law of each mutant.
fn mutants(seed: u64) {
    let seeds: Vec<_> = corpus_files::files()
        .into_iter()
        .filter(|(name, jpeg)| !name.contains('/') && jpeg.len() > 4)
        .map(|(_, jpeg)| jpeg)
        .collect();
    for number in 0..mutations() {
        let mut random = Random(seed << 32 | number);
        let mut jpeg = seeds[random.below(seeds.len())].clone();
        for _ in 0..=random.below(3) {
            mutate(&mut jpeg, &mut random);
        }
        match number % 5 {
            0 => laws::convert(&jpeg),
            1 => laws::transcode(&jpeg),
            2 => laws::walk(&jpeg),
            3 => laws::backends_agree(&jpeg),
            _ => laws::conformance(&[&[random.byte(), random.byte()], &jpeg[..]].concat()),
        }
    }
    assert!(ALLOCATOR.peak_usage() < MAX_MEMORY);
}

#[test]
fn the_laws_hold_for_mutants_1() {
    mutants(1);
}

#[test]
fn the_laws_hold_for_mutants_2() {
    mutants(2);
}

#[test]
fn the_laws_hold_for_mutants_3() {
    mutants(3);
}

#[test]
fn the_laws_hold_for_mutants_4() {
    mutants(4);
}

#[test]
fn the_laws_hold_for_any_layout() {
    const SIZES: [&str; 8] = [
        "A4",
        "1ptx1pt",
        "10cm",
        "x3cm",
        "30000cmx1cm",
        "a0^T",
        "300dpi",
        "",
    ];
    const LENGTHS: [&str; 6] = ["0", "1pt", "1cm:2cm", "1in:2in:3in:4in", "5000cm", ""];
    let mut random = Random(5);
    for _ in 0..mutations() / 2 {
        let words = [
            random.of(&SIZES),
            random.of(&["50%", "10cmx15cm", "7200dpi", "1dpi", "0.001%", "", "", ""]),
            random.of(&LENGTHS),
            random.of(&["into", "fill", "exact", "shrink", "enlarge"]),
            random.of(&["auto", "none", "90", "180", "270"]),
            random.of(&["center", "top-left", "bottom"]),
            random.of(&["10", "12800", ""]),
            random.of(&LENGTHS),
            random.of(&LENGTHS),
            random.of(&["", "x"]),
            random.of(&["", "x"]),
        ];
        laws::geometry(words.join("\n").as_bytes());
    }
}

#[test]
fn the_laws_hold_for_any_text() {
    const PARTS: [&str; 16] = [
        "a",
        " ",
        "(",
        ")",
        "\\",
        "&",
        "<",
        "]]>",
        "&#0;",
        "\r\n",
        "\t",
        "\0",
        "\u{1F}",
        "\u{FEFF}",
        "é\u{FFFE}",
        "\u{1D11E}",
    ];
    let mut random = Random(6);
    for _ in 0..mutations() / 2 {
        let text: String = (0..random.below(12)).map(|_| random.of(&PARTS)).collect();
        laws::metadata(text.as_bytes());
    }
}

#[test]
fn the_laws_hold_for_any_existing_pdf() {
    let pdf = pdfmagic_core::jpeg_to_pdf(&corpus_files::read("gray.jpg")).expect("it is sound");
    let mut random = Random(7);
    for _ in 0..mutations() / 2 {
        let mut pdf = pdf.clone();
        for _ in 0..=random.below(4) {
            let at = random.below(pdf.len());
            match random.below(4) {
                0 => pdf[at] = random.byte(),
                1 => pdf[at] = random.of(b"0123456789<>[]/() \n%R"),
                2 => pdf.truncate(at + 1),
                _ => {
                    let end = (at + random.below(40)).min(pdf.len() - 1);
                    pdf.drain(at..end);
                }
            }
        }
        laws::existing(&pdf);
    }
}

#[test]
fn a_file_that_is_cut_at_any_marker_keeps_the_laws() {
    for name in [
        "progressive.jpg",
        "restart.jpg",
        "orientation_6.jpg",
        "icc_three_chunks.jpg",
    ] {
        let jpeg = corpus_files::read(name);
        let markers = (0..jpeg.len() - 1).filter(|&at| jpeg[at] == 0xFF && jpeg[at + 1] != 0);
        for at in markers {
            for end in [at, at + 1, at + 2] {
                laws::convert(&jpeg[..end]);
                laws::walk(&jpeg[..end]);
            }
        }
    }
}

/// Its limit on DC coefficients was once a shift by too many bits.
#[test]
fn a_precision_that_no_frame_has_is_refused() {
    let files = [
        "ycbcr_444.jpg",
        "progressive.jpg",
        "restart.jpg",
        "arithmetic.jpg",
    ];
    for (name, precision) in files
        .iter()
        .flat_map(|name| (0..=255).map(move |n| (name, n)))
    {
        let mut jpeg = corpus_files::read(name);
        let mut frames = segments(&jpeg).into_iter();
        let frame = frames.find(|&at| matches!(jpeg[at + 1], 0xC0..=0xC2 | 0xC9));
        jpeg[frame.expect("it has a frame") + 4] = precision;
        let limits = laws::limits();
        if let Ok(read) = Jpeg::parse(&jpeg, &limits) {
            let _ = read.verify(&limits);
            let image = Auto.image(&read, &limits);
            assert!(
                image.is_err() || matches!(precision, 8 | 12),
                "{name}: {precision}"
            );
        }
    }
}

/// Runs every conversion under the default limits. The results do not matter.
fn spend(jpeg: &[u8]) {
    let backends: [&dyn Backend; 4] = [
        &Passthrough,
        &Auto,
        &Transcode::default(),
        &Reencode::default(),
    ];
    for backend in backends {
        let mut limits = Limits::default();
        limits.max_memory = 128 << 20;
        if let Ok(read) = Jpeg::parse(jpeg, &limits) {
            let _ = backend.image(&read, &limits);
        }
    }
    assert!(
        ALLOCATOR.peak_usage() < MAX_MEMORY,
        "{}",
        ALLOCATOR.peak_usage()
    );
}

#[test]
fn bombs_take_no_more_memory_than_the_limits() {
    let progressive = corpus_files::read("progressive.jpg");
    for (name, marker) in [("gray.jpg", 0xC0), ("progressive.jpg", 0xC2)] {
        let mut jpeg = corpus_files::read(name);
        let frame = jpeg.windows(2).position(|window| window == [0xFF, marker]);
        let frame = frame.expect("it has a frame");
        // This claims 65,500 x 65,500 pixels in less than a kilobyte of scan.
        jpeg[frame + 5..frame + 9].copy_from_slice(&[0xFF, 0xDC, 0xFF, 0xDC]);
        jpeg.truncate(1024);
        spend(&jpeg);
    }
    let scans = *segments(&progressive).last().expect("it has a scan");
    let end = scans
        + 2
        + progressive[scans + 2..]
            .windows(2)
            .position(|w| w[0] == 0xFF && w[1] >= 0xC0)
            .expect("an end");
    let scan = &progressive[scans..end];
    spend(
        &[
            &progressive[..scans],
            &scan.repeat(20_000),
            &progressive[end..],
        ]
        .concat(),
    );
    let comments = segment(0xFE, b"").repeat(1_000_000);
    spend(&[&progressive[..2], &comments, &progressive[2..]].concat());
}
