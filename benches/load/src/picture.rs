//! Pictures to send. They are generated before anything is timed.

use clap::ValueEnum;
use jpeg_encoder::{ColorType, Encoder, EncodingError};

/// The content of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Picture {
    /// Random samples, which hardly compress: the worst case for a number of pixels.
    Noise,
    /// Smooth shades with some grain: about as many bits per pixel as a camera's JPEG.
    Photo,
}

/// Returns a JPEG of `width` × `height` pixels at a quality from 1 to 100. The same seed gives the same picture.
///
/// # Errors
///
/// If the width or height is zero.
pub fn jpeg(
    picture: Picture,
    width: u16,
    height: u16,
    quality: u8,
    seed: u64,
) -> Result<Vec<u8>, EncodingError> {
    let mut random = SplitMix(seed);
    let samples: Vec<u8> = match picture {
        Picture::Noise => std::iter::repeat_with(|| random.next().to_le_bytes())
            .flatten()
            .take(3 * usize::from(width) * usize::from(height))
            .collect(),
        Picture::Photo => (0..height)
            .flat_map(|y| (0..width).map(move |x| (f32::from(x), f32::from(y))))
            .flat_map(|(x, y)| shade(x, y, random.next()))
            .collect(),
    };
    let mut jpeg = Vec::new();
    Encoder::new(&mut jpeg, quality).encode(&samples, width, height, ColorType::Rgb)?;
    Ok(jpeg)
}

/// Returns one pixel of the photo: three waves of light, and the same grain on each component.
fn shade(x: f32, y: f32, random: u64) -> [u8; 3] {
    let [grain, ..] = random.to_le_bytes();
    let grain = f32::from(grain) / 12.0;
    let light =
        110.0 + 50.0 * (x / 97.0).sin() + 40.0 * (y / 61.0).cos() + 20.0 * ((x + y) / 7.0).sin();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast from a float saturates"
    )]
    [light, light * 0.8, 200.0 - light * 0.6].map(|sample| (sample + grain) as u8)
}

/// The `SplitMix64` generator of Steele, Lea and Flood: small, and its output does not compress.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_picture() {
        let picture = |seed| jpeg(Picture::Noise, 64, 48, 92, seed).unwrap();
        assert_eq!(picture(7), picture(7));
        assert_ne!(picture(7), picture(8));
    }

    #[test]
    fn noise_and_photos_have_realistic_sizes() {
        let noise = jpeg(Picture::Noise, 640, 480, 92, 1).unwrap();
        assert!((400_000..700_000).contains(&noise.len()), "{}", noise.len());
        let photo = jpeg(Picture::Photo, 640, 480, 90, 1).unwrap();
        let bits_per_pixel = photo.len() * 8 / (640 * 480);
        assert!((2..=5).contains(&bits_per_pixel), "{}", photo.len());
    }
}
