//! Tests encoders and decoders against each other, on generated images.

use proptest::prelude::*;

use super::coefficients::{Block, Plane};
use super::encode::{Counts, Symbols, category, head};
use super::grid::{Grid, GridComponent};
use super::huffman::{extend, optimal};
use super::memory::Memory;
use super::quantize::Requantizer;
use super::recompress::write_scan;
use super::{Coefficients, Reduction, optimize, reduce, table};
use crate::jpeg::{Class, HuffmanTable, Jpeg, Marker, Tables};
use crate::{CancelFlag, Damage, DamageKind, Error, Limits, Sound};

/// The H and V of each component. The last image has too many blocks to interleave.
const SAMPLINGS: [&[(usize, usize)]; 6] = [
    &[(1, 1)],
    &[(1, 1), (1, 1), (1, 1)],
    &[(2, 2), (1, 1), (1, 1)],
    &[(2, 1), (1, 1), (1, 1)],
    &[(1, 1), (1, 1), (1, 1), (1, 1)],
    &[(4, 2), (1, 2), (2, 1)],
];

/// Returns an image of sparse coefficients that depend only on its shape.
fn image(width: usize, height: usize, factors: &[(usize, usize)]) -> Coefficients {
    let mut state = (width * 7919 + height * 31 + factors.len()) as u64;
    let mut random = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below) as i16
    };
    let component = |&(h, v)| GridComponent {
        h,
        v,
        ..GridComponent::default()
    };
    let components = factors.iter().map(component).collect();
    let grid = Grid::new(width, height, components);
    let mut planes = Vec::new();
    for c in &grid.components {
        let mut plane = Plane::new(&grid, c, grid.mcus_down);
        for at in (0..c.down).flat_map(|row| (0..c.across).map(move |column| (row, column))) {
            let block = plane.at(at);
            // The DC range of samples of 8 bits, at a step of 3.
            block.zz[0] = random(680) - 340;
            for _ in 0..random(12) {
                let size = random(10);
                block.set(random(63) as usize + 1, random(2 << size) - (1 << size));
            }
        }
        planes.push(plane);
    }
    Coefficients {
        quantizers: (0..factors.len()).map(|c| table(90, c > 0)).collect(),
        planes,
        grid,
        adobe: None,
        precision: None,
        memory: Memory::new(&Limits::default()),
        limits: Limits::default(),
    }
}

fn images() -> impl Iterator<Item = Coefficients> {
    let sizes = [(1, 1), (8, 8), (17, 33), (100, 75)];
    SAMPLINGS
        .into_iter()
        .flat_map(move |factors| sizes.map(|(w, h)| image(w, h, factors)))
}

fn parse(data: &[u8]) -> Jpeg<'_> {
    Jpeg::parse(data, &Limits::default()).expect("our output has a valid header")
}

fn encoded(image: &Coefficients) -> Vec<u8> {
    image.encode().expect("there is memory")
}

/// Decodes an image that must be intact.
fn decode(data: &[u8]) -> Result<Coefficients, Error> {
    match Coefficients::decode(&parse(data), &Limits::default())? {
        (image, None) => Ok(image),
        (_, Some(damage)) => Err(Error::Damaged(Box::new(damage))),
    }
}

fn verify(data: &[u8]) -> Option<Damage> {
    parse(data)
        .verify(&Limits::default())
        .expect("it is within the limits")
}

/// Returns the DC, and the nonzero AC coefficients with their indices.
fn levels(block: &Block) -> (i16, Vec<(usize, i16)>) {
    let ac = block.indices().map(|k| (k, block.zz[k]));
    (block.zz[0], ac.collect())
}

fn assert_same(a: &Coefficients, b: &Coefficients) {
    assert_eq!(a.quantizers, b.quantizers);
    for (c, (a, b)) in a.grid.components.iter().zip(a.planes.iter().zip(&b.planes)) {
        for at in (0..c.down).flat_map(|row| (0..c.across).map(move |column| (row, column))) {
            assert_eq!(levels(a.get(at)), levels(b.get(at)), "block {at:?}");
        }
    }
}

#[test]
fn baseline_and_progressive_keep_every_coefficient() {
    for image in images() {
        assert_same(&image, &decode(&encoded(&image)).expect("baseline"));
        let progressive =
            decode(&image.encode_progressive().expect("there is memory")).expect("progressive");
        assert_same(&image, &progressive);
    }
}

