//! The converter over HTTP: the answer to an upload is its PDF, and nothing is stored.

mod admin;
mod admission;
mod body;
mod config;
mod connection;
mod connection_buffers;
mod drain_body;
mod environment;
mod form;
mod headers;
mod health_command;
mod lifecycle;
mod listen;
mod log;
mod memory;
mod metrics;
mod notices;
mod paths;
mod pdf_body;
mod peer;
mod phase;
mod prefix;
mod problem;
mod problem_details;
mod program;
mod rates;
mod request_record;
mod routes;
mod server;
mod service;
mod timed_stream;
#[cfg(feature = "otel")]
mod traces;
mod tracked_request;
mod undelivered;
mod vectored_buf;
mod work_memory;
mod workers;

pub use config::Config;
pub use environment::settle_environment;
pub use program::main;
pub use server::{router, run};

/// Asserts what holds for the parts of any form. They are not public, so cargo-fuzz finds this alone.
#[cfg(fuzzing)]
pub fn form_laws(bytes: &[u8]) {
    form::laws::hold_for(bytes);
}
