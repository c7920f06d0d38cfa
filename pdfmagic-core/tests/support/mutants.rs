//! Mutants: real JPEGs whose lengths, markers, tables, scans, or metadata are broken. The same seed makes the same
//! mutants. And bombs: small files that claim to be large, or repeat something many times.

use std::fs;
use std::iter::repeat_n;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Pseudo-random numbers, by `SplitMix64`.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    /// Returns a number below `n`, which must not be 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).expect("it is below a usize")
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }

    pub(crate) fn of<T: Copy>(&mut self, choice: &[T]) -> T {
        choice[self.below(choice.len())]
    }
}

/// Returns the offsets of the marker segments before the first scan, and the offset of that scan.
pub(crate) fn segments(jpeg: &[u8]) -> Vec<usize> {
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

/// Returns Exif data whose directories refer to themselves, or to offsets outside the data.
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

/// The folder of each package is one level below the root of the repository.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../pdfmagic-core/tests/corpus");

fn read(name: &str) -> Vec<u8> {
    fs::read(Path::new(FOLDER).join(name)).expect("it is there")
}

/// Returns the JPEGs in a folder and the folders in it, in the order of their paths.
fn jpegs(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("it is a folder");
    let paths = entries.map(|entry| entry.expect("it can be listed").path());
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            found.extend(jpegs(&path));
        } else if path.extension().is_some_and(|extension| extension == "jpg") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Returns the files of the corpus in the repository. Large ones are slow to decode and find no other faults.
fn corpus() -> &'static [Vec<u8>] {
    static CORPUS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    CORPUS.get_or_init(|| {
        let paths = jpegs(Path::new(FOLDER)).into_iter();
        let read = paths.map(|path| fs::read(path).expect("it can be read"));
        read.filter(|jpeg| (5..20_000).contains(&jpeg.len()))
            .collect()
    })
}

/// Returns a JPEG of the corpus that is broken in one to three places.
pub(crate) fn mutant(random: &mut Random) -> Vec<u8> {
    let corpus = corpus();
    let mut jpeg = corpus[random.below(corpus.len())].clone();
    for _ in 0..=random.below(3) {
        mutate(&mut jpeg, random);
    }
    jpeg
}

/// Returns files that would take much time or memory, with their names.
pub(crate) fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    let huge = |coding: u8| {
        let mut jpeg = read(if coding == 0xC0 {
            "gray.jpg"
        } else {
            "progressive.jpg"
        });
        let frame = jpeg.windows(2).position(|window| window == [0xFF, coding]);
        let frame = frame.expect("it has a frame");
        jpeg[frame + 5..frame + 9].copy_from_slice(&[0xFF, 0xDC, 0xFF, 0xDC]);
        jpeg.truncate(1024);
        jpeg
    };
    let progressive = read("progressive.jpg");
    let begin = *segments(&progressive).last().expect("it has a scan");
    let data = &progressive[begin + 2..];
    let size = data.windows(2).position(|w| w[0] == 0xFF && w[1] >= 0xC0);
    let end = begin + 2 + size.expect("the scan ends");
    let (before, scan, after) = (
        &progressive[..begin],
        &progressive[begin..end],
        &progressive[end..],
    );
    let comments = segment(0xFE, b"").repeat(1_000_000);
    vec![
        ("65,500 x 65,500 pixels in a kilobyte", huge(0xC0)),
        (
            "65,500 x 65,500 progressive pixels in a kilobyte",
            huge(0xC2),
        ),
        (
            "20,000 scans",
            [before, &scan.repeat(20_000), after].concat(),
        ),
        (
            "a million comments",
            [&progressive[..2], &comments, &progressive[2..]].concat(),
        ),
    ]
}