#[test]
fn streamed_and_stored_results_are_identical() {
    let limits = Limits::default();
    for image in images() {
        let baseline = encoded(&image);
        let progressive = image.encode_progressive().expect("there is memory");
        for data in [&baseline, &progressive] {
            let jpeg = parse(data);
            assert!(optimize(&jpeg, &limits).expect("it is valid").0 == baseline);
            let coarse = |c, _: &_| table(50, c > 0);
            for (factor, subsample) in [1, 2, 4, 8]
                .into_iter()
                .flat_map(|f| [(f, false), (f, true)])
            {
                let reduction = Reduction { factor, subsample };
                let streamed = reduce(&jpeg, &limits, reduction, coarse);
                let stored = image.encode_reduced(reduction, coarse);
                assert!(streamed.expect("it is valid").0 == stored.expect("there is memory"));
            }
        }
    }
}

#[test]
fn subsampling_halves_chroma_in_both_directions() {
    for image in images() {
        let reduction = Reduction {
            factor: 1,
            subsample: true,
        };
        let data = image
            .encode_reduced(reduction, |_, old| *old)
            .expect("there is memory");
        let [first, others @ ..] = &image.grid.components[..] else {
            panic!("an image has components");
        };
        let subsampled = decode(&data).expect("our output is valid");
        let [y, rest @ ..] = &subsampled.grid.components[..] else {
            panic!("it has components");
        };
        let is_halved = rest
            .iter()
            .take(2)
            .all(|c| (2 * c.h, 2 * c.v) == (y.h, y.v));
        let can_be = others.len() >= 2 && (first.h, first.v) != (4, 2);
        assert_eq!(is_halved && !rest.is_empty(), can_be);
    }
}

#[test]
fn a_second_scan_replaces_the_first() {
    let factors = SAMPLINGS[0];
    let (first, second) = (image(100, 75, factors), image(100, 75, factors));
    let mut flat = second;
    for plane in &mut flat.planes {
        plane.blocks.fill(Block::ZERO);
    }
    let (mut data, rest) = (encoded(&first), encoded(&flat));
    data.truncate(data.len() - 2);
    let tables = rest
        .windows(2)
        .position(|pair| pair == [0xFF, Marker::DHT.0]);
    data.extend(&rest[tables.expect("there are codes")..]);
    let both = decode(&data).unwrap();
    assert_same(&both, &flat);
    let progressive = both.encode_progressive().expect("there is memory");
    assert_same(&decode(&progressive).unwrap(), &flat);
}

/// Encodes with tables that give the shortest code to symbol 1, a coefficient of 1 or -1 after another, and long ones
/// to all others.
fn badly_coded(image: &Coefficients) -> Vec<u8> {
    let grid = &image.grid;
    let selectors = grid.scans().remove(0);
    let layout = grid.layout(&selectors);
    let mut symbols = Symbols::new(image.memory, 0);
    for down in 0..layout.down {
        let blocks = layout.across * layout.blocks.len();
        symbols.make_room(blocks).expect("it is little");
        for (across, p) in layout.row() {
            let at = p.at(down, across);
            if grid.components[p.component].has(at) {
                symbols.block(p.part, image.planes[p.component].get(at));
            } else {
                symbols.dummy(p.part);
            }
        }
    }
    let mut wrong = Counts::default();
    for (wrong, counts) in wrong.0.iter_mut().zip(&symbols.counts.0[..]) {
        *wrong = counts.map(|n| n.min(1));
        wrong[1] <<= 28;
    }
    let head = head(grid, Marker::SOF0, None, &image.quantizers);
    let write = |out, codes: &_| symbols.write(out, codes);
    let mut data = write_scan(head, &selectors, &wrong, write).expect("it is little");
    data.extend([0xFF, Marker::EOI.0]);
    data
}

#[test]
fn suboptimal_codes_become_optimal() {
    let limits = Limits::default();
    // One look-up covers six times symbol 1, whose new codes are too long for one word.
    let mut rare = image(400, 300, SAMPLINGS[0]);
    for block in &mut rare.planes[0].blocks {
        block.zz[0] *= 2;
        for k in block.indices() {
            block.zz[k] *= 2;
        }
    }
    rare.planes[0].blocks[0] = Block::ZERO;
    (1..8).for_each(|k| rare.planes[0].blocks[0].set(k, 1));
    for image in images()
        .chain([rare])
        .filter(|image| image.grid.scans().len() == 1)
    {
        let (bad, good) = (badly_coded(&image), image.encode().expect("it is little"));
        let best = optimize(&parse(&bad), &limits);
        assert!(best.expect("it is valid").0 == good);
    }
}

