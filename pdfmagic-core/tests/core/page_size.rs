//! Tests properties of the page of any image, by default, as read from the PDF.

use jpeg_encoder::ColorType;
use lopdf::Document;
use pdfmagic_core::{Notice, Options, Page, Passthrough, jpeg_to_pdf};
use proptest::prelude::*;

use crate::making::{jfif, jpeg, oriented, with, without};

/// The limits of sides that every viewer accepts, in user units (ISO 32000-1, Table C.1).
const MIN: f64 = 3.0;
const MAX: f64 = 14_400.0;

/// Lengths are written in ten-thousandths.
const ROUNDING: f64 = 1e-4;

/// The properties of an image on which its page depends.
#[derive(Debug, Clone)]
struct Image {
    /// Width and height, in pixels.
    size: [u16; 2],
    /// The density, in pixels per inch.
    density: [u16; 2],
    /// The value of the Exif tag.
    orientation: u16,
}

impl Image {
    fn jpeg(&self) -> Vec<u8> {
        let [x, y] = self.density;
        let header = [jfif(1, x, y), oriented(self.orientation)].concat();
        let mut jpeg = with(&without(&jpeg(ColorType::Luma), &[0xE0]), &header);
        let frame = jpeg.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
        let scan = jpeg.windows(2).position(|w| w == [0xFF, 0xDA]).unwrap();
        // This is a progression's first scan, for which no data is too small for any dimensions.
        jpeg[frame + 1] = 0xC2;
        jpeg[scan + 8] = 0;
        let [width, height] = self.size.map(u16::to_be_bytes);
        jpeg[frame + 5..frame + 7].copy_from_slice(&height);
        jpeg[frame + 7..frame + 9].copy_from_slice(&width);
        jpeg
    }

    /// Returns width and height of the displayed image, in points.
    fn natural(&self) -> [f64; 2] {
        let [w, h] = [0, 1].map(|i| f64::from(self.size[i]) * 72.0 / f64::from(self.density[i]));
        if self.orientation > 4 { [h, w] } else { [w, h] }
    }
}

/// The page in the PDF.
#[derive(Debug)]
struct Found {
    /// Width and height, in user units.
    sides: [f64; 2],
    user_unit: f64,
    /// The matrix from the unit square, which the image fills, to the page.
    matrix: Vec<f64>,
    is_told: bool,
}

impl Found {
    fn of(image: &Image) -> Self {
        let jpeg = image.jpeg();
        let page = Page::from_jpeg(&jpeg, &Options::default(), &Passthrough).unwrap();
        let is_told = page.notices().contains(&Notice::PageEnlarged);
        let bytes = jpeg_to_pdf(&jpeg).unwrap();
        let pdf = Document::load_mem(&bytes).unwrap();
        let id = pdf.get_pages()[&1];
        let content = String::from_utf8(pdf.get_page_content(id)).unwrap();
        let matrix = content
            .split(" cm")
            .next()
            .unwrap()
            .trim_start_matches("q ");
        // lopdf reads numbers as f32, which is too inaccurate.
        let [left, bottom, right, top] = numbers_after(&bytes, "/MediaBox [")[..] else {
            panic!("a box has four sides");
        };
        Self {
            sides: [right - left, top - bottom],
            user_unit: numbers_after(&bytes, "/UserUnit ")
                .first()
                .copied()
                .unwrap_or(1.0),
            matrix: numbers(matrix),
            is_told,
        }
    }

    /// Returns width and height in points.
    fn points(&self) -> [f64; 2] {
        self.sides.map(|side| side * self.user_unit)
    }
}

/// Returns the numbers between a keyword and the first character that is not part of a number.
fn numbers_after(pdf: &[u8], keyword: &str) -> Vec<f64> {
    let text = String::from_utf8_lossy(pdf);
    let after = text.split_once(keyword).map_or("", |(_, after)| after);
    let end = after.find(|c: char| !(c.is_ascii_digit() || " .-".contains(c)));
    numbers(&after[..end.unwrap_or(after.len())])
}

