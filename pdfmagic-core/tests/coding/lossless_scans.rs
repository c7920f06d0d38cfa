//! Tests lossless JPEGs generated here, with every predictor and kind of scan: their samples round-trip.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "all cast numbers are small"
)]

use pdfmagic_core::jpeg::{ColorModel, Process};
use pdfmagic_core::{Jpeg, Limits};

use super::lossless::{flate, lossless, spread};

const WIDTH: usize = 21;
const HEIGHT: usize = 13;

/// The rows of samples.
type Plane = Vec<Vec<i32>>;

/// The coding of a JPEG (T.81 Annex H).
#[derive(Debug, Clone, Copy)]
struct Coding {
    precision: u32,
    /// H and V of the first of three components. The others have 1.
    factors: (usize, usize),
    predictor: u8,
    point_transform: u32,
    is_interleaved: bool,
    /// Whether a restart interval is two rows of MCUs; otherwise there are no restarts.
    restarts: bool,
}

impl Coding {
    /// Returns three components padded to whole MCUs, in which no two neighbors are alike.
    fn planes(&self) -> Vec<Plane> {
        let (h, v) = self.factors;
        let mut state = 1u32;
        let mut sample = |x: usize, y: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let slope = u32::try_from(x * 9 + y * y * 5).expect("it is small");
            let sample = ((slope << (self.precision - 8)) + (state >> 28)) % (1 << self.precision);
            (sample >> self.point_transform << self.point_transform) as i32
        };
        let (across, down) = (WIDTH.div_ceil(h), HEIGHT.div_ceil(v));
        [(h, v), (1, 1), (1, 1)]
            .map(|(h, v)| {
                (0..down * v)
                    .map(|y| (0..across * h).map(|x| sample(x, y)).collect())
                    .collect()
            })
            .to_vec()
    }

    /// Returns the difference of a sample to its prediction. `top` is the first line of its interval.
    fn difference(&self, plane: &Plane, (row, column): (usize, usize), top: usize) -> i32 {
        let at = |row: usize, column: usize| plane[row][column] >> self.point_transform;
        let predicted = match (row == top, column == 0) {
            (true, true) => 1 << (self.precision - self.point_transform - 1),
            (true, false) => at(row, column - 1),
            (false, true) => at(row - 1, column),
            (false, false) => {
                let (left, above) = (at(row, column - 1), at(row - 1, column));
                let corner = at(row - 1, column - 1);
                match self.predictor {
                    1 => left,
                    2 => above,
                    3 => corner,
                    4 => left + above - corner,
                    5 => left + ((above - corner) >> 1),
                    6 => above + ((left - corner) >> 1),
                    _ => (left + above) >> 1,
                }
            }
        };
        at(row, column) - predicted
    }

    fn encode(&self, planes: &[Plane]) -> Vec<u8> {
        let (h, v) = self.factors;
        let (height, width) = ([0, HEIGHT as u8], [0, WIDTH as u8]);
        let sampling = (h << 4 | v) as u8;
        let mut out = [
            &[0xFF, 0xD8, 0xFF, 0xC3, 0, 17, self.precision as u8][..],
            &height,
            &width,
            &[3, 1, sampling, 0, 2, 0x11, 0, 3, 0x11, 0],
            // There are seventeen codes of five bits, each for the category with its number.
            &[
                0xFF, 0xC4, 0, 36, 0, 0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            ],
            &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
        ]
        .concat();
        let scans = if self.is_interleaved {
            vec![vec![0, 1, 2]]
        } else {
            vec![vec![0], vec![1], vec![2]]
        };
        for scan in scans {
            self.scan(&mut out, planes, &scan);
        }
        out.extend([0xFF, 0xD9]);
        out
    }

    fn scan(&self, out: &mut Vec<u8>, planes: &[Plane], components: &[usize]) {
        let (h, v) = self.factors;
        // A single component in a scan has MCUs of one sample (A.2.2).
        let (across, down, factors) = match components {
            [0] => (WIDTH, HEIGHT, [(1, 1); 3]),
            _ => (
                WIDTH.div_ceil(h),
                HEIGHT.div_ceil(v),
                [(h, v), (1, 1), (1, 1)],
            ),
        };
        let rows = if self.restarts { 2 } else { down };
        let interval = if self.restarts { rows * across } else { 0 };
        out.extend([0xFF, 0xDD, 0, 4, 0, interval as u8]);
        let count = components.len() as u8;
        out.extend([0xFF, 0xDA, 0, 6 + 2 * count, count]);
        out.extend(components.iter().flat_map(|&c| [c as u8 + 1, 0]));
        out.extend([self.predictor, 0, self.point_transform as u8]);
        for first in (0..down).step_by(rows) {
            let mut bits = String::new();
            for (row, column) in (first..down.min(first + rows))
                .flat_map(|row| (0..across).map(move |column| (row, column)))
            {
                for &component in components {
                    let (h, v) = factors[component];
                    for (dy, dx) in (0..v).flat_map(|dy| (0..h).map(move |dx| (dy, dx))) {
                        let at = (row * v + dy, column * h + dx);
                        code(
                            &mut bits,
                            self.difference(&planes[component], at, first * v),
                        );
                    }
                }
            }
            if first > 0 {
                out.extend([0xFF, 0xD0 + ((first / rows - 1) % 8) as u8]);
            }
            append(out, &bits);
        }
    }
}

