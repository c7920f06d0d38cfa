//! Accepts connections, and lets them finish at the end.

use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Request, header};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::app::App;
use crate::exchange::follow;
use crate::life::Stage;
use crate::linger::Lingering;
use crate::routes::router;
use crate::stream::{Phase, Timed};

/// Which replica answers.
const REPLICA: HeaderName = HeaderName::from_static("pdfmagic-replica");

/// How long memory stays with the process that nobody needs.
const TRIM_EVERY: Duration = Duration::from_secs(1);

/// What requests know of the connection they came by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Connection {
    /// Our end of it.
    pub(crate) local: IpAddr,
    /// The client's.
    pub(crate) peer: IpAddr,
    /// Size of its buffer, in bytes.
    pub(crate) buffer: usize,
}

/// Tells the timers of a connection, when it is dropped, that a request has ended.
#[derive(Debug)]
pub(crate) struct End(Phase);

impl Drop for End {
    fn drop(&mut self) {
        self.0.next();
    }
}

/// Serves until `shutdown`; then is not ready for `drain_delay`, so that balancers turn elsewhere; then lets
/// requests in flight finish, for `grace` at most.
///
/// `axum::serve` is not used, since it cannot time out a client that sends no request.
pub(crate) async fn run(listener: TcpListener, app: Arc<App>, shutdown: impl Future<Output = ()>) {
    let server = Server::new(Arc::clone(&app));
    app.life.enter(Stage::Serving);
    let stop = async {
        shutdown.await;
        app.life.enter(Stage::Draining);
        tracing::info!("told to stop: not ready from now on");
        tokio::time::sleep(app.config.drain_delay).await;
    };
    let trim = async {
        let mut ticks = tokio::time::interval(TRIM_EVERY);
        loop {
            ticks.tick().await;
            app.memory.trim();
            if let Some(rates) = &app.rates {
                rates.trim();
            }
        }
    };
    tokio::select! {
        () = trim => {}
        never = server.accept_all(&listener) => match never {},
        () = stop => {}
    }
    drop(listener);
    let finished = tokio::time::timeout(app.config.grace, server.connections.shutdown()).await;
    if finished.is_ok() {
        tracing::info!("stopped");
    } else {
        let inflight = app.metrics.inflight.get();
        tracing::warn!("stopped with {inflight} requests still in flight");
    }
}

struct Server {
    app: Arc<App>,
    routes: Router,
    http: http1::Builder,
    places: Arc<Semaphore>,
    connections: GracefulShutdown,
}

impl Server {
    fn new(app: Arc<App>) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(app.config.idle_timeout);
        Self {
            routes: router(&app),
            http,
            places: Arc::new(Semaphore::new(app.config.max_connections)),
            connections: GracefulShutdown::new(),
            app,
        }
    }

    async fn accept_all(&self, listener: &TcpListener) -> Infallible {
        loop {
            let place = self.place().await;
            let (stream, ends) = accept(listener).await;
            self.serve(stream, ends, place);
        }
    }

    /// Until there is a place, clients wait in the system's own queue.
    async fn place(&self) -> OwnedSemaphorePermit {
        let places = Arc::clone(&self.places);
        if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
            return place;
        }
        self.app.metrics.connection_waits.inc();
        places
            .acquire_owned()
            .await
            .expect("the semaphore is never closed")
    }

    /// Answers the requests on a connection, in a task of its own.
    fn serve(&self, stream: TcpStream, [local, peer]: [IpAddr; 2], place: OwnedSemaphorePermit) {
        let app = Arc::clone(&self.app);
        let phase = Phase::default();
        let grant = app.buffers.grant();
        let buffer = grant.size;
        let io = TokioIo::new(Timed::new(stream, phase.clone(), Arc::clone(&app)));
        // Not all at once, though they came at once: a tenth sooner or later.
        let age = app
            .config
            .connection_age
            .mul_f64(0.9 + 0.2 * fastrand::f64());
        let (routes, until) = (self.routes.clone(), Instant::now() + age);
        let replica = app.config.replica.unwrap_or(local).to_string();
        let replica = HeaderValue::try_from(replica).expect("an address is plain ASCII");
        let connection = Connection {
            local,
            peer,
            buffer,
        };
        let service = {
            let app = Arc::clone(&app);
            service_fn(move |request: Request<Incoming>| {
                phase.next();
                let is_last = is_last(&app, phase.requests(), until);
                let request = prepared(request, connection);
                let end = End(phase.clone());
                let response = follow(Arc::clone(&app), routes.clone(), request, end);
                let replica = replica.clone();
                async move { Ok::<_, Infallible>(finished(response.await, replica, is_last)) }
            })
        };
        let mut http = self.http.clone();
        http.max_buf_size(buffer);
        let connection = self.connections.watch(http.serve_connection(io, service));
        app.metrics.connections.inc();
        tokio::spawn(async move {
            // Whatever else goes wrong with a connection concerns its client alone.
            if connection.await.is_err_and(|error| error.is_timeout()) {
                app.metrics.closed("idle_timeout");
            }
            app.metrics.connections.dec();
            drop((grant, place));
        });
    }
}

/// Whether the connection is to be closed after this request.
fn is_last(app: &App, requests: u32, until: Instant) -> bool {
    let bound = if requests >= app.config.connection_requests {
        "requests"
    } else if Instant::now() >= until {
        "age"
    } else {
        return app.life.stage() == Stage::Draining;
    };
    app.metrics.closed(bound);
    true
}

fn prepared(request: Request<Incoming>, connection: Connection) -> Request<Body> {
    let (mut head, body) = request.into_parts();
    head.extensions.insert(connection);
    let body = Body::new(Lingering::new(body, &head.headers));
    Request::from_parts(head, body)
}

fn finished<B>(mut response: Response<B>, replica: HeaderValue, is_last: bool) -> Response<B> {
    let headers = response.headers_mut();
    headers.insert(REPLICA, replica);
    if is_last {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The next connection, and the addresses of our end and of the client's.
async fn accept(listener: &TcpListener) -> (TcpStream, [IpAddr; 2]) {
    loop {
        let accepted = listener.accept().await.and_then(|(stream, peer)| {
            stream.set_nodelay(true)?;
            let local = stream.local_addr()?;
            Ok((stream, [local.ip(), peer.ip()]))
        });
        match accepted {
            Ok(accepted) => return accepted,
            Err(error) => {
                tracing::warn!("accept: {error}");
                // Out of descriptors, perhaps: some are about to be given back.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}
