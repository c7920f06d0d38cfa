//! Tests of real JPEGs whose structure is broken in thousands of ways, and of decompression bombs: there is no panic,
//! no more memory than the limit, and the laws hold. The mutations are the same in each run.

use std::fs;
use std::path::Path;

use pdfmagic_core::{Auto, Backend, Jpeg, Limits, Passthrough, Reencode, Transcode};
use peak_alloc::PeakAlloc;

#[expect(dead_code, reason = "the table is for other tests")]
#[path = "support/corpus_files.rs"]
mod corpus_files;
#[path = "support/laws.rs"]
mod laws;
#[path = "support/mutants.rs"]
mod mutants;

use mutants::{Random, mutant, segments};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// The maximum memory for any input, in bytes, however many tests run at a time.
const MAX_MEMORY: usize = 256 << 20;

/// The maximum processor time for any input, in seconds, without optimization by the compiler.
const MAX_TIME: f64 = 2.0;

/// Returns the processor time of this thread, in seconds, which does not depend on how busy the machine is.
fn processor_time() -> f64 {
    let spent = fs::read_to_string("/proc/thread-self/schedstat").expect("Linux has it");
    let nanoseconds = spent.split(' ').next().and_then(|n| n.parse::<f64>().ok());
    nanoseconds.expect("the first number") / 1e9
}

/// Does work on one input, and asserts that it takes no more time and memory than allowed.
fn within_bounds(what: &str, work: impl FnOnce()) {
    let before = processor_time();
    work();
    let took = processor_time() - before;
    assert!(took < MAX_TIME, "{what}: {took} s");
    let peak = ALLOCATOR.peak_usage();
    assert!(peak < MAX_MEMORY, "{what}: {peak} bytes");
}

/// The number of mutants that each of four tests makes; the variable `MUTATIONS` sets it for a long run.
fn mutations() -> u64 {
    std::env::var("MUTATIONS").map_or(1_250, |number| number.parse().expect("a number"))
}

/// Asserts one law of each mutant.
fn assert_laws(seed: u64) {
    for number in 0..mutations() {
        let mut random = Random(seed << 32 | number);
        let jpeg = mutant(&mut random);
        let chosen = [&[random.byte(), random.byte()], &jpeg[..]].concat();
        within_bounds(&format!("mutant {number} of {seed}"), || match number % 7 {
            0 => laws::convert(&jpeg),
            1 => laws::transcode(&jpeg),
            2 => laws::walk(&jpeg),
            3 => laws::backends_agree(&jpeg),
            4 => laws::parse(&chosen),
            5 => laws::streamed(&chosen),
            _ => laws::conformance(&chosen),
        });
    }
}

/// The files in `regressions/`, each of which once broke the law that its folder is named after.
#[test]
fn the_laws_hold_for_all_regressions() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/regressions");
    let listed = |folder: &Path| {
        let entries = fs::read_dir(folder).expect("it is a folder");
        entries.map(|entry| entry.expect("it can be listed").path())
    };
    for law in listed(&folder).collect::<Vec<_>>() {
        for file in listed(&law).collect::<Vec<_>>() {
            let input = fs::read(file).expect("it can be read");
            match law.file_name().and_then(|name| name.to_str()) {
                Some("backends_agree") => laws::backends_agree(&input),
                Some("conformance") => laws::conformance(&input),
                Some("convert") => laws::convert(&input),
                Some("existing") => laws::existing(&input),
                Some("geometry") => laws::geometry(&input),
                Some("metadata") => laws::metadata(&input),
                Some("parse") => laws::parse(&input),
                Some("streamed") => laws::streamed(&input),
                Some("transcode") => laws::transcode(&input),
                Some("walk") => laws::walk(&input),
                other => panic!("no law: {other:?}"),
            }
        }
    }
}

#[test]
fn the_laws_hold_for_mutants_1() {
    assert_laws(1);
}

#[test]
fn the_laws_hold_for_mutants_2() {
    assert_laws(2);
}

#[test]
fn the_laws_hold_for_mutants_3() {
    assert_laws(3);
}

#[test]
fn the_laws_hold_for_mutants_4() {
    assert_laws(4);
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
fn the_laws_hold_for_files_truncated_at_any_marker() {
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

/// The limit on DC coefficients was once a shift by too many bits.
#[test]
fn invalid_precisions_are_rejected() {
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

/// Runs every conversion, with the default limits except for memory. The results do not matter.
fn spend(name: &str, jpeg: &[u8]) {
    let backends: [&dyn Backend; 4] = [
        &Passthrough,
        &Auto,
        &Transcode::default(),
        &Reencode::default(),
    ];
    for backend in backends {
        let mut limits = Limits::default();
        limits.max_memory = 128 << 20;
        within_bounds(&format!("{name}, {}", backend.name()), || {
            if let Ok(read) = Jpeg::parse(jpeg, &limits) {
                let _ = backend.image(&read, &limits);
            }
        });
    }
}

#[test]
fn decompression_bombs_stay_within_the_memory_limit() {
    for (name, jpeg) in mutants::bombs() {
        spend(name, &jpeg);
    }
}
