//! An image as quantized DCT coefficients, and its decoding.

use super::arithmetic_scan;
use super::coefficients::Plane;
use super::grid::Grid;
use super::memory::Memory;
use super::progressive;
use super::scan;
use super::stream::Stream;
use crate::damage::{Damage, Sound};
use crate::error::Error;
use crate::jpeg::{EntropyCoding, Jpeg, Process, Quantizer};
use crate::limits::Limits;

/// An image as quantized DCT coefficients.
pub(crate) struct Coefficients {
    pub(super) grid: Grid,
    /// The blocks, by component.
    pub(super) planes: Vec<Plane>,
    pub(super) quantizers: Vec<Quantizer>,
    /// The memory budget, from which the planes are already taken.
    pub(super) memory: Memory,
    /// The limits of the decoding, which hold for the encoding as well.
    pub(super) limits: Limits,
    /// The lowest bit (Al) that the scans of a progression have reached, by component and zig-zag index. `None` if all
    /// coefficients are complete.
    pub(super) precision: Option<Vec<[u8; 64]>>,
    /// The transform that Adobe's segment must state, if the segment is needed.
    pub(super) adobe: Option<u8>,
}

impl Coefficients {
    /// Decodes an image, and returns any damage. Damaged and missing data is handled as in libjpeg.
    pub(crate) fn decode(
        jpeg: &Jpeg<'_>,
        limits: &Limits,
    ) -> Result<(Self, Option<Damage>), Error> {
        let mut stream = Stream::new(jpeg, limits)?;
        stream.is_strict = false;
        jpeg.check_decodable(limits)?;
        let grid = stream.grid.clone();
        stream.memory = stream.memory.take(Plane::sizes(&grid, grid.mcus_down))?;
        let plane = |c| Plane::new(&grid, c, grid.mcus_down);
        let mut planes: Vec<_> = grid.components.iter().map(plane).collect();
        while let Some(scan) = stream.next_scan()? {
            let end = match (stream.entropy_coding(), stream.process()) {
                (EntropyCoding::Arithmetic, _) => {
                    arithmetic_scan::decode_into(&stream, &scan, &mut planes)
                }
                (_, Process::Progressive) => {
                    progressive::decode_into(&stream, scan.clone(), &mut planes)
                }
                _ => scan::decode_into(&stream, &scan, &mut planes),
            }?;
            let seams = match end.fault {
                // Blocks that were never read must not count as seams, so the scan is decoded again, into a sink that
                // finds seams.
                Some(_) if jpeg.frame().is_sequential_huffman() => {
                    let mut seams = stream.seams(&scan)?;
                    scan::decode(&stream, &scan, &mut seams)?;
                    Some(seams)
                }
                _ => None,
            };
            stream.resume(&scan, end, seams.as_ref());
        }
        let (quantizers, precision) = (stream.quantizers(), stream.precision());
        let (memory, damage) = (stream.memory, stream.into_damage());
        // The blocks after the damage are limited, but not in an incomplete progression, whose steps are too coarse for
        // that.
        if let (Some(damage), None) = (damage, &precision) {
            let sound = match damage.sound {
                Sound::Rows { sound, .. } => sound as usize,
                Sound::Scans { .. } => 0,
            };
            let rows_of_mcus = sound.div_ceil(8 * grid.v_max());
            for ((plane, c), quantizer) in planes.iter_mut().zip(&grid.components).zip(&quantizers)
            {
                let sound = rows_of_mcus * c.v * plane.across;
                let rest = plane.blocks.iter_mut().skip(sound);
                rest.for_each(|block| block.limit(quantizer));
            }
        }
        let image = Self {
            quantizers,
            planes,
            grid,
            memory,
            limits: limits.clone(),
            precision,
            adobe: jpeg.stated_transform(),
        };
        Ok((image, damage))
    }

    /// Keeps only the first component, which is gray if the others are color differences.
    pub(crate) fn into_gray(mut self) -> Self {
        let (width, height) = (self.grid.width, self.grid.height);
        self.grid.components.truncate(1);
        self.planes.truncate(1);
        self.quantizers.truncate(1);
        if let Some(precision) = &mut self.precision {
            precision.truncate(1);
        }
        self.grid = Grid::new(width, height, self.grid.components);
        self.adobe = None;
        self
    }
}
