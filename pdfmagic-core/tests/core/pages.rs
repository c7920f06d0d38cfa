//! Tests the position of the image.

use crate::making::{jfif, jpeg, oriented, with, without};
use jpeg_encoder::ColorType;
use pdfmagic_core::Density;
use pdfmagic_core::geometry::{Placement, Pt};
use pdfmagic_core::jpeg::Jpeg;
use pdfmagic_core::{Error, Limits, PageOptions};

/// Returns the placement of a frame of this size in pixels with these segments.
fn placed(width: u16, height: u16, segments: &[u8]) -> Placement {
    placed_with(&PageOptions::default(), width, height, segments)
}

fn placed_with(options: &PageOptions, width: u16, height: u16, segments: &[u8]) -> Placement {
    plan(options, width, height, segments).unwrap()
}

fn plan(
    options: &PageOptions,
    width: u16,
    height: u16,
    segments: &[u8],
) -> Result<Placement, Error> {
    let mut jpeg = with(&without(&jpeg(ColorType::Luma), &[0xE0]), segments);
    let frame = jpeg.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    // It uses lossless coding, for which no data is too small for any dimensions.
    jpeg[frame + 1] = 0xC3;
    jpeg[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    jpeg[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    Placement::plan(&Jpeg::parse(&jpeg, &Limits::default())?, options)
}

fn units(sides: [f64; 2]) -> [Pt; 2] {
    sides.map(Pt::new)
}

/// Returns where the matrix maps a corner of the unit square, in points.
fn mapped(placement: &Placement, [x, y]: [bool; 2]) -> [f64; 2] {
    let m = placement.matrix.map(Pt::get);
    let pick = |factor: bool, n: f64| if factor { n } else { 0.0 };
    [0, 1].map(|i| pick(x, m[i]) + pick(y, m[i + 2]) + m[i + 4])
}

#[test]
fn a_page_is_as_large_as_its_image() {
    assert_eq!(placed(96, 192, &[]).media_box, units([72.0, 144.0]));
    assert_eq!(
        placed(300, 300, &jfif(1, 300, 150)).media_box,
        units([72.0, 144.0])
    );
    assert_eq!(
        placed(100, 100, &jfif(2, 100, 100)).media_box,
        units([28.3465, 28.3465])
    );
}

#[test]
fn the_fallback_density_applies_to_images_without_density() {
    let mut options = PageOptions::default();
    options.fallback_density = Density::new(72.0).unwrap();
    assert_eq!(
        placed_with(&options, 100, 50, &[]).media_box,
        units([100.0, 50.0])
    );
    assert_eq!(
        placed_with(&options, 100, 50, &jfif(1, 144, 144)).media_box,
        units([50.0, 25.0])
    );
}

#[test]
fn non_square_pixels_keep_their_aspect_ratio() {
    assert_eq!(
        placed(96, 96, &jfif(0, 2, 1)).media_box,
        units([72.0, 144.0])
    );
    assert_eq!(
        placed(96, 96, &jfif(0, 1, 100)).media_box,
        units([72.0, 72.0])
    );
}

/// TIFF 6.0 says for each orientation on which sides of the page row 0 and column 0 are.
#[test]
fn each_orientation_puts_row_and_column_0_where_tiff_says() {
    // Each side has one constant coordinate: its axis, and its value.
    let [left, right, bottom, top] = [(0, 0.0), (0, 36.0), (1, 0.0), (1, 48.0)];
    let sides = [
        (1, top, left),
        (2, top, right),
        (3, bottom, right),
        (4, bottom, left),
        (5, left, top),
        (6, right, top),
        (7, right, bottom),
        (8, left, bottom),
    ];
    for (orientation, row, column) in sides {
        // The page is 36 × 48 points for every orientation.
        let (width, height) = if orientation < 5 { (48, 64) } else { (64, 48) };
        let placement = placed(width, height, &oriented(orientation));
        assert_eq!(placement.media_box, units([36.0, 48.0]), "{orientation}");
        // Row 0 is the top of the unit square, and column 0 is its left (ISO 32000-1, 8.9.5.1).
        let ends = [
            (row, [[false, true], [true, true]]),
            (column, [[false; 2], [false, true]]),
        ];
        for ((axis, at), corners) in ends {
            for corner in corners {
                let off = mapped(&placement, corner)[axis] - at;
                assert!(
                    off.abs() < 1e-9,
                    "{orientation}: {corner:?} is off by {off}"
                );
            }
        }
    }
}

#[test]
fn a_page_larger_than_readers_accept_gets_a_user_unit() {
    let placement = placed(40_000, 20_000, &jfif(1, 72, 72));
    assert_eq!(placement.user_unit, 3);
    assert_eq!(placement.media_box, units([40_000.0 / 3.0, 20_000.0 / 3.0]));
    assert!(!placement.is_enlarged);
    assert_eq!(placed(14_400, 14_400, &jfif(1, 72, 72)).user_unit, 1);
}

/// Readers accept units of at most 75,000 points, and thereby sides of 381 kilometers (ISO 32000-1, Annex C).
#[test]
fn a_page_has_at_most_the_largest_size_that_readers_accept() {
    let mut options = PageOptions::default();
    options.imgsize = "5000000pt".parse().ok();
    // The height is 216 times the width.
    let largest = plan(&options, 100, 21_600, &[]).unwrap();
    assert_eq!(largest.user_unit, 75_000);
    assert_eq!(largest.media_box, units([5e6 / 75e3, 14_400.0]));
    let error = plan(&options, 100, 21_601, &[]).unwrap_err();
    assert!(error.to_string().starts_with("imgsize: "), "{error}");
}

#[test]
fn a_page_smaller_than_readers_accept_is_enlarged_proportionally() {
    let placement = placed(2, 1, &jfif(1, 72, 72));
    assert_eq!(
        (placement.media_box, placement.is_enlarged),
        (units([6.0, 3.0]), true)
    );
}

#[test]
fn every_page_is_within_the_limits_of_readers() {
    for sides in [
        [1, 65_535],
        [65_535, 1],
        [65_535, 65_535],
        [1, 1],
        [4_801, 1],
        [30_000, 20],
    ] {
        for density in [10, 72, 4800] {
            let placement = placed(sides[0], sides[1], &jfif(1, density, density));
            for side in placement.media_box {
                assert!(
                    (Pt::MIN_SIDE..=Pt::MAX_SIDE).contains(&side),
                    "{sides:?} at {density}: {side:?}"
                );
            }
        }
    }
}
