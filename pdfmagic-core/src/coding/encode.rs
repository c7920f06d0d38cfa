//! Sequential Huffman encoding with optimal tables (F.1.2, K.2): the symbols are stored and counted, then the tables
//! are made, then the symbols are written.

use super::bits::BitWriter;
use super::coefficients::Block;
use super::grid::Grid;
use super::huffman::{Spec, optimal};
use super::memory::Memory;
use crate::error::Error;
use crate::jpeg::{Marker, Quantizer};

/// A symbol with its magnitude bits: bits 0-7 are the symbol, 8-10 the slot, 12-27 the magnitude.
type Token = u32;

/// The slot of a component's DC symbols. DC and AC symbols are counted separately.
pub(super) const fn dc_slot(component: usize) -> usize {
    2 * (component & 3)
}

/// The slot of a component's AC symbols.
pub(super) const fn ac_slot(component: usize) -> usize {
    2 * (component & 3) + 1
}

/// The symbols of a scan, stored and counted.
pub(super) struct Symbols {
    tokens: Vec<Token>,
    pub(super) counts: Counts,
    prediction: Prediction,
    memory: Memory,
}

/// The maximum number of symbols in a block: one for each coefficient, and EOB. A ZRL replaces sixteen of them.
const SYMBOLS: usize = 65;

impl Symbols {
    pub(super) fn new(memory: Memory) -> Self {
        Symbols {
            tokens: Vec::new(),
            counts: Counts::default(),
            prediction: Prediction::default(),
            memory,
        }
    }

    /// Makes room for the symbols of this many blocks.
    pub(super) fn make_room(&mut self, blocks: usize) -> Result<(), Error> {
        self.memory.make_room(&mut self.tokens, blocks * SYMBOLS)
    }

    #[inline(always)]
    fn push(&mut self, slot: usize, symbol: usize, magnitude: u32) {
        self.counts.add(slot, symbol, 1);
        self.tokens
            .push((symbol | slot << 8) as u32 | magnitude << 12);
    }

    #[inline(always)]
    fn dc(&mut self, component: usize, value: i16) {
        let (size, magnitude) = category(self.prediction.difference(component, value));
        self.push(dc_slot(component), size as usize, magnitude);
    }

    /// Adds a coefficient after a run of zeros (F.1.2.2).
    #[inline(always)]
    fn level(&mut self, component: usize, mut run: usize, level: i16) {
        let slot = ac_slot(component);
        while run > 15 {
            self.push(slot, 0xF0, 0);
            run -= 16;
        }
        let (size, magnitude) = category(level);
        self.push(slot, run << 4 | size as usize, magnitude);
    }

    /// Adds EOB.
    #[inline(always)]
    fn end(&mut self, component: usize) {
        self.push(ac_slot(component), 0, 0);
    }

    /// Adds the symbols of a block (F.1.2.1, F.1.2.2).
    #[inline(always)]
    pub(super) fn block(&mut self, component: usize, b: &Block) {
        self.dc(component, b.zz[0]);
        let mut last = 0;
        for k in b.indices() {
            self.level(component, k - last - 1, b.zz[k]);
            last = k;
        }
        if last != 63 {
            self.end(component);
        }
    }

    /// Adds a block outside the picture, with the DC of the block before it and no AC.
    #[inline(always)]
    pub(super) fn dummy(&mut self, component: usize) {
        self.push(dc_slot(component), 0, 0);
        self.end(component);
    }

    /// Writes the entropy-coded segment.
    pub(super) fn write(&self, mut out: Vec<u8>, codes: &Codes) -> Result<Vec<u8>, Error> {
        self.memory
            .take(self.tokens.capacity() * size_of::<Token>())?
            .make_room_to_write(&mut out, codes.price(&self.counts))?;
        let mut bits = BitWriter::new(out);
        for &token in &self.tokens {
            let (code, length) = codes.of(token as usize);
            bits.put(code << (token & 15) | u64::from(token >> 12), length);
        }
        Ok(bits.finish())
    }
}

