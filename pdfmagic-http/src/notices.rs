//! Notices about files, in a header.

use std::fmt::{Display, Write};

use pdfmagic_core::{Notice, Sound};

/// The maximum number of notices in a header. A form may have more, but the size of headers is limited.
const MAX: usize = 64;

/// A list of tokens (RFC 9651, 3.1), each with the number of its file as `page`, and the intact part of a damaged
/// image.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    list: String,
    count: usize,
}

impl Notices {
    /// Adds pdfmagic-core's notices about a file.
    pub(crate) fn add(&mut self, page: usize, notices: &[Notice]) {
        for notice in notices {
            self.token(notice.code(), page);
            let Notice::Damaged(damage) = notice else {
                continue;
            };
            self.parameter("byte", damage.offset);
            match damage.sound {
                Sound::Rows { sound, of } => {
                    self.parameter("rows", sound);
                    self.parameter("of", of);
                }
                Sound::Scans { sound, of } => {
                    self.parameter("scans", sound);
                    if let Some(of) = of {
                        self.parameter("of", of);
                    }
                }
            }
        }
    }

    /// Adds that an option of a file is lossy, although no lossy backend was named.
    pub(crate) fn add_implied(&mut self, page: usize) {
        self.token("backend.reencode.implied", page);
    }

    pub(crate) fn into_header(self) -> String {
        self.list
    }

    fn token(&mut self, code: &str, page: usize) {
        self.count += 1;
        if self.count > 1 {
            self.put(", ");
        }
        self.put(code);
        self.parameter("page", page);
    }

    fn parameter(&mut self, name: &str, value: impl Display) {
        self.put(format_args!(";{name}={value}"));
    }

    fn put(&mut self, text: impl Display) {
        if self.count <= MAX {
            write!(self.list, "{text}").expect("writing to a String cannot fail");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_notices_in_a_header_is_limited() {
        let mut notices = Notices::default();
        for page in 1..1000 {
            notices.add(page, &[Notice::EoiAppended]);
        }
        let header = notices.into_header();
        assert!(header.starts_with("eoi.missing.appended;page=1, "));
        assert_eq!(header.matches("page=").count(), MAX);
    }
}
