//! Statistical models of arithmetic decoding: sequential (F.1.4, F.2.4) and progressive (G.1.3).

use super::arithmetic::{Bin, FIXED, Interval};
use super::bits::BitReader;
use super::coefficients::{Block, Plane};
use super::fault::{Fault, in_range};
use super::restart::ScanEnd;
use super::scan::{Mcus, apart, mcus};
use super::sink::{Levels, Sink};
use super::stream::Stream;
use crate::error::Error;
use crate::jpeg::{Process, ScanHeader};

/// All adaptive state of a scan. A restart resets it (F.2.4.4).
struct Model {
    interval: Interval,
    dc: [[Bin; 49]; 4],
    ac: [[Bin; 245]; 4],
    /// The last DC of each component of the scan.
    prediction: [i16; 4],
    /// The first bin for the next DC difference of each component of the scan.
    context: [usize; 4],
}

impl Model {
    const FRESH: Model = Model {
        interval: Interval::WHOLE,
        dc: [[0; 49]; 4],
        ac: [[0; 245]; 4],
        prediction: [0; 4],
        context: [0; 4],
    };

    fn fixed(&mut self, bits: &mut BitReader) -> bool {
        self.interval.decode(bits, &mut { FIXED })
    }

    /// Decodes the category, with bins from `at` on, then the bits below the leading one (Figures F.23 and F.24).
    /// Returns the value, and its leading bit.
    #[inline(always)]
    fn magnitude(
        interval: &mut Interval,
        bits: &mut BitReader,
        statistics: &mut [Bin],
        mut at: usize,
        mut m: i32,
    ) -> Result<(i32, i32), Fault> {
        while interval.decode(bits, &mut statistics[at]) {
            (m, at) = (m << 1, at + 1);
            if m == 0x8000 {
                return Err(Fault::Code);
            }
        }
        let leading = m;
        let mut value = m;
        while m > 1 {
            m >>= 1;
            if interval.decode(bits, &mut statistics[at + 14]) {
                value |= m;
            }
        }
        Ok((value, leading))
    }

    /// Decodes a DC difference (Figure F.19), and sets the context of the next one (F.1.4.4.1.2). Returns the DC.
    fn dc(
        &mut self,
        bits: &mut BitReader,
        part: usize,
        table: usize,
        (lower, upper): (u32, u32),
    ) -> Result<i16, Fault> {
        let statistics = &mut self.dc[table];
        let base = std::mem::take(&mut self.context[part]);
        if self.interval.decode(bits, &mut statistics[base]) {
            let negative = self.interval.decode(bits, &mut statistics[base + 1]);
            let (mut value, mut leading) = (0, 0);
            if self
                .interval
                .decode(bits, &mut statistics[base + 2 + usize::from(negative)])
            {
                (value, leading) = Self::magnitude(&mut self.interval, bits, statistics, 20, 1)?;
            }
            if leading >= 1 << lower >> 1 {
                let large = leading > 1 << upper >> 1;
                self.context[part] = if large { 12 } else { 4 } + if negative { 4 } else { 0 };
            }
            value += 1;
            let difference = if negative { -value } else { value } as i16;
            self.prediction[part] = self.prediction[part].wrapping_add(difference);
        }
        Ok(self.prediction[part])
    }

    /// Decodes the AC coefficients of a band, or of the whole block (Figure F.20).
    #[inline(always)]
    fn ac(
        &mut self,
        bits: &mut BitReader,
        (ss, se): (usize, usize),
        table: usize,
        kx: usize,
        mut put: impl FnMut(usize, i16),
    ) -> Result<(), Fault> {
        let mut interval = self.interval;
        let statistics = &mut self.ac[table];
        let mut k = ss;
        while k <= se {
            if interval.decode(bits, &mut statistics[3 * (k - 1)]) {
                break; // EOB
            }
            while !interval.decode(bits, &mut statistics[3 * (k - 1) + 1]) {
                k += 1;
                if k > se {
                    return Err(Fault::Run);
                }
            }
            let negative = interval.decode(bits, &mut { FIXED });
            let at = 3 * (k - 1) + 2;
            let mut value = 0;
            if interval.decode(bits, &mut statistics[at]) {
                value = 1;
                if interval.decode(bits, &mut statistics[at]) {
                    let at = if k <= kx { 189 } else { 217 };
                    (value, _) = Self::magnitude(&mut interval, bits, statistics, at, 2)?;
                }
            }
            value += 1;
            put(k, if negative { -value } else { value } as i16);
            k += 1;
        }
        self.interval = interval;
        Ok(())
    }

