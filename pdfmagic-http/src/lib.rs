//! The converter behind HTTP: an upload comes in, its PDF is the answer, nothing is kept.

pub mod admin;
mod answer;
mod app;
mod config;
mod exchange;
pub mod health;
mod life;
mod linger;
pub mod log;
mod memory;
mod metrics;
mod options;
mod problem;
mod routes;
mod server;
mod stream;
mod upload;
mod workers;

pub use app::App;
pub use config::{Cli, Command, Config, LogFormat, unknown_variables};
pub use routes::router;
pub use server::run;
