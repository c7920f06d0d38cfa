//! Bits of an entropy-coded segment: NEXTBIT and RECEIVE (F.2.2.4, F.2.2.5), and a writer (F.1.2.3).

/// Reads bits, most significant first. `window` holds the next bits, left-aligned, and `held` is their number. After
/// the end of the segment, zeros are supplied, and `lent` counts them.
#[derive(Clone, Copy)]
pub(super) struct BitReader<'a> {
    data: &'a [u8],
    next: usize,
    window: u64,
    held: u32,
    lent: u32,
}

const ONES: u64 = 0x0101_0101_0101_0101;

/// Whether any of the eight bytes is 0xFF.
#[inline(always)]
fn has_ff(word: u64) -> bool {
    let gaps = !word;
    gaps.wrapping_sub(ONES) & word & (ONES << 7) != 0
}

impl<'a> BitReader<'a> {
    pub(super) fn new(data: &'a [u8], start: usize) -> Self {
        BitReader {
            data,
            next: start,
            window: 0,
            held: 0,
            lent: 0,
        }
    }

    /// Makes at least 32 bits available.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        if self.held < 32 {
            self.fill();
        }
    }

    /// Makes at least 56 bits available.
    #[inline(always)]
    pub(super) fn fill(&mut self) {
        if let Some(bytes) = self
            .data
            .get(self.next..)
            .and_then(|rest| rest.first_chunk::<8>())
        {
            let word = u64::from_be_bytes(*bytes);
            if !has_ff(word) {
                self.window |= word >> self.held;
                self.next += ((63 - self.held) >> 3) as usize;
                self.held |= 0x38; // a multiple of 8 is added, to reach 56 to 63
                return;
            }
        }
        *self = self.fill_bytewise();
    }

    #[cold]
    #[inline(never)]
    fn fill_bytewise(mut self) -> Self {
        while self.held < 56 {
            let byte = match self.data.get(self.next) {
                Some(0xFF) => {
                    let rest = &self.data[self.next..];
                    // Like libjpeg, this allows fill bytes before a stuffed byte, too.
                    let fill = rest.iter().take_while(|&&byte| byte == 0xFF).count();
                    if rest.get(fill) != Some(&0) {
                        return self.lend(); // B.1.1.5: a marker ends the segment
                    }
                    self.next += fill + 1;
                    0xFF
                }
                Some(&byte) => {
                    self.next += 1;
                    byte
                }
                None => return self.lend(),
            };
            self.window |= u64::from(byte) << (56 - self.held);
            self.held += 8;
        }
        self
    }

    fn lend(mut self) -> Self {
        self.lent += 64 - self.held;
        self.held = 64;
        self
    }

    #[inline(always)]
    pub(super) fn peek(&self, bits: u32) -> usize {
        (self.window >> (64 - bits)) as usize
    }

    #[inline(always)]
    pub(super) fn skip(&mut self, bits: u32) {
        self.window <<= bits;
        self.held -= bits;
    }

    /// Whether the window, whose top 16 bits are Cx of D.2.1, is below A.
    #[inline(always)]
    pub(super) fn below(&self, a: u64) -> bool {
        self.window < a
    }

    #[inline(always)]
    pub(super) fn subtract(&mut self, a: u64) {
        self.window -= a;
    }

    /// RECEIVE: takes 1 to 16 bits. The caller must have refilled the window.
    #[inline(always)]
    pub(super) fn take(&mut self, bits: u32) -> u32 {
        let value = (self.window >> (64 - bits)) as u32;
        self.skip(bits);
        value
    }

    #[inline(always)]
    pub(super) fn bit(&mut self) -> bool {
        self.refill();
        let set = self.window >> 63 != 0;
        self.skip(1);
        set
    }

    /// Whether bits beyond the end of the segment were consumed.
    #[inline(always)]
    pub(super) fn overdrawn(&self) -> bool {
        self.held < self.lent
    }

    /// The read position, in bytes. It is up to eight bytes ahead of the consumed bits.
    pub(super) fn position(&self) -> usize {
        self.next
    }

    /// Returns the complete bytes before the marker at `end` that were not consumed, as they are stored.
    pub(super) fn unread(&self, end: usize) -> &'a [u8] {
        let held = (self.held.saturating_sub(self.lent) / 8) as usize;
        let rest = self.data.get(..end).unwrap_or(self.data);
        &rest[self.next.saturating_sub(held).min(rest.len())..]
    }

    /// Skips the rest of the segment, and returns the offset of the next marker's 0xFF, or the end of the data.
    pub(super) fn to_marker(self) -> usize {
        let mut at = self.next;
        while let Some(pair) = self.data.get(at..at + 2) {
            if pair[0] == 0xFF && pair[1] != 0 && pair[1] != 0xFF {
                return at;
            }
            at += 1;
        }
        self.data.len()
    }
}

/// Writes bits, and stuffs a zero byte after each 0xFF. `pending` holds the last `count` bits, which do not fill a byte
/// yet.
pub(super) struct BitWriter {
    /// The written bytes, with spare room after them.
    out: Vec<u8>,
    /// The number of bytes written.
    at: usize,
    pending: u64,
    count: u32,
}

/// The room that is added at a time, in bytes. It is small enough to be in the cache still when it is written to.
const ROOM: usize = 1 << 14;

impl BitWriter {
    pub(super) fn new(out: Vec<u8>) -> Self {
        BitWriter {
            at: out.len(),
            out,
            pending: 0,
            count: 0,
        }
    }

    /// Writes up to 56 bits. Bits above `length` must be zero.
    #[inline(always)]
    pub(super) fn put(&mut self, bits: u64, length: u32) {
        self.pending = self.pending << length | bits;
        self.count += length;
        // All eight bytes are stored, though only complete ones count: this costs less than a branch.
        let word = self.pending << (63 - self.count) << 1;
        let whole = (self.count >> 3) as usize;
        self.count &= 7;
        match self
            .out
            .get_mut(self.at..)
            .and_then(<[u8]>::first_chunk_mut)
        {
            Some(room) if !has_ff(word) => {
                *room = word.to_be_bytes();
                self.at += whole;
            }
            _ => self.at = stuff(&mut self.out, self.at, &word.to_be_bytes()[..whole]),
        }
    }

    /// Pads the last byte with ones (F.1.2.3).
    pub(super) fn finish(mut self) -> Vec<u8> {
        let pad = self.count.wrapping_neg() & 7;
        self.put((1 << pad) - 1, pad);
        self.out.truncate(self.at);
        self.out
    }
}

/// Writes bytes at `at`, with stuffed zeros, and makes room if necessary. Returns the offset after them.
///
/// This is not a method, so that the writer can stay in registers.
#[cold]
#[inline(never)]
fn stuff(out: &mut Vec<u8>, mut at: usize, bytes: &[u8]) -> usize {
    if out.len() < at + 2 * bytes.len() + 8 {
        out.resize(at + ROOM, 0);
    }
    for &byte in bytes {
        out[at] = byte;
        out[at + 1] = 0;
        at += if byte == 0xFF { 2 } else { 1 };
    }
    at
}
