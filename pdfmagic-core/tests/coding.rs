//! What is coded anew decodes to the same samples, as libjpeg-turbo's `djpeg` sees them.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use jpeg_decoder::PixelFormat;
use lopdf::{Stream, dictionary};
use pdfmagic_core::backend::{ColorSpace, Filter, ImageXObject, Quality, Reencode};
use pdfmagic_core::geometry::Density;
use pdfmagic_core::jpeg::{EntropyCoding, Process};
use pdfmagic_core::{Backend, Error, Jpeg, Limits, Lossless, Piece, Transcode};

/// The samples of a JPEG that `djpeg` decodes without a warning.
fn djpeg(jpeg: &[u8]) -> Option<Vec<u8>> {
    djpeg_with(&["-pnm", "-maxscans", "1000"], jpeg)
}

fn djpeg_with(options: &[&str], jpeg: &[u8]) -> Option<Vec<u8>> {
    let mut child = Command::new("djpeg")
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("djpeg runs");
    let mut stdin = child.stdin.take().expect("it is piped");
    let output = thread::scope(|scope| {
        // djpeg may stop reading before the end.
        scope.spawn(move || stdin.write_all(jpeg).ok());
        child.wait_with_output()
    })
    .expect("djpeg ends");
    output.status.success().then_some(output.stdout)
}

/// Its luminance alone.
fn djpeg_gray(jpeg: &[u8]) -> Vec<u8> {
    djpeg_with(&["-grayscale", "-pnm"], jpeg).expect("no warning")
}

/// Without `djpeg` nothing can be said; a machine that decides about merging must have it.
fn has_djpeg() -> bool {
    let found = Command::new("djpeg")
        .arg("-version")
        .stderr(Stdio::null())
        .status()
        .is_ok();
    let is_ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
    assert!(
        found || !is_ci,
        "djpeg is missing: install libjpeg-turbo-progs"
    );
    if !found {
        eprintln!("not tested: djpeg is missing; install libjpeg-turbo-progs");
    }
    found
}

fn shared_corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus")
}

/// The corpus in the repository, and the one beside it where there is one.
fn corpus() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shared = shared_corpus();
    let mut folders = vec![root.join("tests/corpus"), shared.join("synthetic")];
    if let Ok(public) = fs::read_dir(shared.join("public")) {
        folders.extend(public.map(|entry| entry.expect("it can be listed").path()));
    }
    let files = folders
        .iter()
        .filter_map(|folder| fs::read_dir(folder).ok());
    files
        .flatten()
        .map(|entry| entry.expect("it can be listed").path())
        .collect()
}

fn coded(jpeg: &[u8], backend: &dyn Backend) -> Result<Vec<u8>, Error> {
    let limits = Limits::default();
    let image = backend.image(&Jpeg::parse(jpeg, &limits)?, &limits)?;
    let pieces = image.data.iter();
    Ok(pieces
        .flat_map(|piece| piece.bytes(jpeg))
        .copied()
        .collect())
}

/// Says whether there was anything to compare.
fn transcodes_alike(path: &Path, backend: Transcode) -> Result<bool, String> {
    let jpeg = fs::read(path).expect("it can be read");
    let Some(before) = djpeg(&jpeg) else {
        return Ok(false);
    };
    let name = path.file_name().expect("a file").to_string_lossy();
    let coded = coded(&jpeg, &backend).map_err(|error| format!("{name}: {error}"))?;
    let after = djpeg(&coded).ok_or(format!("{name}: djpeg warns about what we made"))?;
    if before == after {
        return Ok(true);
    }
    Err(format!("{name}: other samples"))
}

/// How many files of the corpus in the repository `djpeg` decodes, at the least.
const FEWEST: usize = 50;

/// Runs a test over the corpus on two threads.
fn over_corpus(test: impl Fn(&Path) -> Result<bool, String> + Sync) {
    if !has_djpeg() {
        return;
    }
    let files = corpus();
    let (left, right) = files.split_at(files.len() / 2);
    let run = |half: &[PathBuf]| -> Vec<_> { half.iter().map(|path| test(path)).collect() };
    let results = thread::scope(|scope| {
        let left = scope.spawn(|| run(left));
        [run(right), left.join().expect("no panic")].concat()
    });
    let compared = results.iter().filter(|result| **result == Ok(true)).count();
    let wrong: Vec<_> = results.into_iter().filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(compared >= FEWEST, "only {compared} files were compared");
    println!("{compared} files have the same samples");
}

