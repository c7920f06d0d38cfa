//! Re-encoding of whole images.

use super::coefficients::Plane;
use super::encode::{Codes, Collects, Counts, dht, head, sos};
use super::grid::{Grid, Reduction};
use super::image::Coefficients;
use super::memory::Memory;
use super::passage::Passage;
use super::progressive::Progression;
use super::progressive_encode::{self, Script};
use super::quantize::Requantizer;
use super::recode::Recode;
use super::reencode_blocks::{ReencodeBlocks, Same};
use super::shrink::Shrink;
use super::sink::{Levels, Sink, deliver};
use super::stream::{Stream, UNKNOWN};
use crate::damage::Damage;
use crate::error::Error;
use crate::jpeg::{Jpeg, Marker, Process, Quantizer, Selector};
use crate::limits::Limits;

impl Coefficients {
    /// Encodes the image as a sequential JPEG with optimal tables, or as a progressive one if coefficients are
    /// incomplete, since decoders smooth a progressive image where coefficients are unknown.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, Error> {
        if self.precision.is_some() {
            return self.encode_progressive();
        }
        self.encode_through(&self.grid, &self.quantizers, |memory, _| {
            Ok(ReencodeBlocks::new(memory, &self.grid, Same))
        })
    }

    /// Encodes the image in a reduced size, with the table that `target` returns for each component and its old table.
    pub(crate) fn encode_reduced(
        &self,
        reduction: Reduction,
        target: impl Fn(usize, &Quantizer) -> Quantizer,
    ) -> Result<Vec<u8>, Error> {
        let old = &self.quantizers;
        let new: Vec<_> = (0..).zip(old).map(|(c, q)| target(c, q)).collect();
        if let Some((grid, factors)) = self.grid.reduced(reduction) {
            return self.encode_through(&grid, &new, |memory, selectors| {
                let (old, new) = ((&self.grid, &old[..]), (&grid, &new[..]));
                Shrink::new(memory, old, new, &factors, selectors)
            });
        }
        if let Some(precision) = &self.precision {
            return self.requantized(precision, new)?.encode();
        }
        self.encode_through(&self.grid, &new, |memory, _| {
            Ok(ReencodeBlocks::new(
                memory,
                &self.grid,
                requantizers(old, &new),
            ))
        })
    }

    /// Returns a requantized copy. The known bits of a coefficient then count as all of its bits.
    fn requantized(&self, precision: &[[u8; 64]], new: Vec<Quantizer>) -> Result<Self, Error> {
        let memory = self
            .memory
            .take(Plane::sizes(&self.grid, self.grid.mcus_down))?;
        let mut planes = self.planes.clone();
        for (plane, by) in planes.iter_mut().zip(requantizers(&self.quantizers, &new)) {
            for block in &mut plane.blocks {
                let old = *block;
                // Stored coefficients are never faulty.
                let _ = (&old).fill(by.apply(0, old.zz[0]), block, |k, value| by.apply(k, value));
            }
        }
        let known = |al: u8| if al == UNKNOWN { UNKNOWN } else { 0 };
        Ok(Self {
            grid: self.grid.clone(),
            planes,
            quantizers: new,
            memory,
            limits: self.limits.clone(),
            precision: Some(precision.iter().map(|all| all.map(known)).collect()),
            adobe: self.adobe,
        })
    }

    /// Encodes the image with this grid and these tables, through the sinks that `prepare` makes, one for each scan.
    fn encode_through<S: Sink + Collects>(
        &self,
        grid: &Grid,
        quantizers: &[Quantizer],
        prepare: impl Fn(Memory, &[Selector]) -> Result<S, Error>,
    ) -> Result<Vec<u8>, Error> {
        let mut out = head(grid, sequential(quantizers), self.adobe, quantizers);
        for selectors in grid.scans() {
            let from = self.grid.layout(&selectors);
            let mut sink = prepare(self.memory.take(2 * out.len())?, &selectors)?;
            for down in 0..from.down {
                self.limits.check_canceled()?;
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

    /// Encodes the image as a progressive JPEG, as far as its coefficients are known.
    pub(crate) fn encode_progressive(&self) -> Result<Vec<u8>, Error> {
        let script = match &self.precision {
            Some(precision) => Script::of_known(precision),
            None => Script::complete(self.grid.components.len()),
        };
        progressive_encode::encode(self, &script)
    }
}

/// Returns the requantizer of each component.
fn requantizers(old: &[Quantizer], new: &[Quantizer]) -> Vec<Requantizer> {
    let pairs = old.iter().zip(new);
    pairs.map(|(old, new)| Requantizer::new(old, new)).collect()
}

/// Returns SOF0, or SOF1 if a step needs 16 bits (B.2.4.1).
fn sequential(quantizers: &[Quantizer]) -> Marker {
    let is_wide = quantizers.iter().flatten().any(|&step| step > 255);
    if is_wide { Marker::SOF1 } else { Marker::SOF0 }
}

/// Appends tables, header and data of one sequential scan. `counts` are the counts of its symbols; `write` appends its
/// data.
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

/// Re-encodes a JPEG without loss, as a sequential one with optimal tables.
pub(crate) fn optimize(
    jpeg: &Jpeg<'_>,
    limits: &Limits,
) -> Result<(Vec<u8>, Option<Damage>), Error> {
    let through = if jpeg.frame().is_sequential_huffman() {
        stream_through(jpeg, limits, |_, _, _| Ok(Recode::default()))?
    } else {
        sink_through(jpeg, limits, |memory, grid, _| {
            Ok(ReencodeBlocks::new(memory, grid, Same))
        })?
    };
    if let Some(out) = through {
        return Ok((out, None));
    }
    let (image, damage) = Coefficients::decode(jpeg, limits)?;
    Ok((image.encode()?, damage))
}

/// Re-encodes a JPEG in a reduced size, with the table that `target` returns for each component and its old table.
pub(crate) fn reduce(
    jpeg: &Jpeg<'_>,
    limits: &Limits,
    reduction: Reduction,
    target: impl Fn(usize, &Quantizer) -> Quantizer,
) -> Result<(Vec<u8>, Option<Damage>), Error> {
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
            Shrink::new(memory, from, to, &factors, &grid.all())
        })?
    } else {
        sink_through(jpeg, limits, |memory, grid, quantizers| {
            let old = requantized(quantizers);
            Ok(ReencodeBlocks::new(
                memory,
                grid,
                requantizers(&old, quantizers),
            ))
        })?
    };
    if let Some(out) = through {
        return Ok((out, None));
    }
    let (image, damage) = Coefficients::decode(jpeg, limits)?;
    Ok((image.encode_reduced(reduction, target)?, damage))
}

