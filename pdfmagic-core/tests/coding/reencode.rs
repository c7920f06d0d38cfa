//! Tests that re-encoded images are as requested.

use std::num::NonZeroU16;

use jpeg_encoder::SamplingFactor;
use pdfmagic_core::Density;
use pdfmagic_core::backend::ColorSpace;
use pdfmagic_core::{Backend, Error, Jpeg, Limits, Notice, Quality, Reencode};

use super::corpus_files::read;
use super::libjpeg::{djpeg, djpeg_with, has_djpeg};
use super::support::{coded, photo};

/// Decodes only the luminance.
fn djpeg_gray(jpeg: &[u8]) -> Vec<u8> {
    djpeg_with(&["-grayscale", "-pnm"], jpeg).expect("no warning")
}

#[test]
fn the_maximum_size_is_respected() {
    let jpeg = read("ycbcr_444.jpg");
    let best = coded(&jpeg, &Reencode::default())
        .expect("it is valid")
        .len() as u64;
    let max_size = Some(best * 9 / 10);
    let smaller = Reencode {
        max_size,
        ..Reencode::default()
    };
    let data = coded(&jpeg, &smaller).expect("it fits");
    assert!(data.len() as u64 <= best * 9 / 10);
    let impossible = Reencode {
        max_size: Some(10),
        ..Reencode::default()
    };
    let error = coded(&jpeg, &impossible).expect_err("no JPEG is so small");
    assert_eq!(error.code(), "limit.image_size");
}

#[test]
fn the_density_is_reduced_to_the_maximum() {
    let jpeg = read("ycbcr_420.jpg");
    let limits = Limits::default();
    let header = Jpeg::parse(&jpeg, &limits).expect("it is valid");
    let density = header.density().unwrap_or_default()[0].get();
    let width = f64::from(header.frame().width.get());
    for ratio in [1.0, 1.5, 2.0, 3.0, 4.0] {
        let Some(max_density) = Density::new(density / ratio) else {
            continue;
        };
        let backend = Reencode {
            max_density: Some(max_density),
            ..Reencode::default()
        };
        let image = backend.image(&header, &limits).expect("it is valid");
        let found = f64::from(image.width.get());
        assert!(
            (found - width / ratio).abs() <= 1.0,
            "{width} / {ratio} became {found}"
        );
        let data: Vec<u8> = image
            .data
            .iter()
            .flat_map(|piece| piece.bytes(&jpeg))
            .copied()
            .collect();
        let coded = Jpeg::parse(&data, &limits).expect("our output is valid");
        assert_eq!(coded.frame().width, image.width);
        assert_eq!(coded.frame().height, image.height);
    }
}

#[test]
fn sides_and_pixels_are_reduced_to_the_maximum() {
    let limits = Limits::default();
    for (width, height) in [(64, 48), (61, 17), (1001, 9)] {
        let jpeg = photo(width, height, SamplingFactor::F_2_2);
        let header = Jpeg::parse(&jpeg, &limits).expect("it is valid");
        let pixels = u64::from(width) * u64::from(height);
        for divisor in [1, 2, 3, 4, 7, 8, 9, 63] {
            let max_side = NonZeroU16::new(width / divisor);
            let max_pixels = Some(pixels / u64::from(divisor)).filter(|&n| n > 0);
            for (max_side, max_pixels) in [(max_side, None), (None, max_pixels)] {
                let backend = Reencode {
                    max_side,
                    max_pixels,
                    ..Reencode::default()
                };
                let image = backend.image(&header, &limits).expect("it is valid");
                let [w, h] = [image.width, image.height].map(|side| u64::from(side.get()));
                if let Some(max) = max_side {
                    let max = u64::from(max.get());
                    assert!(
                        w.max(h) <= max && w.max(h) + 1 >= max,
                        "{w} × {h} for {max}"
                    );
                }
                if let Some(max) = max_pixels {
                    assert!(w * h <= max, "{w} × {h} for {max}");
                }
            }
        }
    }
}

