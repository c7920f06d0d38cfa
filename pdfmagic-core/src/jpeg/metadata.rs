//! Segments with information about the image that are not part of it: Exif, XMP, IPTC, comments and the like.

use super::app;
use super::edit::{self, Edit};
use super::segment::{Marker, Segment, Segments};
use crate::error::Error;
use crate::piece::Piece;

/// The contents of an APPn or COM segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    /// JFIF without a thumbnail.
    Jfif,
    /// JFIF with a thumbnail, which begins `offset` bytes after the start of the segment.
    JfifThumbnail { offset: u64 },
    /// The color profile, which the PDF also embeds.
    Icc,
    /// Adobe's color transform.
    Adobe,
    /// Everything else.
    Metadata,
}

impl Content {
    fn of(marker: Marker, payload: &[u8]) -> Self {
        match marker {
            Marker::APP0 if app::jfif(payload).is_some() => {
                // The size of all fields of JFIF before the thumbnail, in bytes.
                const THUMBNAIL: usize = 14;
                if payload.len() > THUMBNAIL {
                    Self::JfifThumbnail {
                        offset: 4 + THUMBNAIL as u64,
                    }
                } else {
                    Self::Jfif
                }
            }
            Marker::APP2 if payload.starts_with(b"ICC_PROFILE\0") => Self::Icc,
            Marker::APP14 if payload.starts_with(b"Adobe") => Self::Adobe,
            _ => Self::Metadata,
        }
    }
}

/// Returns the APPn and COM segments before the first scan.
fn segments(head: &[u8], scans_offset: usize) -> Result<Vec<(Segment<'_>, Content)>, Error> {
    let mut segments = Segments::new(&head[..scans_offset], u32::MAX)?;
    let mut found = Vec::new();
    // The header has been parsed before, so an error can only mean the end of `head`, at the first scan.
    while let Ok(segment) = segments.next() {
        if segment.marker.is_optional() {
            let content = Content::of(segment.marker, segment.payload);
            found.push((segment, content));
        }
    }
    Ok(found)
}

/// The kinds of metadata in a JPEG.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent fact")]
#[non_exhaustive]
pub struct MetadataFound {
    /// Exif.
    pub exif: bool,
    /// The position where the picture was taken, in Exif.
    pub position: bool,
    /// XMP.
    pub xmp: bool,
    /// Photoshop's image resources, which hold IPTC.
    pub iptc: bool,
    /// Comments.
    pub comment: bool,
    /// A C2PA manifest.
    pub c2pa: bool,
    /// The size of the segments with metadata, in bytes.
    pub size: u64,
}

/// Lists the metadata before the first scan.
pub(super) fn found(
    head: &[u8],
    scans_offset: usize,
    has_position: bool,
) -> Result<MetadataFound, Error> {
    let mut found = MetadataFound {
        position: has_position,
        ..MetadataFound::default()
    };
    for (segment, content) in segments(head, scans_offset)? {
        if content != Content::Metadata {
            continue;
        }
        let payload = segment.payload;
        match segment.marker {
            Marker::APP1 if payload.starts_with(b"Exif\0") => found.exif = true,
            Marker::APP1 => found.xmp |= payload.starts_with(b"http://ns.adobe.com/x"),
            Marker::APP11 => found.c2pa = true,
            Marker::APP13 => found.iptc |= payload.starts_with(b"Photoshop 3.0"),
            Marker::COM => found.comment = true,
            _ => {}
        }
        let range = segment.range();
        found.size += range.end - range.start;
    }
    Ok(found)
}

/// Adds edits that remove all metadata, and returns the number of bytes removed.
pub(super) fn strip(head: &[u8], scans_offset: usize, edits: &mut Vec<Edit>) -> Result<u64, Error> {
    let mut removed = 0;
    for (segment, content) in segments(head, scans_offset)? {
        let range = segment.range();
        let cut = match content {
            Content::Jfif | Content::Icc | Content::Adobe => continue,
            Content::JfifThumbnail { offset } => range.start + offset..range.end,
            Content::Metadata => range.clone(),
        };
        // Edits inside the removed range are obsolete.
        edits.retain(|edit| edit.range.end <= cut.start || edit.range.start >= cut.end);
        removed += cut.end - cut.start;
        if let Content::JfifThumbnail { offset } = content {
            // The length, and the width and height of the thumbnail.
            edits.push(Edit::replace(range.start + 2, &[0, 16], None));
            edits.push(Edit::replace(range.start + offset - 2, &[0, 0], None));
        }
        edits.push(Edit::cut(cut, None));
    }
    edits.sort_by_key(|edit| edit.range.start);
    Ok(removed)
}

/// Returns the metadata to be kept in a re-encoded image, with `edits` applied. The profile and Adobe's segment are not
/// metadata.
pub(super) fn kept(head: &[u8], scans_offset: usize, edits: &[Edit]) -> Result<Vec<Piece>, Error> {
    let mut kept = Vec::new();
    for (segment, content) in segments(head, scans_offset)? {
        let range = segment.range();
        if matches!(content, Content::Icc | Content::Adobe) {
            continue;
        }
        let inside = edits
            .iter()
            .filter(|edit| range.contains(&edit.range.start) && edit.range.end <= range.end);
        kept.extend(edit::apply(inside, range.clone()));
    }
    Ok(kept)
}
