//! Tests the options of page layout.

use std::fmt::Display;
use std::str::FromStr;

use crate::making::{jfif, jpeg, oriented, with, without};
use jpeg_encoder::ColorType;
use pdfmagic_core::geometry::{Placement, Pt};
use pdfmagic_core::{Error, Jpeg, Limits, PageOptions};
use proptest::prelude::*;

/// Returns a JPEG whose header states this size, with these segments.
fn sized(width: u16, height: u16, segments: &[u8]) -> Vec<u8> {
    let mut jpeg = with(&without(&jpeg(ColorType::Luma), &[0xE0]), segments);
    let frame = jpeg.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    // It uses lossless coding, for which no data is too small for any dimensions.
    jpeg[frame + 1] = 0xC3;
    jpeg[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    jpeg[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    jpeg
}

fn plan(jpeg: &[u8], options: &PageOptions) -> Result<Placement, Error> {
    Placement::plan(&Jpeg::parse(jpeg, &Limits::default()).unwrap(), options)
}

/// Parses options from names and values.
fn options(settings: &[(&str, &str)]) -> PageOptions {
    fn value<T: FromStr<Err: Display>>(text: &str) -> T {
        text.parse()
            .unwrap_or_else(|error| panic!("{text}: {error}"))
    }
    let mut options = PageOptions::default();
    for (name, text) in settings {
        match *name {
            "pagesize" => options.pagesize = Some(value(text)),
            "imgsize" => options.imgsize = Some(value(text)),
            "border" => options.border = Some(value(text)),
            "fit" => options.fit = value(text),
            "auto-orient" => options.auto_orient = true,
            "rotation" => options.rotation = value(text),
            "anchor" => options.anchor = value(text),
            "density" => options.density = Some(value(text)),
            "split-strips" => options.split_strips = true,
            "crop-border" => options.crop_border = Some(value(text)),
            "art-border" => options.art_border = Some(value(text)),
            name => panic!("{name}"),
        }
    }
    options
}

/// Returns page width and height, and left, bottom, right and top of the image, in points.
fn shown(placement: &Placement) -> [[f64; 2]; 3] {
    let unit = f64::from(placement.user_unit);
    let m = placement.matrix.map(|n| n.get() * unit);
    let corner = |x: f64, y: f64| [m[0] * x + m[2] * y + m[4], m[1] * x + m[3] * y + m[5]];
    let [a, b] = [corner(0.0, 0.0), corner(1.0, 1.0)];
    [
        placement.media_box.map(|side| side.get() * unit),
        [a[0].min(b[0]), a[1].min(b[1])],
        [a[0].max(b[0]), a[1].max(b[1])],
    ]
}

/// Asserts the layout of a picture of 200 × 100 points, to a hundredth of a point.
#[track_caller]
fn assert_layout(settings: &[(&str, &str)], page: [f64; 2], image: [f64; 4]) {
    let placement = plan(&sized(400, 200, &jfif(1, 144, 144)), &options(settings)).unwrap();
    let [x0, y0, x1, y1] = image;
    for (shown, expected) in shown(&placement).iter().zip([page, [x0, y0], [x1, y1]]) {
        for (shown, expected) in shown.iter().zip(expected) {
            assert!(
                (shown - expected).abs() < 0.01,
                "{settings:?}: {shown} for {expected}"
            );
        }
    }
}

#[test]
fn a_border_makes_the_page_larger_or_the_image_smaller() {
    let border = ("border", "10:20");
    assert_layout(&[border], [240.0, 120.0], [20.0, 10.0, 220.0, 110.0]);
    let page = ("pagesize", "140x300");
    assert_layout(&[border, page], [140.0, 300.0], [20.0, 125.0, 120.0, 175.0]);
    let image = ("imgsize", "100x");
    assert_layout(&[border, image], [140.0, 70.0], [20.0, 10.0, 120.0, 60.0]);
    assert_layout(
        &[border, page, image],
        [140.0, 300.0],
        [20.0, 125.0, 120.0, 175.0],
    );
    let uneven = ("border", "1:2:3:4");
    assert_layout(&[uneven], [206.0, 104.0], [4.0, 3.0, 204.0, 103.0]);
    let error = plan(&sized(4, 2, &[]), &options(&[page, ("border", "70")])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "border: leaves no room for the image on the page"
    );
}

#[test]
fn an_unspecified_side_of_the_page_follows_from_the_image() {
    assert_layout(
        &[("pagesize", "100x")],
        [100.0, 50.0],
        [0.0, 0.0, 100.0, 50.0],
    );
    assert_layout(
        &[("pagesize", "x100")],
        [200.0, 100.0],
        [0.0, 0.0, 200.0, 100.0],
    );
    assert_layout(
        &[("pagesize", "x200"), ("border", "10")],
        [380.0, 200.0],
        [10.0, 10.0, 370.0, 190.0],
    );
    assert_layout(
        &[("pagesize", "x300"), ("imgsize", "50%")],
        [100.0, 300.0],
        [0.0, 125.0, 100.0, 175.0],
    );
}

#[test]
fn an_image_is_fitted_in_five_ways() {
    for (fit, small, large) in [
        ("into", [0.0, 150.0, 300.0, 300.0], [100.0, 50.0]),
        ("fill", [-150.0, 0.0, 450.0, 300.0], [200.0, 100.0]),
        ("exact", [0.0, 0.0, 300.0, 450.0], [100.0, 100.0]),
        ("shrink", [50.0, 175.0, 250.0, 275.0], [100.0, 50.0]),
        ("enlarge", [0.0, 150.0, 300.0, 300.0], [200.0, 100.0]),
    ] {
        let small = match fit {
            "fill" => [-300.0, 0.0, 600.0, 450.0],
            _ => small,
        };
        assert_layout(
            &[("pagesize", "300x450"), ("fit", fit)],
            [300.0, 450.0],
            small,
        );
        let [w, h] = large;
        let settings = [("imgsize", "100x100"), ("fit", fit)];
        assert_layout(&settings, large, [0.0, 0.0, w, h]);
    }
}

#[test]
fn the_size_of_an_image_can_be_a_density_or_a_percentage() {
    assert_layout(
        &[("imgsize", "72dpi")],
        [400.0, 200.0],
        [0.0, 0.0, 400.0, 200.0],
    );
    assert_layout(
        &[("imgsize", "x50%")],
        [100.0, 50.0],
        [0.0, 0.0, 100.0, 50.0],
    );
    let exact = [("imgsize", "50%x288dpi"), ("fit", "exact")];
    assert_layout(&exact, [100.0, 50.0], [0.0, 0.0, 100.0, 50.0]);
    assert_layout(
        &[("density", "288")],
        [100.0, 50.0],
        [0.0, 0.0, 100.0, 50.0],
    );
}

#[test]
fn auto_orient_rotates_the_page_to_match_the_image() {
    let settings = [
        ("pagesize", "300x600"),
        ("auto-orient", ""),
        ("border", "1:2:3:4"),
    ];
    // The left side has become the top: 596 × 294 points remain.
    assert_layout(&settings, [600.0, 300.0], [7.0, 2.0, 595.0, 296.0]);
    let turned = sized(400, 200, &oriented(6));
    let placement = plan(&turned, &options(&settings)).unwrap();
    assert_eq!(placement.media_box, [300.0, 600.0].map(Pt::new));
    // A square page already matches any image, and so does its border.
    let square = options(&[settings[1], settings[2], ("pagesize", "300x300")]);
    let placement = plan(&sized(200, 400, &[]), &square).unwrap();
    assert_eq!(
        shown(&placement),
        [[300.0, 300.0], [77.0, 3.0], [225.0, 299.0]]
    );
}

#[test]
fn an_image_is_placed_at_its_anchor() {
    for (anchor, left, bottom) in [
        ("center", 50.0, 100.0),
        ("top", 50.0, 200.0),
        ("bottom-left", 0.0, 0.0),
        ("right", 100.0, 100.0),
    ] {
        assert_layout(
            &[
                ("pagesize", "300x300"),
                ("imgsize", "200x100"),
                ("anchor", anchor),
            ],
            [300.0, 300.0],
            [left, bottom, left + 200.0, bottom + 100.0],
        );
    }
}

#[test]
fn rotation_can_replace_or_add_to_that_of_exif() {
    let jpeg = sized(400, 200, &[jfif(1, 72, 72), oriented(6)].concat());
    for (rotation, matrix) in [
        ("auto", [0.0, -400.0, 200.0, 0.0, 0.0, 400.0]),
        ("ifvalid", [0.0, -400.0, 200.0, 0.0, 0.0, 400.0]),
        ("none", [400.0, 0.0, 0.0, 200.0, 0.0, 0.0]),
        ("0", [400.0, 0.0, 0.0, 200.0, 0.0, 0.0]),
        ("90", [0.0, -400.0, 200.0, 0.0, 0.0, 400.0]),
        ("180", [-400.0, 0.0, 0.0, -200.0, 400.0, 200.0]),
        ("270", [0.0, 400.0, -200.0, 0.0, 200.0, 0.0]),
        ("auto+90", [-400.0, 0.0, 0.0, -200.0, 400.0, 200.0]),
        ("auto+180", [0.0, 400.0, -200.0, 0.0, 200.0, 0.0]),
        ("auto+270", [400.0, 0.0, 0.0, 200.0, 0.0, 0.0]),
    ] {
        let placement = plan(&jpeg, &options(&[("rotation", rotation)])).unwrap();
        assert_eq!(placement.matrix, matrix.map(Pt::new), "{rotation}");
    }
}

#[test]
fn boxes_are_scaled_by_the_user_unit() {
    let huge = sized(60_000, 45_000, &jfif(1, 72, 72));
    let settings = options(&[
        ("crop-border", "100:200"),
        ("art-border", "500:600:700:800"),
    ]);
    let placement = plan(&huge, &settings).unwrap();
    assert_eq!(placement.user_unit, 5);
    let boxes = placement.boxes.unwrap();
    let units = |sides: [f64; 4]| Some(sides.map(Pt::new));
    assert_eq!(boxes.crop, units([40.0, 20.0, 11_960.0, 8980.0]));
    assert_eq!(boxes.art, units([160.0, 140.0, 11_880.0, 8900.0]));
    assert_eq!((boxes.trim, boxes.bleed), (None, None));
    let error = plan(&huge, &options(&[("crop-border", "30000pt")])).unwrap_err();
    assert_eq!(error.to_string(), "crop-border: leaves nothing of the page");
}

#[test]
fn a_long_image_is_split_across_pages() {
    let strip = sized(100, 1000, &jfif(1, 72, 72));
    let settings = options(&[
        ("pagesize", "220x320"),
        ("border", "10"),
        ("split-strips", ""),
    ]);
    let placement = plan(&strip, &settings).unwrap();
    // An image of 200 × 2000 points has windows of 200 × 300.
    let strips = placement.strips.unwrap();
    assert_eq!(
        (strips.pages, strips.window),
        (7, [10.0, 10.0, 200.0, 300.0].map(Pt::new))
    );
    assert_eq!(
        placement.matrix,
        [200.0, 0.0, 0.0, 2000.0, 10.0, -1690.0].map(Pt::new)
    );
    // An image that fits on one page is not split, with a page size or without.
    let photo = sized(100, 141, &jfif(1, 72, 72));
    assert_eq!(plan(&photo, &settings).unwrap().strips, None);
    let unsized_pages = options(&[("split-strips", "")]);
    let placement = plan(&photo, &unsized_pages).unwrap();
    assert_eq!(
        (placement.strips, placement.media_box),
        (None, [100.0, 141.0].map(Pt::new))
    );
    let placement = plan(&strip, &unsized_pages).unwrap();
    assert_eq!(placement.media_box, [100.0, 141.4214].map(Pt::new));
    assert_eq!(placement.strips.unwrap().pages, 8);
    // An image of exactly two windows has two pages.
    let double = sized(100, 300, &jfif(1, 72, 72));
    assert_eq!(plan(&double, &settings).unwrap().strips.unwrap().pages, 2);
    // An image that is narrower than the page stands at its anchor.
    let narrow = options(&[
        ("pagesize", "220x320"),
        ("split-strips", ""),
        ("imgsize", "100x"),
        ("anchor", "right"),
    ]);
    assert_eq!(plan(&strip, &narrow).unwrap().matrix[4], Pt::new(120.0));
    let bordered = options(&[("split-strips", ""), ("border", "10")]);
    let placement = plan(&strip, &bordered).unwrap();
    assert_eq!(placement.media_box, [120.0, 169.7056].map(Pt::new));
    let square = options(&[("pagesize", "10x10"), ("split-strips", "")]);
    let placement = plan(&sized(10, 40_960, &[]), &square).unwrap();
    assert_eq!(placement.strips.unwrap().pages, 4096);
    let error = plan(&sized(10, 40_961, &[]), &square).unwrap_err();
    assert_eq!(
        error.to_string(),
        "split-strips: would take more than 4,096 pages"
    );
}

fn side() -> impl Strategy<Value = u16> {
    prop_oneof![1u16..=20, 1u16..=65_535]
}

/// Generates lengths from tiny to kilometers.
fn length() -> impl Strategy<Value = String> {
    (-3.0f64..6.5, prop::sample::select(vec!["pt", ""]))
        .prop_map(|(size, unit)| format!("{:.4}{unit}", 10f64.powf(size)))
}

fn page_size() -> impl Strategy<Value = String> {
    prop_oneof![
        length(),
        length().prop_map(|height| format!("x{height}")),
        (length(), length()).prop_map(|(width, height)| format!("{width}x{height}")),
        Just("A4^T".to_owned()),
    ]
}

fn image_size() -> impl Strategy<Value = String> {
    let part = (0.1f64..1e5, prop::sample::select(vec!["%", "dpi"]));
    prop_oneof![
        page_size(),
        part.prop_map(|(number, unit)| format!("{number}{unit}"))
    ]
}

fn border() -> impl Strategy<Value = String> {
    prop_oneof![
        length(),
        (length(), length()).prop_map(|(v, h)| format!("{v}:{h}")),
        prop::array::uniform4(length()).prop_map(|sides| sides.join(":")),
    ]
}

fn any_options() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let name = |names: &[&str]| {
        prop::sample::select(
            names
                .iter()
                .map(|&name| name.to_owned())
                .collect::<Vec<_>>(),
        )
    };
    let option = |name: &'static str, value: BoxedStrategy<String>| {
        prop::option::of(value.prop_map(move |value| (name, value)))
    };
    let all = vec![
        option("pagesize", page_size().boxed()),
        option("imgsize", image_size().boxed()),
        option("border", border().boxed()),
        option(
            "fit",
            name(&["into", "fill", "exact", "shrink", "enlarge"]).boxed(),
        ),
        option("auto-orient", Just(String::new()).boxed()),
        option(
            "rotation",
            name(&["none", "90", "180", "270", "auto+90", "auto+180"]).boxed(),
        ),
        option("anchor", name(&["top", "bottom-right", "left"]).boxed()),
        option("density", name(&["10", "300", "4800"]).boxed()),
        option("split-strips", Just(String::new()).boxed()),
        option("crop-border", border().boxed()),
        option("art-border", border().boxed()),
    ];
    all.prop_map(|options| options.into_iter().flatten().collect())
}

