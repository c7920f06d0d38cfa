//! What an operator may choose: each flag is also an environment variable.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use clap::Parser;

/// JPEG in, PDF out, over HTTP.
#[derive(Debug, Clone, Parser)]
#[command(name = "pdfmagic-http", version)]
#[non_exhaustive]
pub struct Config {
    /// Address and port to listen on.
    #[arg(long, env = "PDFMAGIC_LISTEN", default_value = "0.0.0.0:8080")]
    pub listen: SocketAddr,
    /// Largest request body, in bytes.
    #[arg(long, env = "PDFMAGIC_MAX_BODY", default_value_t = 32 << 20, value_name = "BYTES")]
    pub max_body: usize,
    /// How long a client may take to send the head of a request, in seconds.
    #[arg(long, env = "PDFMAGIC_HEADER_TIMEOUT", default_value = "5", value_parser = seconds, value_name = "SECONDS")]
    pub header_timeout: Duration,
    /// How long to go on serving after SIGTERM while /readyz answers 503, in seconds.
    #[arg(long, env = "PDFMAGIC_DRAIN_DELAY", default_value = "1", value_parser = seconds, value_name = "SECONDS")]
    pub drain_delay: Duration,
    /// How long requests in flight may take to finish after that, in seconds.
    #[arg(long, env = "PDFMAGIC_GRACE", default_value = "30", value_parser = seconds, value_name = "SECONDS")]
    pub grace: Duration,
    /// Address of this replica, to be shown on the page; the socket's own if not given.
    #[arg(long, env = "POD_IP", value_name = "ADDRESS")]
    pub replica: Option<IpAddr>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|_| "not a number of seconds")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
