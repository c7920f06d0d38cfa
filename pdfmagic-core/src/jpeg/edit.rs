//! Changes to the data that make every viewer show the same picture.

use std::ops::Range;

use crate::notice::Notice;
use crate::piece::Piece;

/// A range of the input, its replacement, and the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edit {
    /// The replaced bytes, as offsets into the input; empty for an insertion.
    pub(crate) range: Range<u64>,
    pub(crate) with: Vec<u8>,
    /// `None` if T.81 allows the replaced bytes, so that there is nothing to report.
    pub(crate) notice: Option<Notice>,
}

impl Edit {
    pub(crate) fn cut(range: Range<u64>, notice: impl Into<Option<Notice>>) -> Self {
        Self {
            range,
            with: Vec::new(),
            notice: notice.into(),
        }
    }

    pub(crate) fn insert(offset: u64, with: Vec<u8>, notice: impl Into<Option<Notice>>) -> Self {
        Self {
            range: offset..offset,
            with,
            notice: notice.into(),
        }
    }

    pub(crate) fn replace(offset: u64, with: &[u8], notice: impl Into<Option<Notice>>) -> Self {
        Self {
            range: offset..offset + with.len() as u64,
            with: with.to_vec(),
            notice: notice.into(),
        }
    }
}

/// Returns a range of the input with `edits` applied. The edits must lie within it, in order, without overlaps.
pub(crate) fn apply<'e>(edits: impl Iterator<Item = &'e Edit>, range: Range<u64>) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(2 * edits.size_hint().1.unwrap_or(0) + 1);
    let mut kept = range.start;
    for edit in edits {
        pieces.push(Piece::Input(kept..edit.range.start));
        pieces.push(Piece::Made(edit.with.clone()));
        kept = edit.range.end;
    }
    pieces.push(Piece::Input(kept..range.end));
    pieces.retain(|piece| piece.size() > 0);
    pieces
}
