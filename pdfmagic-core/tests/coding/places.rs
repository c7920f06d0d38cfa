//! Tests that the reported beginning of damage is where libjpeg-turbo's picture begins to differ.

use pdfmagic_core::{Error, Jpeg, Limits, Sound};

use super::corpus_files::table;
use super::libjpeg::{has_djpeg, jpegtran, run};

/// The rows of 24-bit samples that `djpeg` decodes from a JPEG, intact or not.
struct Picture {
    width: usize,
    samples: Vec<u8>,
}

impl Picture {
    fn of(jpeg: &[u8]) -> Option<Self> {
        let (_, ppm) = run("djpeg", &["-pnm", "-rgb", "-nosmooth"], jpeg);
        let mut lines = ppm.splitn(4, |&byte| byte == b'\n');
        let size = lines.nth(1)?;
        let width = str::from_utf8(size).ok()?.split(' ').next()?.parse().ok()?;
        let samples = lines.nth(1)?.to_vec();
        Some(Self { width, samples })
    }

    /// Returns the first row in which two pictures differ.
    fn first_difference(&self, other: &Self) -> Option<usize> {
        let row = 3 * self.width;
        let mut pairs = self.samples.chunks(row).zip(other.samples.chunks(row));
        pairs.position(|(a, b)| a != b)
    }
}

/// Returns the number of rows that are reported as intact at the top of a damaged JPEG.
fn sound_rows(jpeg: &[u8]) -> Option<usize> {
    let limits = Limits::default();
    let damage = Jpeg::parse(jpeg, &limits).ok()?.verify(&limits).ok()??;
    match damage.sound {
        Sound::Rows { sound, .. } => Some(sound as usize),
        Sound::Scans { .. } => panic!("the scan is sequential: {damage}"),
    }
}

/// Returns real photos, sequential and without restart markers, and the number of lines of an MCU.
fn photos() -> Vec<(String, Vec<u8>, usize)> {
    let mut photos = Vec::new();
    for row in table() {
        let is_photo = row["file"].starts_with("public/") && &row["djpeg"] == "ok";
        let Some(path) = row.path().filter(|_| is_photo) else {
            continue;
        };
        // This removes metadata and trailing data, and makes progressive JPEGs sequential.
        let jpeg = jpegtran(&[], &std::fs::read(path).expect("it can be read"));
        let limits = Limits::default();
        let parsed = Jpeg::parse(&jpeg, &limits).expect("jpegtran wrote it");
        let frame = parsed.frame();
        let factors = frame.components.iter().map(|component| component.v);
        let mcu = 8 * usize::from(factors.max().expect("there are components"));
        if jpeg.len() > 8 << 10 && frame.height.get() > 120 && frame.components.len() != 4 {
            photos.push((row["file"].to_owned(), jpeg, mcu));
        }
    }
    assert!(photos.len() > 5, "only {} photos", photos.len());
    photos
}

fn data_start(jpeg: &[u8]) -> usize {
    let scan = jpeg.windows(2).position(|pair| pair == [0xFF, 0xDA]);
    let scan = scan.expect("there is a scan");
    scan + 2 + usize::from(u16::from_be_bytes([jpeg[scan + 2], jpeg[scan + 3]]))
}

/// A function that damages the data at one place.
type Plant = fn(&[u8], usize) -> Vec<u8>;

fn replaced(jpeg: &[u8], at: usize, with: &[u8]) -> Vec<u8> {
    [&jpeg[..at], with, &jpeg[at + with.len()..]].concat()
}

/// Damages every tenth of each photo. Returns how often the damage was found, and reports of wrong places.
fn plant(plant: Plant) -> ([usize; 2], Vec<String>) {
    let ([mut planted, mut found], mut wrong) = ([0; 2], Vec::new());
    for (name, jpeg, mcu) in photos() {
        let sound = Picture::of(&jpeg).expect("it is valid");
        let start = data_start(&jpeg);
        for tenth in 1..10 {
            let at = start + (jpeg.len() - start) * tenth / 10;
            let damaged = plant(&jpeg, at);
            let shown = Picture::of(&damaged).expect("something is shown");
            let Some(first) = sound.first_difference(&shown) else {
                continue;
            };
            planted += 1;
            let Some(rows) = sound_rows(&damaged) else {
                continue;
            };
            found += 1;
            let of = sound.samples.len() / 3 / sound.width;
            // The row in which the damage begins is not intact, and is as high as an MCU.
            if rows + mcu < first / mcu * mcu || rows > first / mcu * mcu + mcu {
                wrong.push(format!(
                    "{name}, byte {at}: rows {first} to {of} differ, and {rows} are said to be sound"
                ));
            }
        }
    }
    println!(
        "{found} of {planted} were found, {} in the wrong place",
        wrong.len()
    );
    ([planted, found], wrong)
}

