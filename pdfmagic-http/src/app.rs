//! What all requests share.

use std::sync::Arc;

use pdfmagic_core::Limits;
use tokio::runtime::Handle;

use crate::config::Config;
use crate::life::Life;
use crate::memory::Memory;
use crate::metrics::Metrics;
use crate::workers::Workers;

/// Memory that a pixel takes while it is coded anew: the coefficients of four components, and the result.
pub(crate) const BYTES_PER_PIXEL: usize = 16;

/// The service without a socket.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) limits: Limits,
    pub(crate) life: Life,
    pub(crate) memory: Memory,
    pub(crate) workers: Workers,
    pub(crate) metrics: Metrics,
    pub(crate) runtime: Handle,
}

impl App {
    /// Sets up what requests share.
    pub(crate) fn new(config: Config) -> Arc<Self> {
        let mut limits = Limits::default();
        limits.max_pixels = config
            .max_pixels
            .min((config.memory_budget() / BYTES_PER_PIXEL) as u64);
        limits.max_scans = config.max_scans;
        limits.max_segments = config.max_segments;
        Arc::new(Self {
            limits,
            life: Life::default(),
            memory: Memory::new(config.memory_budget()),
            workers: Workers::new(config.workers(), config.queue, config.queue_timeout),
            metrics: Metrics::new(),
            runtime: Handle::current(),
            config,
        })
    }
}
