//! A PDF as the body of an answer. Its images are views of the request.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pdfmagic_core::Piece;

use crate::memory::Reservation;
use crate::problem::Problem;
use crate::work_memory::WorkMemory;

/// A body of known size, so that the answer states its Content-Length.
#[derive(Debug, Default)]
pub(crate) struct PdfBody {
    pieces: VecDeque<Bytes>,
    size: u64,
    /// The memory for small pieces and for the entries of all pieces, in bytes.
    small: usize,
    /// The reservation for `small`, except for the free part.
    reservation: Option<Reservation>,
}

/// New bytes, with the memory for them until the last view is dropped: the connection may hold them for longer than the
/// PDF exists.
#[derive(Debug)]
struct Made {
    bytes: Vec<u8>,
    _reservation: Option<Reservation>,
}

impl AsRef<[u8]> for Made {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Returns bytes that keep a reservation alive.
pub(crate) fn held(bytes: Vec<u8>, reservation: Option<Reservation>) -> Bytes {
    Bytes::from_owner(Made {
        bytes,
        _reservation: reservation,
    })
}

/// The number of new bytes of an answer that need no reservation, which is more than a page with passthrough needs.
const FREE: usize = 8 << 10;

/// The memory for the entry of a piece, in bytes: it is in two queues, each of which may have twice the capacity it
/// needs.
const PIECE: usize = 4 * size_of::<Bytes>();

/// The unit in which memory is reserved for small new pieces, in bytes. Larger pieces have their own reservations.
const STEP: usize = 64 << 10;

impl PdfBody {
    /// Adds a piece. A range is a view of `input` and is not copied. Memory for new bytes is taken from the reservation
    /// of `work`.
    pub(crate) fn push(
        &mut self,
        piece: Piece,
        input: &Bytes,
        work: &mut WorkMemory<'_>,
    ) -> Result<(), Problem> {
        let bytes = match piece {
            Piece::Made(mut bytes) if bytes.len() > STEP => {
                bytes.shrink_to_fit();
                let reservation = work.part(bytes.len())?;
                held(bytes, Some(reservation))
            }
            Piece::Made(bytes) => {
                self.small += bytes.capacity();
                bytes.into()
            }
            Piece::Input(range) => {
                let at = |n| usize::try_from(n).expect("the request is in memory");
                input.slice(at(range.start)..at(range.end))
            }
        };
        self.add(bytes);
        self.small += PIECE;
        self.reserve_small(work)
    }

    /// Adds the end of the document. It holds the memory for all small pieces, since it is sent last.
    pub(crate) fn end(&mut self, bytes: Vec<u8>, work: &mut WorkMemory<'_>) -> Result<(), Problem> {
        self.small += bytes.capacity();
        self.reserve_small(work)?;
        let rest = held(bytes, self.reservation.take());
        self.add(rest);
        Ok(())
    }

    fn reserve_small(&mut self, work: &mut WorkMemory<'_>) -> Result<(), Problem> {
        let reserved = self.reservation.as_ref().map_or(0, Reservation::size);
        if self.small > FREE.max(reserved) {
            let more = work.part(self.small.next_multiple_of(STEP) - reserved)?;
            match &mut self.reservation {
                Some(all) => all.join(more),
                none => *none = Some(more),
            }
        }
        Ok(())
    }

    fn add(&mut self, bytes: Bytes) {
        self.size += bytes.len() as u64;
        self.pieces.push_back(bytes);
    }
}

impl Body for PdfBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.pieces.pop_front();
        self.size -= piece.as_ref().map_or(0, |bytes| bytes.len() as u64);
        Poll::Ready(piece.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.size)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;
    use crate::memory::Memory;

    #[tokio::test]
    async fn generated_data_stays_reserved_until_the_connection_drops_it() {
        let memory = Memory::new(1 << 20);
        let mut work = WorkMemory::of(&memory, 3 * STEP, 3 * STEP).unwrap();
        let mut pdf = PdfBody::default();
        let input = Bytes::from_static(b"input");
        // Many small pieces are counted, even if each is small, or is a view of the upload.
        for _ in 0..100 {
            let made = Piece::Made(vec![0; 100]);
            pdf.push(made, &input, &mut work).unwrap();
            pdf.push(Piece::Input(1..2), &input, &mut work).unwrap();
        }
        let large = Piece::Made(vec![0; STEP + 1]);
        pdf.push(large, &input, &mut work).unwrap();
        pdf.end(vec![0; 10], &mut work).unwrap();
        assert_eq!(memory.reserved(), 3 * STEP);
        drop(work);
        assert_eq!(memory.reserved(), 2 * STEP + 1);
        let mut sent = Vec::new();
        while !pdf.is_end_stream() {
            sent.push(pdf.frame().await.unwrap().unwrap());
        }
        drop(pdf);
        assert_eq!(memory.reserved(), 2 * STEP + 1);
        drop(sent);
        assert_eq!(memory.reserved(), 0);
    }
}