/// A sink that collects symbols to be written.
pub(super) trait Collects {
    fn symbols(&self) -> &Symbols;
}

/// The DC coefficients from which the next ones are predicted, by component.
#[derive(Default)]
pub(super) struct Prediction([i16; 4]);

impl Prediction {
    #[inline(always)]
    pub(super) fn difference(&mut self, component: usize, value: i16) -> i16 {
        difference(&mut self.0[component & 3], value)
    }
}

/// Returns a DC difference (F.1.2.1), modulo 2^16 as in decoders, and updates the prediction. -32768 has no category and is
/// replaced by -32767.
#[inline(always)]
pub(super) fn difference(prediction: &mut i16, value: i16) -> i16 {
    let difference = value.wrapping_sub(*prediction).max(-0x7FFF);
    *prediction = prediction.wrapping_add(difference);
    difference
}

/// The number of occurrences of each symbol, by slot.
pub(super) struct Counts(pub(super) Box<[[u32; 256]; 8]>);

impl Default for Counts {
    fn default() -> Self {
        Self(Box::new([[0; 256]; 8]))
    }
}

impl Counts {
    #[inline(always)]
    pub(super) fn add(&mut self, slot: usize, symbol: usize, times: u32) {
        let n = &mut self.0[slot & 7][symbol & 255];
        *n = n.wrapping_add(times);
    }

    /// Assigns one of two tables to each component, and designs the tables. Returns the assignment that takes the
    /// fewest bits.
    pub(super) fn tables(&self, components: usize) -> (Vec<usize>, Vec<[Spec; 2]>) {
        let all = (0..1usize << (components - 1)).map(|split| {
            let choice: Vec<usize> = (0..components).map(|c| split << 1 >> c & 1).collect();
            let used = choice.iter().max().map_or(1, |m| m + 1);
            let mut cost = 0;
            let mut specs = Vec::with_capacity(used);
            for table in 0..used {
                specs.push([0, 1].map(|class| {
                    let counts = self.total(&choice, table, class);
                    let spec = optimal(&counts);
                    cost += price(&spec, &counts);
                    spec
                }));
            }
            (cost, choice, specs)
        });
        all.min_by_key(|(cost, ..)| *cost)
            .map(|(_, choice, specs)| (choice, specs))
            .unwrap_or_default()
    }

    fn total(&self, choice: &[usize], table: usize, class: usize) -> [u32; 256] {
        let mut sum = [0; 256];
        for (component, _) in choice.iter().enumerate().filter(|(_, t)| **t == table) {
            for (to, from) in sum.iter_mut().zip(&self.0[2 * component + class]) {
                *to += from;
            }
        }
        sum
    }
}

/// For each slot and symbol: the code, and in the 6 bits below it the length of the code with its magnitude bits.
pub(super) struct Codes(Box<[u32; 2048]>);

impl Codes {
    pub(super) fn new(choice: &[usize], specs: &[[Spec; 2]]) -> Self {
        let mut codes = Box::new([0; 2048]);
        for (component, &table) in choice.iter().enumerate() {
            for (class, spec) in specs[table].iter().enumerate() {
                let all = spec.codes();
                for ((code, length), &symbol) in all.into_iter().zip(&spec.values) {
                    let size = u32::from(symbol) & 15;
                    codes[(2 * component + class) << 8 | usize::from(symbol)] =
                        code << 6 | (length + size);
                }
            }
        }
        Self(codes)
    }

    /// Returns the code of a symbol (the low 8 bits) in a slot (the 3 bits above), and its length with the magnitude
    /// bits.
    #[inline(always)]
    pub(super) fn of(&self, symbol: usize) -> (u64, u32) {
        let code = self.0[symbol & 2047];
        (u64::from(code >> 6), code & 63)
    }