/// Appends the code of a difference modulo 2^16, and its bits.
fn code(bits: &mut String, difference: i32) {
    let difference = i32::from(difference as i16);
    let size = 32 - difference.unsigned_abs().leading_zeros();
    bits.extend(format!("{size:05b}").chars());
    if (1..16).contains(&size) {
        let value = difference + if difference < 0 { (1 << size) - 1 } else { 0 };
        bits.extend(format!("{value:0width$b}", width = size as usize).chars());
    }
}

fn append(out: &mut Vec<u8>, bits: &str) {
    let padded = format!("{bits}{}", "1".repeat(bits.len().wrapping_neg() % 8));
    for byte in padded.as_bytes().chunks(8) {
        let byte = byte.iter().fold(0, |byte, bit| byte << 1 | (bit & 1));
        out.push(byte);
        if byte == 0xFF {
            out.push(0);
        }
    }
}

/// Returns a plane in the size of the image. Each sample is repeated, as in libjpeg for lossless coding.
fn enlarged(plane: &Plane, (h, v): (usize, usize)) -> Vec<u16> {
    (0..HEIGHT)
        .flat_map(|y| (0..WIDTH).map(move |x| (y, x)))
        .map(|(y, x)| plane[y / v][x / h] as u16)
        .collect()
}

fn assert_kept(coding: Coding) {
    let planes = coding.planes();
    let jpeg = coding.encode(&planes);
    let header = Jpeg::parse(&jpeg, &Limits::default()).expect("its header is valid");
    assert_eq!(header.frame().process, Process::Lossless);
    assert_eq!(header.color_model(), ColorModel::Rgb);
    let found = flate(&lossless(&jpeg).unwrap_or_else(|error| panic!("{coding:?}: {error}")));
    let of_component = |component| found.iter().skip(component).step_by(3).copied();
    let precision = coding.precision as u8;
    for (component, factors) in [(0, (1, 1)), (1, coding.factors), (2, coding.factors)] {
        let expected = enlarged(&planes[component], factors);
        let expected = spread(expected, precision);
        assert!(
            of_component(component).eq(expected),
            "{coding:?}, component {component}"
        );
    }
}

#[test]
fn lossless_samples_round_trip() {
    for (precision, point_transform) in [(8, 0), (8, 2), (12, 0), (16, 0), (16, 3)] {
        for factors in [(1, 1), (2, 1), (1, 2), (2, 2)] {
            for predictor in 1..=7 {
                for (is_interleaved, restarts) in
                    [(true, false), (true, true), (false, false), (false, true)]
                {
                    assert_kept(Coding {
                        precision,
                        factors,
                        predictor,
                        point_transform,
                        is_interleaved,
                        restarts,
                    });
                }
            }
        }
    }
}
