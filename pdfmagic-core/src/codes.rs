//! `docs/codes.md` lists every code, and each by its own text.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::damage::{Damage, DamageKind, Sound};
use crate::error::{Error, Feature, Resource};
use crate::file_kind::FileKind;
use crate::notice::{Notice, Trailing, TrailingKind};
use crate::value::OptionError;

/// The sources in which codes stand.
const SOURCES: [&str; 4] = ["damage.rs", "error.rs", "file_kind.rs", "notice.rs"];

fn damage(kind: DamageKind) -> Damage {
    Damage {
        kind,
        offset: 31_337,
        scan: 1,
        mcu: 1_920,
        sound: Sound::Rows {
            sound: 1_312,
            of: 3_024,
        },
    }
}

/// One error for each code.
fn errors() -> Vec<Error> {
    let kinds = [
        FileKind::Empty,
        FileKind::Zeros,
        FileKind::Png,
        FileKind::Gif,
        FileKind::Bmp,
        FileKind::Tiff,
        FileKind::WebP,
        FileKind::Heic,
        FileKind::Avif,
        FileKind::Jpeg2000,
        FileKind::JpegXl,
        FileKind::Psd,
        FileKind::Video,
        FileKind::Pdf,
        FileKind::PostScript,
        FileKind::Zip,
        FileKind::Gzip,
        FileKind::AppleDouble,
        FileKind::DataUrl,
        FileKind::Base64,
        FileKind::Json,
        FileKind::Markup,
        FileKind::of(b"\x01\x02\x03\x04"),
    ];
    let features = [
        Feature::Hierarchical,
        Feature::JpegLs,
        Feature::ComponentCount(2),
        Feature::Precision(12),
        Feature::Lossless,
        Feature::Arithmetic,
        Feature::LosslessArithmetic,
    ];
    let resources = [
        Resource::Pixels,
        Resource::Segments,
        Resource::Scans,
        Resource::Memory,
        Resource::ImageBytes,
        Resource::PdfBytes,
    ];
    let mut errors: Vec<_> = kinds.into_iter().map(Error::NotJpeg).collect();
    errors.push(Error::Format {
        offset: 97,
        reason: "width is 0",
    });
    errors.push(Error::Truncated { offset: 512 });
    let kinds = [
        DamageKind::Truncated,
        DamageKind::Corrupt("bits that are no code"),
    ];
    errors.extend(kinds.map(|kind| Error::Damaged(Box::new(damage(kind)))));
    errors.extend(features.map(Error::Unsupported));
    errors.extend(resources.map(|what| Error::Limit {
        what,
        actual: 2_000,
        max: 1_000,
    }));
    errors.push(Error::NeedsInput { given: 16_384 });
    errors.push(Error::NoPages);
    errors.push(OptionError::new("pagesize", "expected a size").into());
    errors.push(Error::Codec {
        source: "out of memory".into(),
    });
    errors
}

/// One notice for each code.
fn notices() -> Vec<Notice> {
    let trailing = [
        TrailingKind::Padding,
        TrailingKind::Text,
        TrailingKind::Jpeg,
        TrailingKind::Video,
        TrailingKind::Zip,
        TrailingKind::Other,
    ];
    let mut notices = vec![
        Notice::LeadingBytesSkipped,
        Notice::StrayBytesSkipped,
        Notice::ShortSegmentSkipped,
        Notice::EoiAppended,
        Notice::AfterDataSkipped,
    ];
    notices.extend(trailing.map(|kind| {
        Notice::TrailingDataSkipped(Trailing {
            kind,
            size: 1_000_000,
        })
    }));
    let kinds = [
        DamageKind::Truncated,
        DamageKind::Corrupt("bits that are no code"),
    ];
    notices.extend(kinds.map(|kind| Notice::Damaged(damage(kind))));
    notices.extend([
        Notice::OrientationInvalid,
        Notice::OrientationNeutralized,
        Notice::ExifDuplicateSkipped,
        Notice::DensityImplausible,
        Notice::DensityConflict,
        Notice::AdobeRgbEmbedded,
        Notice::PositionKept,
        Notice::MetadataRemoved { size: 20_000 },
        Notice::IccDropped,
        Notice::ColorStated,
        Notice::CmykPolarityAssumed,
        Notice::HuffmanTablesInserted,
        Notice::HeightResolved,
        Notice::TooLargeForViewers,
        Notice::PageEnlarged,
    ]);
    notices
}

fn page() -> String {
    let row = |code: &str, text: String| format!("| `{code}` | {text} |\n");
    let mut page = "# Codes

Programs can rely on these codes: in the command's `--json`, in the service's problem documents and `Pdfmagic-Notices`,
and from `code()` in the library. The texts are examples, and may change.

`BLESS=1 cargo test -p pdfmagic-core --lib codes` writes this page.

## Notices

What was unusual about an input, and what was done about it.

| code | text |
|---|---|
"
    .to_owned();
    for notice in notices() {
        page += &row(notice.code(), notice.to_string());
    }
    page += "
## Errors

Why there is no PDF.

| code | text |
|---|---|
";
    for error in errors() {
        page += &row(error.code(), error.to_string());
    }
    page
}

#[test]
fn the_page_lists_every_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("../docs/codes.md");
    let page = page();
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &page).expect("it can be written");
    }
    // Of a package alone, the page is not at hand.
    if let Ok(written) = fs::read_to_string(&path) {
        assert!(written == page, "run with BLESS=1 and read what changed");
    }
    let listed: BTreeSet<_> = page.split('`').skip(1).step_by(2).collect();
    for source in SOURCES {
        let text = fs::read_to_string(root.join("src").join(source)).expect("it is there");
        for line in text.lines().filter(|line| line.contains("=> \"")) {
            let code = line.split('"').nth(1).unwrap_or_default();
            let is_code = !code.contains(' ') && (code.contains('.') || code.contains('_'));
            assert!(
                !is_code || listed.contains(code),
                "{source}: {code} is not listed"
            );
        }
    }
}
