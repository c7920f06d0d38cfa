//! PDF syntax, token by token (ISO 32000-1, 7.3).

use crate::length::Pt;
use crate::piece::Piece;

/// PDF syntax. It is written token by token, since formatting takes more than twice as long.
#[derive(Debug)]
pub(crate) struct Text(pub(super) Vec<u8>);

/// A part of PDF syntax.
pub(crate) trait Token {
    fn write(self, text: &mut Text);
}

impl Text {
    /// Creates an empty text, with room for the syntax before an image or after the last one.
    pub(crate) fn new() -> Self {
        Self(Vec::with_capacity(1024))
    }

    /// Adds a token, or syntax as it is.
    pub(crate) fn put(&mut self, token: impl Token) -> &mut Self {
        token.write(self);
        self
    }

    /// Adds tokens, separated by spaces.
    pub(crate) fn list(&mut self, tokens: impl IntoIterator<Item: Token>) -> &mut Self {
        for (i, token) in tokens.into_iter().enumerate() {
            if i > 0 {
                self.put(" ");
            }
            self.put(token);
        }
        self
    }

    /// Adds a number of several digits. Most numbers have one digit, and need no call of this function.
    #[inline(never)]
    fn digits(&mut self, number: u64) {
        let mut digits = [0; 20];
        let first = decimal(number, &mut digits);
        self.put(&digits[first..]);
    }
}

/// Writes a number at the end of `field`, and returns the index of its first digit.
pub(super) fn decimal(mut number: u64, field: &mut [u8]) -> usize {
    let mut first = field.len();
    loop {
        first -= 1;
        field[first] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return first;
        }
    }
}

impl From<Text> for Piece {
    fn from(text: Text) -> Self {
        Self::Made(text.0)
    }
}

impl Token for Text {
    fn write(self, text: &mut Text) {
        text.put(&self.0[..]);
    }
}

impl Token for &[u8] {
    fn write(self, text: &mut Text) {
        text.0.extend_from_slice(self);
    }
}

impl Token for &str {
    fn write(self, text: &mut Text) {
        text.put(self.as_bytes());
    }
}

const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

/// A text string (7.9.2.2): in ASCII if possible, otherwise in UTF-16.
pub(crate) struct TextString<'a>(pub(crate) &'a str);

impl Token for &TextString<'_> {
    fn write(self, text: &mut Text) {
        text.put(TextString(self.0));
    }
}

impl Token for TextString<'_> {
    fn write(self, text: &mut Text) {
        if self.0.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            text.put("(");
            for byte in self.0.bytes() {
                if matches!(byte, b'(' | b')' | b'\\') {
                    text.put("\\");
                }
                text.put(&[byte][..]);
            }
            text.put(")");
            return;
        }
        text.put("<FEFF");
        for unit in self.0.encode_utf16() {
            let digits = [12, 8, 4, 0].map(|shift| DIGITS[usize::from(unit >> shift & 15)]);
            text.put(&digits[..]);
        }
        text.put(">");
    }
}

/// A byte string in hexadecimal digits (7.3.4.3).
pub(crate) struct Hexadecimal<'a>(pub(crate) &'a [u8]);

impl Token for Hexadecimal<'_> {
    fn write(self, text: &mut Text) {
        text.put("<");
        for byte in self.0 {
            let digits = [byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)]);
            text.put(&digits[..]);
        }
        text.put(">");
    }
}

impl Token for u64 {
    #[inline]
    fn write(self, text: &mut Text) {
        if let Ok(digit @ ..10) = u8::try_from(self) {
            text.0.push(b'0' + digit);
        } else {
            text.digits(self);
        }
    }
}

impl Token for usize {
    fn write(self, text: &mut Text) {
        text.put(self as u64);
    }
}

/// A number (7.3.3): no exponent, no trailing zeros.
impl Token for Pt {
    fn write(self, text: &mut Text) {
        let (whole, mut part, is_negative) = self.parts();
        if is_negative {
            text.put("-");
        }
        text.put(whole);
        if part > 0 {
            text.put(".");
        }
        while part > 0 {
            part *= 10;
            text.put(part / 10_000);
            part %= 10_000;
        }
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_written_as_a_pdf_number() {
        let lengths = [0.0, 72.0, 0.5, -0.25, 28.34646, 1e-4, 1e9, f64::NAN].map(Pt::new);
        let mut text = Text::new();
        text.list(lengths);
        let written = b"0 72 0.5 -0.25 28.3465 0.0001 1000000000 0";
        assert_eq!(Piece::from(text), Piece::Made(written.into()));
    }

    #[test]
    fn a_text_string_is_ascii_or_utf_16() {
        for (string, written) in [
            ("a (b) \\c", r"(a \(b\) \\c)"),
            ("", "()"),
            ("é", "<FEFF00E9>"),
            ("a\n", "<FEFF0061000A>"),
            ("𝄞", "<FEFFD834DD1E>"),
        ] {
            let mut text = Text::new();
            text.put(TextString(string));
            assert_eq!(Piece::from(text), Piece::Made(written.into()));
        }
    }
}
