//! Tests that requantizing coefficients loses no more than decoding and re-encoding.

use pdfmagic_core::jpeg::ColorModel;
use pdfmagic_core::{Jpeg, Limits};
use pdfmagic_core::{Quality, Reencode};

use super::libjpeg::{djpeg, has_djpeg, run};
use super::support::{coded, corpus_and_photos, on_two_threads};

const QUALITIES: [u8; 5] = [50, 60, 70, 80, 90];

/// The minimum number of pixels of a photo.
const FEWEST_PIXELS: u32 = 30_000;

/// The maximum loss for one picture, in decibels.
const WORST: f64 = -0.1;

/// The samples of the original, and the sampling factors for `cjpeg`.
struct Original {
    samples: Vec<u8>,
    sampling: String,
}

impl Original {
    /// Returns `None` for a JPEG that is not a photo, that `cjpeg` would not write, or that has no colors to subsample.
    fn of(jpeg: &[u8], subsample: bool) -> Option<Self> {
        let header = Jpeg::parse(jpeg, &Limits::default()).ok()?;
        let frame = header.frame();
        let pixels = u32::from(frame.width.get()) * u32::from(frame.height.get());
        let is_photo = pixels >= FEWEST_PIXELS
            && matches!(header.color_model(), ColorModel::Gray | ColorModel::YCbCr);
        let sampling = frame.components.iter().map(|c| format!("{}x{}", c.h, c.v));
        let sampling = sampling.collect::<Vec<_>>().join(",");
        if subsample && sampling != "1x1,1x1,1x1" {
            return None;
        }
        Some(Self {
            sampling: if subsample {
                "2x2,1x1,1x1".to_owned()
            } else {
                sampling
            },
            samples: djpeg(jpeg).filter(|_| is_photo)?,
        })
    }

    /// Returns the peak signal-to-noise ratio of a decoded JPEG, in decibels.
    fn ratio(&self, jpeg: &[u8]) -> f64 {
        let samples = djpeg(jpeg).expect("our output is valid");
        assert_eq!(samples.len(), self.samples.len());
        let squares = samples.iter().zip(&self.samples).map(|(&a, &b)| {
            let difference = f64::from(a) - f64::from(b);
            difference * difference
        });
        let error = squares.sum::<f64>() / float(samples.len());
        10.0 * (255.0 * 255.0 / error.max(1e-9)).log10()
    }

    fn cjpeg(&self, quality: u8) -> Vec<u8> {
        let quality = quality.to_string();
        let options = ["-optimize", "-quality", &quality, "-sample", &self.sampling];
        let (is_sound, data) = run("cjpeg", &options, &self.samples);
        assert!(is_sound, "cjpeg complains");
        data
    }

    /// Returns the ratio that `cjpeg` reaches with this number of bytes, interpolated between the two qualities with
    /// the nearest sizes. `None` if the size is above or below all that it writes.
    fn ratio_by_cjpeg(&self, size: usize) -> Option<f64> {
        let (mut below, mut above) = (1, 100);
        while above - below > 1 {
            let middle = u8::midpoint(below, above);
            if self.cjpeg(middle).len() <= size {
                below = middle;
            } else {
                above = middle;
            }
        }
        let [below, above] = [below, above].map(|quality| self.cjpeg(quality));
        if !(below.len()..=above.len()).contains(&size) {
            return None;
        }
        let [size, least, most] = [size, below.len(), above.len()].map(|size| float(size).ln());
        let place = (size - least) / (most - least);
        let (low, high) = (self.ratio(&below), self.ratio(&above));
        Some(low + place * (high - low))
    }
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
fn float(size: usize) -> f64 {
    size as f64
}

/// Returns by how much our result is better, in decibels.
fn gain(jpeg: &[u8], original: &Original, backend: Reencode) -> Option<f64> {
    let ours = coded(jpeg, &backend).expect("djpeg accepts it");
    Some(original.ratio(&ours) - original.ratio_by_cjpeg(ours.len())?)
}

fn assert_loss_is_no_greater(subsample: bool) {
    if !has_djpeg() {
        return;
    }
    let files = corpus_and_photos(640, 480);
    let gains = on_two_threads(&files, |jpeg| {
        let original = Original::of(jpeg, subsample)?;
        Some(QUALITIES.map(|quality| {
            let backend = Reencode {
                quality: Quality::new(quality).expect("it is in range"),
                subsample,
                ..Reencode::default()
            };
            gain(jpeg, &original, backend)
        }))
    });
    for (index, quality) in QUALITIES.iter().enumerate() {
        let gains = gains.iter().flatten();
        let mut gains: Vec<_> = gains.filter_map(|gains| gains[index]).collect();
        gains.sort_by(f64::total_cmp);
        let (worst, median) = (gains[0], gains[gains.len() / 2]);
        let count = gains.len();
        println!("quality {quality}, {count} pictures: {median:+.2} dB, the worst {worst:+.2} dB");
        assert!(median >= 0.0 && worst >= WORST);
    }
}

#[test]
fn loss_at_the_same_size_is_no_greater_than_with_cjpeg() {
    assert_loss_is_no_greater(false);
}

#[test]
fn loss_at_the_same_size_is_no_greater_than_with_cjpeg_if_subsampled() {
    assert_loss_is_no_greater(true);
}
