//! libjpeg-turbo's programs, and the files to show them.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use pdfmagic_core::{Backend, Error, InputOptions, Jpeg, Limits, Metadata};

/// The samples of a JPEG that `djpeg` decodes without a warning.
pub(crate) fn djpeg(jpeg: &[u8]) -> Option<Vec<u8>> {
    djpeg_with(&["-pnm", "-maxscans", "1000"], jpeg)
}

pub(crate) fn djpeg_with(options: &[&str], jpeg: &[u8]) -> Option<Vec<u8>> {
    let (is_sound, samples) = run("djpeg", options, jpeg);
    is_sound.then_some(samples)
}

/// What `jpegtran` makes of a sound JPEG.
pub(crate) fn jpegtran(options: &[&str], jpeg: &[u8]) -> Vec<u8> {
    let (is_sound, data) = run("jpegtran", &[&["-copy", "none"], options].concat(), jpeg);
    assert!(is_sound, "jpegtran {options:?} complains");
    data
}

/// Feeds a program; says whether it had nothing to complain of, and what it made.
pub(crate) fn run(program: &str, options: &[&str], input: &[u8]) -> (bool, Vec<u8>) {
    let mut child = Command::new(program)
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} does not run: {error}"));
    let mut stdin = child.stdin.take().expect("it is piped");
    let output = thread::scope(|scope| {
        // It may stop reading before the end.
        scope.spawn(move || stdin.write_all(input).ok());
        child.wait_with_output()
    })
    .unwrap_or_else(|error| panic!("{program} does not end: {error}"));
    (output.status.success(), output.stdout)
}

/// Without `djpeg` nothing can be said; a machine that decides about merging must have it.
pub(crate) fn has_djpeg() -> bool {
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

pub(crate) fn shared_corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus")
}

/// The corpus in the repository, and the one beside it where there is one.
pub(crate) fn corpus() -> Vec<PathBuf> {
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

/// The data of the image that a backend makes, without metadata.
pub(crate) fn coded(jpeg: &[u8], backend: &dyn Backend) -> Result<Vec<u8>, Error> {
    let limits = Limits::default();
    let mut options = InputOptions::default();
    options.metadata = Metadata::Strip;
    let mut parsed = Jpeg::parse(jpeg, &limits)?;
    parsed.apply(options)?;
    let image = backend.image(&parsed, &limits)?;
    let pieces = image.data.iter();
    Ok(pieces
        .flat_map(|piece| piece.bytes(jpeg))
        .copied()
        .collect())
}

/// How many files of the corpus in the repository `djpeg` decodes, at the least.
const FEWEST: usize = 50;

/// Runs a test over the corpus.
pub(crate) fn over_corpus(test: impl Fn(&Path) -> Result<bool, String> + Sync) {
    if !has_djpeg() {
        return;
    }
    let results = on_two_threads(&corpus(), |path| test(path));
    let compared = results.iter().filter(|result| **result == Ok(true)).count();
    let wrong: Vec<_> = results.into_iter().filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(compared >= FEWEST, "only {compared} files were compared");
    println!("{compared} files have the same samples");
}

pub(crate) fn on_two_threads<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let (left, right) = items.split_at(items.len() / 2);
    thread::scope(|scope| {
        let left = scope.spawn(|| left.iter().map(&work).collect::<Vec<_>>());
        let right: Vec<_> = right.iter().map(&work).collect();
        let mut results = left.join().expect("no panic");
        results.extend(right);
        results
    })
}

/// A picture of shades, edges and grain, with about as many bits for a pixel as a camera's.
pub(crate) fn photo(width: u16, height: u16, sampling_factor: SamplingFactor) -> Vec<u8> {
    let mut noise = 1_u32;
    let mut samples = Vec::new();
    for (y, x) in (0..u32::from(height)).flat_map(|y| (0..u32::from(width)).map(move |x| (y, x))) {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let grain = noise >> 28;
        let shade = 96 + (x * 5 / 16 + y / 3) % 96 + 32 * ((x / 61 + y / 47) % 2);
        let color = [shade + grain, shade * 3 / 4 + grain, 220 - shade / 2];
        samples.extend(color.map(|sample| u8::try_from(sample.min(255)).expect("it is in range")));
    }
    let mut jpeg = Vec::new();
    let mut encoder = Encoder::new(&mut jpeg, 90);
    encoder.set_sampling_factor(sampling_factor);
    encoder
        .encode(&samples, width, height, ColorType::Rgb)
        .expect("there are as many samples as pixels");
    jpeg
}

/// The corpus, and a picture of this size with and without subsampling.
pub(crate) fn corpus_and_photos(width: u16, height: u16) -> Vec<Vec<u8>> {
    let files = corpus().into_iter();
    let files = files.map(|path| fs::read(path).expect("it can be read"));
    let samplings = [SamplingFactor::F_1_1, SamplingFactor::F_2_2];
    let made = samplings.map(|sampling| photo(width, height, sampling));
    files.chain(made).collect()
}
