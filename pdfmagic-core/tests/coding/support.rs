//! Code that the tests of coding share.

use std::thread;

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use pdfmagic_core::{Backend, Error, InputOptions, Jpeg, Limits, Metadata};

use super::corpus_files::files;
use super::libjpeg::{has_djpeg, is_too_large};

/// Returns the data of the image that a backend makes, without metadata.
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

/// Returns the average difference of samples, in tenths.
pub(crate) fn difference(a: &[u8], b: &[u8]) -> usize {
    assert_eq!(a.len(), b.len());
    let differences = a.iter().zip(b).map(|(a, b)| usize::from(a.abs_diff(*b)));
    differences.sum::<usize>() * 10 / a.len()
}

/// Returns the corpus, without files that would take libjpeg-turbo's programs too long.
fn decodable_files() -> Vec<(String, Vec<u8>)> {
    let mut files = files();
    files.retain(|(_, jpeg)| !is_too_large(jpeg));
    files
}

/// The minimum number of files. `djpeg` decodes more than this from the corpus in the repository.
const FEWEST: usize = 150;

/// Runs a test on each file of the corpus. The test returns whether there was anything to compare, or an error message.
pub(crate) fn over_corpus(test: impl Fn(&[u8]) -> Result<bool, String> + Sync) {
    if !has_djpeg() {
        return;
    }
    let results = on_two_threads(&decodable_files(), |(name, jpeg)| {
        test(jpeg).map_err(|wrong| format!("{name}: {wrong}"))
    });
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

/// Returns a picture of shades, edges and grain, with about as many bits per pixel as from a camera.
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

/// Returns the corpus, and a picture of this size with and without subsampling.
pub(crate) fn corpus_and_photos(width: u16, height: u16) -> Vec<Vec<u8>> {
    let files = decodable_files().into_iter().map(|(_, jpeg)| jpeg);
    let samplings = [SamplingFactor::F_1_1, SamplingFactor::F_2_2];
    let made = samplings.map(|sampling| photo(width, height, sampling));
    files.chain(made).collect()
}
