//! Replaces the codes of the same symbols. A scan is walked twice, to count its symbols and then to write them, so that
//! nothing is stored in between. One look-up handles several symbols.

use super::bits::BitWriter;
use super::encode::{Codes, Counts, Prediction, ac_slot, category, dc_slot};
use super::huffman::{Decoder, Entry};
use super::passage::Passage;
use super::restart::ScanEnd;
use super::stream::Stream;
use super::strides::{Follow, WIDE, follow, symbols};
use crate::error::Error;
use crate::jpeg::ScanHeader;

/// A scan whose codes are replaced.
#[derive(Default)]
pub(super) struct Recode {
    counts: Counts,
    /// Whether each stride occurs, by component.
    strides: Vec<[bool; 1 << WIDE]>,
}

impl Passage for Recode {
    fn read(&mut self, stream: &Stream<'_>, scan: &ScanHeader) -> Result<ScanEnd, Error> {
        let mut count = Count {
            counts: Counts::default(),
            strides: vec![[0; 1 << WIDE]; scan.selectors().len()],
            prediction: Prediction::default(),
        };
        let end = follow(stream, scan, &mut count)?;
        for (component, strides) in count.strides.iter().enumerate() {
            let ac = stream.ac(scan.selectors()[component].ta);
            for (index, &n) in strides.iter().enumerate().filter(|(_, n)| **n > 0) {
                for e in ac.into_iter().flat_map(|ac| symbols(ac, index)) {
                    count.counts.add(ac_slot(component), e.symbol().into(), n);
                }
            }
        }
        self.strides = count.strides.iter().map(|s| s.map(|n| n > 0)).collect();
        self.counts = count.counts;
        Ok(end)
    }

    fn counts(&self) -> &Counts {
        &self.counts
    }

    fn write(
        &self,
        stream: &Stream<'_>,
        scan: &ScanHeader,
        mut out: Vec<u8>,
        codes: &Codes,
    ) -> Result<Vec<u8>, Error> {
        stream
            .memory
            .make_room_to_write(&mut out, codes.price(&self.counts))?;
        let strides = self.strides.iter().enumerate().map(|(component, occur)| {
            let ac = stream.ac(scan.selectors()[component].ta);
            let stride = |(index, &occurs)| match ac {
                Some(ac) if occurs => CodedStride::new(component, ac, index, codes),
                _ => CodedStride::LONG,
            };
            occur.iter().enumerate().map(stride).collect()
        });
        let mut write = Write {
            codes,
            strides: strides.collect(),
            prediction: Prediction::default(),
            bits: BitWriter::new(out),
        };
        follow(stream, scan, &mut write)?;
        Ok(write.bits.finish())
    }
}

/// Counts symbols, and strides as a whole.
struct Count {
    counts: Counts,
    strides: Vec<[u32; 1 << WIDE]>,
    prediction: Prediction,
}

impl Follow for Count {
    #[inline(always)]
    fn dc(&mut self, component: usize, value: i16) {
        let (size, _) = category(self.prediction.difference(component, value));
        self.counts.add(dc_slot(component), size as usize, 1);
    }

    #[inline(always)]
    fn stride(&mut self, component: usize, _: &Decoder, index: usize, _: u32) {
        self.strides[component][index] += 1;
    }

    #[inline(always)]
    fn symbol(&mut self, component: usize, e: Entry, _: u32) {
        self.counts.add(ac_slot(component), e.symbol().into(), 1);
    }

    #[inline(always)]
    fn outside(&mut self, component: usize) {
        self.counts.add(dc_slot(component), 0, 1);
        self.counts.add(ac_slot(component), 0, 1);
    }
}

/// A stride in its new codes. From the top: its bits (52), the number of bits of the input that follow them (6), and
/// the length of both (6).
#[derive(Clone, Copy)]
struct CodedStride(u64);

impl CodedStride {
    /// A stride that is too long for one word.
    const LONG: Self = Self(63);

    fn new(component: usize, ac: &Decoder, index: usize, codes: &Codes) -> Self {
        let (mut bits, mut length, mut used, mut tail) = (0, 0, 0, 0);
        for e in symbols(ac, index) {
            let magnitude = (index as u64) >> (WIDE - used) & ((1 << tail) - 1);
            let (code, both) = codes.of(ac_slot(component) << 8 | usize::from(e.symbol()));
            // A symbol that does not occur has no code.
            let size_of_code = both.saturating_sub(e.size());
            bits = (bits << tail | magnitude) << size_of_code | code;
            length += both;
            used += e.length();
            tail = e.size();
        }
        if length > 52 {
            return Self::LONG;
        }
        Self(bits << 12 | u64::from(tail << 6 | length))
    }
}

/// Writes the symbols with their new codes.
struct Write<'c> {
    codes: &'c Codes,
    strides: Vec<Box<[CodedStride]>>,
    prediction: Prediction,
    bits: BitWriter,
}

impl Write<'_> {
    #[inline(always)]
    fn put(&mut self, slot: usize, symbol: usize, size: u32, magnitude: u32) {
        let (code, length) = self.codes.of(slot << 8 | symbol);
        self.bits.put(code << size | u64::from(magnitude), length);
    }

    #[cold]
    fn one_by_one(&mut self, component: usize, ac: &Decoder, index: usize, bits: u32) {
        let length: u32 = symbols(ac, index).map(Entry::length).sum();
        let mut left = length;
        for e in symbols(ac, index) {
            left -= e.length();
            self.symbol(component, e, bits >> left & ((1 << e.size()) - 1));
        }
    }
}

impl Follow for Write<'_> {
    #[inline(always)]
    fn dc(&mut self, component: usize, value: i16) {
        let (size, magnitude) = category(self.prediction.difference(component, value));
        self.put(dc_slot(component), size as usize, size, magnitude);
    }

    #[inline(always)]
    fn stride(&mut self, component: usize, ac: &Decoder, index: usize, bits: u32) {
        let CodedStride(coded) = self.strides[component][index];
        let (length, tail) = (coded as u32 & 63, coded as u32 >> 6 & 63);
        if length == 63 {
            return self.one_by_one(component, ac, index, bits);
        }
        let magnitude = u64::from(bits) & ((1 << tail) - 1);
        self.bits.put(coded >> 12 << tail | magnitude, length);
    }

    #[inline(always)]
    fn symbol(&mut self, component: usize, e: Entry, magnitude: u32) {
        self.put(ac_slot(component), e.symbol().into(), e.size(), magnitude);
    }

    #[inline(always)]
    fn outside(&mut self, component: usize) {
        self.put(dc_slot(component), 0, 0, 0);
        self.put(ac_slot(component), 0, 0, 0);
    }
}
