//! Lines on standard error: what the service does, one for each request. No names of files, no data.

use std::io;

use crate::config::{Config, LogFormat};

/// Sends log lines to standard error from now on.
pub(crate) fn start(config: &Config) {
    let lines = tracing_subscriber::fmt()
        .with_max_level(config.log_level)
        .with_target(false)
        .with_writer(io::stderr);
    match config.log_format {
        LogFormat::Text => lines.with_ansi(false).init(),
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .init(),
    }
}
