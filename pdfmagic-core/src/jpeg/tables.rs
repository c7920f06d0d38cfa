//! Table segments (T.81 B.2.4), parsed and checked once, and kept as views of the input.

use super::default_tables;
use super::huffman_table::{Class, HuffmanTable};
use super::segment::{Marker, Segment};
use crate::error::Error;

/// Quantization steps, in zig-zag order.
pub(crate) type Quantizer = [u16; 64];

/// A quantization table (B.2.4.1).
#[derive(Debug, Clone, Copy)]
pub(crate) struct QuantizationTable<'a> {
    /// 64 steps, in zig-zag order.
    bytes: &'a [u8],
    /// Whether each step has two bytes.
    is_wide: bool,
}

impl QuantizationTable<'_> {
    pub(crate) fn quantizer(self) -> Quantizer {
        std::array::from_fn(|k| {
            if self.is_wide {
                u16::from_be_bytes([self.bytes[2 * k], self.bytes[2 * k + 1]])
            } else {
                self.bytes[k].into()
            }
        })
    }
}

/// The conditioning of arithmetic coding, from DAC (B.2.4.3): (L, U) of each DC table and Kx of each AC table, with the
/// defaults of F.1.4.4.1.4 and F.1.4.4.2.1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Conditioning {
    pub(crate) dc: [(u32, u32); 4],
    pub(crate) ac: [usize; 4],
}

impl Default for Conditioning {
    fn default() -> Self {
        Self {
            dc: [(0, 1); 4],
            ac: [5; 4],
        }
    }
}

/// The tables in effect at some point of a JPEG, by destination.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tables<'a> {
    pub(crate) quantization: [Option<QuantizationTable<'a>>; 4],
    dc: [Option<HuffmanTable<'a>>; 4],
    ac: [Option<HuffmanTable<'a>>; 4],
    pub(crate) conditioning: Conditioning,
    /// Ri, in MCUs; 0 for no restart intervals.
    pub(crate) restart_interval: u16,
}

impl<'a> Tables<'a> {
    /// Adds what a DQT, DHT, DAC or DRI segment defines. Other segments are ignored.
    pub(crate) fn define(&mut self, segment: &Segment<'a>) -> Result<(), Error> {
        match segment.marker {
            Marker::DQT => self.define_quantization(segment),
            Marker::DHT => self.define_huffman(segment),
            Marker::DAC => self.define_conditioning(segment),
            Marker::DRI => self.define_restart_interval(segment),
            _ => Ok(()),
        }
    }

    /// Returns the Huffman table at a destination. `None` if none is defined.
    pub(crate) fn huffman(&self, class: Class, destination: usize) -> Option<HuffmanTable<'a>> {
        let tables = match class {
            Class::Dc => &self.dc,
            Class::Ac => &self.ac,
        };
        *tables.get(destination)?
    }

    /// Returns the Huffman table at a destination, or the typical one if none is defined, as in motion JPEG (K.3.3).
    pub(crate) fn huffman_or_default(
        &self,
        class: Class,
        destination: usize,
    ) -> Option<HuffmanTable<'a>> {
        self.huffman(class, destination)
            .or_else(|| default_tables::get(class, destination))
    }

    /// Parses DQT (B.2.4.1).
    fn define_quantization(&mut self, segment: &Segment<'a>) -> Result<(), Error> {
        let mut rest = segment.payload;
        while let Some((&pq_tq, table)) = rest.split_first() {
            let is_wide = pq_tq >> 4 != 0;
            let (bytes, after) = table
                .split_at_checked(if is_wide { 128 } else { 64 })
                .ok_or_else(|| segment.malformed("quantization table cut off"))?;
            *self
                .quantization
                .get_mut(usize::from(pq_tq & 0x0F))
                .ok_or_else(|| segment.malformed("quantization table number above 3"))? =
                Some(QuantizationTable { bytes, is_wide });
            rest = after;
        }
        Ok(())
    }

    /// Parses DHT (B.2.4.2).
    fn define_huffman(&mut self, segment: &Segment<'a>) -> Result<(), Error> {
        let mut rest = segment.payload;
        while let Some((&tc_th, table)) = rest.split_first() {
            let Some((counts, values)) = table.split_first_chunk::<16>() else {
                return Err(segment.malformed("Huffman table cut off"));
            };
            let total = counts.iter().map(|&n| usize::from(n)).sum();
            let Some((values, after)) = values.split_at_checked(total) else {
                return Err(segment.malformed("Huffman table cut off"));
            };
            let tables = match tc_th >> 4 {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return Err(segment.malformed("Huffman table class above 1")),
            };
            let destination = tables
                .get_mut(usize::from(tc_th & 0x0F))
                .ok_or_else(|| segment.malformed("Huffman table number above 3"))?;
            let table = HuffmanTable::new(counts, values)
                .ok_or_else(|| segment.malformed("Huffman table has more codes than can exist"))?;
            *destination = Some(table);
            rest = after;
        }
        Ok(())
    }

    /// Parses DAC (B.2.4.3): pairs of Tc with Tb, and Cs.
    fn define_conditioning(&mut self, segment: &Segment<'a>) -> Result<(), Error> {
        let (entries, rest) = segment.payload.as_chunks();
        for &[target, value] in entries {
            let (lower, upper) = (u32::from(value & 15), u32::from(value >> 4));
            match target {
                0..4 if lower <= upper => {
                    self.conditioning.dc[usize::from(target)] = (lower, upper);
                }
                0x10..0x14 if (1..64).contains(&value) => {
                    self.conditioning.ac[usize::from(target & 3)] = usize::from(value);
                }
                _ => return Err(segment.malformed("impossible arithmetic conditioning")),
            }
        }
        if rest.is_empty() {
            return Ok(());
        }
        Err(segment.malformed("arithmetic conditioning cut off"))
    }

    /// Parses DRI (B.2.4.4).
    fn define_restart_interval(&mut self, segment: &Segment<'a>) -> Result<(), Error> {
        let &[high, low] = segment.payload else {
            return Err(segment.malformed("restart interval of a size other than 2 bytes"));
        };
        self.restart_interval = u16::from_be_bytes([high, low]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// B.2.4.1: with Pq = 1, each step has two bytes, of which the first is the more significant.
    #[test]
    fn wide_tables_have_two_bytes_for_each_step() {
        let mut step = 0;
        let steps: Quantizer = std::array::from_fn(|_| {
            step += 1000;
            step
        });
        let bytes: Vec<_> = steps.iter().flat_map(|step| step.to_be_bytes()).collect();
        let table = QuantizationTable {
            bytes: &bytes,
            is_wide: true,
        };
        assert_eq!(table.quantizer(), steps);
    }
}
