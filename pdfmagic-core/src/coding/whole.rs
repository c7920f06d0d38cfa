//! Whole images: decoded to coefficients, and coded anew.

use super::anew::{Anew, Same};
use super::coefficients::{Plane, Quantizer};
use super::encode::{Codes, Counts, Symbols, dht, head, sos};
use super::grid::{Grid, Reduction, Scan, Selector};
use super::memory::Memory;
use super::progressive::{self, Progression};
use super::quantize::Requantizer;
use super::recode::Recode;
use super::restart::End;
use super::scan::{self, Sink, deliver};
use super::shrink::Shrink;
use super::stream::Stream;
use super::{models, successive};
use crate::error::Error;
use crate::jpeg::segment::Marker;
use crate::jpeg::{EntropyCoding, Jpeg, Process};
use crate::notice::Notice;
use crate::options::Limits;

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
            let end = match (stream.entropy_coding, stream.process) {
                (EntropyCoding::Arithmetic, _) => models::decode_into(stream, &scan, &mut planes),
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

    /// Codes them as a sequential JPEG with optimal tables.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, Error> {
        self.encode_through(&self.grid, &self.quantizers, |memory, expected, _| {
            Ok(Anew::new(memory, expected, &self.grid, Same))
        })
    }

    /// Likewise, made smaller, with the tables that `target` gives for each component and its old table.
    pub(crate) fn encode_reduced(
        &self,
        reduction: Reduction,
        target: impl Fn(usize, &Quantizer) -> Quantizer,
    ) -> Result<Vec<u8>, Error> {
        let old = &self.quantizers;
        let new: Vec<_> = (0..).zip(old).map(|(c, q)| target(c, q)).collect();
        if let Some((grid, factors)) = self.grid.reduced(reduction) {
            return self.encode_through(&grid, &new, |memory, expected, selectors| {
                let (old, new) = ((&self.grid, &old[..]), (&grid, &new[..]));
                Shrink::new(memory, expected, old, new, &factors, selectors)
            });
        }
        self.encode_through(&self.grid, &new, |memory, expected, _| {
            Ok(Anew::new(
                memory,
                expected,
                &self.grid,
                requantizers(old, &new),
            ))
        })
    }

    /// Codes what the sinks that `prepare` makes for each scan collect, with this grid and these tables.
    fn encode_through<S: Sink + Collects>(
        &self,
        grid: &Grid,
        quantizers: &[Quantizer],
        prepare: impl Fn(Memory, usize, &[Selector]) -> Result<S, Error>,
    ) -> Result<Vec<u8>, Error> {
        let mut out = head(grid, sequential(quantizers), self.adobe, quantizers);
        for selectors in grid.scans() {
            let (from, to) = (self.grid.layout(&selectors), grid.layout(&selectors));
            let expected = to.down * to.across * to.blocks.len() * 8;
            let mut sink = prepare(self.memory.take(2 * out.len())?, expected, &selectors)?;
            for down in 0..from.down {
                deliver(&self.planes, down, &from, down, &mut sink)?;
            }
            let symbols = sink.symbols();
            out = write_scan(out, &selectors, &symbols.counts, |out, codes| {
                symbols.write(out, codes)
            })?;
        }
        out.extend([0xFF, Marker::EOI.0]);
        Ok(out)
    }

    /// Codes them as a progressive JPEG.
    pub(crate) fn encode_progressive(&self) -> Result<Vec<u8>, Error> {
        successive::encode(self)
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

/// By component.
fn requantizers(old: &[Quantizer], new: &[Quantizer]) -> Vec<Requantizer> {
    let pairs = old.iter().zip(new);
    pairs.map(|(old, new)| Requantizer::new(old, new)).collect()
}

/// SOF0, or SOF1 where a step needs 16 bits (B.2.4.1).
fn sequential(quantizers: &[Quantizer]) -> Marker {
    let is_wide = quantizers.iter().flatten().any(|&step| step > 255);
    if is_wide { Marker::SOF1 } else { Marker::SOF0 }
}

/// Tables, scan header and data of one sequential scan, whose symbols were counted, and `write` writes.
pub(super) fn write_scan(
    mut out: Vec<u8>,
    selectors: &[Selector],
    counts: &Counts,
    write: impl FnOnce(Vec<u8>, &Codes) -> Result<Vec<u8>, Error>,
) -> Result<Vec<u8>, Error> {
    let (choice, specs) = counts.tables(selectors.len());
    let tables = specs.iter().zip(0..);
    dht(
        &mut out,
        tables.flat_map(|([dc, ac], t)| [(t, dc), (t | 0x10, ac)]),
    );
    let parts = selectors.iter().zip(&choice);
    let parts: Vec<_> = parts
        .map(|(s, &t)| (s.component, (t << 4 | t) as u8))
        .collect();
    sos(&mut out, &parts, 0, 63, 0);
    write(out, &Codes::new(&choice, &specs))
}

/// Codes a JPEG anew, sequentially and with optimal tables, without a loss.
pub(crate) fn optimize(
    jpeg: &Jpeg<'_>,
    limits: &Limits,
    notices: &mut Vec<Notice>,
) -> Result<Vec<u8>, Error> {
    let frame = jpeg.frame();
    let through = match (frame.entropy_coding, frame.process) {
        (EntropyCoding::Huffman, Process::Baseline | Process::ExtendedSequential) => {
            stream_through(jpeg, limits, |_, _, _| Ok(Recode::default()))
        }
        _ => sink_through(jpeg, limits, |memory, grid, _| {
            Ok(Anew::new(memory, expected(jpeg), grid, Same))
        }),
    };
    if let Some(out) = through? {
        return Ok(out);
    }
    Coefficients::decode(jpeg, limits, notices)?.encode()
}

/// Codes a JPEG anew, made smaller, with the tables that `target` gives for each component and its old table.
pub(crate) fn reduce(
    jpeg: &Jpeg<'_>,
    limits: &Limits,
    reduction: Reduction,
    target: impl Fn(usize, &Quantizer) -> Quantizer,
    notices: &mut Vec<Notice>,
) -> Result<Vec<u8>, Error> {
    let requantized = |quantizers: &mut Vec<Quantizer>| {
        let new = quantizers.iter().enumerate().map(|(c, q)| target(c, q));
        let new = new.collect();
        std::mem::replace(quantizers, new)
    };
    let through = if let Some((new, factors)) = Grid::of(jpeg.frame()).reduced(reduction) {
        sink_through(jpeg, limits, |memory, grid, quantizers| {
            let old = requantized(quantizers);
            let source = std::mem::replace(grid, new);
            let (from, to) = ((&source, &old[..]), (&*grid, &quantizers[..]));
            let expected = expected(jpeg) / 2;
            Shrink::new(memory, expected, from, to, &factors, &grid.all())
        })?
    } else {
        sink_through(jpeg, limits, |memory, grid, quantizers| {
            let old = requantized(quantizers);
            Ok(Anew::new(
                memory,
                expected(jpeg),
                grid,
                requantizers(&old, quantizers),
            ))
        })?
    };
    if let Some(out) = through {
        return Ok(out);
    }
    Coefficients::decode(jpeg, limits, notices)?.encode_reduced(reduction, target)
}

/// Passes a sequential JPEG of a single scan through what `prepare` makes, for the grid and the tables that it
/// leaves. `None` if the JPEG is of another kind, or its data is not sound.
fn stream_through<P: Passage>(
    jpeg: &Jpeg<'_>,
    limits: &Limits,
    prepare: impl FnOnce(Memory, &mut Grid, &mut Vec<Quantizer>) -> Result<P, Error>,
) -> Result<Option<Vec<u8>>, Error> {
    let mut stream = Stream::new(jpeg, limits)?;
    let Some(scan) = stream
        .next_scan()?
        .filter(|scan| is_whole(scan, &stream.grid))
    else {
        return Ok(None);
    };
    let (mut grid, mut quantizers) = (stream.grid.clone(), stream.quantizers()?);
    let mut passage = prepare(stream.memory, &mut grid, &mut quantizers)?;
    let end = match passage.read(&stream, &scan) {
        Err(Error::Scan { .. }) => return Ok(None),
        end => end?,
    };
    let adobe = jpeg.stated_transform();
    let out = head(&grid, sequential(&quantizers), adobe, &quantizers);
    let mut out = write_scan(out, &scan.selectors, passage.counts(), |out, codes| {
        passage.write(&stream, &scan, out, codes)
    })?;
    out.extend([0xFF, Marker::EOI.0]);
    stream.resume(end);
    Ok(stream.next_scan()?.is_none().then_some(out))
}

/// Likewise, but also a progression.
fn sink_through<S: Sink + Collects>(
    jpeg: &Jpeg<'_>,
    limits: &Limits,
    prepare: impl FnOnce(Memory, &mut Grid, &mut Vec<Quantizer>) -> Result<S, Error>,
) -> Result<Option<Vec<u8>>, Error> {
    if jpeg.frame().process != Process::Progressive {
        return stream_through(jpeg, limits, prepare);
    }
    let mut stream = Stream::new(jpeg, limits)?;
    let Ok(Some(progression)) = Progression::new(&mut stream) else {
        return Ok(None);
    };
    let (mut grid, mut quantizers) = (stream.grid.clone(), stream.quantizers()?);
    let [selectors] = &grid.scans()[..] else {
        return Ok(None);
    };
    let mut sink = prepare(stream.memory, &mut grid, &mut quantizers)?;
    match progression.decode(&stream, selectors, &mut sink) {
        Err(Error::Scan { .. }) | Ok(false) => return Ok(None),
        decoded => decoded?,
    };
    let adobe = jpeg.stated_transform();
    let out = head(&grid, sequential(&quantizers), adobe, &quantizers);
    let symbols = sink.symbols();
    let mut out = write_scan(out, selectors, &symbols.counts, |out, codes| {
        symbols.write(out, codes)
    })?;
    out.extend([0xFF, Marker::EOI.0]);
    Ok(Some(out))
}

/// How many symbols a JPEG has, rather more than less.
fn expected(jpeg: &Jpeg<'_>) -> usize {
    jpeg.whole().map_or(0, <[u8]>::len) * 2
}

/// Whether a scan has all components, in order.
fn is_whole(scan: &Scan, grid: &Grid) -> bool {
    let components = scan.selectors.iter().map(|s| s.component);
    components.eq(0..grid.components.len())
}

/// What one scan of all components passes through to become another.
pub(super) trait Passage {
    /// Reads the scan, and counts the symbols of the other.
    fn read(&mut self, stream: &Stream<'_>, scan: &Scan) -> Result<End, Error>;
    fn counts(&self) -> &Counts;
    /// Writes the other scan's data.
    fn write(
        &self,
        stream: &Stream<'_>,
        scan: &Scan,
        out: Vec<u8>,
        codes: &Codes,
    ) -> Result<Vec<u8>, Error>;
}

/// A sink that collects symbols to be written.
pub(super) trait Collects {
    fn symbols(&self) -> &Symbols;
}

impl<S: Sink + Collects> Passage for S {
    fn read(&mut self, stream: &Stream<'_>, scan: &Scan) -> Result<End, Error> {
        match stream.entropy_coding {
            EntropyCoding::Huffman => scan::decode(stream, scan, self),
            EntropyCoding::Arithmetic => models::decode(stream, scan, self),
        }
    }

    fn counts(&self) -> &Counts {
        &self.symbols().counts
    }

    fn write(
        &self,
        _: &Stream<'_>,
        _: &Scan,
        out: Vec<u8>,
        codes: &Codes,
    ) -> Result<Vec<u8>, Error> {
        self.symbols().write(out, codes)
    }
}
