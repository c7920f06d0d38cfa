//! A PDF as an answer, and its name.

use std::fmt::Write as _;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::request_record::ConversionReport;

/// Returns a PDF as an answer.
pub(super) fn answer(body: Body, disposition: HeaderValue, report: ConversionReport) -> Response {
    let mut response = Response::new(body);
    response.extensions_mut().insert(report);
    let headers = response.headers_mut();
    // This leaves room for the headers of every answer.
    headers.reserve(12);
    let pdf = HeaderValue::from_static("application/pdf");
    headers.insert(header::CONTENT_TYPE, pdf);
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    response
}

/// The characters that must be escaped in an extended parameter (RFC 8187, 3.2.1).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// The maximum length of a name, in characters.
const MAX: usize = 64;

/// Names the PDF after the upload, with a different name in each answer, since curl does not overwrite files. A name
/// that is not plain ASCII is stated twice (RFC 6266, 5).
pub(super) fn disposition(upload: &str) -> HeaderValue {
    static NEXT: LazyLock<AtomicU32> = LazyLock::new(|| AtomicU32::new(fastrand::u32(..)));
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let stem = stem(upload);
    let plain = plain(stem);
    let mut text = format!("attachment; filename=\"{plain}-{number:08x}.pdf\"");
    let stem: String = stem.chars().take(MAX).collect();
    if stem != plain {
        let stem = utf8_percent_encode(&stem, ESCAPED);
        write!(text, "; filename*=UTF-8\'\'{stem}-{number:08x}.pdf")
            .expect("writing to a String cannot fail");
    }
    HeaderValue::try_from(text).expect("it is plain ASCII")
}

/// Returns a file name without folders and extension, or `image`.
pub(super) fn stem(name: &str) -> &str {
    let file = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    match stem.trim_start_matches('.') {
        "" => "image",
        stem => stem,
    }
}

/// Replaces all characters except letters, digits, `-`, `_` and `.`.
fn plain(stem: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "-_.".contains(c) {
            c
        } else {
            '_'
        }
    };
    stem.chars().take(MAX).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_reduced_to_ascii() {
        for (name, expected) in [
            ("random.jpg", "random"),
            ("C:\\photos\\My photo.jpeg", "My_photo"),
            ("../../etc/passwd", "passwd"),
            ("naïve \"quote\".jpg", "na_ve__quote_"),
            ("Montreal.2.jpg", "Montreal.2"),
            (".jpg", "image"),
            ("", "image"),
        ] {
            assert_eq!(plain(stem(name)), expected, "{name}");
        }
        assert_eq!(plain(stem(&"x".repeat(1000))).len(), 64);
    }

    #[test]
    fn file_names_in_any_script_are_preserved() {
        let told = disposition("漢字 Köln.jpg");
        let told = told.to_str().unwrap();
        let extended = "; filename*=UTF-8\'\'%E6%BC%A2%E5%AD%97%20K%C3%B6ln-";
        assert!(
            told.starts_with("attachment; filename=\"___K_ln-") && told.contains(extended),
            "{told}"
        );
        assert!(!disposition("a.jpg").to_str().unwrap().contains("filename*"));
    }

    #[test]
    fn no_two_answers_have_the_same_name() {
        let names: std::collections::HashSet<_> = (0..1000).map(|_| disposition("a.jpg")).collect();
        assert_eq!(names.len(), 1000);
    }
}
