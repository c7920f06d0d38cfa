//! The scan header (T.81 B.2.3).

use super::frame::{EntropyCoding, Frame, Process};
use super::huffman_table::Class;
use super::segment::Segment;
use super::tables::Tables;
use crate::error::Error;

/// The selection of one component for a scan.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Selector {
    /// The index of the component in the frame.
    pub(crate) component: usize,
    /// Td: the destination of its DC table; 0 if the scan uses none.
    pub(crate) td: usize,
    /// Ta: the destination of its AC table; 0 if the scan uses none.
    pub(crate) ta: usize,
}

/// The contents of an SOS segment, checked against the frame and the tables defined before it.
#[derive(Debug, Clone)]
pub(crate) struct ScanHeader {
    selectors: [Selector; 4],
    count: usize,
    pub(crate) ss: usize,
    pub(crate) se: usize,
    pub(crate) ah: u32,
    pub(crate) al: u32,
    /// Whether a component uses the typical table of each class at destinations 0 and 1, because none is defined there.
    pub(super) uses_default: [[bool; 2]; 2],
    /// The offset of its marker, in bytes.
    pub(crate) offset: usize,
    /// The offset of the entropy-coded data, in bytes.
    pub(crate) start: usize,
}

/// The highest category of DC differences (Table F.1). Only lossless coding has 16 (Table H.2).
const MAX_DC_CATEGORY: u8 = 15;
const MAX_LOSSLESS_CATEGORY: u8 = 16;

impl ScanHeader {
    /// The selected components, in the order of the frame.
    pub(crate) fn selectors(&self) -> &[Selector] {
        &self.selectors[..self.count]
    }

    /// Parses an SOS segment.
    pub(crate) fn parse(
        segment: &Segment<'_>,
        frame: &Frame,
        tables: &Tables<'_>,
    ) -> Result<Self, Error> {
        let (&count, rest) = segment
            .payload
            .split_first()
            .ok_or_else(|| segment.malformed("empty scan header"))?;
        let (components, parameters) = rest
            .split_at_checked(2 * usize::from(count))
            .ok_or_else(|| segment.malformed("scan header cut off"))?;
        let &[ss, se, approximation] = parameters else {
            return Err(segment.malformed("scan header length disagrees with its component count"));
        };
        if !(1..=4).contains(&count) {
            return Err(segment.malformed("scan of no or more than 4 components"));
        }
        let mut scan = Self {
            selectors: [Selector::default(); 4],
            count: count.into(),
            ss: ss.into(),
            se: se.into(),
            ah: u32::from(approximation >> 4),
            al: u32::from(approximation & 0x0F),
            uses_default: [[false; 2]; 2],
            offset: segment.offset,
            start: segment.payload_offset + segment.payload.len(),
        };
        if frame.process == Process::Progressive && !scan.is_progression() {
            return Err(segment.malformed("impossible progression"));
        }
        let mut next = 0;
        let mut blocks = 0;
        for (selector, bytes) in scan.selectors.iter_mut().zip(components.chunks_exact(2)) {
            let component = frame
                .components
                .iter()
                .position(|c| c.id == bytes[0])
                .ok_or_else(|| {
                    segment.malformed("scan of a component that the frame does not have")
                })?;
            if component < next {
                return Err(segment.malformed("component twice in a scan, or out of order"));
            }
            next = component + 1;
            let c = &frame.components[component];
            blocks += c.h * c.v;
            if frame.process != Process::Lossless
                && tables.quantization[usize::from(c.quantization_table)].is_none()
            {
                return Err(segment.malformed("quantization table is missing"));
            }
            *selector = Selector {
                component,
                td: usize::from(bytes[1] >> 4),
                ta: usize::from(bytes[1] & 0x0F),
            };
        }
        // B.2.3 limits an interleaved MCU to ten blocks.
        if count > 1 && blocks > 10 {
            return Err(segment.malformed("more than 10 blocks in an MCU"));
        }
        scan.check_entropy_tables(segment, frame, tables)?;
        Ok(scan)
    }

    /// Checks that the tables used by the scan are defined, and that their values are valid.
    fn check_entropy_tables(
        &mut self,
        segment: &Segment<'_>,
        frame: &Frame,
        tables: &Tables<'_>,
    ) -> Result<(), Error> {
        let (needs_dc, has_ac) = match frame.process {
            Process::Baseline | Process::ExtendedSequential => (true, true),
            // Refinement bits of DC coefficients are not Huffman-coded (G.1.2.1).
            Process::Progressive => (self.ss == 0 && self.ah == 0, self.ss > 0),
            Process::Lossless => (true, false),
        };
        let max_category = match frame.process {
            Process::Lossless => MAX_LOSSLESS_CATEGORY,
            _ => MAX_DC_CATEGORY,
        };
        let is_huffman = frame.entropy_coding == EntropyCoding::Huffman;
        for selector in &mut self.selectors[..self.count] {
            if !needs_dc {
                selector.td = 0;
            }
            if !has_ac {
                selector.ta = 0;
            }
            if selector.td > 3 || selector.ta > 3 {
                return Err(segment.malformed("entropy coding table number above 3"));
            }
            if !is_huffman {
                continue;
            }
            for (class, is_used, destination) in [
                (Class::Dc, needs_dc, selector.td),
                (Class::Ac, has_ac, selector.ta),
            ] {
                if !is_used {
                    continue;
                }
                match tables.huffman(class, destination) {
                    Some(table) if class == Class::Dc && table.has_above(max_category) => {
                        return Err(
                            segment.malformed("Huffman table with an impossible DC category")
                        );
                    }
                    Some(_) => {}
                    None if destination < 2 => {
                        self.uses_default[class as usize][destination] = true;
                    }
                    None => return Err(segment.malformed("Huffman table is missing")),
                }
            }
        }
        Ok(())
    }

    /// Whether Ss, Se, Ah and Al are valid in a progressive scan (G.1.1.1).
    fn is_progression(&self) -> bool {
        let band = if self.ss == 0 {
            self.se == 0
        } else {
            (self.ss..64).contains(&self.se) && self.count == 1
        };
        band && (self.ah == 0 || self.ah == self.al + 1) && self.al <= 13
    }
}
