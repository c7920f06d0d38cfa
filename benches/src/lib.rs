//! What the benches and the report share: the rivals of pdfmagic, the stages of a request, and the check that a PDF is
//! right before anyone times how fast it was made.
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
