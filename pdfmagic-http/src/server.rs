//! The server: accepts connections, and lets them finish when it stops.

use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Config;
use crate::connection::{Connection, Shared, Terms};
use crate::connection_buffers::ConnectionBuffers;
use crate::lifecycle::Stage;
use crate::listen::accept;
use crate::metrics::Metrics;
use crate::peer::Peer;
use crate::service::Service;
use crate::timed_stream::Patience;
use crate::undelivered::{delivered, undelivered};

/// The time for which the process keeps memory that nobody needs.
const TRIM_EVERY: Duration = Duration::from_secs(1);

/// The memory for the buffers of connections in addition to their part of the budget, in bytes.
const BUFFERS: usize = 8 << 20;

/// Returns all routes for clients, without a socket. Settings about connections have no effect.
pub fn router(config: Config) -> Router {
    Service::new(config, None).router()
}

/// Serves until `shutdown` completes. Then it reports that it is not ready for `drain_delay`, so that balancers switch
/// to other replicas, and then lets requests in flight finish and clients receive their answers, for at most `grace`.
///
/// Requests are not logged, and there is no admin port: the program adds both.
pub async fn run(listener: TcpListener, config: Config, shutdown: impl Future<Output = ()>) {
    serve(listener, &Service::new(config, None), shutdown).await;
}

/// Serves like [`run`], for a service that is shared with the admin port.
///
/// `axum::serve` is not used, since it has no timeout for a client that sends no request.
pub(crate) async fn serve(
    listener: TcpListener,
    service: &Service,
    shutdown: impl Future<Output = ()>,
) {
    let config = &service.config;
    let server = Server::new(service);
    let local = listener.local_addr();
    service.lifecycle.enter(Stage::Serving);
    let stop = async {
        shutdown.await;
        service.lifecycle.enter(Stage::Draining);
        tracing::info!("told to stop: not ready from now on");
        tokio::time::sleep(config.drain_delay).await;
    };
    let trim = async {
        let mut ticks = tokio::time::interval(TRIM_EVERY);
        loop {
            ticks.tick().await;
            service.trim();
        }
    };
    tokio::select! {
        () = trim => {}
        never = server.accept_all(&listener) => match never {},
        () = stop => {}
    }
    drop(listener);
    let finish = async {
        server.connections.shutdown().await;
        if let Ok(local) = local {
            delivered(local).await;
        }
    };
    if tokio::time::timeout(config.grace, finish).await.is_ok() {
        tracing::info!("stopped");
    } else {
        let inflight = server.metrics.inflight.get();
        let undelivered = local.map_or(0, undelivered);
        tracing::warn!(
            "stopped with {inflight} requests still in flight, and {undelivered} bytes on their way to clients"
        );
    }
}

struct Server {
    shared: Arc<Shared>,
    metrics: Arc<Metrics>,
    places: Arc<Semaphore>,
    buffers: ConnectionBuffers,
    connections: GracefulShutdown,
}

impl Server {
    fn new(service: &Service) -> Self {
        let config = &service.config;
        let shared = Shared {
            terms: Terms {
                replica: config.replica,
                http2: config.http2,
                age: config.connection_age,
                requests: config.connection_requests,
                patience: Patience {
                    idle: config.idle_timeout,
                    head: config.header_timeout,
                    // The system accepts more data only when a third of its buffer is free, which may be a megabyte.
                    write: config.body_timeout,
                },
                stall: config.stall_timeout,
            },
            routes: service.router(),
            records: service.records.clone(),
            lifecycle: service.lifecycle.clone(),
        };
        Self {
            shared: Arc::new(shared),
            metrics: Arc::clone(&service.records.metrics),
            places: Arc::new(Semaphore::new(config.max_connections)),
            buffers: ConnectionBuffers::new(BUFFERS + config.memory_for_connections()),
            connections: GracefulShutdown::new(),
        }
    }

    async fn accept_all(&self, listener: &TcpListener) -> Infallible {
        loop {
            let place = self.place().await;
            let (stream, ends) = accept(listener).await;
            self.serve(stream, ends, place);
        }
    }

    /// Waits for a place. Until then, clients wait in the system's queue.
    async fn place(&self) -> OwnedSemaphorePermit {
        let places = Arc::clone(&self.places);
        if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
            return place;
        }
        self.metrics.connection_waits.inc();
        places
            .acquire_owned()
            .await
            .expect("the semaphore is never closed")
    }

    /// Answers the requests on a connection, in a separate task.
    fn serve(&self, stream: TcpStream, [local, client]: [IpAddr; 2], place: OwnedSemaphorePermit) {
        let grant = self.buffers.grant();
        let peer = Peer {
            local,
            client,
            buffer: grant.size,
        };
        let connection = Connection::new(Arc::clone(&self.shared), peer);
        let watcher = self.connections.watcher();
        let metrics = Arc::clone(&self.metrics);
        metrics.connections.inc();
        tracing::debug!("connection from {client} opened");
        tokio::spawn(async move {
            // An error of a connection concerns only its client.
            match connection.serve(stream, watcher).await {
                Ok(()) => tracing::debug!("connection from {client} closed"),
                Err(error) => {
                    tracing::debug!("connection from {client} closed: {error}");
                    if error.is_parse() {
                        metrics.closed("malformed");
                    }
                }
            }
            metrics.connections.dec();
            drop((grant, place));
        });
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::Request;
    use axum::http::{StatusCode, header};
    use jpeg_encoder::{ColorType, Encoder};
    use tower::Service as _;

    use super::*;

    #[tokio::test]
    async fn the_router_streams_without_our_connections() {
        let config = Config::from_args(std::iter::empty::<&str>()).unwrap();
        let mut jpeg = Vec::new();
        let encoder = Encoder::new(&mut jpeg, 90);
        encoder.encode(&[0; 64], 8, 8, ColorType::Luma).unwrap();
        let request = Request::post("/v1/pdf?stream=true")
            .header(header::CONTENT_TYPE, "image/jpeg")
            .body(Body::from(jpeg))
            .unwrap();
        let answer = router(config).call(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }
}