/// Converts a sequential JPEG with a single scan through the passage that `prepare` makes. `prepare` may change the
/// grid and the tables of the result. Returns `None` if the JPEG is of another kind, or its data is faulty.
fn stream_through<P: Passage>(
    jpeg: &Jpeg<'_>,
    limits: &Limits,
    prepare: impl FnOnce(Memory, &mut Grid, &mut Vec<Quantizer>) -> Result<P, Error>,
) -> Result<Option<Vec<u8>>, Error> {
    let mut stream = Stream::new(jpeg, limits)?;
    let first = or_unsound(stream.next_scan())?.flatten();
    let Some(scan) = first.filter(|_| jpeg.has_one_scan()) else {
        return Ok(None);
    };
    let (mut grid, mut quantizers) = (stream.grid.clone(), stream.quantizers());
    let mut passage = prepare(stream.memory, &mut grid, &mut quantizers)?;
    let Some(end) = or_unsound(passage.read(&stream, &scan))? else {
        return Ok(None);
    };
    let adobe = jpeg.stated_transform();
    let out = head(&grid, sequential(&quantizers), adobe, &quantizers);
    let mut out = write_scan(out, scan.selectors(), passage.counts(), |out, codes| {
        passage.write(&stream, &scan, out, codes)
    })?;
    out.extend([0xFF, Marker::EOI.0]);
    stream.resume(&scan, end, None);
    let is_last = matches!(or_unsound(stream.next_scan())?, Some(None));
    Ok(is_last.then_some(out))
}

/// Like [`stream_through`], but also converts a progressive JPEG.
fn sink_through<S: Sink + Collects>(
    jpeg: &Jpeg<'_>,
    limits: &Limits,
    prepare: impl FnOnce(Memory, &mut Grid, &mut Vec<Quantizer>) -> Result<S, Error>,
) -> Result<Option<Vec<u8>>, Error> {
    if jpeg.frame().process != Process::Progressive {
        return stream_through(jpeg, limits, prepare);
    }
    let mut stream = Stream::new(jpeg, limits)?;
    let Some(Some(progression)) = or_unsound(Progression::new(&mut stream))? else {
        return Ok(None);
    };
    let (mut grid, mut quantizers) = (stream.grid.clone(), stream.quantizers());
    let [selectors] = &grid.scans()[..] else {
        return Ok(None);
    };
    let mut sink = prepare(stream.memory, &mut grid, &mut quantizers)?;
    if or_unsound(progression.decode(&stream, selectors, &mut sink))? != Some(true) {
        return Ok(None);
    }
    let adobe = jpeg.stated_transform();
    let out = head(&grid, sequential(&quantizers), adobe, &quantizers);
    let symbols = sink.symbols();
    let mut out = write_scan(out, selectors, &symbols.counts, |out, codes| {
        symbols.write(out, codes)
    })?;
    out.extend([0xFF, Marker::EOI.0]);
    Ok(Some(out))
}

/// Turns faulty data into `None`: the caller then falls back to slower code.
fn or_unsound<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(done) => Ok(Some(done)),
        Err(Error::Format { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
