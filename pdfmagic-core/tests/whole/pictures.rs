//! Tests that the picture in the PDF is that of the JPEG, as `image` decodes both. This decoder shares no code with
//! ours, nor with libjpeg-turbo.

use image::{ImageFormat, RgbImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use lopdf::Object;
use pdfmagic_core::{Auto, Backend, Passthrough, Quality, Reencode, Transcode};
use proptest::prelude::*;

use crate::corpus_files::{read, table};
use crate::segments::{segments, with_12_bits};
use crate::support::{convert, image_of, strict};

/// Decodes a JPEG. Returns `None` if `image` cannot do that, or would have to guess the look of inks.
fn decoded(jpeg: &[u8]) -> Option<RgbImage> {
    let picture = image::load_from_memory_with_format(jpeg, ImageFormat::Jpeg).ok()?;
    (components(jpeg)? < 4).then(|| picture.into_rgb8())
}

/// Decodes the image of a PDF.
fn shown(pdf: &[u8]) -> RgbImage {
    let pdf = strict(pdf);
    let image = image_of(&pdf);
    let filter = image
        .dict
        .get(b"Filter")
        .and_then(Object::as_name)
        .expect("it is coded");
    if filter == b"DCTDecode" {
        return decoded(&image.content).expect("the embedded image can be decoded");
    }
    let number = |key: &[u8]| {
        let number = image
            .dict
            .get(key)
            .and_then(Object::as_i64)
            .expect("it is required");
        u32::try_from(number).expect("it is small")
    };
    let bytes = image
        .decompressed_content()
        .expect("lopdf undoes Flate and its predictors");
    // 16 bits are reduced to 8 by rounding to the upper byte.
    let samples: Vec<u8> = match number(b"BitsPerComponent") {
        8 => bytes,
        _ => bytes
            .as_chunks()
            .0
            .iter()
            .map(|&two| eight_of_sixteen(two))
            .collect(),
    };
    let (width, height) = (number(b"Width"), number(b"Height"));
    let pixels = usize::try_from(width * height).expect("it is in memory");
    let rgb = match samples.len() / pixels {
        1 => samples.iter().flat_map(|&gray| [gray; 3]).collect(),
        _ => samples,
    };
    RgbImage::from_raw(width, height, rgb).expect("three samples for each pixel")
}

/// Reduces a sample of 16 bits to 8.
fn eight_of_sixteen(bytes: [u8; 2]) -> u8 {
    let rounded = (u32::from(u16::from_be_bytes(bytes)) * 255 + 32_767) / 65_535;
    u8::try_from(rounded).expect("it is in range")
}

/// Returns the number of components in the frame header.
fn components(jpeg: &[u8]) -> Option<u8> {
    let frame = segments(jpeg).find(|(marker, ..)| matches!(marker, 0xC0..=0xC2 | 0xC9 | 0xCA))?;
    frame.2.get(5).copied()
}

/// Returns the backends that are lossless.
fn lossless() -> [Box<dyn Backend>; 4] {
    [
        Box::new(Passthrough),
        Box::new(Auto),
        Box::new(Transcode { progressive: false }),
        Box::new(Transcode { progressive: true }),
    ]
}

/// Returns the root mean square difference of all samples.
fn distance(a: &RgbImage, b: &RgbImage) -> f64 {
    assert_eq!(a.dimensions(), b.dimensions());
    let squares = a
        .iter()
        .zip(b.iter())
        .map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2));
    (squares.sum::<f64>() / f64::from(a.width() * a.height() * 3)).sqrt()
}

/// Returns the largest difference of a sample.
fn largest_difference(a: &RgbImage, b: &RgbImage) -> u8 {
    assert_eq!(a.dimensions(), b.dimensions());
    a.iter()
        .zip(b.iter())
        .map(|(a, b)| a.abs_diff(*b))
        .max()
        .unwrap_or(0)
}