#[test]
fn gray_keeps_the_luminance_unchanged() {
    let jpeg = read("ycbcr_420.jpg");
    let finest = Reencode {
        quality: Quality::new(100).expect("it is in range"),
        gray: true,
        ..Reencode::default()
    };
    let limits = Limits::default();
    let header = Jpeg::parse(&jpeg, &limits).expect("it is valid");
    let image = finest.image(&header, &limits).expect("it is valid");
    assert_eq!(image.color_space, ColorSpace::DeviceGray);
    if has_djpeg() {
        let gray = coded(&jpeg, &finest).expect("it is valid");
        assert!(
            djpeg(&gray).expect("no warning") == djpeg_gray(&jpeg),
            "other samples"
        );
    }
}

#[test]
fn gray_says_which_profile_it_drops() {
    let gray = Reencode {
        gray: true,
        ..Reencode::default()
    };
    let limits = Limits::default();
    // In the second, only Exif says Adobe RGB.
    for (name, expected) in [
        ("icc_srgb.jpg", &[Notice::IccDropped][..]),
        ("reported/adobergb_r03_no_icc.jpg", &[]),
    ] {
        let jpeg = read(name);
        let header = Jpeg::parse(&jpeg, &limits).expect("it is valid");
        let image = gray.image(&header, &limits).expect("it is valid");
        assert_eq!(
            (image.icc_profile, &image.notices[..]),
            (None, expected),
            "{name}"
        );
    }
}

#[test]
fn the_maximum_size_in_an_error_is_the_requested_one() {
    let comment = [b"\xFF\xFE\x13\x88".as_slice(), &[b' '; 4998]].concat();
    let mut jpeg = read("gray.jpg");
    jpeg.splice(2..2, comment);
    let backend = Reencode {
        max_size: Some(1000),
        ..Reencode::default()
    };
    let limits = Limits::default();
    let header = Jpeg::parse(&jpeg, &limits).expect("it is valid");
    match backend.image(&header, &limits) {
        Err(Error::Limit { actual, max, .. }) => assert_eq!((actual > 5000, max), (true, 1000)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn subsampled_color_is_smaller_and_looks_the_same() {
    let jpeg = photo(400, 300, SamplingFactor::F_1_1);
    let limits = Limits::default();
    let coded = |subsample, max_density| {
        let backend = Reencode {
            subsample,
            max_density: Density::new(max_density),
            ..Reencode::default()
        };
        coded(&jpeg, &backend).expect("it is valid")
    };
    // The image is unchanged in size, halved, and resampled.
    for density in [96.0, 48.0, 70.0] {
        let (full, halved) = (coded(false, density), coded(true, density));
        assert!(halved.len() <= full.len(), "at {density} per inch");
        let header = Jpeg::parse(&halved, &limits).expect("our output is valid");
        let factors: Vec<_> = header
            .frame()
            .components
            .iter()
            .map(|c| (c.h, c.v))
            .collect();
        assert_eq!(factors, [(2, 2), (1, 1), (1, 1)]);
        if has_djpeg() {
            let [full, halved] = [full, halved].map(|data| djpeg(&data).expect("no warning"));
            let difference: u64 = full
                .iter()
                .zip(&halved)
                .map(|(a, b)| u64::from(a.abs_diff(*b)))
                .sum();
            assert!(difference < 4 * full.len() as u64, "at {density} per inch");
        }
    }
}

#[test]
fn luminance_coarser_than_chroma_can_become_gray() {
    // This image has 24 by 8 pixels, Cr three times as wide as Y, the typical tables, and only zero coefficients.
    let jpeg = [
        b"\xFF\xD8\xFF\xDB\0\x43\0".as_slice(),
        &[1; 64],
        b"\xFF\xC0\0\x11\x08\0\x08\0\x18\x03\x01\x11\0\x02\x11\0\x03\x31\0",
        b"\xFF\xDA\0\x0C\x03\x01\0\x02\0\x03\0\0\x3F\0\x28\xA2\x8A\x2B\xFF\xD9",
    ]
    .concat();
    let limits = Limits::default();
    let parsed = Jpeg::parse(&jpeg[..], &limits).expect("its header is valid");
    let gray = Reencode {
        gray: true,
        ..Reencode::default()
    };
    let image = gray.image(&parsed, &limits).expect("its data is valid");
    assert_eq!(image.color_space, ColorSpace::DeviceGray);
}
