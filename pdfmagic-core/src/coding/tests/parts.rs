//! Tests the arithmetic of coding on its own: codes, categories, rounding.

use proptest::prelude::*;

use crate::coding::encode::category;
use crate::coding::huffman::{extend, optimal};
use crate::coding::quantize::Requantizer;
use crate::jpeg::{Class, HuffmanTable, Tables};

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
}
