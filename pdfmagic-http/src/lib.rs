//! The converter behind HTTP: an upload comes in, its PDF is the answer, nothing is kept.

mod answer;
mod config;
mod problem;
mod routes;
mod server;
mod upload;

pub use config::Config;
pub use routes::router;
pub use server::run;
