//! An image as quantized DCT coefficients, and its decoding.

use super::arithmetic_scan;
use super::coefficients::Plane;
use super::grid::Grid;
use super::memory::Memory;
use super::progressive;
use super::scan;
use super::stream::Stream;
use crate::error::Error;
use crate::jpeg::{EntropyCoding, Jpeg, Process, Quantizer};
use crate::limits::Limits;
use crate::notice::Notice;

/// An image as quantized DCT coefficients.
pub(crate) struct Coefficients {
    pub(super) grid: Grid,
    /// By component.
    pub(super) planes: Vec<Plane>,
    pub(super) quantizers: Vec<Quantizer>,
    /// With what the planes take.
    pub(super) memory: Memory,
    /// What Adobe's segment is to say about the colors, if it must be there.
    pub(super) adobe: Option<u8>,
}

impl Coefficients {
    /// Decodes, as libjpeg does where restart intervals are lost, and then says so.
    pub(crate) fn decode(
        jpeg: &Jpeg<'_>,
        limits: &Limits,
        notices: &mut Vec<Notice>,
    ) -> Result<Self, Error> {
        let mut stream = Stream::new(jpeg, limits)?;
        stream.is_strict = false;
        let coefficients = Self::decode_stream(jpeg, limits, &mut stream)?;
        if stream.is_resynchronized {
            notices.push(Notice::RestartsResynchronized);
        }
        Ok(coefficients)
    }

    pub(super) fn decode_stream(
        jpeg: &Jpeg<'_>,
        limits: &Limits,
        stream: &mut Stream<'_>,
    ) -> Result<Self, Error> {
        jpeg.check_decodable(limits)?;
        let grid = stream.grid.clone();
        let memory = stream.memory.take(Plane::sizes(&grid, grid.mcus_down))?;
        let plane = |c| Plane::new(&grid, c, grid.mcus_down);
        let mut planes: Vec<_> = grid.components.iter().map(plane).collect();
        while let Some(scan) = stream.next_scan()? {
            let end = match (stream.entropy_coding(), stream.process()) {
                (EntropyCoding::Arithmetic, _) => {
                    arithmetic_scan::decode_into(stream, &scan, &mut planes)
                }
                (_, Process::Progressive) => progressive::decode_into(stream, scan, &mut planes),
                _ => scan::decode_into(stream, &scan, &mut planes),
            }?;
            stream.resume(end);
        }
        Ok(Self {
            quantizers: stream.quantizers()?,
            planes,
            grid,
            memory,
            adobe: jpeg.stated_transform(),
        })
    }

    /// Keeps the first component only, which is gray where the others are color differences.
    pub(crate) fn into_gray(mut self) -> Self {
        let (width, height) = (self.grid.width, self.grid.height);
        self.grid.components.truncate(1);
        self.planes.truncate(1);
        self.quantizers.truncate(1);
        self.grid = Grid::new(width, height, self.grid.components);
        self.adobe = None;
        self
    }
}
