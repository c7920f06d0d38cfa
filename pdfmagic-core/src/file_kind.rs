//! What a file that is no JPEG looks like, by its first bytes.

use std::fmt;

/// A kind of file that people take for a JPEG.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileKind {
    /// No bytes at all.
    Empty,
    /// PNG.
    Png,
    /// GIF.
    Gif,
    /// BMP.
    Bmp,
    /// TIFF, and most raw camera formats.
    Tiff,
    /// WebP.
    WebP,
    /// HEIC or HEIF.
    Heic,
    /// AVIF.
    Avif,
    /// JPEG 2000, as a file or a code stream.
    Jpeg2000,
    /// JPEG XL, as a file or a code stream.
    JpegXl,
    /// PDF.
    Pdf,
    /// PostScript.
    PostScript,
    /// ZIP, and what is built on it.
    Zip,
    /// Markup: HTML, SVG or other XML.
    Markup,
    /// None of these.
    Unknown,
}

impl FileKind {
    /// Looks at the first bytes.
    pub(crate) fn of(head: &[u8]) -> Self {
        let starts = |magic: &[u8]| head.starts_with(magic);
        let brand = head.get(4..12).unwrap_or_default();
        let text = head.trim_ascii_start();
        match brand {
            b"ftypavif" | b"ftypavis" => return Self::Avif,
            b"ftypheic" | b"ftypheix" | b"ftyphevc" | b"ftypheim" | b"ftypmif1" | b"ftypmsf1" => {
                return Self::Heic;
            }
            _ => {}
        }
        if head.is_empty() {
            Self::Empty
        } else if starts(b"\x89PNG") {
            Self::Png
        } else if starts(b"GIF8") {
            Self::Gif
        } else if starts(b"BM") {
            Self::Bmp
        } else if starts(b"II*\0") || starts(b"MM\0*") {
            Self::Tiff
        } else if starts(b"RIFF") && brand.ends_with(b"WEBP") {
            Self::WebP
        } else if starts(b"\0\0\0\x0CjP  ") || starts(b"\xFF\x4F\xFF\x51") {
            Self::Jpeg2000
        } else if starts(b"\0\0\0\x0CJXL ") || starts(b"\xFF\x0A") {
            Self::JpegXl
        } else if starts(b"%PDF") {
            Self::Pdf
        } else if starts(b"%!PS") {
            Self::PostScript
        } else if starts(b"PK\x03\x04") {
            Self::Zip
        } else if text.starts_with(b"<") {
            Self::Markup
        } else {
            Self::Unknown
        }
    }

    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Empty => "not_jpeg.empty",
            Self::Png => "not_jpeg.png",
            Self::Gif => "not_jpeg.gif",
            Self::Bmp => "not_jpeg.bmp",
            Self::Tiff => "not_jpeg.tiff",
            Self::WebP => "not_jpeg.webp",
            Self::Heic => "not_jpeg.heic",
            Self::Avif => "not_jpeg.avif",
            Self::Jpeg2000 => "not_jpeg.jp2",
            Self::JpegXl => "not_jpeg.jxl",
            Self::Pdf => "not_jpeg.pdf",
            Self::PostScript => "not_jpeg.ps",
            Self::Zip => "not_jpeg.zip",
            Self::Markup => "not_jpeg.markup",
            Self::Unknown => "not_jpeg.unknown",
        }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the input is empty",
            Self::Png => "the input looks like PNG",
            Self::Gif => "the input looks like GIF",
            Self::Bmp => "the input looks like BMP",
            Self::Tiff => "the input looks like TIFF",
            Self::WebP => "the input looks like WebP",
            Self::Heic => "the input looks like HEIC",
            Self::Avif => "the input looks like AVIF",
            Self::Jpeg2000 => "the input looks like JPEG 2000",
            Self::JpegXl => "the input looks like JPEG XL",
            Self::Pdf => "the input looks like PDF",
            Self::PostScript => "the input looks like PostScript",
            Self::Zip => "the input looks like ZIP",
            Self::Markup => "the input looks like HTML, SVG or XML",
            Self::Unknown => "no SOI marker at its start",
        })
    }
}