/// Returns the maximum root mean square difference between a source and its version requantized with these tables.
///
/// Each coefficient is off by at most three fifths of its step. The DCT is orthonormal (A.3.3), so the squared errors
/// of a block have the same sum over its samples. From Y, Cb and Cr to a color they add up with the factors of T.871,
/// which are at most 1.772; upsampling is a mean, and clamping brings samples nearer to each other. Blocks extend
/// beyond the picture, where the whole error may be hidden. Each decoding rounds samples and colors, which may cost one
/// level each.
fn bound(jpeg: &[u8], picture: &RgbImage) -> f64 {
    let mut steps = Vec::new();
    for (_, _, payload) in segments(jpeg).filter(|(marker, ..)| *marker == 0xDB) {
        let mut rest = payload;
        while let [pq_tq, table @ ..] = rest {
            let size = if pq_tq >> 4 == 0 { 1 } else { 2 };
            let (table, after) = table.split_at(64 * size);
            let squares = table.chunks(size).map(|step| {
                let step = step
                    .iter()
                    .fold(0, |step, &byte| step << 8 | u32::from(byte));
                (0.6 * f64::from(step)).powi(2)
            });
            steps.push((squares.sum::<f64>() / 64.0).sqrt());
            rest = after;
        }
    }
    let [first, .., last] = steps[..] else {
        return hidden(picture) * steps[0] + 2.0;
    };
    hidden(picture) * (first + 1.772 * last.max(first)) + 4.0
}

/// Returns the maximum ratio of the samples of blocks to those of the picture, as a factor for the root of a mean.
fn hidden(picture: &RgbImage) -> f64 {
    // An MCU has at most 16 by 16 pixels here.
    let padded = |side: u32| f64::from(side.next_multiple_of(16)) / f64::from(side);
    (padded(picture.width()) * padded(picture.height())).sqrt()
}

/// A picture of any size and content, and its coding.
#[derive(Debug, Clone)]
struct Coding {
    width: u16,
    height: u16,
    /// Three samples of each pixel; a gray pixel uses the first.
    samples: Vec<u8>,
    is_gray: bool,
    sampling: SamplingFactor,
    quality: u8,
    is_progressive: bool,
    restart_interval: u16,
}

impl Coding {
    fn encode(&self) -> Vec<u8> {
        let mut jpeg = Vec::new();
        let mut encoder = Encoder::new(&mut jpeg, self.quality);
        encoder.set_sampling_factor(self.sampling);
        encoder.set_progressive(self.is_progressive);
        encoder.set_optimized_huffman_tables(self.is_progressive);
        encoder.set_restart_interval(self.restart_interval);
        let pixels = usize::from(self.width) * usize::from(self.height);
        let (count, color) = if self.is_gray {
            (pixels, ColorType::Luma)
        } else {
            (3 * pixels, ColorType::Rgb)
        };
        encoder
            .encode(&self.samples[..count], self.width, self.height, color)
            .expect("there are enough samples");
        jpeg
    }
}