/// Whether two lengths are the same, except for rounding to ten-thousandths before and after scaling.
fn close(a: f64, b: f64, unit: f64) -> bool {
    (a - b).abs() <= 2e-4 * unit + 1e-9 * a.abs().max(b.abs())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn layouts_are_within_the_limits_of_readers(
        (width, height, orientation) in (side(), side(), 1u16..=8),
        density in prop::option::of(1u16..=4800),
        settings in any_options(),
    ) {
        let density = density.map(|n| jfif(1, n, n)).unwrap_or_default();
        let jpeg = sized(width, height, &[density, oriented(orientation)].concat());
        let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, &**value)).collect();
        let asked = options(&settings);
        let placement = match plan(&jpeg, &asked) {
            Ok(placement) => placement,
            Err(error) => {
                let may_fail = settings.iter().any(|(name, _)| error.to_string().starts_with(*name));
                prop_assert!(may_fail, "{error}");
                return Ok(());
            }
        };
        for side in placement.media_box {
            prop_assert!((Pt::MIN_SIDE..=Pt::MAX_SIDE).contains(&side), "{side}");
        }
        prop_assert!((1..=75_000).contains(&placement.user_unit), "{}", placement.user_unit);
        let [page, from, to] = shown(&placement);
        prop_assert!([page, from, to].iter().flatten().all(|n| n.is_finite()));
        // A box is within its page.
        if let Some(boxes) = &placement.boxes {
            for sides in [boxes.crop, boxes.art].into_iter().flatten() {
                prop_assert!(Pt::default() <= sides[0] && sides[0] <= sides[2] && sides[2] <= placement.media_box[0]);
                prop_assert!(Pt::default() <= sides[1] && sides[1] <= sides[3] && sides[3] <= placement.media_box[1]);
            }
        }
        if placement.is_enlarged {
            return Ok(());
        }
        let unit = f64::from(placement.user_unit);
        let [w, h] = [to[0] - from[0], to[1] - from[1]];
        // The image keeps its proportions, unless its exact size was requested.
        let turned = match asked.rotation.to_string().as_str() {
            "auto" | "auto+180" => orientation > 4,
            "auto+90" => orientation <= 4,
            "none" | "180" => false,
            _ => true,
        };
        let [pw, ph] = if turned { [height, width] } else { [width, height] }.map(f64::from);
        if asked.fit.to_string() != "exact" {
            prop_assert!(
                close(w, h * pw / ph, unit * (1.0 + pw / ph)) || close(h, w * ph / pw, unit * (1.0 + ph / pw)),
                "{w} × {h} of {pw} × {ph} pixels"
            );
        }
        // The image stays on its page, unless it may be larger.
        let may_exceed = ["fill", "enlarge"].contains(&asked.fit.to_string().as_str())
            || asked.imgsize.is_some() && asked.pagesize.is_some()
            || placement.strips.is_some();
        if !may_exceed {
            prop_assert!(from[0] >= -3e-4 * unit && from[1] >= -3e-4 * unit, "{from:?}");
            prop_assert!(to[0] <= page[0] + 3e-4 * unit && to[1] <= page[1] + 3e-4 * unit, "{to:?} on {page:?}");
        }
        // A strip covers the window of every page except the last, and begins with it.
        if let Some(strips) = placement.strips {
            let window = strips.window.map(|n| n.get() * unit);
            prop_assert!(close(to[1], window[1] + window[3], 4.0 * unit));
            prop_assert!(h > f64::from(strips.pages - 1) * window[3] - 1.0);
            prop_assert!(h <= f64::from(strips.pages) * window[3] + 1.0);
        }
    }
}
