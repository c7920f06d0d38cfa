//! The converter behind HTTP: an upload comes in, its PDF is the answer, nothing is kept.

mod answer;
mod budget;
mod config;
mod options;
mod problem;
mod routes;
mod server;
mod stream;
mod upload;
mod workers;

pub use config::Config;
pub use routes::router;
pub use server::run;