fn numbers(text: &str) -> Vec<f64> {
    text.split_whitespace()
        .map(|number| number.parse().unwrap())
        .collect()
}

fn image() -> impl Strategy<Value = Image> {
    let side = || prop_oneof![1u16..100, 1u16..=u16::MAX];
    let density = || prop_oneof![Just(10), Just(72), Just(4800), 10u16..=4800];
    ([side(), side()], [density(), density()], 1u16..=8).prop_map(|(size, density, orientation)| {
        Image {
            size,
            density,
            orientation,
        }
    })
}

fn short_and_long([a, b]: [f64; 2]) -> [f64; 2] {
    [a.min(b), a.max(b)]
}

proptest! {
    #[test]
    fn every_page_is_within_the_limits_of_readers(image in image()) {
        for side in Found::of(&image).sides {
            prop_assert!((MIN..=MAX).contains(&side), "{side}");
        }
    }

    #[test]
    fn an_image_within_the_limits_keeps_its_size(image in image()) {
        let natural = image.natural();
        let found = Found::of(&image);
        let fits = |side: &f64| (MIN..=MAX).contains(side);
        if natural.iter().all(fits) {
            prop_assert!(found.user_unit <= 1.0);
            prop_assert!(!found.is_told);
            for (side, natural) in found.sides.iter().zip(natural) {
                prop_assert!((side - natural).abs() <= ROUNDING, "{side}: {natural}");
            }
        }
    }

    #[test]
    fn the_user_unit_is_the_smallest_that_suffices(image in image()) {
        let [_, long] = short_and_long(image.natural());
        let unit = Found::of(&image).user_unit;
        prop_assert!(long <= MAX * unit + ROUNDING);
        prop_assert!(unit <= 1.0 || long > MAX * (unit - 1.0) - ROUNDING, "{unit}: {long}");
    }

    #[test]
    fn an_image_is_enlarged_no_more_than_necessary(image in image()) {
        let found = Found::of(&image);
        let ([short, long], [shorter, longer]) = (short_and_long(found.sides), short_and_long(found.points()));
        let [natural_short, natural_long] = short_and_long(image.natural());
        let rounding = ROUNDING * found.user_unit;
        // The page is never smaller, and larger only if it must be.
        prop_assert!(shorter >= natural_short - rounding && longer >= natural_long - rounding);
        let (grows_short, grows_long) = (shorter > natural_short + rounding, longer > natural_long + rounding);
        prop_assert_eq!(found.is_told, grows_short, "{:?}", found);
        prop_assert!(!grows_short || (short - MIN).abs() <= ROUNDING);
        // It grows in proportion until the long side may not grow any more: then a line becomes a bar.
        prop_assert!(!grows_long || found.user_unit <= 1.0);
        let keeps_aspect = (longer * natural_short - shorter * natural_long).abs() <= 2.0 * rounding * natural_long;
        prop_assert!(keeps_aspect || long >= MAX - ROUNDING || natural_long > MAX, "{:?}", found);
    }

    /// TIFF 6.0 says where row 0 and column 0 are; see `pages`. This test only checks that the image covers the page.
    #[test]
    fn an_image_fills_its_page(image in image()) {
        let found = Found::of(&image);
        let m = &found.matrix;
        for axis in [0, 1] {
            let reach = [0.0, m[axis], m[axis + 2], m[axis] + m[axis + 2]].map(|n| n + m[axis + 4]);
            let low = reach.iter().copied().fold(f64::MAX, f64::min);
            let high = reach.iter().copied().fold(f64::MIN, f64::max);
            prop_assert!(low.abs() < ROUNDING && (high - found.sides[axis]).abs() < ROUNDING, "{:?}", found);
        }
        prop_assert_eq!(m[0] == 0.0, image.orientation > 4);
    }
}
