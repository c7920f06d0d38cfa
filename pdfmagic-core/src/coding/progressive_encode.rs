//! Progressive encoding (G.1.2) with a fixed script of scans and optimal tables for each.

use super::bits::BitWriter;
use super::coefficients::{Block, indices};
use super::encode::{category, dht, difference, head, sos};
use super::huffman::optimal;
use super::image::Coefficients;
use super::memory::Memory;
use super::stream::UNKNOWN;
use crate::error::Error;
use crate::jpeg::{Marker, Selector};

/// One scan of a progression.
#[derive(Clone, Copy)]
struct Line {
    /// The index of the component in the frame; `None` for all, in as few scans as possible.
    component: Option<usize>,
    ss: usize,
    se: usize,
    ah: u32,
    al: u32,
}

/// The scans of a progression, in order.
pub(super) struct Script(Vec<Line>);

impl Script {
    /// Returns a script for all coefficients. AC of luminance has a low and a high band, both coarse, and two
    /// refinements; AC of color differences has one band and one refinement.
    pub(super) fn complete(components: usize) -> Self {
        let color = if components == 3 { 1..3 } else { 0..0 };
        let full: Vec<usize> = (0..components).filter(|c| !color.contains(c)).collect();
        let all = |ah, al| Line {
            component: None,
            ss: 0,
            se: 0,
            ah,
            al,
        };
        let band = |ss, se, ah, al| {
            move |&c: &usize| Line {
                component: Some(c),
                ss,
                se,
                ah,
                al,
            }
        };
        let color: Vec<usize> = color.rev().collect();
        let mut lines = vec![all(0, 1)];
        lines.extend(full.iter().map(band(1, 5, 0, 2)));
        lines.extend(color.iter().map(band(1, 63, 0, 1)));
        lines.extend(full.iter().map(band(6, 63, 0, 2)));
        lines.extend(full.iter().map(band(1, 63, 2, 1)));
        lines.push(all(1, 0));
        lines.extend(color.iter().map(band(1, 63, 1, 0)));
        lines.extend(full.iter().map(band(1, 63, 1, 0)));
        Self(lines)
    }

    /// Returns a script for exactly the known bits, with one scan for each band of equal precision. `precision` is the
    /// lowest known bit, by component and zig-zag index.
    pub(super) fn of_known(precision: &[[u8; 64]]) -> Self {
        let known = |al: u8| (al != UNKNOWN).then_some(u32::from(al));
        let mut lines = Vec::new();
        for (component, all) in precision.iter().enumerate() {
            // Decoders need a DC scan of every component.
            lines.push(Line {
                component: Some(component),
                ss: 0,
                se: 0,
                ah: 0,
                al: known(all[0]).unwrap_or(0),
            });
        }
        for (component, all) in precision.iter().enumerate() {
            let mut ss = 1;
            for band in all[1..].chunk_by(|a, b| a == b) {
                let se = ss + band.len() - 1;
                lines.extend(known(band[0]).map(|al| Line {
                    component: Some(component),
                    ss,
                    se,
                    ah: 0,
                    al,
                }));
                ss = se + 1;
            }
        }
        Self(lines)
    }
}

/// The symbols and bits of one scan. In a token, bits 0-7 are the symbol, 8 says that there is no symbol, 9-13 are the
/// number of bits after the code, 14-29 those bits, and 30-31 the table.
struct ScanSymbols {
    tokens: Vec<u32>,
    counts: Vec<[u32; 256]>,
    /// The number of blocks that ended early and wait for their common `EOBn`.
    eobrun: u32,
    /// The correction bits of those blocks.
    waiting: Vec<bool>,
    memory: Memory,
}

/// The maximum number of tokens of a block: each coefficient or run of zeros has a symbol, and correction bits.
const TOKENS: usize = 130;

const BITS_ONLY: u32 = 1 << 8;

impl ScanSymbols {
    fn new(tables: usize, memory: Memory) -> Self {
        ScanSymbols {
            tokens: Vec::new(),
            counts: vec![[0; 256]; tables],
            eobrun: 0,
            waiting: Vec::new(),
            memory,
        }
    }

    /// Makes room for the tokens of this many blocks, and of the waiting ones.
    fn make_room(&mut self, blocks: usize) -> Result<(), Error> {
        let waiting = self.waiting.len() / 16 + 1;
        let memory = self.memory.take(self.waiting.capacity())?;
        memory.make_room(&mut self.tokens, blocks * TOKENS + waiting)
    }

