//! Progressive decoding of Huffman-coded scans (Annex G).

use std::rc::Rc;

use super::bits::BitReader;
use super::coefficients::{Block, Plane};
use super::fault::{Fault, in_range, missing_table};
use super::grid::Layout;
use super::huffman::Decoder;
use super::restart::ScanEnd;
use super::scan::{Mcus, apart};
use super::sink::{Sink, deliver};
use super::stream::Stream;
use crate::error::Error;
use crate::jpeg::{EntropyCoding, ScanHeader, Selector};

/// A scan, and the state of its decoding.
pub(super) struct Pass<'a> {
    scan: ScanHeader,
    layout: Layout,
    /// The table of each component of the scan. None is needed to refine DC, whose bits are not coded.
    tables: Vec<Rc<Decoder>>,
    /// The maximum absolute value of the point-transformed DC of each component of the scan.
    max_dc: Vec<i16>,
    mcus: Mcus<'a>,
    prediction: [i16; 4],
    /// The number of blocks left in the run that an `EOBn` began.
    eobrun: u32,
}

impl<'a> Pass<'a> {
    fn new(stream: &Stream<'a>, scan: ScanHeader) -> Result<Self, Error> {
        let table = |s: &Selector| match (scan.ss, scan.ah) {
            (0, 0) => Some(stream.dc(s.td).cloned()),
            (0, _) => None,
            _ => Some(stream.ac(s.ta).cloned()),
        };
        let tables: Option<_> = scan.selectors().iter().filter_map(table).collect();
        let max_dc = |s: &Selector| stream.max_dc(s.component, scan.al);
        Ok(Self {
            layout: stream.grid.layout(scan.selectors()),
            tables: tables.ok_or(missing_table(&scan))?,
            max_dc: scan.selectors().iter().map(max_dc).collect(),
            mcus: Mcus::new(stream, &scan),
            prediction: [0; 4],
            eobrun: 0,
            scan,
        })
    }

    /// Decodes the next rows of the scan's MCUs into `planes`, from their first row on, and refines what is there.
    fn rows(
        &mut self,
        stream: &Stream<'a>,
        down: usize,
        planes: &mut [Plane],
    ) -> Result<(), Error> {
        match (self.scan.ss, self.scan.ah) {
            (0, 0) => self.dc_first(stream, down, planes),
            (0, _) => self.dc_refine(stream, down, planes),
            (_, 0) => self.ac(stream, down, planes, first),
            _ => self.ac(stream, down, planes, refine),
        }
    }

    /// Decodes the point-transformed DC, which is predicted as in a sequential scan (G.1.2.1).
    fn dc_first(
        &mut self,
        stream: &Stream<'a>,
        down: usize,
        planes: &mut [Plane],
    ) -> Result<(), Error> {
        let Self {
            layout, prediction, ..
        } = self;
        let decode = |bits: &mut BitReader, down, across, fresh| {
            if fresh {
                *prediction = [0; 4];
            }
            let mut mcu = Ok(());
            for p in &layout.blocks {
                bits.refill();
                let sum = &mut prediction[p.part & 3];
                mcu = mcu.and(self.tables[p.part].predict(bits, sum));
                mcu = mcu.and(in_range(*sum, self.max_dc[p.part]));
                planes[p.component].at(p.at(down, across)).zz[0] = *sum << self.scan.al;
            }
            mcu
        };
        self.mcus.rows(stream, layout.across, down, decode)
    }

    /// Decodes one more bit of each DC (G.1.2.1).
    fn dc_refine(
        &mut self,
        stream: &Stream<'a>,
        down: usize,
        planes: &mut [Plane],
    ) -> Result<(), Error> {
        let layout = &self.layout;
        let al = self.scan.al;
        let decode = |bits: &mut BitReader, down, across, _| {
            let mut mcu = Ok(());
            for p in &layout.blocks {
                let block = planes[p.component].at(p.at(down, across));
                block.zz[0] |= i16::from(bits.bit()) << al;
                mcu = mcu.and(in_range(block.zz[0] >> al, self.max_dc[p.part]));
            }
            mcu
        };
        self.mcus.rows(stream, layout.across, down, decode)
    }

    /// Decodes a band of AC coefficients of one component (G.1.2.2, G.1.2.3).
    #[inline(always)]
    fn ac(
        &mut self,
        stream: &Stream<'a>,
        down: usize,
        planes: &mut [Plane],
        block: impl Fn(&mut BitReader, &Decoder, &ScanHeader, &mut Block, &mut u32) -> Result<(), Fault>,
    ) -> Result<(), Error> {
        let (scan, table) = (&self.scan, &self.tables[0]);
        let plane = &mut planes[scan.selectors()[0].component];
        let mut eobrun = self.eobrun;
        let decode = |bits: &mut BitReader<'a>, down, across, fresh| {
            if fresh {
                eobrun = 0;
            }
            let known = plane.at((down, across));
            apart(bits, |bits| block(bits, table, scan, known, &mut eobrun))
        };
        self.mcus.rows(stream, self.layout.across, down, decode)?;
        self.eobrun = eobrun;
        Ok(())
    }
}

/// Decodes one scan into the planes, and refines what earlier scans have stored there.
pub(super) fn decode_into(
    stream: &Stream,
    scan: ScanHeader,
    planes: &mut [Plane],
) -> Result<ScanEnd, Error> {
    let mut pass = Pass::new(stream, scan)?;
    let down = pass.layout.down;
    pass.rows(stream, down, planes)?;
    pass.mcus.end()
}

/// The maximum number of scans decoded in lockstep, which is more than any useful progression has.
const MOST: usize = 64;

