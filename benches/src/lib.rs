//! Code that the benches and the report share: the rivals of pdfmagic, the stages of a request, and the check that a
//! PDF is correct before its creation is timed.
//!
//! ```text
//! process, timing ─▶ page_check, stages, rivals ─▶ benches/*.rs, pdfmagic-report
//! ```

pub mod page_check;
pub mod process;
#[cfg(feature = "rivals")]
pub mod rivals;
pub mod stages;
pub mod timing;
