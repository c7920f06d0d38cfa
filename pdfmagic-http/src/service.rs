//! The assembled parts of the service.

use std::sync::Arc;

use axum::Router;
use pdfmagic_core::Limits;

use crate::admission::Admission;
use crate::config::Config;
use crate::lifecycle::{Lifecycle, Stage};
use crate::log::Log;
use crate::memory::Memory;
use crate::metrics::{Gauges, Metrics};
use crate::rates::Rates;
use crate::request_record::Records;
use crate::routes::{self, Converter, UploadBounds};
use crate::workers::Workers;

/// The service without a socket.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) config: Config,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) records: Records,
    memory: Memory,
    workers: Workers,
    /// The rate limits; `None` if there are none.
    rates: Option<Arc<Rates>>,
}

impl Service {
    /// Creates the service. Without a log, requests are only counted.
    pub(crate) fn new(config: Config, log: Option<Log>) -> Self {
        let rates = config
            .rate_limit
            .map(|limit| Arc::new(Rates::new(limit, config.rate_burst)));
        Self {
            lifecycle: Lifecycle::default(),
            records: Records {
                metrics: Arc::new(Metrics::new()),
                log,
            },
            memory: Memory::new(config.memory_for_bodies()),
            workers: Workers::new(config.workers(), config.queue, config.queue_timeout),
            rates,
            config,
        }
    }

    /// Returns all routes for clients.
    pub(crate) fn router(&self) -> Router {
        let config = &self.config;
        let mut limits = Limits::default();
        limits.max_pixels = config.max_pixels;
        limits.max_scans = config.max_scans;
        limits.max_segments = config.max_segments;
        let converter = Converter {
            limits,
            memory: self.memory.clone(),
            workers: self.workers.clone(),
            patience: config.convert_timeout,
            bounds: UploadBounds {
                file_size: config.max_body,
                form_size: config.max_form(),
                streamed_size: config.max_stream,
                files: config.max_parts,
                stall: config.stall_timeout,
                min_rate: config.min_rate,
                window: config.body_timeout,
            },
            metrics: Arc::clone(&self.records.metrics),
        };
        let admission = Admission {
            token: config.token.clone(),
            rates: self.rates.clone(),
            client_header: config.client_header.clone(),
        };
        routes::router(
            converter,
            admission,
            self.lifecycle.clone(),
            config.replica,
            &config.cors_origins,
        )
    }

    /// Returns unused memory to the system. This must be called regularly.
    pub(crate) fn trim(&self) {
        self.memory.trim();
        if let Some(rates) = &self.rates {
            rates.trim();
        }
    }

    /// Returns all metrics in the OpenMetrics format.
    pub(crate) fn open_metrics(&self, tasks: usize) -> String {
        self.records.metrics.open_metrics(&Gauges {
            queued: self.workers.queued(),
            reserved: self.memory.reserved(),
            budget: self.memory.size(),
            is_draining: self.lifecycle.stage() == Stage::Draining,
            tasks,
        })
    }
}