    /// Refines known coefficients by one bit, and decodes new ones (G.1.3.3).
    fn refine(
        &mut self,
        bits: &mut BitReader,
        block: &mut Block,
        (ss, se): (usize, usize),
        table: usize,
        al: u32,
    ) -> Result<(), Fault> {
        let known = block.band(ss, se);
        let zz = &mut block.zz;
        let bit = 1i16 << al;
        let mut k = ss;
        while k <= se {
            if known >> k == 0 && self.interval.decode(bits, &mut self.ac[table][3 * (k - 1)]) {
                break; // EOB
            }
            loop {
                if known >> k & 1 != 0 {
                    if self
                        .interval
                        .decode(bits, &mut self.ac[table][3 * (k - 1) + 2])
                    {
                        zz[k] = zz[k].wrapping_add(if zz[k] < 0 { -bit } else { bit });
                    }
                    break;
                }
                if self
                    .interval
                    .decode(bits, &mut self.ac[table][3 * (k - 1) + 1])
                {
                    zz[k] = if self.fixed(bits) { -bit } else { bit };
                    block.nonzero |= 1 << k;
                    break;
                }
                k += 1;
                if k > se {
                    return Err(Fault::Run);
                }
            }
            k += 1;
        }
        Ok(())
    }
}

/// The AC coefficients of the block being decoded.
struct ArithmeticLevels<'m, 'b, 'a> {
    model: &'m mut Model,
    bits: &'b mut BitReader<'a>,
    table: usize,
    kx: usize,
}

impl Levels for ArithmeticLevels<'_, '_, '_> {
    #[inline(always)]
    fn read(self, put: impl FnMut(usize, i16)) -> Result<(), Fault> {
        apart(self.bits, |bits| {
            self.model.ac(bits, (1, 63), self.table, self.kx, put)
        })
    }
}

/// Decodes a sequential scan into `sink` (F.2.4).
pub(super) fn decode<S: Sink>(
    stream: &Stream,
    scan: &ScanHeader,
    sink: &mut S,
) -> Result<ScanEnd, Error> {
    let layout = stream.grid.layout(scan.selectors());
    let mut model = Model::FRESH;
    let mut mcus = Mcus::new(stream, scan);
    for down in 0..layout.down {
        sink.make_room(layout.across * layout.blocks.len())?;
        mcus.rows(stream, layout.across, 1, |bits, _, across, fresh| {
            if fresh {
                model = Model::FRESH;
            }
            for p in &layout.blocks {
                let s = scan.selectors()[p.part];
                let (dc, kx) = (
                    stream.conditioning().dc[s.td],
                    stream.conditioning().ac[s.ta],
                );
                let dc = model.dc(bits, p.part, s.td, dc)?;
                in_range(dc, stream.max_dc(p.component, 0))?;
                let levels = ArithmeticLevels {
                    model: &mut model,
                    bits,
                    table: s.ta,
                    kx,
                };
                sink.block(p, p.at(down, across), dc, levels)?;
            }
            Ok(())
        })?;
        sink.row(down);
    }
    mcus.end()
}

/// Decodes an arithmetic-coded scan. A sequential scan is treated as a progressive one with all coefficients and all
/// bits.
pub(super) fn decode_into(
    stream: &Stream,
    scan: &ScanHeader,
    planes: &mut [Plane],
) -> Result<ScanEnd, Error> {
    let layout = stream.grid.layout(scan.selectors());
    let mut model = Model::FRESH;
    let (ss, se, ah, al) = match stream.process() {
        Process::Progressive => (scan.ss, scan.se, scan.ah, scan.al),
        _ => (0, 63, 0, 0),
    };
    mcus(stream, scan, &layout, |bits, down, across, fresh| {
        if fresh {
            model = Model::FRESH;
        }
        let mut mcu = Ok(());
        for p in &layout.blocks {
            let s = scan.selectors()[p.part];
            let block = planes[p.component].at(p.at(down, across));
            if ss == 0 {
                let dc = if ah == 0 {
                    let dc = model.dc(bits, p.part, s.td, stream.conditioning().dc[s.td])?;
                    block.zz[0] = dc << al;
                    dc
                } else {
                    block.zz[0] |= i16::from(model.fixed(bits)) << al;
                    block.zz[0] >> al
                };
                mcu = mcu.and(in_range(dc, stream.max_dc(p.component, al)));
            }
            if se > 0 && ah == 0 {
                let kx = stream.conditioning().ac[s.ta];
                model.ac(bits, (ss.max(1), se), s.ta, kx, |k, value| {
                    block.set(k, value << al);
                })?;
            } else if se > 0 {
                model.refine(bits, block, (ss, se), s.ta, al)?;
            }
        }
        mcu
    })
}
