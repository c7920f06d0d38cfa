//! Accepts connections, and lets them finish at the end.

use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::app::App;
use crate::connection::{Client, Ends};
use crate::ended::note_in_time;
use crate::life::Stage;
use crate::routes::router;

/// How long memory stays with the process that nobody needs.
const TRIM_EVERY: Duration = Duration::from_secs(1);

/// Serves until `shutdown`; then is not ready for `drain_delay`, so that balancers turn elsewhere; then lets
/// requests in flight finish, for `grace` at most.
///
/// `axum::serve` is not used, since it cannot time out a client that sends no request.
pub(crate) async fn run(listener: TcpListener, app: Arc<App>, shutdown: impl Future<Output = ()>) {
    let server = Server::new(Arc::clone(&app));
    tokio::spawn(note_in_time(Arc::clone(&app)));
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
    app.ended.note(&app);
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
    places: Arc<Semaphore>,
    connections: GracefulShutdown,
}

impl Server {
    fn new(app: Arc<App>) -> Self {
        Self {
            routes: router(&app),
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
        let grant = app.buffers.grant();
        let ends = Ends {
            local,
            peer,
            buffer: grant.size,
        };
        let client = Client::new(Arc::clone(&app), self.routes.clone(), ends);
        let watcher = self.connections.watcher();
        app.metrics.connections.inc();
        tokio::spawn(async move {
            // What goes wrong with a connection concerns its client alone.
            if let Err(error) = client.serve(stream, watcher).await
                && error.is_parse()
            {
                app.metrics.closed("malformed");
            }
            app.metrics.connections.dec();
            drop((grant, place));
        });
    }
}

/// The next connection, and the addresses of our end and of the client's.
pub(crate) async fn accept(listener: &TcpListener) -> (TcpStream, [IpAddr; 2]) {
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
