//! Identifies files that are not JPEGs by their first bytes.

use std::fmt;

/// A kind of file that may be mistaken for a JPEG.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileKind {
    /// An empty file.
    Empty,
    /// Bytes that are all 0: an unfinished download, or a broken memory card.
    Zeros,
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
    /// Photoshop's own format.
    Psd,
    /// A video: `QuickTime` or MP4.
    Video,
    /// PDF.
    Pdf,
    /// PostScript.
    PostScript,
    /// ZIP, and formats based on it.
    Zip,
    /// Data compressed by gzip.
    Gzip,
    /// A file in which macOS stores metadata of another file; its name begins with `._`.
    AppleDouble,
    /// A data URL.
    DataUrl,
    /// A JPEG in Base64.
    Base64,
    /// JSON.
    Json,
    /// Markup: HTML, SVG or other XML.
    Markup,
    /// Another kind of file, with its first bytes.
    Unknown(Start),
}

/// The first bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    bytes: [u8; 4],
    size: usize,
}

/// The first bytes of a kind of file.
type Magic = (&'static [u8], FileKind);

const MAGIC: [Magic; 19] = [
    (b"\x89PNG", FileKind::Png),
    (b"GIF8", FileKind::Gif),
    (b"BM", FileKind::Bmp),
    (b"II*\0", FileKind::Tiff),
    (b"MM\0*", FileKind::Tiff),
    (b"\0\0\0\x0CjP  ", FileKind::Jpeg2000),
    (b"\xFF\x4F\xFF\x51", FileKind::Jpeg2000),
    (b"\0\0\0\x0CJXL ", FileKind::JpegXl),
    (b"\xFF\x0A", FileKind::JpegXl),
    (b"8BPS", FileKind::Psd),
    (b"%PDF", FileKind::Pdf),
    (b"%!PS", FileKind::PostScript),
    (b"PK\x03\x04", FileKind::Zip),
    (b"\x1F\x8B", FileKind::Gzip),
    (b"\0\x05\x16\x07", FileKind::AppleDouble),
    (b"data:image/", FileKind::DataUrl),
    // FF D8 FF in Base64.
    (b"/9j/", FileKind::Base64),
    (b"{", FileKind::Json),
    (b"<", FileKind::Markup),
];

impl FileKind {
    /// Identifies a file by its first bytes.
    pub(crate) fn of(head: &[u8]) -> Self {
        let text = head.trim_ascii_start();
        if head.is_empty() {
            return Self::Empty;
        }
        if head.iter().all(|&byte| byte == 0) {
            return Self::Zeros;
        }
        if let Some([b'f', b't', b'y', b'p', brand @ ..]) = head.get(4..12) {
            return match brand {
                b"avif" | b"avis" => Self::Avif,
                b"heic" | b"heix" | b"hevc" | b"heim" | b"mif1" | b"msf1" => Self::Heic,
                _ => Self::Video,
            };
        }
        if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP") {
            return Self::WebP;
        }
        let starts = |(magic, kind): &Magic| {
            let is_text = matches!(
                kind,
                Self::DataUrl | Self::Base64 | Self::Json | Self::Markup
            );
            (if is_text { text } else { head }).starts_with(magic)
        };
        let known = MAGIC.iter().find(|magic| starts(magic));
        known.map_or(Self::Unknown(Start::of(head)), |&(_, kind)| kind)
    }

    /// Whether a file that begins with these bytes is an image: a JPEG, or one of another kind. A JPEG after other
    /// bytes is found in the first 4 KiB.
    ///
    /// ```
    /// use pdfmagic_core::FileKind;
    ///
    /// assert!(FileKind::is_image(b"\xFF\xD8\xFF\xE0") && FileKind::is_image(b"\x89PNG\r\n"));
    /// assert!(!FileKind::is_image(b"%PDF-1.7"));
    /// ```
    #[must_use]
    pub fn is_image(head: &[u8]) -> bool {
        let kind = Self::of(head);
        let is_other = matches!(
            kind,
            Self::Png
                | Self::Gif
                | Self::Bmp
                | Self::Tiff
                | Self::WebP
                | Self::Heic
                | Self::Avif
                | Self::Jpeg2000
                | Self::JpegXl
                | Self::Psd
                | Self::Video
        );
        let has_jpeg = || head.windows(3).any(|window| window == b"\xFF\xD8\xFF");
        is_other || head.starts_with(b"\xFF\xD8") || kind.is_vague() && has_jpeg()
    }

    /// Whether a JPEG may still follow after further bytes.
    pub(crate) fn is_vague(self) -> bool {
        matches!(
            self,
            Self::Zeros | Self::Json | Self::Markup | Self::Unknown(_)
        )
    }

    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Empty => "not_jpeg.empty",
            Self::Zeros => "not_jpeg.zeros",
            Self::Png => "not_jpeg.png",
            Self::Gif => "not_jpeg.gif",
            Self::Bmp => "not_jpeg.bmp",
            Self::Tiff => "not_jpeg.tiff",
            Self::WebP => "not_jpeg.webp",
            Self::Heic => "not_jpeg.heic",
            Self::Avif => "not_jpeg.avif",
            Self::Jpeg2000 => "not_jpeg.jp2",
            Self::JpegXl => "not_jpeg.jxl",
            Self::Psd => "not_jpeg.psd",
            Self::Video => "not_jpeg.video",
            Self::Pdf => "not_jpeg.pdf",
            Self::PostScript => "not_jpeg.ps",
            Self::Zip => "not_jpeg.zip",
            Self::Gzip => "not_jpeg.gzip",
            Self::AppleDouble => "not_jpeg.apple_double",
            Self::DataUrl => "not_jpeg.data_url",
            Self::Base64 => "not_jpeg.base64",
            Self::Json => "not_jpeg.json",
            Self::Markup => "not_jpeg.markup",
            Self::Unknown(_) => "not_jpeg.unknown",
        }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "it is empty",
            Self::Zeros => "it contains only zeros",
            Self::Png => "it looks like PNG",
            Self::Gif => "it looks like GIF",
            Self::Bmp => "it looks like BMP",
            Self::Tiff => "it looks like TIFF or a raw photo",
            Self::WebP => "it looks like WebP",
            Self::Heic => "it looks like HEIC",
            Self::Avif => "it looks like AVIF",
            Self::Jpeg2000 => "it looks like JPEG 2000",
            Self::JpegXl => "it looks like JPEG XL",
            Self::Psd => "it looks like a Photoshop file",
            Self::Video => "it looks like a video",
            Self::Pdf => "it looks like PDF",
            Self::PostScript => "it looks like PostScript",
            Self::Zip => "it looks like ZIP",
            Self::Gzip => "it looks like gzip; decompress it first",
            Self::AppleDouble => {
                "it looks like metadata from macOS; use the file without ._ in its name"
            }
            Self::DataUrl => "it looks like a data URL; decode it first",
            Self::Base64 => "it looks like Base64; decode it first",
            Self::Json => "it looks like JSON",
            Self::Markup => "it looks like HTML, SVG or XML",
            Self::Unknown(start) => return write!(f, "it starts with {start}"),
        })
    }
}

impl Start {
    fn of(head: &[u8]) -> Self {
        let mut bytes = [0; 4];
        let size = head.len().min(bytes.len());
        bytes[..size].copy_from_slice(&head[..size]);
        Self { bytes, size }
    }
}

/// Writes text as it is, and other bytes in hexadecimal.
impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = &self.bytes[..self.size];
        if let Ok(text) = str::from_utf8(bytes)
            && bytes.iter().all(u8::is_ascii_graphic)
        {
            return write!(f, "\"{text}\"");
        }
        f.write_str(if self.size == 1 {
            "the byte"
        } else {
            "the bytes"
        })?;
        bytes.iter().try_for_each(|byte| write!(f, " {byte:02X}"))
    }
}