    /// Returns the number of bits that symbols with these counts take.
    pub(super) fn price(&self, counts: &Counts) -> u64 {
        let counted = counts.0.iter().flatten().zip(&self.0[..]);
        counted
            .map(|(&n, code)| u64::from(n) * u64::from(code & 63))
            .sum()
    }
}

/// Returns SSSS, at most 15, and the magnitude bits that follow it (Table F.1, F.1.2.1.1).
#[inline(always)]
pub(super) fn category(value: i16) -> (u32, u32) {
    let value = i32::from(value.max(-0x7FFF));
    let size = 32 - value.unsigned_abs().leading_zeros();
    (size, (value + (value >> 31)) as u32 & ((1 << size) - 1))
}

fn price(spec: &Spec, counts: &[u32; 256]) -> u64 {
    let codes = spec.codes();
    let bits: u64 = codes
        .iter()
        .zip(&spec.values)
        .map(|((_, l), v)| u64::from(*l) * u64::from(counts[usize::from(*v)]))
        .sum();
    bits + 8 * (17 + spec.values.len() as u64)
}

/// Appends a marker segment with its length (B.2).
fn segment(out: &mut Vec<u8>, marker: Marker, body: &[u8]) {
    out.extend([0xFF, marker.0]);
    out.extend(((body.len() + 2) as u16).to_be_bytes());
    out.extend(body);
}

/// Returns SOI, Adobe's segment if there is a transform to state, DQT and the frame header.
///
/// Components are numbered from 1, as JFIF requires. No viewer derives colors from these identifiers.
pub(super) fn head(
    grid: &Grid,
    sof: Marker,
    adobe: Option<u8>,
    quantizers: &[Quantizer],
) -> Vec<u8> {
    let mut out = vec![0xFF, Marker::SOI.0];
    if let Some(transform) = adobe {
        segment(
            &mut out,
            Marker::APP14,
            &[b"Adobe\0\x64\0\0\0\0", &[transform][..]].concat(),
        );
    }
    let mut distinct: Vec<&Quantizer> = Vec::new();
    let mut body = vec![8];
    body.extend((grid.height as u16).to_be_bytes());
    body.extend((grid.width as u16).to_be_bytes());
    body.push(grid.components.len() as u8);
    for (id, (c, q)) in (1..).zip(grid.components.iter().zip(quantizers)) {
        let tq = distinct.iter().position(|d| *d == q).unwrap_or_else(|| {
            distinct.push(q);
            distinct.len() - 1
        });
        body.extend([id, (c.h << 4 | c.v) as u8, tq as u8]);
    }
    let mut tables = Vec::new();
    for (tq, q) in distinct.iter().enumerate() {
        let wide = q.iter().any(|&step| step > 255);
        tables.push(u8::from(wide) << 4 | tq as u8);
        for step in *q {
            tables.extend(&step.to_be_bytes()[usize::from(!wide)..]);
        }
    }
    segment(&mut out, Marker::DQT, &tables);
    segment(&mut out, sof, &body);
    out
}

/// Appends DHT (B.2.4.2): tables, each with its class and destination, Tc and Th.
pub(super) fn dht<'t>(out: &mut Vec<u8>, tables: impl IntoIterator<Item = (u8, &'t Spec)>) {
    let mut body = Vec::new();
    for (target, spec) in tables {
        body.push(target);
        body.extend(spec.counts);
        body.extend(&spec.values);
    }
    segment(out, Marker::DHT, &body);
}

/// Appends SOS (B.2.3): components by index, each with Td and Ta.
pub(super) fn sos(out: &mut Vec<u8>, parts: &[(usize, u8)], ss: u8, se: u8, approximation: u8) {
    let mut body = vec![parts.len() as u8];
    for &(component, tables) in parts {
        body.extend([component as u8 + 1, tables]);
    }
    body.extend([ss, se, approximation]);
    segment(out, Marker::SOS, &body);
}
