//! Decoded samples, for images that cannot be JPEG data in a PDF.

use super::grid::Grid;
use super::image::Coefficients;
use super::memory::Memory;
use crate::damage::Damage;
use crate::error::Error;
use crate::jpeg::{ColorModel, Frame, Jpeg};
use crate::limits::Limits;

/// The samples of all components, pixel by pixel.
pub(crate) struct Samples {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) components: usize,
    /// P, in bits.
    pub(crate) precision: u8,
    pub(crate) values: Vec<u16>,
    /// The memory budget, from which the values are already taken.
    pub(crate) memory: Memory,
}

impl Samples {
    pub(super) fn new(frame: &Frame, memory: Memory) -> Result<Self, Error> {
        let (width, height) = (frame.width.get().into(), frame.height.get().into());
        let components = frame.components.len();
        let count = width * height * components;
        Ok(Self {
            memory: memory.take(count * size_of::<u16>())?,
            width,
            height,
            components,
            precision: frame.precision,
            values: vec![0; count],
        })
    }

    /// Decodes a DCT-coded JPEG of any precision, and returns any damage.
    pub(crate) fn from_dct(
        jpeg: &Jpeg<'_>,
        limits: &Limits,
    ) -> Result<(Self, Option<Damage>), Error> {
        let (coefficients, damage) = Coefficients::decode(jpeg, limits)?;
        let mut samples = Self::new(jpeg.frame(), coefficients.memory)?;
        for component in 0..samples.components {
            samples.transform(&coefficients, component)?;
        }
        samples.memory = Memory::beside_profile(jpeg, limits)?.take(samples.size())?;
        Ok((samples, damage))
    }

    pub(super) fn size(&self) -> usize {
        size_of_val(&self.values[..])
    }

    fn max(&self) -> f32 {
        ((1u32 << self.precision) - 1) as f32
    }

    /// Applies the inverse DCT to a component (A.3.3).
    fn transform(&mut self, image: &Coefficients, component: usize) -> Result<(), Error> {
        let c = &image.grid.components[component];
        let (plane, quantizer) = (&image.planes[component], &image.quantizers[component]);
        let pitch = 8 * c.across;
        let size = pitch * 8 * c.down;
        self.memory.take(size * size_of::<f32>())?;
        let mut small = vec![0.0; size];
        let middle = (1u32 << (self.precision - 1)) as f32;
        for row in 0..c.down {
            image.limits.check_canceled()?;
            for column in 0..c.across {
                let block = plane.get((row, column)).samples(quantizer);
                for (y, line) in block.iter().enumerate() {
                    let at = (8 * row + y) * pitch + 8 * column;
                    small[at..at + 8].copy_from_slice(&line.map(|s| s + middle));
                }
            }
        }
        let is_smooth = is_smooth(&image.grid, component);
        self.enlarge(&image.grid, component, is_smooth, |(row, column)| {
            small[row * pitch + column]
        });
        Ok(())
    }

    /// Stores a component at the size of the image, interpolated or with repeated samples. `small` returns its samples
    /// by row and column.
    pub(super) fn enlarge(
        &mut self,
        grid: &Grid,
        component: usize,
        is_smooth: bool,
        small: impl Fn((usize, usize)) -> f32,
    ) {
        let c = &grid.components[component];
        let across = Reach::of(self.width, c.h, grid.h_max(), is_smooth);
        let down = Reach::of(self.height, c.v, grid.v_max(), is_smooth);
        let max = self.max();
        for y in 0..self.height {
            let (top, bottom, lower) = down.at(y);
            for x in 0..self.width {
                let (left, right, later) = across.at(x);
                let line = |y: usize| {
                    let (a, b) = (small((y, left)), small((y, right)));
                    a + (b - a) * later
                };
                let sample = line(top) + (line(bottom) - line(top)) * lower;
                self.values[(y * self.width + x) * self.components + component] =
                    sample.round().clamp(0.0, max) as u16;
            }
        }
    }

    /// Converts the components to the device color space (ITU-T T.871, 7; Adobe TN 5116, 18).
    pub(crate) fn convert_color(&mut self, color_model: ColorModel) {
        if !matches!(color_model, ColorModel::YCbCr | ColorModel::Ycck) {
            return;
        }
        let (max, middle) = (self.max(), (1u32 << (self.precision - 1)) as f32);
        for pixel in self.values.chunks_exact_mut(self.components) {
            let [y, cb, cr] = [0, 1, 2].map(|c| f32::from(pixel[c]));
            let (cb, cr) = (cb - middle, cr - middle);
            let rgb = [
                y + 1.402 * cr,
                y - 0.344_136 * cb - 0.714_136 * cr,
                y + 1.772 * cb,
            ];
            for (to, value) in pixel.iter_mut().zip(rgb) {
                let value = value.round().clamp(0.0, max);
                *to = if color_model == ColorModel::Ycck {
                    max - value
                } else {
                    value
                } as u16;
            }
        }
    }
}

/// Whether libjpeg interpolates a component when it enlarges it: by 2 along one axis or both, but not by more.
fn is_smooth(grid: &Grid, component: usize) -> bool {
    let c = &grid.components[component];
    let is_at_most_2 = |factor: usize, max: usize| max == factor || max == 2 * factor;
    is_at_most_2(c.h, grid.h_max()) && is_at_most_2(c.v, grid.v_max())
}

/// Maps a line of the image to a line with fewer samples, whose centers lie between those of the image.
struct Reach {
    factor: usize,
    max: usize,
    last: usize,
    is_smooth: bool,
}

impl Reach {
    fn of(size: usize, factor: usize, max: usize, is_smooth: bool) -> Self {
        Self {
            factor,
            max,
            last: (size * factor).div_ceil(max) - 1,
            is_smooth,
        }
    }

    /// Returns the samples before and after a place, and the weight of the second.
    fn at(&self, place: usize) -> (usize, usize, f32) {
        if !self.is_smooth {
            let nearest = place * self.factor / self.max;
            return (nearest, nearest, 0.0);
        }
        let ratio = self.factor as f32 / self.max as f32;
        let center = ((place as f32 + 0.5) * ratio - 0.5).max(0.0);
        let before = (center as usize).min(self.last);
        (before, (before + 1).min(self.last), center - before as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coding::grid::GridComponent;
    use crate::limits::Limits;

    /// Enlarges two samples of a component that has one sample for every `factor` columns.
    fn enlarged(factor: usize, is_lossless: bool) -> Vec<u16> {
        let component = |h| GridComponent {
            h,
            v: 1,
            ..GridComponent::default()
        };
        let grid = Grid::new(2 * factor, 1, vec![component(factor), component(1)]);
        let mut samples = Samples {
            width: 2 * factor,
            height: 1,
            components: 2,
            precision: 12,
            values: vec![0; 4 * factor],
            memory: Memory::new(&Limits::default()),
        };
        let is_smooth = !is_lossless && is_smooth(&grid, 1);
        samples.enlarge(&grid, 1, is_smooth, |(_, column)| [100.0, 500.0][column]);
        samples.values.into_iter().skip(1).step_by(2).collect()
    }

    #[test]
    fn upsampling_interpolates_by_2_and_repeats_otherwise_like_libjpeg() {
        assert_eq!(enlarged(1, false), [100, 500]);
        assert_eq!(enlarged(2, false), [100, 200, 400, 500]);
        assert_eq!(enlarged(3, false), [100, 100, 100, 500, 500, 500]);
        assert_eq!(enlarged(4, false), [100, 100, 100, 100, 500, 500, 500, 500]);
        assert_eq!(enlarged(2, true), [100, 100, 500, 500]);
    }
}
