//! Checks that a PDF shows the picture that it was made from.

use std::fs;
use std::io::{self, Error};
use std::process::Command;

use jpeg_decoder::Decoder;

use crate::process::{convert, output};

/// The maximum average difference of a sample. Re-encoding at a high quality stays below it, and a shift by one pixel
/// exceeds it.
const TOLERANCE: f64 = 4.0;

/// Checks that a PDF has one page that shows the same as a JPEG of three components, by comparing poppler's pixels with
/// libjpeg's.
///
/// # Errors
///
/// If it does not, or if `djpeg`, `pdftocairo` or `convert` cannot be run.
pub fn check(pdf: &[u8], jpeg: &[u8]) -> io::Result<()> {
    let mut decoder = Decoder::new(jpeg);
    decoder.read_info().map_err(Error::other)?;
    let info = decoder.info().ok_or_else(|| Error::other("no header"))?;
    let size = 3 * usize::from(info.width) * usize::from(info.height);

    let directory = tempfile::tempdir()?;
    let input = directory.path().join("input");
    fs::write(&input, jpeg)?;
    let pixmap = output(Command::new("djpeg").arg("-pnm").arg(&input), &[])?;
    // The samples follow a header.
    let expected = &pixmap[pixmap.len().saturating_sub(size)..];

    fs::write(&input, pdf)?;
    let pages = directory.path().join("pages");
    fs::create_dir(&pages)?;
    output(
        Command::new("pdftocairo")
            .args(["-png", "-scale-to-x", &info.width.to_string()])
            .args(["-scale-to-y", &info.height.to_string()])
            .arg(input)
            .arg(pages.join("page")),
        &[],
    )?;
    let pages: Vec<_> = fs::read_dir(pages)?.collect::<io::Result<_>>()?;
    let [page] = &pages[..] else {
        return Err(Error::other(format!("the PDF has {} pages", pages.len())));
    };
    let shown = output(
        convert().arg(page.path()).args(["-depth", "8", "rgb:-"]),
        &[],
    )?;

    let difference: u64 = std::iter::zip(&shown, expected)
        .map(|(shown, expected)| u64::from(shown.abs_diff(*expected)))
        .sum();
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52")]
    let average = difference as f64 / size as f64;
    if shown.len() != size || average > TOLERANCE {
        return Err(Error::other(format!(
            "the page does not show the picture: its samples differ by {average:.1} on average"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use pdfmagic_load::picture::{Picture, jpeg};

    use super::*;

    #[test]
    fn a_page_with_another_picture_is_rejected() {
        let picture = |seed, quality| jpeg(Picture::Photo, 64, 48, quality, seed).unwrap();
        let photo = picture(0, 90);
        let pdf = pdfmagic_core::jpeg_to_pdf(&photo).unwrap();
        check(&pdf, &photo).unwrap();
        check(&pdf, &picture(0, 95)).unwrap();
        let error = |jpeg: &[u8]| check(&pdf, jpeg).unwrap_err().to_string();
        // This picture has the same light with other grain.
        assert!(error(&picture(1, 90)).starts_with("the page does not show the picture"));
        let other = jpeg(Picture::Photo, 64, 64, 90, 0).unwrap();
        assert!(error(&other).contains("the picture"));
        check(b"%PDF-1.7", &photo).unwrap_err();
    }

    #[test]
    fn a_second_page_is_refused() {
        use pdfmagic_core::{Document, Options, Page, Passthrough};
        let photo = jpeg(Picture::Photo, 64, 48, 90, 0).unwrap();
        let (mut document, mut pdf) = (Document::new(), Vec::new());
        for _ in 0..2 {
            let page = Page::from_jpeg(&photo, &Options::default(), &Passthrough).unwrap();
            for piece in document.push(page) {
                pdf.extend_from_slice(piece.bytes(&photo));
            }
        }
        pdf.extend_from_slice(&document.finish().unwrap());
        let error = check(&pdf, &photo).unwrap_err().to_string();
        assert_eq!(error, "the PDF has 2 pages");
    }
}
