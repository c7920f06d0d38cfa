//! Measures a deployment, and draws the results.
//!
//! ```text
//! picture ─▶ client::Upload ─▶ client ─▶ generator ─▶ sample, sample, … ─┬─▶ tally (percentiles, thresholds)
//!                                                                        └─▶ recording (JSON Lines) ─▶ plot
//! ```
//!
//! *Service time* is from the start of a request to the end of its answer. *Response time* is from when the request
//! was scheduled to start. They differ where a client waits for the answer before it sends again: while a server stalls
//! it gets fewer requests, and only the response time shows what users would have felt.

pub mod client;
pub mod generator;
pub mod picture;
pub mod plot;
pub mod sample;
pub mod tally;
