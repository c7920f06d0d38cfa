//! Tests encoders and decoders against each other, on generated images.

mod damage;
mod limits;
mod parts;
mod round_trips;

use super::coefficients::{Block, Plane};
use super::grid::{Grid, GridComponent};
use super::memory::Memory;
use super::{Coefficients, table};
use crate::jpeg::Jpeg;
use crate::{Damage, Error, Limits};

/// The H and V of each component. The last image has too many blocks to interleave.
const SAMPLINGS: [&[(usize, usize)]; 11] = [
    &[(1, 1)],
    &[(1, 1), (1, 1), (1, 1)],
    &[(2, 2), (1, 1), (1, 1)],
    &[(2, 1), (1, 1), (1, 1)],
    &[(1, 1), (1, 1), (1, 1), (1, 1)],
    &[(1, 4), (1, 2), (1, 2)],
    &[(4, 1), (2, 1), (2, 1)],
    &[(1, 3), (1, 3), (1, 3)],
    &[(3, 1), (3, 1), (3, 1)],
    &[(4, 1), (3, 1), (3, 1)],
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
    let sizes = [(1, 1), (8, 8), (21, 33), (100, 75)];
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
