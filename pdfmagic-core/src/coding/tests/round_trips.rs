//! Tests that transcoding keeps the coefficients, in any form, and that both ways of re-encoding give the same data.

use super::{SAMPLINGS, assert_same, decode, encoded, image, images, parse};
use crate::Limits;
use crate::coding::coefficients::Block;
use crate::coding::encode::{Counts, Symbols, head};
use crate::coding::recompress::write_scan;
use crate::coding::{Coefficients, Reduction, optimize, reduce, table};
use crate::jpeg::Marker;

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
        let can_be = others.len() >= 2 && first.h <= 2 && first.v <= 2;
        assert_eq!(is_halved && !rest.is_empty(), can_be);
    }
}

/// Encodes with tables that give the shortest code to symbol 1, a coefficient of 1 or -1 after another, and long ones
/// to all others.
fn badly_coded(image: &Coefficients) -> Vec<u8> {
    let grid = &image.grid;
    let selectors = grid.scans().remove(0);
    let layout = grid.layout(&selectors);
    let mut symbols = Symbols::new(image.memory);
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
