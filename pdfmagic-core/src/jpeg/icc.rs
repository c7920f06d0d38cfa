//! The ICC profile in APP2 segments (ICC.1:2022, Annex B.4), and whether it is usable.

use std::borrow::Cow;

/// Collects the chunks of a profile.
#[derive(Debug, Default)]
pub(super) struct IccChunks<'a> {
    /// Sequence number, total and data of each chunk.
    chunks: Vec<(u8, u8, &'a [u8])>,
}

impl<'a> IccChunks<'a> {
    /// Takes an APP2 payload, if it is a chunk of a profile.
    pub(super) fn push(&mut self, payload: &'a [u8]) {
        if let Some([number, total, data @ ..]) = payload.strip_prefix(b"ICC_PROFILE\0") {
            self.chunks.push((*number, *total, data));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// The size of all chunks, in bytes.
    pub(super) fn size(&self) -> usize {
        self.chunks.iter().map(|(.., data)| data.len()).sum()
    }

    /// Returns the profile, if every chunk is present once and the profile is for this number of components.
    pub(super) fn assemble(mut self, components: usize) -> Option<Cow<'a, [u8]>> {
        self.chunks.sort_unstable_by_key(|&(number, ..)| number);
        let total = self.chunks.len();
        let is_whole = self
            .chunks
            .iter()
            .zip(1..)
            .all(|(&(n, t, _), i)| usize::from(n) == i && usize::from(t) == total);
        let mut profile = match &self.chunks[..] {
            _ if !is_whole => return None,
            [(.., data)] => Cow::Borrowed(*data),
            many => {
                let parts: Vec<_> = many.iter().map(|&(.., data)| data).collect();
                // Collecting byte by byte would grow the vector and take up to three times the memory.
                Cow::Owned(parts.concat())
            }
        };
        // Bytes after the declared size are not part of the profile.
        let declared = usize::try_from(u32::from_be_bytes(*profile.first_chunk()?)).ok()?;
        match &mut profile {
            Cow::Borrowed(bytes) => *bytes = bytes.get(..declared)?,
            Cow::Owned(bytes) if declared <= bytes.len() => bytes.truncate(declared),
            Cow::Owned(_) => return None,
        }
        is_usable(&profile, components).then_some(profile)
    }
}

/// Whether the header (ICC.1:2022, 7.2) describes a profile that PDF allows (ISO 32000-1, 8.6.5.5) for an image with
/// this number of components.
fn is_usable(profile: &[u8], components: usize) -> bool {
    let Some(header) = profile.first_chunk::<128>() else {
        return false;
    };
    let space: &[u8] = match components {
        1 => b"GRAY",
        3 => b"RGB ",
        _ => b"CMYK",
    };
    header[8] <= 4
        && matches!(&header[12..16], b"scnr" | b"mntr" | b"prtr" | b"spac")
        && &header[16..20] == space
        && &header[36..40] == b"acsp"
}
