//! Tests that verification and decoding find the same damage, at the right place.

use proptest::prelude::*;

use super::{SAMPLINGS, assert_same, decode, encoded, image, images, levels, parse, verify};
use crate::coding::{Coefficients, optimize};
use crate::jpeg::{Jpeg, Marker};
use crate::{DamageKind, Error, Limits, Sound};

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
fn a_foreign_marker_in_the_data_is_damage_at_its_place() {
    let data = encoded(&image(100, 75, SAMPLINGS[1]));
    let cut = &data[..data.len() / 2];
    // Another image follows, or a marker that T.81 reserves.
    for foreign in [&data[..], b"\xFF\x02"] {
        let damage = verify(&[cut, foreign].concat()).expect("half is missing");
        let kind = DamageKind::Corrupt("a marker that does not belong there");
        assert_eq!((damage.kind, damage.offset), (kind, cut.len() as u64));
    }
}

/// libjpeg fails at such a marker, whatever follows it.
#[test]
fn a_reserved_marker_after_the_data_damages_no_row() {
    let image = image(100, 75, SAMPLINGS[1]);
    let progressive = image.encode_progressive().expect("there is memory");
    for mut data in [encoded(&image), progressive] {
        let eoi = data.split_off(data.len() - 2);
        for segment in [&b"\xFF\x80\0\x02"[..], b"\xFF\x80\x80\x80", b"\xFF\x80"] {
            let damaged = [&data, segment, &eoi].concat();
            let damage = verify(&damaged).expect("libjpeg fails");
            assert!(matches!(damage.kind, DamageKind::Corrupt(_)), "{damage}");
            assert_eq!(damage.sound, Sound::Rows { sound: 75, of: 75 });
            let decoded = Coefficients::decode(&parse(&damaged), &Limits::default());
            assert_same(&decoded.expect("it is within the limits").0, &image);
        }
    }
}

#[test]
fn dc_is_checked_to_its_last_bit() {
    let mut image = image(100, 75, SAMPLINGS[1]);
    // At a step of 3, this is twice the range of samples. A progression has the last bit in a scan of its own.
    let max_dc = 684;
    for (dc, is_damage) in [(max_dc, false), (max_dc + 1, true)] {
        for dc in [dc, -dc] {
            image.planes[1].at((4, 5)).zz[0] = dc;
            let progressive = image.encode_progressive().expect("there is memory");
            for data in [encoded(&image), progressive] {
                assert_eq!(verify(&data).is_some(), is_damage, "{dc}");
            }
        }
    }
}

/// libjpeg shows the first scan, and fails at the second.
#[test]
fn a_scan_after_one_of_all_components_is_damage_and_is_not_decoded() {
    let (first, second) = (image(100, 75, SAMPLINGS[1]), image(75, 100, SAMPLINGS[1]));
    let (mut data, rest) = (encoded(&first), encoded(&second));
    data.truncate(data.len() - 2);
    let is_dht = |pair: &[u8]| pair == [0xFF, Marker::DHT.0];
    let tables = rest.windows(2).position(is_dht);
    data.extend(&rest[tables.expect("there are codes")..]);
    let (image, damage) =
        Coefficients::decode(&parse(&data), &Limits::default()).expect("it is within the limits");
    assert_same(&image, &first);
    let damage = damage.expect("a scan is left over");
    assert_eq!(damage.kind, DamageKind::Corrupt("a scan after the last"));
    assert_eq!(damage.sound, Sound::Rows { sound: 75, of: 75 });
    assert_eq!(verify(&data), Some(damage));
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

proptest! {
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
