//! Whole images, re-encoded.

use super::encode::{Codes, Collects, Counts, dht, head, sos};
use super::grid::{Grid, Reduction};
use super::image::Coefficients;
use super::memory::Memory;
use super::passage::Passage;
use super::progressive::Progression;
use super::progressive_encode;
use super::quantize::Requantizer;
use super::recode::Recode;
use super::reencode_blocks::{ReencodeBlocks, Same};
use super::shrink::Shrink;
use super::sink::{Sink, deliver};
use super::stream::Stream;
use crate::error::Error;
use crate::jpeg::{EntropyCoding, Jpeg, Marker, Process, Quantizer, ScanHeader, Selector};
use crate::limits::Limits;
use crate::notice::Notice;

impl Coefficients {
    /// Codes them as a sequential JPEG with optimal tables.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, Error> {
        self.encode_through(&self.grid, &self.quantizers, |memory, expected, _| {
            Ok(ReencodeBlocks::new(memory, expected, &self.grid, Same))
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
            Ok(ReencodeBlocks::new(
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
        progressive_encode::encode(self)
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
            Ok(ReencodeBlocks::new(memory, expected(jpeg), grid, Same))
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
            Ok(ReencodeBlocks::new(
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
    let mut out = write_scan(out, scan.selectors(), passage.counts(), |out, codes| {
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
fn is_whole(scan: &ScanHeader, grid: &Grid) -> bool {
    let components = scan.selectors().iter().map(|s| s.component);
    components.eq(0..grid.components.len())
}
