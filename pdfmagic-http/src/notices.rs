//! What was unusual about files, as a header tells it.

use std::fmt::Write;

use pdfmagic_core::Notice;

/// Maximum number of notices in a header. A form may have more, and the room of a header is limited.
const MAX_NOTICES: usize = 64;

/// Notices as a list of tokens (RFC 9651, 3.1), each with its page.
pub(crate) fn list(notices: &[(usize, Notice)]) -> String {
    let mut list = String::new();
    for (page, notice) in notices.iter().take(MAX_NOTICES) {
        let separator = if list.is_empty() { "" } else { ", " };
        write!(list, "{separator}{};page={page}", notice.code()).expect("a String takes all text");
    }
    list
}