#[test]
fn intact_data_passes_verification() {
    for image in images() {
        let progressive = image.encode_progressive().expect("there is memory");
        for data in [encoded(&image), progressive] {
            assert_eq!(verify(&data), None);
            let longer = [&data[..], b"not of the image"].concat();
            assert_eq!(verify(&longer), None);
        }
    }
}

#[test]
fn verification_and_decoding_find_the_same_damage() {
    let data = encoded(&image(100, 75, SAMPLINGS[1]));
    for at in (data.len() / 2..data.len() - 2).step_by(7) {
        let mut damaged = data.clone();
        damaged[at] ^= 0x55;
        let (_, decoded) = Coefficients::decode(&parse(&damaged), &Limits::default())
            .expect("it is within the limits");
        assert_eq!(verify(&damaged), decoded, "byte {at}");
    }
}

#[test]
fn truncation_is_located_by_byte_mcu_and_rows() {
    let data = encoded(&image(100, 75, SAMPLINGS[1]));
    let scan = data
        .windows(2)
        .position(|pair| pair == [0xFF, Marker::SOS.0]);
    let start = scan.expect("there is a scan") + 14;
    let mut last = 0;
    for tenth in 1..10 {
        let cut = start + (data.len() - start) * tenth / 10;
        let damage = verify(&data[..cut]).expect("the rest is missing");
        assert_eq!(damage.kind, DamageKind::Truncated);
        assert_eq!((damage.offset, damage.scan), (cut as u64, 1));
        // There are thirteen MCUs in each of ten rows.
        let row = damage.mcu / 13;
        let sound = 8 * u32::try_from(row).expect("few");
        assert_eq!(damage.sound, Sound::Rows { sound, of: 75 });
        assert!(row >= last, "a later cut leaves no less");
        last = row;
    }
    assert!(last >= 7, "nine tenths are more than {last} rows of ten");
}

#[test]
fn a_truncated_progression_is_intact_up_to_the_previous_scan() {
    let data = image(100, 75, SAMPLINGS[1])
        .encode_progressive()
        .expect("there is memory");
    let scans: Vec<_> = data
        .windows(2)
        .enumerate()
        .filter_map(|(at, pair)| (pair == [0xFF, Marker::SOS.0]).then_some(at))
        .collect();
    assert_eq!(scans.len(), 10);
    for (number, &scan) in (1..).zip(&scans).skip(1) {
        let damage = verify(&data[..scan + 20]).expect("the rest is missing");
        assert_eq!((damage.kind, damage.scan), (DamageKind::Truncated, number));
        let sound = Sound::Scans {
            sound: number - 1,
            of: None,
        };
        assert_eq!(damage.sound, sound);
    }
}

/// libjpeg shows a truncated image up to the truncated MCU, and zeros after it.
#[test]
fn missing_data_is_decoded_as_zeros() {
    let whole = image(100, 75, SAMPLINGS[1]);
    let data = encoded(&whole);
    let cut = &data[..data.len() / 2];
    let (image, damage) =
        Coefficients::decode(&parse(cut), &Limits::default()).expect("it is within the limits");
    let damage = damage.expect("half is missing");
    let mcu = usize::try_from(damage.mcu).expect("few");
    let Sound::Rows { sound, .. } = damage.sound else {
        panic!("it is sequential: {damage}");
    };
    assert!(sound > 16);
    for (whole, cut) in whole.planes.iter().zip(&image.planes) {
        for at in (0..10).flat_map(|row| (0..13).map(move |column| (row, column))) {
            let number = at.0 * 13 + at.1;
            if at.0 < sound as usize / 8 {
                assert_eq!(levels(cut.get(at)), levels(whole.get(at)), "block {at:?}");
            } else if number > mcu {
                assert_eq!(levels(cut.get(at)), (0, Vec::new()), "block {at:?}");
            }
        }
    }
}