#[test]
fn transcoding_to_baseline_keeps_every_sample() {
    over_corpus(|path| transcodes_alike(path, Transcode { progressive: false }));
}

#[test]
fn transcoding_to_progressive_keeps_every_sample() {
    over_corpus(|path| transcodes_alike(path, Transcode { progressive: true }));
}

/// The samples of an image under `FlateDecode`, as 16 bits of the range they are spread over.
fn flate(image: &ImageXObject) -> Vec<u16> {
    let Filter::Flate { bits_per_component } = image.filter else {
        panic!("the image is coded as {:?}", image.filter);
    };
    let parms = dictionary! {
        "Predictor" => 15,
        "Colors" => i64::try_from(image.color_space.components()).expect("at most 4"),
        "BitsPerComponent" => i64::from(bits_per_component),
        "Columns" => i64::from(image.width.get()),
    };
    let dict = dictionary! { "Filter" => "FlateDecode", "DecodeParms" => parms };
    let data = image.data.iter().flat_map(|piece| piece.bytes(&[]));
    let stream = Stream::new(dict, data.copied().collect());
    let bytes = stream.decompressed_content().expect("lopdf undoes it");
    match bits_per_component {
        8 => bytes.into_iter().map(u16::from).collect(),
        _ => bytes
            .as_chunks()
            .0
            .iter()
            .map(|&two| u16::from_be_bytes(two))
            .collect(),
    }
}

fn lossless(jpeg: &[u8]) -> Result<ImageXObject, Error> {
    let limits = Limits::default();
    Lossless.image(&Jpeg::parse(jpeg, &limits)?, &limits)
}

/// Each sample of `stored`, of `precision` bits, where it is spread over 8 or 16.
fn spread(stored: impl IntoIterator<Item = u16>, precision: u8) -> Vec<u16> {
    let full: u32 = if precision > 8 { 0xFFFF } else { 0xFF };
    let max = (1 << precision) - 1;
    let spread = |s| u16::try_from((u32::from(s) * full + max / 2) / max).expect("it is in range");
    stored.into_iter().map(spread).collect()
}

/// It has a point transform, which jpeg-decoder applies to its predictions as well.
const MISREAD: &str = "testimg_rgb.jpg";

#[test]
fn lossless_jpeg_keeps_every_sample_that_jpeg_decoder_sees() {
    let mut compared = 0;
    for path in corpus() {
        let jpeg = fs::read(&path).expect("it can be read");
        let Ok(header) = Jpeg::parse(&jpeg, &Limits::default()) else {
            continue;
        };
        let frame = header.frame();
        let is_lossless =
            (frame.process, frame.entropy_coding) == (Process::Lossless, EntropyCoding::Huffman);
        if !is_lossless || path.ends_with(MISREAD) {
            continue;
        }
        let mut decoder = jpeg_decoder::Decoder::new(&jpeg[..]);
        decoder.set_color_transform(jpeg_decoder::ColorTransform::None);
        // jpeg-decoder wants quantization tables, which lossless coding has no use for.
        let Ok(samples) = decoder.decode() else {
            continue;
        };
        let info = decoder.info().expect("it has been decoded");
        let stored: Vec<u16> = match info.pixel_format {
            PixelFormat::L16 => samples
                .as_chunks()
                .0
                .iter()
                .map(|&s| u16::from_ne_bytes(s))
                .collect(),
            _ => samples.into_iter().map(u16::from).collect(),
        };
        let ours = flate(&lossless(&jpeg).expect("jpeg-decoder takes it"));
        assert!(
            ours == spread(stored, frame.precision),
            "{}",
            path.display()
        );
        compared += 1;
    }
    println!("{compared} lossless files have the same samples");
}

#[test]
fn more_than_8_bits_become_16() {
    let mut compared = 0;
    for path in corpus() {
        let jpeg = fs::read(&path).expect("it can be read");
        let Ok(header) = Jpeg::parse(&jpeg, &Limits::default()) else {
            continue;
        };
        let frame = header.frame();
        if frame.precision != 12 || frame.process == Process::Lossless {
            continue;
        }
        let image = lossless(&jpeg).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(
            image.filter,
            Filter::Flate {
                bits_per_component: 16
            }
        );
        let pixels = usize::from(frame.width.get()) * usize::from(frame.height.get());
        assert_eq!(flate(&image).len(), pixels * image.color_space.components());
        compared += 1;
    }
    assert!(compared > 0, "no file of 12 bits was compared");
}

