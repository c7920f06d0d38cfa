//! Measures a deployment, and draws the results.
//!
//! ```text
//! picture ─▶ client::Upload ─▶ client ─▶ generator ─▶ sample, sample, … ─┬─▶ tally (percentiles, thresholds)
//!                                                                        └─▶ recording (JSON Lines) ─▶ plot
//! ```
//!
//! *Service time* is from the start of a request to the end of its answer. *Response time* is from the scheduled start
//! of the request. They differ if a client waits for an answer before it sends the next request: while a server stalls,
//! it gets fewer requests, and only the response time shows what users would have noticed.

pub mod client;
pub mod generator;
pub mod picture;
pub mod plot;
pub mod sample;
pub mod tally;