/// Generates pictures from flat to noise.
fn coding() -> impl Strategy<Value = Coding> {
    use SamplingFactor::{F_1_1, F_1_2, F_2_1, F_2_2};
    let sides = (1u16..50, 1u16..50);
    let content = (any::<[u8; 3]>(), any::<[i8; 6]>(), 0u8..64, any::<u32>());
    let coding = (
        any::<bool>(),
        prop::sample::select(vec![F_1_1, F_2_1, F_1_2, F_2_2]),
        1u8..=100,
        any::<bool>(),
        0u16..10,
    );
    (sides, content, coding).prop_map(|((width, height), content, coding)| {
        let (color, slopes, grain, seed) = content;
        let mut noise = seed;
        let samples = (0..height)
            .flat_map(|y| (0..width).map(move |x| (x, y)))
            .flat_map(|(x, y)| {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let grain = i32::from(grain) * i32::try_from(noise >> 24).expect("a byte") / 255;
                [0, 1, 2].map(|c| {
                    let slope = i32::from(slopes[2 * c]) * i32::from(x)
                        + i32::from(slopes[2 * c + 1]) * i32::from(y);
                    let sample = i32::from(color[c]) + slope / 16 + grain;
                    u8::try_from(sample.clamp(0, 255)).expect("it is clamped")
                })
            });
        let (is_gray, sampling, quality, is_progressive, restart_interval) = coding;
        Coding {
            width,
            height,
            samples: samples.collect(),
            is_gray,
            sampling,
            quality,
            is_progressive,
            // jpeg-encoder ignores restarts when it makes optimal tables, and then lacks codes.
            restart_interval: if is_progressive { 0 } else { restart_interval },
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn lossless_backends_keep_every_sample(coding in coding()) {
        let jpeg = coding.encode();
        let source = decoded(&jpeg).expect("it is valid");
        for backend in lossless() {
            let pdf = convert(&jpeg, &*backend).expect("it is valid");
            prop_assert!(shown(&pdf) == source, "{backend:?}");
        }
    }

    #[test]
    fn loss_by_reencoding_is_bounded_by_the_quantization_steps(coding in coding(), quality in 1u8..=100) {
        let jpeg = coding.encode();
        let source = decoded(&jpeg).expect("it is valid");
        let reencode = Reencode {
            quality: Quality::new(quality).expect("it is in range"),
            ..Reencode::default()
        };
        let pdf = convert(&jpeg, &reencode).expect("it is valid");
        let (found, data) = (shown(&pdf), image_of(&strict(&pdf)).content.clone());
        let (distance, bound) = (distance(&found, &source), bound(&data, &source));
        prop_assert!(distance <= bound, "{distance} is over {bound}");
    }
}

/// The files that `image` decodes differently from libjpeg: it obeys Adobe's segment even if there is JFIF, and shows
/// only the first component of some sequential files with a scan for each. The tests of coding compare these with
/// `djpeg`.
const SEEN_OTHERWISE: [&str; 4] = [
    "jfif_against_adobe.jpg",
    "public/etemesi254__zune-image/non_interleaved_440_64x64.jpg",
    "synthetic/13_conflict_jfif_adobe0.jpg",
    "synthetic/15_multiscan.jpg",
];

#[test]
fn lossless_backends_keep_the_pictures_of_the_corpus() {
    let (mut compared, mut wrong) = (0, vec![]);
    for row in table() {
        let file = &row["file"];
        let Some(path) = row.path().filter(|_| &row["djpeg"] == "ok") else {
            continue;
        };
        let jpeg = std::fs::read(path).expect("it can be read");
        let Some(source) = decoded(&jpeg).filter(|_| !SEEN_OTHERWISE.contains(&file)) else {
            continue;
        };
        for backend in lossless() {
            if let Ok(pdf) = convert(&jpeg, &*backend)
                && shown(&pdf) != source
            {
                wrong.push(format!(
                    "{file}: {backend:?}: {}",
                    distance(&shown(&pdf), &source)
                ));
            }
        }
        compared += 1;
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(compared > 100, "only {compared} were compared");
}

/// `image` rounds Y, Cb and Cr to integers before it converts them to a color, and then rounds the color: half a level,
/// with factors of 1, at most 1.772, and 1. Its integer inverse DCT may cost half a level more.
const ROUNDING: u8 = 3;

#[test]
fn twelve_bit_images_look_like_eight_bit_images() {
    for file in [
        "gray.jpg",
        "mosaic.jpg",
        "ycbcr_444.jpg",
        "ycbcr_adobe.jpg",
        "rgb_adobe.jpg",
        "restart.jpg",
        "synthetic/02_rgb444.jpg",
    ] {
        let jpeg = read(file);
        let source = decoded(&jpeg).expect("it is valid");
        let pdf = convert(&with_12_bits(&jpeg), &Auto).expect("it is valid");
        let difference = largest_difference(&shown(&pdf), &source);
        assert!(
            difference <= ROUNDING,
            "{file}: a sample is off by {difference}"
        );
    }
}
