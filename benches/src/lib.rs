//! Measures a deployment, and draws what it measured.
//!
//! ```text
//! image ─▶ Upload ─▶ Client ─▶ Sample, Sample, … ─┬─▶ Tally (percentiles, thresholds)
//!                                                 └─▶ Recording (JSON Lines) ─▶ plot
//! ```
//!
//! *Service time* is from the start of a request to the end of its answer. *Response time* is from when the request
//! was meant to start: where a client waits for the answer before it sends again, a server that stalls is asked
//! less often while it stalls, and only the response time shows what users would have felt.

pub mod client;
pub mod image;
pub mod load;
pub mod page;
#[cfg(feature = "plot")]
pub mod plot;
pub mod program;
pub mod sample;
pub mod stage;
pub mod tally;