    #[inline(always)]
    fn symbol(&mut self, table: usize, symbol: u32, count: u32, bits: u32) {
        self.counts[table][symbol as usize & 255] += 1;
        self.tokens
            .push((table as u32) << 30 | bits << 14 | count << 9 | symbol);
    }

    fn bits(&mut self, bits: impl Iterator<Item = bool>) {
        let (mut held, mut count) = (0, 0);
        for bit in bits {
            (held, count) = (held << 1 | u32::from(bit), count + 1);
            if count == 16 {
                self.tokens.push(held << 14 | count << 9 | BITS_ONLY);
                (held, count) = (0, 0);
            }
        }
        if count > 0 {
            self.tokens.push(held << 14 | count << 9 | BITS_ONLY);
        }
    }

    /// `Encode_EOBRUN` (Figure G.4), with the correction bits of Figure G.9.
    fn end_of_blocks(&mut self) {
        if self.eobrun > 0 {
            let n = self.eobrun.ilog2();
            self.symbol(0, n << 4, n, self.eobrun - (1 << n));
            self.eobrun = 0;
            let waiting = std::mem::take(&mut self.waiting);
            self.bits(waiting.iter().copied());
        }
    }

    fn ended(&mut self) {
        self.eobrun += 1;
        if self.eobrun == 0x7FFF {
            self.end_of_blocks();
        }
    }

    /// Encodes a band for the first time (G.1.2.2, Figures G.3 to G.6).
    fn first(&mut self, block: &Block, (ss, se): (usize, usize), al: u32) {
        let mut last = ss - 1;
        for k in indices(block.band(ss, se)) {
            let v = block.zz[k];
            let t = (magnitude(v) >> al) as i16;
            if t == 0 {
                continue;
            }
            self.end_of_blocks();
            let mut run = (k - last - 1) as u32;
            while run > 15 {
                self.symbol(0, 0xF0, 0, 0);
                run -= 16;
            }
            let (size, bits) = category(if v < 0 { -t } else { t });
            self.symbol(0, run << 4 | size, size, bits);
            last = k;
        }
        if last < se {
            self.ended();
        }
    }

    /// Encodes the refinement of a band (G.1.2.3, Figures G.7 to G.9).
    fn refine(&mut self, block: &Block, (ss, se): (usize, usize), al: u32) {
        let shifted = |k: usize| magnitude(block.zz[k]) >> al;
        let is_new = |&k: &usize| shifted(k) == 1;
        let last_new = indices(block.band(ss, se)).filter(is_new).last();
        let (mut run, mut last) = (0, ss - 1);
        let mut corrections = [false; 64];
        let mut known = 0;
        for k in indices(block.band(ss, se)) {
            let t = shifted(k);
            if t == 0 {
                continue;
            }
            run += (k - last - 1) as u32;
            last = k;
            while run > 15 && Some(k) <= last_new {
                self.end_of_blocks();
                self.symbol(0, 0xF0, 0, 0);
                self.bits(corrections[..known].iter().copied());
                (known, run) = (0, run - 16);
            }
            if t > 1 {
                corrections[known & 63] = t & 1 != 0;
                known += 1;
                continue;
            }
            self.end_of_blocks();
            self.symbol(0, run << 4 | 1, 1, u32::from(block.zz[k] >= 0));
            self.bits(corrections[..known].iter().copied());
            (known, run) = (0, 0);
        }
        if last < se || run > 0 || known > 0 {
            self.waiting.extend(&corrections[..known]);
            self.ended();
        }
    }

    fn write(
        mut self,
        mut out: Vec<u8>,
        class: u8,
        parts: &[usize],
        line: Line,
    ) -> Result<Vec<u8>, Error> {
        self.end_of_blocks();
        let Line { ss, se, ah, al, .. } = line;
        let specs: Vec<_> = self.counts.iter().map(optimal).collect();
        let coded = self
            .counts
            .iter()
            .any(|counts| counts.iter().any(|&n| n > 0));
        if coded {
            dht(
                &mut out,
                (0..).zip(&specs).map(|(t, spec)| (class << 4 | t, spec)),
            );
        }
        let parts: Vec<(usize, u8)> = parts
            .iter()
            .enumerate()
            .map(|(i, &id)| {
                let table = i.min(specs.len() - 1) as u8;
                (id, if class == 0 { table << 4 } else { table })
            })
            .collect();
        sos(&mut out, &parts, ss as u8, se as u8, (ah << 4 | al) as u8);
        let mut tables = vec![[(0, 0); 256]; 4];
        for (spec, table) in specs.iter().zip(&mut tables) {
            let coded = spec.codes();
            for (code, &symbol) in coded.into_iter().zip(&spec.values) {
                table[usize::from(symbol)] = code;
            }
        }
        self.memory
            .take(self.tokens.capacity() * size_of::<u32>())?
            .make_room_to_write(&mut out, self.most_bits(&tables))?;
        let mut bits = BitWriter::new(out);
        for token in self.tokens {
            let count = token >> 9 & 31;
            let (code, length) = if token & BITS_ONLY != 0 {
                (0, 0)
            } else {
                tables[token as usize >> 30][token as usize & 255]
            };
            bits.put(
                (code << count | token >> 14 & 0xFFFF).into(),
                length + count,
            );
        }
        Ok(bits.finish())
    }