#[test]
fn lossless_passes_on_what_a_pdf_can_hold() {
    let jpeg = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/ycbcr_420.jpg"))
        .expect("it is in the repository");
    let image = lossless(&jpeg).expect("it is sound");
    assert!(matches!(image.data[..], [Piece::Input(_)]));
}

#[test]
fn a_size_that_is_asked_for_is_kept() {
    let jpeg = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/ycbcr_444.jpg"))
        .expect("it is in the repository");
    let best = coded(&jpeg, &Reencode::default())
        .expect("it is sound")
        .len() as u64;
    let max_size = Some(best * 9 / 10);
    let smaller = Reencode {
        max_size,
        ..Reencode::default()
    };
    let data = coded(&jpeg, &smaller).expect("it fits");
    assert!(data.len() as u64 <= best * 9 / 10);
    let impossible = Reencode {
        max_size: Some(10),
        ..Reencode::default()
    };
    let error = coded(&jpeg, &impossible).expect_err("no JPEG is so small");
    assert_eq!(error.code(), "limit.image_size");
}

#[test]
fn a_density_over_the_bound_is_brought_down_to_it() {
    let jpeg = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/ycbcr_420.jpg"))
        .expect("it is in the repository");
    let limits = Limits::default();
    let header = Jpeg::parse(&jpeg, &limits).expect("it is sound");
    let density = header.density().unwrap_or_default()[0].get();
    let width = f64::from(header.frame().width.get());
    for ratio in [1.0, 1.5, 2.0, 3.0, 4.0] {
        let Some(max_density) = Density::new(density / ratio) else {
            continue;
        };
        let backend = Reencode {
            max_density: Some(max_density),
            ..Reencode::default()
        };
        let image = backend.image(&header, &limits).expect("it is sound");
        let found = f64::from(image.width.get());
        assert!(
            (found - width / ratio).abs() <= 1.0,
            "{width} / {ratio} became {found}"
        );
        let data: Vec<u8> = image
            .data
            .iter()
            .flat_map(|piece| piece.bytes(&jpeg))
            .copied()
            .collect();
        let coded = Jpeg::parse(&data, &limits).expect("what we write is sound");
        assert_eq!(coded.frame().width, image.width);
        assert_eq!(coded.frame().height, image.height);
    }
}

#[test]
fn gray_is_the_luminance_as_it_was() {
    let jpeg = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/ycbcr_420.jpg"))
        .expect("it is in the repository");
    let finest = Reencode {
        quality: Quality::new(100).expect("it is in range"),
        gray: true,
        ..Reencode::default()
    };
    let limits = Limits::default();
    let header = Jpeg::parse(&jpeg, &limits).expect("it is sound");
    let image = finest.image(&header, &limits).expect("it is sound");
    assert_eq!(image.color_space, ColorSpace::DeviceGray);
    if has_djpeg() {
        let gray = coded(&jpeg, &finest).expect("it is sound");
        assert!(
            djpeg(&gray).expect("no warning") == djpeg_gray(&jpeg),
            "other samples"
        );
    }
}

#[test]
fn luminance_coarser_than_a_color_difference_keeps_its_color() {
    // 24 by 8 pixels, Cr three times as wide as Y; the typical tables, and all coefficients zero.
    let jpeg = [
        b"\xFF\xD8\xFF\xDB\0\x43\0".as_slice(),
        &[1; 64],
        b"\xFF\xC0\0\x11\x08\0\x08\0\x18\x03\x01\x11\0\x02\x11\0\x03\x31\0",
        b"\xFF\xDA\0\x0C\x03\x01\0\x02\0\x03\0\0\x3F\0\x28\xA2\x8A\x2B\xFF\xD9",
    ]
    .concat();
    let limits = Limits::default();
    let parsed = Jpeg::parse(&jpeg[..], &limits).expect("its header is sound");
    let gray = Reencode {
        gray: true,
        ..Reencode::default()
    };
    let image = gray.image(&parsed, &limits).expect("its data is sound");
    assert_eq!(image.color_space, ColorSpace::DeviceRgb);
}
