//! Several parts of a body as one buffer.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes};

/// Consecutive parts that are written by one system call. hyper itself does not combine data that is larger than its
/// buffer.
#[derive(Debug, Default)]
pub(crate) struct VectoredBuf {
    parts: VecDeque<Bytes>,
    size: usize,
}

impl VectoredBuf {
    /// Adds a part at the end.
    pub(crate) fn push(&mut self, part: Bytes) {
        if !part.is_empty() {
            self.size += part.len();
            self.parts.push_back(part);
        }
    }
}

impl Buf for VectoredBuf {
    fn remaining(&self) -> usize {
        self.size
    }

    fn chunk(&self) -> &[u8] {
        self.parts.front().map_or(&[], |part| &part[..])
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let filled = slices.iter_mut().zip(&self.parts);
        filled
            .map(|(slice, part)| *slice = IoSlice::new(part))
            .count()
    }

    fn advance(&mut self, mut count: usize) {
        self.size -= count;
        while count > 0 {
            let first = self
                .parts
                .front_mut()
                .expect("the count is at most what remains");
            if first.len() > count {
                first.advance(count);
                return;
            }
            count -= first.len();
            self.parts.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_in_order_with_any_step_size() {
        let whole = b"one, two and three";
        for step in 1..=whole.len() {
            let mut buf = VectoredBuf::default();
            for part in ["one", ", ", "", "two and", " three"] {
                buf.push(part.into());
            }
            let mut taken = Vec::new();
            while buf.has_remaining() {
                let mut slices = [IoSlice::new(&[]); 8];
                let count = buf.chunks_vectored(&mut slices);
                let all: Vec<u8> = slices[..count].iter().flat_map(|s| s.to_vec()).collect();
                assert_eq!(all.len(), buf.remaining());
                let step = step.min(all.len());
                taken.extend_from_slice(&all[..step]);
                buf.advance(step);
            }
            assert_eq!(taken, whole, "{step} at a time");
        }
    }
}
