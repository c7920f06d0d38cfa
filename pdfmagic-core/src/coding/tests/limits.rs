//! Tests that limits and cancellation stop the work.

use super::{SAMPLINGS, encoded, image, parse};
use crate::coding::{Coefficients, Memory, Reduction, optimize, reduce, table};
use crate::{CancelFlag, Error, Limits};

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

/// Data may take three times its size while it grows. Twice the size of earlier scans is taken before the next.
#[test]
fn earlier_scans_are_counted_once() {
    let limits = Limits {
        max_memory: 3 * (1000 + 500),
        ..Limits::default()
    };
    let mut out = vec![0; 1000];
    let memory = Memory::new(&limits).take(2 * out.len()).expect("it fits");
    assert!(memory.make_room_to_write(&mut out, 8 * 500).is_ok());
    assert!(memory.make_room_to_write(&mut out, 8 * 501).is_err());
}

#[test]
fn memory_depends_on_the_image_and_not_on_the_rest_of_the_file() {
    let original = image(100, 75, SAMPLINGS[1]);
    let comment = [&b"\xFF\xFE\xFF\xFF"[..], &vec![b'x'; 65_533]].concat();
    let limits = Limits {
        max_memory: 1 << 19,
        ..Limits::default()
    };
    for data in [
        encoded(&original),
        original.encode_progressive().expect("there is memory"),
    ] {
        let file = [
            &data[..2],
            &comment.repeat(32),
            &data[2..],
            &vec![0; 1 << 21],
        ]
        .concat();
        let jpeg = parse(&file);
        for factor in [1, 2] {
            let reduction = Reduction {
                factor,
                subsample: false,
            };
            let small = reduce(&jpeg, &limits, reduction, |c, _| table(50, c > 0));
            assert!(small.expect("the image is small").0.len() < data.len());
        }
        optimize(&jpeg, &limits).expect("the image is small");
        let (coefficients, _) = Coefficients::decode(&jpeg, &limits).expect("the image is small");
        coefficients.encode().expect("the image is small");
        coefficients
            .encode_progressive()
            .expect("the image is small");
    }
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
