//! What all requests share.

use std::sync::Arc;

use pdfmagic_core::Limits;
use tokio::runtime::Handle;

use crate::admission::Rates;
use crate::buffers::Buffers;
use crate::config::Config;
use crate::ended::Waiting;
use crate::life::Life;
use crate::log::Log;
use crate::memory::Memory;
use crate::metrics::Metrics;
use crate::workers::Workers;

/// What there is for the buffers of connections beside the budget, in bytes.
const BUFFERS: usize = 8 << 20;

/// The service without a socket.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) limits: Limits,
    pub(crate) life: Life,
    pub(crate) log: Log,
    pub(crate) memory: Memory,
    /// None where clients are not limited.
    pub(crate) rates: Option<Rates>,
    pub(crate) buffers: Buffers,
    pub(crate) workers: Workers,
    pub(crate) metrics: Metrics,
    pub(crate) ended: Waiting,
    pub(crate) runtime: Handle,
}

impl App {
    /// Sets up what requests share.
    pub(crate) fn new(config: Config, log: Log) -> Arc<Self> {
        let memory = config.memory_for_bodies();
        let mut limits = Limits::default();
        limits.max_pixels = config.max_pixels;
        limits.max_scans = config.max_scans;
        limits.max_segments = config.max_segments;
        Arc::new(Self {
            limits,
            life: Life::default(),
            log,
            memory: Memory::new(memory),
            rates: config
                .rate_limit
                .map(|limit| Rates::new(limit, config.rate_burst)),
            buffers: Buffers::new(BUFFERS + config.memory_for_connections()),
            workers: Workers::new(config.workers(), config.queue, config.queue_timeout),
            metrics: Metrics::new(),
            ended: Waiting::default(),
            runtime: Handle::current(),
            config,
        })
    }
}
