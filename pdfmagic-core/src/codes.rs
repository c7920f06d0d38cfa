//! The table of codes as data.

/// The table in the documentation of the crate. A test checks it against the sources.
const TABLE: &str = include_str!("../codes.md");

/// All codes of errors, in the order of the [table](crate#codes).
///
/// ```
/// assert!(pdfmagic_core::error_codes().any(|code| code == "format.truncated"));
/// ```
pub fn error_codes() -> impl Iterator<Item = &'static str> {
    codes(&["Errors", "Damage"])
}

/// All codes of notices, in the order of the [table](crate#codes).
///
/// ```
/// assert!(pdfmagic_core::notice_codes().any(|code| code == "eoi.missing.appended"));
/// ```
pub fn notice_codes() -> impl Iterator<Item = &'static str> {
    codes(&["Notices", "Damage"])
}

/// The codes under headings that begin with one of these words.
fn codes(kinds: &'static [&str]) -> impl Iterator<Item = &'static str> {
    let sections = TABLE.split("\n## ").skip(1);
    sections
        .filter(|section| kinds.iter().any(|kind| section.starts_with(kind)))
        .flat_map(str::lines)
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
}