/// All scans of an image, decoded in lockstep, so that only one row of MCUs has to be stored.
pub(super) struct Progression<'a> {
    passes: Vec<Pass<'a>>,
    /// The offset at which each scan must end.
    ends: Vec<usize>,
    /// The current row of MCUs.
    row: Vec<Plane>,
}

impl<'a> Progression<'a> {
    /// Reads all headers and tables. Returns `None` if there are too many scans, if they are not Huffman-coded, or if
    /// they leave coefficients incomplete.
    pub(super) fn new(stream: &mut Stream<'a>) -> Result<Option<Self>, Error> {
        if stream.entropy_coding() != EntropyCoding::Huffman {
            return Ok(None);
        }
        let (mut passes, mut ends) = (Vec::new(), Vec::new());
        while let Some(scan) = stream.next_scan()? {
            if passes.len() == MOST {
                return Ok(None);
            }
            let pass = Pass::new(stream, scan)?;
            stream.memory = stream.memory.take(pass.tables.len() * Decoder::SIZE)?;
            passes.push(pass);
            ends.push(stream.skip_data());
        }
        if stream.precision().is_some() {
            return Ok(None);
        }
        let grid = &stream.grid;
        stream.memory = stream.memory.take(Plane::sizes(grid, 1))?;
        let row = grid.components.iter().map(|c| Plane::new(grid, c, 1));
        Ok(Some(Self {
            passes,
            ends,
            row: row.collect(),
        }))
    }

    /// Decodes into `sink`, like a single scan with these selectors. Returns whether each scan ended where the next one
    /// begins.
    pub(super) fn decode<S: Sink>(
        mut self,
        stream: &Stream<'a>,
        selectors: &[Selector],
        sink: &mut S,
    ) -> Result<bool, Error> {
        let grid = &stream.grid;
        let layout = grid.layout(selectors);
        for down in 0..layout.down {
            for plane in &mut self.row {
                plane.blocks.fill(Block::ZERO);
            }
            for pass in &mut self.passes {
                let rows = match pass.scan.selectors() {
                    [one] => {
                        let c = &grid.components[one.component];
                        c.v.min(c.down - down * c.v)
                    }
                    _ => 1,
                };
                pass.rows(stream, rows, &mut self.row)?;
            }
            deliver(&self.row, 0, &layout, down, sink)?;
        }
        for (pass, end) in self.passes.into_iter().zip(self.ends) {
            if pass.mcus.end()?.at != end {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Returns the length of the run of blocks that an `EOBn` begins, which is 2^r plus a number of r bits (Table G.1).
#[inline(always)]
fn run_of_blocks(bits: &mut BitReader, r: u32) -> u32 {
    (1 << r) + if r == 0 { 0 } else { bits.take(r) }
}

/// Decodes a band for the first time (G.1.2.2).
#[inline(always)]
fn first(
    bits: &mut BitReader,
    table: &Decoder,
    scan: &ScanHeader,
    block: &mut Block,
    eobrun: &mut u32,
) -> Result<(), Fault> {
    if *eobrun > 0 {
        *eobrun -= 1;
        return Ok(());
    }
    let mut k = scan.ss;
    while k <= scan.se {
        bits.refill();
        let e = table.next(bits).ok_or(Fault::Code)?;
        k += e.run();
        if e.size() != 0 {
            // If an interval has ended too early, libjpeg keeps even a coefficient beyond the band.
            block.set(k.min(63), e.value() << scan.al);
            if k > scan.se {
                return Err(Fault::Run);
            }
        } else if e.run() < 15 {
            *eobrun = run_of_blocks(bits, e.run() as u32) - 1;
            break;
        }
        k += 1;
    }
    Ok(())
}

/// Refines a band (G.1.2.3, Figure G.7): bits that correct known coefficients lie between the new coefficients.
#[inline(always)]
fn refine(
    bits: &mut BitReader,
    table: &Decoder,
    scan: &ScanHeader,
    block: &mut Block,
    eobrun: &mut u32,
) -> Result<(), Fault> {
    let bit = 1i16 << scan.al;
    // The known coefficients that are still to come, as bits.
    let mut known = block.band(scan.ss, scan.se);
    let mut k = scan.ss;
    let mut refined = Ok(());
    if *eobrun == 0 {
        while k <= scan.se {
            bits.refill();
            let symbol = table.symbol(bits).unwrap_or_else(|| {
                refined = Err(Fault::Code);
                0
            });
            let (run, mut new) = (symbol >> 4, 0);
            if symbol & 15 != 0 {
                new = if bits.bit() { bit } else { -bit };
            } else if run < 15 {
                *eobrun = run_of_blocks(bits, u32::from(run));
                break;
            }
            k += usize::from(run);
            while known != 0 && known.trailing_zeros() as usize <= k {
                correct(bits, block, &mut known, bit);
                k += 1;
            }
            if new != 0 {
                block.set(k.min(scan.se + 1).min(63), new);
                if k > scan.se {
                    return Err(Fault::Run);
                }
            }
            k += 1;
        }
    }
    if *eobrun > 0 {
        while known != 0 {
            correct(bits, block, &mut known, bit);
        }
        *eobrun -= 1;
    }
    refined
}

/// Reads one more bit of the first known coefficient.
#[inline(always)]
fn correct(bits: &mut BitReader, block: &mut Block, known: &mut u64, bit: i16) {
    let level = &mut block.zz[known.trailing_zeros() as usize & 63];
    let sign = *level >> 15;
    *level = level.wrapping_add(((bit ^ sign) - sign) & -i16::from(bits.bit()));
    *known &= *known - 1;
}
