//! Tests which JPEGs become samples under `FlateDecode`, and which are passed on.

use jpeg_decoder::PixelFormat;
use lopdf::{Stream, dictionary};
use pdfmagic_core::backend::{Filter, ImageXObject};
use pdfmagic_core::jpeg::{EntropyCoding, Frame, Process};
use pdfmagic_core::{Auto, Backend, Error, Jpeg, Limits, Piece};

use super::corpus_files::{files, read};

/// Returns the samples of an image under `FlateDecode`, scaled to 16 bits.
pub(crate) fn flate(image: &ImageXObject) -> Vec<u16> {
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

pub(crate) fn lossless(jpeg: &[u8]) -> Result<ImageXObject, Error> {
    let limits = Limits::default();
    Auto.image(&Jpeg::parse(jpeg, &limits)?, &limits)
}

/// Scales each sample of `stored` from `precision` bits to 8 or 16 bits.
pub(crate) fn spread(stored: impl IntoIterator<Item = u16>, precision: u8) -> Vec<u16> {
    let full: u32 = if precision > 8 { 0xFFFF } else { 0xFF };
    let max = (1 << precision) - 1;
    let spread = |s| u16::try_from((u32::from(s) * full + max / 2) / max).expect("it is in range");
    stored.into_iter().map(spread).collect()
}

/// Returns the valid files of the corpus, and their frames.
fn frames() -> impl Iterator<Item = (String, Vec<u8>, Frame)> {
    files().into_iter().filter_map(|(name, jpeg)| {
        let frame = Jpeg::parse(&jpeg, &Limits::default()).ok()?.frame().clone();
        Some((name, jpeg, frame))
    })
}

/// A file with a point transform, which jpeg-decoder wrongly applies to its predictions.
const MISREAD: &str = "testimg_rgb.jpg";

#[test]
fn lossless_jpegs_have_the_samples_that_jpeg_decoder_decodes() {
    let mut compared = 0;
    for (name, jpeg, frame) in frames() {
        let is_lossless =
            (frame.process, frame.entropy_coding) == (Process::Lossless, EntropyCoding::Huffman);
        if !is_lossless || name.ends_with(MISREAD) {
            continue;
        }
        let mut decoder = jpeg_decoder::Decoder::new(&jpeg[..]);
        decoder.set_color_transform(jpeg_decoder::ColorTransform::None);
        // jpeg-decoder requires quantization tables, which lossless coding does not use.
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
        let ours = flate(&lossless(&jpeg).expect("jpeg-decoder accepts it"));
        assert!(
            ours == spread(stored, frame.precision),
            "{name}: other samples"
        );
        compared += 1;
    }
    println!("{compared} lossless files have the same samples");
}

#[test]
fn samples_of_12_bits_are_stored_with_16() {
    let mut compared = 0;
    for (name, jpeg, frame) in frames() {
        if frame.precision != 12 || frame.process == Process::Lossless {
            continue;
        }
        let image = lossless(&jpeg).unwrap_or_else(|error| panic!("{name}: {error}"));
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
fn twelve_bit_samples_do_not_depend_on_the_entropy_coding() {
    let samples = |name| flate(&lossless(&read(name)).expect("it is valid"));
    assert!(samples("precision_12.jpg") == samples("precision_12_arithmetic.jpg"));
}

#[test]
fn jpegs_that_a_pdf_can_hold_are_passed_on() {
    let jpeg = read("ycbcr_420.jpg");
    let image = lossless(&jpeg).expect("it is valid");
    assert!(matches!(image.data[..], [Piece::Input(_)]));
}