    /// Returns an upper bound for the number of bits to write, with these codes and lengths.
    fn most_bits(&self, tables: &[[(u32, u32); 256]]) -> u64 {
        let (mut symbols, mut bits) = (0, 0);
        for (counts, codes) in self.counts.iter().zip(tables) {
            for ((symbol, &n), &(_, length)) in (0u64..).zip(counts).zip(codes) {
                // The magnitude bits of a coefficient, or the length bits of an EOBn.
                let extra = match symbol % 16 {
                    0 => symbol / 16,
                    size => size,
                };
                symbols += u64::from(n);
                bits += u64::from(n) * (u64::from(length) + extra);
            }
        }
        bits + 16 * (self.tokens.len() as u64 - symbols)
    }
}

/// Encodes an image as a progressive JPEG.
pub(super) fn encode(image: &Coefficients, script: &Script) -> Result<Vec<u8>, Error> {
    let grid = &image.grid;
    let mut out = head(grid, Marker::SOF2, image.adobe, &image.quantizers);
    for &line in &script.0 {
        out = match line.component {
            Some(c) if line.ss > 0 => ac(out, image, c, line)?,
            Some(c) => dc(out, image, &[selector(c)], line)?,
            None => grid
                .scans()
                .iter()
                .try_fold(out, |out, selectors| dc(out, image, selectors, line))?,
        }
    }
    out.extend([0xFF, Marker::EOI.0]);
    Ok(out)
}

/// Returns the absolute value of a coefficient. -0x8000, which only damaged or made-up data contains, becomes the value that
/// baseline coding writes for it.
fn magnitude(value: i16) -> u16 {
    value.unsigned_abs().min(0x7FFF)
}

fn selector(component: usize) -> Selector {
    Selector {
        component,
        ..Selector::default()
    }
}

fn ac(out: Vec<u8>, image: &Coefficients, index: usize, line: Line) -> Result<Vec<u8>, Error> {
    let Line { ss, se, ah, al, .. } = line;
    let (plane, c) = (&image.planes[index], &image.grid.components[index]);
    let mut symbols = ScanSymbols::new(1, image.memory.take(2 * out.len())?);
    for row in 0..c.down {
        image.limits.check_canceled()?;
        symbols.make_room(c.across)?;
        for block in &plane.blocks[row * plane.across..][..c.across] {
            if ah == 0 {
                symbols.first(block, (ss, se), al);
            } else {
                symbols.refine(block, (ss, se), al);
            }
        }
    }
    symbols.write(out, 1, &[index], line)
}

/// Encodes a DC scan (G.1.2.1). Blocks outside the picture repeat the last DC.
fn dc(
    out: Vec<u8>,
    image: &Coefficients,
    selectors: &[Selector],
    line: Line,
) -> Result<Vec<u8>, Error> {
    let Line { ah, al, .. } = line;
    let layout = image.grid.layout(selectors);
    let mut symbols = ScanSymbols::new(selectors.len().min(2), image.memory.take(2 * out.len())?);
    let mut prediction = [0i16; 4];
    for down in 0..layout.down {
        image.limits.check_canceled()?;
        symbols.make_room(layout.across * layout.blocks.len())?;
        let mut refinement = Vec::new();
        for (across, p) in layout.row() {
            let at = p.at(down, across);
            let last = &mut prediction[p.part & 3];
            let is_inside = image.grid.components[p.component].has(at);
            let value = if is_inside {
                image.planes[p.component].get(at).zz[0] >> al
            } else {
                *last
            };
            if ah == 0 {
                let (size, bits) = category(difference(last, value));
                symbols.symbol(p.part.min(1), size, size, bits);
            } else {
                refinement.push(value & 1 != 0);
                *last = value;
            }
        }
        symbols.bits(refinement.into_iter());
    }
    let parts: Vec<_> = selectors.iter().map(|s| s.component).collect();
    symbols.write(out, 0, &parts, line)
}
