//! Fingerprints, which distinguish files.

/// A fingerprint of data. It is safe from accidental collisions, but not from attacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint([u64; 2]);

impl Default for Fingerprint {
    fn default() -> Self {
        Self([0xCBF2_9CE4_8422_2325, 0x9E37_79B9_7F4A_7C15])
    }
}

impl Fingerprint {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut fingerprint = Self::default();
        fingerprint.add(bytes);
        fingerprint
    }

    /// Adds bytes and their number.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.word(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.word(u64::from_le_bytes(last));
        self.word(bytes.len() as u64);
    }

    pub(crate) fn word(&mut self, word: u64) {
        let [a, b] = self.0;
        let a = (a ^ word).wrapping_mul(0x9FB2_1C65_1E98_DF25);
        let b = (b.wrapping_add(word)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        self.0 = [a ^ a >> 32, b.rotate_left(29) ^ a];
    }

    pub(crate) fn bytes(self) -> [u8; 16] {
        let [a, b] = self.0.map(u128::from);
        (a << 64 | b).to_be_bytes()
    }
}