#[test]
fn an_incomplete_progression_stays_incomplete() {
    let whole = image(100, 75, SAMPLINGS[2]);
    let data = whole.encode_progressive().expect("there is memory");
    for scans in 1..10 {
        let mut at = 0;
        for _ in 0..=scans {
            let next = data[at + 2..]
                .windows(2)
                .position(|pair| pair == [0xFF, Marker::SOS.0]);
            at += 2 + next.unwrap_or(data.len() - at - 4);
        }
        // The tables of the next scan are not used.
        let part = [&data[..at], &[0xFF, Marker::EOI.0]].concat();
        let image = decode(&part).expect("fewer scans are no damage");
        assert!(image.precision.is_some(), "{scans} scans are not all");
        let again = decode(&image.encode().expect("there is memory")).expect("our output is valid");
        assert_same(&image, &again);
        assert_eq!(image.precision, again.precision);
    }
}

#[test]
fn a_missing_eoi_is_not_damage() {
    let image = image(17, 33, SAMPLINGS[2]);
    let progressive = image.encode_progressive().expect("there is memory");
    for data in [encoded(&image), progressive] {
        let mut data = data;
        let end = data.len() - 2;
        assert_same(&image, &decode(&data[..end]).expect("all MCUs are there"));
        data[end..].copy_from_slice(b"\xFF\xE1");
        for cut_off in [&b""[..], b"\xFF", b"\xFF\xFF\xFF\xD9"] {
            assert_eq!(verify(&[&data[..], cut_off].concat()), None);
        }
    }
}

#[test]
fn limits_are_checked_before_decoding() {
    let data = encoded(&image(100, 75, SAMPLINGS[1]));
    let refused = |limits: Limits| {
        let error = Coefficients::decode(&parse(&data), &limits).map(|_| ());
        error.expect_err("it is over the limit").code()
    };
    assert_eq!(
        refused(Limits {
            max_pixels: 7499,
            ..Limits::default()
        }),
        "limit.pixels"
    );
    assert_eq!(
        refused(Limits {
            max_memory: 10_000,
            ..Limits::default()
        }),
        "limit.memory"
    );
    assert_eq!(
        refused(Limits {
            max_scans: 0,
            ..Limits::default()
        }),
        "limit.scans"
    );
}

#[test]
fn cancellation_stops_all_work() {
    let mut original = image(100, 75, SAMPLINGS[1]);
    let flag = CancelFlag::default();
    let limits = Limits {
        cancel: Some(flag.clone()),
        ..Limits::default()
    };
    let baseline = encoded(&original);
    let progressive = original.encode_progressive().expect("there is memory");
    original.limits = limits.clone();
    let whole = Reduction {
        factor: 1,
        subsample: false,
    };
    let coarse = |c, _: &_| table(50, c > 0);
    let decode = |data: &[u8]| Coefficients::decode(&parse(data), &limits).map(|_| ());
    let all: [&dyn Fn() -> Result<(), Error>; 9] = [
        &|| decode(&baseline),
        &|| decode(&progressive),
        &|| parse(&baseline).verify(&limits).map(|_| ()),
        &|| optimize(&parse(&baseline), &limits).map(|_| ()),
        &|| optimize(&parse(&progressive), &limits).map(|_| ()),
        &|| reduce(&parse(&baseline), &limits, whole, coarse).map(|_| ()),
        &|| original.encode().map(|_| ()),
        &|| original.encode_reduced(whole, coarse).map(|_| ()),
        &|| original.encode_progressive().map(|_| ()),
    ];
    for (index, work) in all.iter().enumerate() {
        assert!(work().is_ok(), "{index}");
    }
    flag.set();
    for (index, work) in all.iter().enumerate() {
        assert!(matches!(work(), Err(Error::Canceled)), "{index}");
    }
}

#[test]
fn requantizing_rounds_up_from_three_fifths_of_a_step() {
    for (old, new) in [(1, 1), (1, 2), (3, 7), (16, 17), (255, 3), (7, 255)] {
        let by = Requantizer::new(&[old; 64], &[new; 64]);
        for level in -100..=100 {
            let exact = f64::from(level) * f64::from(old) / f64::from(new);
            let rounded = (exact.abs() + f64::from(new * 2 / 5) / f64::from(new)).floor();
            assert_eq!(
                by.apply(5, level),
                rounded.copysign(exact) as i16,
                "{level}: {old}/{new}"
            );
            assert!((f64::from(by.apply(0, level)) - exact).abs() <= 0.5, "DC");
        }
    }
}

