//! A PDF as an answer whose image is a view of the request.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pdfmagic_core::Piece;

use crate::memory::{Memory, Reservation};
use crate::problem::Problem;

/// A body of known size, so that the answer states its Content-Length.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pieces: VecDeque<Bytes>,
    size: u64,
}

/// What was made, and the memory for it until the last view of it is dropped: the connection has it for longer than
/// there is an answer.
#[derive(Debug)]
struct Made {
    bytes: Vec<u8>,
    _reservation: Reservation,
}

impl AsRef<[u8]> for Made {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Pieces of up to this size, in bytes, are as good as free.
const SMALL: usize = 64 << 10;

impl Answer {
    /// Adds a piece. A range is a view of `input`, which is not copied; what was made is reserved from now on.
    pub(crate) fn push(
        &mut self,
        piece: Piece,
        input: &Bytes,
        memory: &Memory,
    ) -> Result<(), Problem> {
        let bytes = match piece {
            Piece::Made(bytes) if bytes.len() > SMALL => Bytes::from_owner(Made {
                _reservation: memory.reserve(bytes.len())?,
                bytes,
            }),
            Piece::Made(bytes) => bytes.into(),
            Piece::Input(range) => {
                let at = |n| usize::try_from(n).expect("the request is in memory");
                input.slice(at(range.start)..at(range.end))
            }
        };
        self.add(bytes);
        Ok(())
    }

    /// Adds the end of the document.
    pub(crate) fn end(&mut self, rest: Vec<u8>) {
        self.add(rest.into());
    }

    fn add(&mut self, bytes: Bytes) {
        self.size += bytes.len() as u64;
        self.pieces.push_back(bytes);
    }
}

impl Body for Answer {
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

    #[tokio::test]
    async fn what_was_made_is_reserved_until_the_connection_is_done_with_it() {
        let memory = Memory::new(1 << 20);
        let mut answer = Answer::default();
        let made = Piece::Made(vec![0; SMALL + 1]);
        answer.push(made, &Bytes::new(), &memory).unwrap();
        let sent = answer.frame().await.unwrap().unwrap();
        assert!(answer.is_end_stream());
        drop(answer);
        assert_eq!(memory.reserved(), SMALL + 1);
        drop(sent);
        assert_eq!(memory.reserved(), 0);
    }
}
