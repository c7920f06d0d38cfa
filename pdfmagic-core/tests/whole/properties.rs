//! Tests of properties that hold for any input and any backend.

use std::sync::LazyLock;

use pdfmagic_core::{Error, Passthrough, Source};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::corpus_files::files;
use crate::structure::check_syntax;
use crate::support::{backends, convert, convert_source, image_of, strict};

/// Valid and damaged files, to be damaged further.
static SEEDS: LazyLock<Vec<Vec<u8>>> =
    LazyLock::new(|| files().into_iter().map(|(_, jpeg)| jpeg).collect());

/// A change to a file.
#[derive(Debug, Clone)]
enum Damage {
    Set(Index, u8),
    Insert(Index, Vec<u8>),
    Cut(Index, u8),
    EndAt(Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<Index>;
    prop_oneof![
        4 => (at(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        1 => (at(), prop::collection::vec(any::<u8>(), 1..20)).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        1 => (at(), any::<u8>()).prop_map(|(at, size)| Damage::Cut(at, size)),
        1 => at().prop_map(Damage::EndAt),
    ]
}

fn apply(jpeg: &mut Vec<u8>, damage: Damage) {
    // Half of the damage goes to the header, which is most of what is read.
    let place = |at: Index, size: usize| {
        if at.index(2) == 0 {
            at.index(size.min(700))
        } else {
            at.index(size)
        }
    };
    if jpeg.is_empty() {
        return;
    }
    let size = jpeg.len();
    match damage {
        Damage::Set(at, byte) => jpeg[place(at, size)] = byte,
        Damage::Insert(at, bytes) => {
            let at = place(at, size);
            jpeg.splice(at..at, bytes);
        }
        Damage::Cut(at, length) => {
            let at = place(at, size);
            jpeg.drain(at..size.min(at + usize::from(length)));
        }
        Damage::EndAt(at) => jpeg.truncate(place(at, size)),
    }
}

fn damaged_jpeg() -> impl Strategy<Value = Vec<u8>> {
    let seed = any::<Index>().prop_map(|seed| seed.get(&SEEDS).clone());
    (seed, prop::collection::vec(damage(), 0..6)).prop_map(|(mut jpeg, all)| {
        for damage in all {
            apply(&mut jpeg, damage);
        }
        jpeg
    })
}

/// Checks that there is either a PDF with one image that a strict reader accepts, or an error caused by the input.
fn check(jpeg: &[u8]) -> Result<(), TestCaseError> {
    for backend in backends() {
        match convert(jpeg, &*backend) {
            Ok(pdf) => {
                image_of(&strict(&pdf));
                check_syntax(&pdf).map_err(TestCaseError::fail)?;
            }
            Err(error) => prop_assert!(
                !matches!(error, Error::NeedsInput { .. } | Error::NoPages),
                "{error}, of all of the input"
            ),
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn arbitrary_bytes_become_a_pdf_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        check(&bytes)?;
    }

    #[test]
    fn arbitrary_segments_become_a_pdf_or_an_error(
        parts in prop::collection::vec((any::<u8>(), prop::collection::vec(any::<u8>(), 0..60)), 0..20),
    ) {
        let mut jpeg = vec![0xFF, 0xD8];
        for (marker, payload) in parts {
            let length = u16::try_from(payload.len() + 2).expect("short");
            jpeg.extend([0xFF, 0xC0 | marker]);
            jpeg.extend(length.to_be_bytes());
            jpeg.extend(payload);
        }
        check(&jpeg)?;
    }

    #[test]
    fn damaged_jpegs_become_a_pdf_or_an_error(jpeg in damaged_jpeg()) {
        check(&jpeg)?;
    }

    #[test]
    fn the_ends_give_the_same_pdf_as_the_whole(jpeg in damaged_jpeg(), at in any::<Index>()) {
        let head = at.index(jpeg.len() + 1);
        let source = Source::Ends {
            head: &jpeg[..head],
            tail: &jpeg[jpeg.len().saturating_sub(2)..],
            size: jpeg.len() as u64,
        };
        match convert_source(source, &jpeg, &Passthrough) {
            Err(Error::NeedsInput { .. }) => {}
            from_ends => {
                let code = |error: Error| error.code();
                prop_assert_eq!(from_ends.map_err(code), convert(&jpeg, &Passthrough).map_err(code));
            }
        }
    }
}