#[test]
fn categories_and_their_bits_round_trip() {
    for value in i16::MIN + 1..=i16::MAX {
        let (size, bits) = category(value);
        assert_eq!(extend(bits, size), i32::from(value));
    }
}

#[test]
fn the_typical_huffman_tables_are_valid() {
    let tables = Tables::default();
    for (class, destination) in [0, 1]
        .map(|d| [(Class::Dc, d), (Class::Ac, d)])
        .as_flattened()
    {
        assert!(tables.huffman_or_default(*class, *destination).is_some());
    }
    assert!(tables.huffman_or_default(Class::Ac, 2).is_none());
}

proptest! {
    #[test]
    fn any_frequencies_give_a_prefix_code_of_at_most_16_bits(
        counts in prop::collection::vec(prop_oneof![Just(0), 1u32..10, any::<u32>()], 256),
    ) {
        let counts: [u32; 256] = counts.try_into().expect("as many as asked for");
        let spec = optimal(&counts);
        prop_assert!(HuffmanTable::new(&spec.counts, &spec.values).is_some(), "lengths that fit");
        let codes = spec.codes();
        let used: Vec<_> = (0..=255).filter(|&v: &u8| counts[usize::from(v)] > 0).collect();
        let mut coded = spec.values.clone();
        coded.sort_unstable();
        prop_assert_eq!(coded, used);
        for (i, &(code, length)) in codes.iter().enumerate() {
            prop_assert!(code != (1 << length) - 1, "no code is all ones");
            for &(other, longer) in &codes[i + 1..] {
                prop_assert!(other >> (longer - length) != code, "a code begins another");
            }
        }
    }

    /// A progression gives the same result whether its scans are decoded in lockstep or one after another, even if they
    /// are damaged.
    #[test]
    fn damaged_progressions_give_the_same_result_streamed_and_stored(
        shape in prop::sample::select(vec![0, 1, 2]),
        damage in prop::collection::vec((any::<prop::sample::Index>(), prop::collection::vec(any::<u8>(), 0..3), 0..3usize), 1..4),
    ) {
        let progressive = image(17, 33, SAMPLINGS[shape]).encode_progressive();
        let mut data = progressive.expect("there is memory");
        let header = data.windows(2).position(|w| w == [0xFF, 0xDA]).expect("SOS");
        for (at, put, cut) in damage {
            let at = header + at.index(data.len() - header);
            data.splice(at..(at + cut).min(data.len()), put);
        }
        let limits = Limits::default();
        if let Ok(jpeg) = Jpeg::parse(&data, &limits) {
            let streamed = optimize(&jpeg, &limits);
            let stored = Coefficients::decode(&jpeg, &limits)
                .and_then(|(image, damage)| Ok((image.encode()?, damage)));
            let text = |error: Error| error.to_string();
            prop_assert_eq!(streamed.map_err(text), stored.map_err(text));
        }
    }

    #[test]
    fn arbitrary_data_never_panics(
        data in prop::collection::vec(any::<u8>(), 0..2000),
        sof in prop::sample::select(vec![0xC0u8, 0xC2, 0xC9, 0xCA]),
        band in prop::sample::select(vec![(0u8, 0u8, 0u8), (1, 63, 0), (0, 0, 0x10), (1, 63, 0x21)]),
    ) {
        let mut jpeg = encoded(&image(40, 24, SAMPLINGS[0]));
        let frame = jpeg.windows(2).position(|w| w == [0xFF, 0xC0]).expect("SOF0");
        jpeg[frame + 1] = sof;
        let scan = jpeg.windows(2).position(|w| w == [0xFF, 0xDA]).expect("SOS");
        jpeg.truncate(scan + 10);
        if matches!(sof, 0xC2 | 0xCA) {
            jpeg[scan + 7..].copy_from_slice(&[band.0, band.1, band.2]);
        }
        jpeg.extend(data);
        let limits = Limits::default();
        let Ok(parsed) = Jpeg::parse(&jpeg, &limits) else {
            return Ok(());
        };
        let (_, damage) = Coefficients::decode(&parsed, &limits).expect("it is within the limits");
        prop_assert_eq!(parsed.verify(&limits).expect("likewise"), damage);
    }
}
