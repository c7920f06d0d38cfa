//! The arithmetic decoder (T.81 Annex D).

use super::bits::BitReader;

/// A statistics bin: bit 7 is the MPS, bits 0-6 are the index into Table D.3.
pub(super) type Bin = u8;

/// A bin whose estimate never changes: Qe = 0x5A1D, MPS = 0 (F.1.4.4.2).
pub(super) const FIXED: Bin = 113;

/// Table D.3, for each bin: Qe, the next bin after LPS, and the next bin after MPS.
const ESTIMATES: [(u16, u8, u8); 256] = {
    // The table by index, for an MPS of 0.
    const T: [(u16, u8, u8); 114] = [
        (0x5A1D, 129, 1),
        (0x2586, 14, 2),
        (0x1114, 16, 3),
        (0x080B, 18, 4),
        (0x03D8, 20, 5),
        (0x01DA, 23, 6),
        (0x00E5, 25, 7),
        (0x006F, 28, 8),
        (0x0036, 30, 9),
        (0x001A, 33, 10),
        (0x000D, 35, 11),
        (0x0006, 9, 12),
        (0x0003, 10, 13),
        (0x0001, 12, 13),
        (0x5A7F, 143, 15),
        (0x3F25, 36, 16),
        (0x2CF2, 38, 17),
        (0x207C, 39, 18),
        (0x17B9, 40, 19),
        (0x1182, 42, 20),
        (0x0CEF, 43, 21),
        (0x09A1, 45, 22),
        (0x072F, 46, 23),
        (0x055C, 48, 24),
        (0x0406, 49, 25),
        (0x0303, 51, 26),
        (0x0240, 52, 27),
        (0x01B1, 54, 28),
        (0x0144, 56, 29),
        (0x00F5, 57, 30),
        (0x00B7, 59, 31),
        (0x008A, 60, 32),
        (0x0068, 62, 33),
        (0x004E, 63, 34),
        (0x003B, 32, 35),
        (0x002C, 33, 9),
        (0x5AE1, 165, 37),
        (0x484C, 64, 38),
        (0x3A0D, 65, 39),
        (0x2EF1, 67, 40),
        (0x261F, 68, 41),
        (0x1F33, 69, 42),
        (0x19A8, 70, 43),
        (0x1518, 72, 44),
        (0x1177, 73, 45),
        (0x0E74, 74, 46),
        (0x0BFB, 75, 47),
        (0x09F8, 77, 48),
        (0x0861, 78, 49),
        (0x0706, 79, 50),
        (0x05CD, 48, 51),
        (0x04DE, 50, 52),
        (0x040F, 50, 53),
        (0x0363, 51, 54),
        (0x02D4, 52, 55),
        (0x025C, 53, 56),
        (0x01F8, 54, 57),
        (0x01A4, 55, 58),
        (0x0160, 56, 59),
        (0x0125, 57, 60),
        (0x00F6, 58, 61),
        (0x00CB, 59, 62),
        (0x00AB, 61, 63),
        (0x008F, 61, 32),
        (0x5B12, 193, 65),
        (0x4D04, 80, 66),
        (0x412C, 81, 67),
        (0x37D8, 82, 68),
        (0x2FE8, 83, 69),
        (0x293C, 84, 70),
        (0x2379, 86, 71),
        (0x1EDF, 87, 72),
        (0x1AA9, 87, 73),
        (0x174E, 72, 74),
        (0x1424, 72, 75),
        (0x119C, 74, 76),
        (0x0F6B, 74, 77),
        (0x0D51, 75, 78),
        (0x0BB6, 77, 79),
        (0x0A40, 77, 48),
        (0x5832, 208, 81),
        (0x4D1C, 88, 82),
        (0x438E, 89, 83),
        (0x3BDD, 90, 84),
        (0x34EE, 91, 85),
        (0x2EAE, 92, 86),
        (0x299A, 93, 87),
        (0x2516, 86, 71),
        (0x5570, 216, 89),
        (0x4CA9, 95, 90),
        (0x44D9, 96, 91),
        (0x3E22, 97, 92),
        (0x3824, 99, 93),
        (0x32B4, 99, 94),
        (0x2E17, 93, 86),
        (0x56A8, 223, 96),
        (0x4F46, 101, 97),
        (0x47E5, 102, 98),
        (0x41CF, 103, 99),
        (0x3C3D, 104, 100),
        (0x375E, 99, 93),
        (0x5231, 105, 102),
        (0x4C0F, 106, 103),
        (0x4639, 107, 104),
        (0x415E, 103, 99),
        (0x5627, 233, 106),
        (0x50E7, 108, 107),
        (0x4B85, 109, 103),
        (0x5597, 110, 109),
        (0x504F, 111, 107),
        (0x5A10, 238, 111),
        (0x5522, 112, 109),
        (0x59EB, 240, 111),
        (0x5A1D, 113, 113),
    ];
    let mut both = [(0x5A1D, 113, 113); 256];
    let mut i = 0;
    while i < T.len() {
        let (qe, rarer, surer) = T[i];
        both[i] = T[i];
        both[i | 128] = (qe, rarer ^ 128, surer ^ 128);
        i += 1;
    }
    both
};

