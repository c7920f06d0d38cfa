//! The converter behind HTTP: an upload comes in, its PDF is the answer, nothing is kept.

mod admin;
mod admission;
mod allocator;
mod answer;
mod app;
mod buffers;
mod config;
mod connection;
mod ended;
mod exchange;
mod gather;
mod health;
mod life;
mod linger;
mod log;
mod memory;
mod metrics;
mod options;
mod problem;
mod program;
mod routes;
mod server;
mod stream;
#[cfg(feature = "otel")]
mod traces;
mod upload;
mod workers;

pub use allocator::settle as settle_allocator;
pub use program::main;