fn assert_found(planted_found: [usize; 2], per_cent: usize) {
    let [planted, found] = planted_found;
    assert!(
        found * 100 >= planted * per_cent,
        "only {found} of {planted} were found"
    );
}

#[test]
fn truncation_is_always_located_in_the_right_row() {
    if has_djpeg() {
        let (counts, wrong) = plant(|jpeg, at| jpeg[..at].to_vec());
        assert_found(counts, 100);
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }
}

#[test]
fn a_foreign_marker_is_always_found_in_the_right_row() {
    if has_djpeg() {
        let (counts, wrong) = plant(|jpeg, at| replaced(jpeg, at, &[0xFF, 0xDF]));
        assert_found(counts, 100);
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }
}

#[test]
fn overwritten_data_is_nearly_always_located_in_the_right_row() {
    if has_djpeg() {
        let (counts, wrong) = plant(|jpeg, at| {
            let other: Vec<_> = (1..=64_u8).map(|n| n.wrapping_mul(77) & 0x7F).collect();
            replaced(jpeg, at, &other)
        });
        assert_found(counts, 95);
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }
}

/// Zeros are often valid data of a flat picture, so that nothing is noticed before the colors that follow.
#[test]
fn zeros_are_mostly_found_and_rarely_in_the_wrong_row() {
    if has_djpeg() {
        let (counts, wrong) = plant(|jpeg, at| replaced(jpeg, at, &[0; 64]));
        assert_found(counts, 75);
        assert!(wrong.len() <= counts[1] / 20, "\n{}", wrong.join("\n"));
    }
}

/// Most decoders resynchronize after one wrong bit, and only colors remain that may be right.
#[test]
fn a_flipped_bit_is_sometimes_found_and_never_in_the_wrong_row() {
    if has_djpeg() {
        let (counts, wrong) = plant(|jpeg, at| replaced(jpeg, at, &[jpeg[at] ^ 0x10]));
        assert_found(counts, 20);
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }
}

#[test]
fn complete_scans_of_a_truncated_progression_are_counted() {
    if !has_djpeg() {
        return;
    }
    let limits = Limits::default();
    for (name, jpeg, _) in photos() {
        let jpeg = jpegtran(&["-progressive"], &jpeg);
        let start = data_start(&jpeg);
        for tenth in 1..10 {
            let cut = &jpeg[..start + (jpeg.len() - start) * tenth / 10];
            let begun = cut.windows(2).filter(|pair| *pair == [0xFF, 0xDA]).count();
            let parsed = Jpeg::parse(cut, &limits).expect("its header is whole");
            let damage = parsed.verify(&limits).expect("it is supported");
            let damage = damage.unwrap_or_else(|| panic!("{name}, {tenth}: not found"));
            assert_eq!(damage.code(), "scan.truncated", "{name}, {tenth}: {damage}");
            let is_right =
                matches!(damage.sound, Sound::Scans { sound, .. } if sound as usize + 1 == begun);
            assert!(
                is_right,
                "{name}, {tenth}: {damage}, and {begun} scans begin"
            );
        }
    }
}

/// No damage is reported in data that libjpeg-turbo decodes without a warning.
#[test]
fn intact_data_is_not_reported_as_damaged() {
    let (mut count, mut wrong) = (0, Vec::new());
    for row in table() {
        let (true, Some(path)) = (&row["djpeg"] == "ok", row.path()) else {
            continue;
        };
        let (jpeg, limits) = (
            std::fs::read(path).expect("it can be read"),
            Limits::default(),
        );
        let parsed = Jpeg::parse(&jpeg, &limits).expect("libjpeg reads it");
        match parsed.verify(&limits) {
            Ok(None) => count += 1,
            Ok(Some(damage)) => wrong.push(format!("{}: {damage}", &row["file"])),
            // Samples of 12 bits and the lossless process are decoded in any case.
            Err(Error::Unsupported { .. }) => {}
            Err(error) => wrong.push(format!("{}: {error}", &row["file"])),
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(count > 150, "only {count} were verified");
}