/// The interval A, left-aligned. The code register C is the bit window, with Cx as its top 16 bits.
#[derive(Clone, Copy)]
pub(super) struct Interval(u64);

impl Interval {
    /// INITDEC (Figure D.22): A is 0x10000, which wraps to 0 until the first Qe is subtracted.
    pub(super) const WHOLE: Interval = Interval(0);

    /// DECODE(S), with conditional exchange and renormalization: Figures D.14 to D.19.
    ///
    /// This is free of branches, since they would be mispredicted as often as the value itself.
    #[inline(always)]
    pub(super) fn decode(&mut self, bits: &mut BitReader, bin: &mut Bin) -> bool {
        bits.refill();
        let before = *bin;
        let (qe, rarer, surer) = ESTIMATES[usize::from(before)];
        let qe = u64::from(qe) << 48;
        let a = self.0.wrapping_sub(qe);
        let is_below = bits.below(a);
        let is_mps = is_below != (a < qe);
        bits.subtract(if is_below { 0 } else { a });
        let a = if is_below { a } else { qe };
        // A is never zero, but the compiler does not know that.
        let shift = (a | 1).leading_zeros();
        self.0 = a << shift;
        bits.skip(shift);
        let after = if is_mps { surer } else { rarer };
        *bin = if shift == 0 { before } else { after };
        is_mps == (before > 127)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The encoder (D.1). It adds carries to bytes that are not stuffed yet.
    struct Encoder {
        a: u32,
        c: u32,
        ct: u32,
        out: Vec<u8>,
    }

    impl Encoder {
        /// CODE(S): Figures D.3 and D.4.
        fn code(&mut self, value: bool, bin: &mut Bin) {
            let (qe, rarer, surer) = ESTIMATES[usize::from(*bin)];
            let qe = u32::from(qe);
            self.a -= qe;
            let is_likely = value == (*bin > 127);
            if is_likely && self.a >= 0x8000 {
                return;
            }
            // The likelier value gets the larger subinterval.
            if is_likely == (self.a < qe) {
                self.c += self.a;
                self.a = qe;
            }
            *bin = if is_likely { surer } else { rarer };
            while self.a < 0x8000 {
                self.a <<= 1;
                self.shift(1);
            }
        }

        /// Renormalization and output: Figures D.7 and D.8.
        fn shift(&mut self, bits: u32) {
            for _ in 0..bits {
                self.c <<= 1;
                self.ct -= 1;
                if self.ct == 0 {
                    self.ct = 8;
                    if self.c >> 19 > 0xFF {
                        let carried = self.out.iter().rposition(|&byte| byte != 0xFF);
                        let carried = carried.expect("C stays below 1");
                        self.out[carried] += 1;
                        self.out[carried + 1..].fill(0);
                    }
                    self.out.push((self.c >> 19) as u8);
                    self.c &= 0x7_FFFF;
                }
            }
        }

        fn finish(mut self) -> Vec<u8> {
            self.shift(27);
            let stuffed = self.out.iter().flat_map(|&byte| match byte {
                0xFF => vec![0xFF, 0],
                _ => vec![byte],
            });
            stuffed.collect()
        }
    }

    proptest! {
        #[test]
        fn any_decisions_round_trip(
            decisions in prop::collection::vec((0usize..4, 0u8..100), 0..3000),
            odds in prop::array::uniform4(0u8..=100),
        ) {
            let decisions: Vec<_> =
                decisions.into_iter().map(|(of, chance)| (of, chance < odds[of])).collect();
            // The last bin is the one that never changes.
            let fresh = [0, 0, 0, FIXED];
            let mut bins = fresh;
            let mut encoder = Encoder { a: 0x10000, c: 0, ct: 11, out: Vec::new() };
            for &(of, value) in &decisions {
                encoder.code(value, &mut bins[of]);
            }
            let data = encoder.finish();
            let (mut read, mut interval) = (fresh, Interval::WHOLE);
            let mut bits = BitReader::new(&data, 0);
            for &(of, value) in &decisions {
                prop_assert_eq!(interval.decode(&mut bits, &mut read[of]), value);
            }
            prop_assert_eq!(read, bins);
        }
    }
}
