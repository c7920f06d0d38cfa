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
    /// How much was made without being reserved, in bytes.
    small: usize,
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

/// What is made of an answer without being reserved, in bytes: as much as a page takes that is passed through.
const SMALL: usize = 4 << 10;

impl Answer {
    /// Adds a piece. A range is a view of `input`, which is not copied; what was made is reserved from now on.
    pub(crate) fn push(
        &mut self,
        piece: Piece,
        input: &Bytes,
        memory: &Memory,
    ) -> Result<(), Problem> {
        match piece {
            Piece::Made(bytes) => self.made(bytes, memory),
            Piece::Input(range) => {
                let at = |n| usize::try_from(n).expect("the request is in memory");
                self.add(input.slice(at(range.start)..at(range.end)));
                Ok(())
            }
        }
    }

    /// Adds what was made.
    pub(crate) fn made(&mut self, mut bytes: Vec<u8>, memory: &Memory) -> Result<(), Problem> {
        bytes.shrink_to_fit();
        let small = self.small + bytes.len();
        if small <= SMALL {
            self.small = small;
            self.add(bytes.into());
        } else {
            self.add(Bytes::from_owner(Made {
                _reservation: memory.reserve(bytes.len())?,
                bytes,
            }));
        }
        Ok(())
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
        // Many small pieces are not free because each of them is small.
        for _ in 0..3 {
            answer.made(vec![0; SMALL], &memory).unwrap();
        }
        let mut sent = Vec::new();
        while !answer.is_end_stream() {
            sent.push(answer.frame().await.unwrap().unwrap());
        }
        drop(answer);
        assert_eq!(memory.reserved(), 2 * SMALL);
        drop(sent);
        assert_eq!(memory.reserved(), 0);
    }
}
