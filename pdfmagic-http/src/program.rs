//! `pdfmagic-http`: reads its settings, and serves until it is asked to stop.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use crate::config::{Cli, Command, Config, unknown_variables};
use crate::environment::settle_environment;
use crate::log::Log;
use crate::service::Service;
use crate::{admin, health_command, listen, server};

/// Runs the command line.
#[must_use]
pub fn main() -> ExitCode {
    settle_environment();
    let cli = Cli::read();
    if cli.command == Some(Command::Health) {
        return ask(cli.config.admin_listen);
    }
    if let Err(reason) = cli.config.check() {
        eprintln!("pdfmagic-http: {reason}");
        return ExitCode::from(2);
    }
    if cli.print_config {
        // An empty variable counts as unset.
        let set = cli
            .config
            .settings
            .iter()
            .filter(|(_, value)| !value.is_empty());
        for (name, value) in set {
            println!("{name}={value}");
        }
        return ExitCode::SUCCESS;
    }
    let log = match Log::start(&cli.config) {
        Ok(log) => log,
        Err(error) => {
            eprintln!("pdfmagic-http: no thread to log: {error}");
            return ExitCode::FAILURE;
        }
    };
    for name in unknown_variables() {
        tracing::warn!("{name} is not a setting and was ignored; --help lists them");
    }
    #[cfg(feature = "otel")]
    let traces = match crate::traces::start() {
        Ok(traces) => traces,
        Err(error) => {
            eprintln!("pdfmagic-http: no traces can be sent: {error}");
            return ExitCode::from(2);
        }
    };
    // The number of threads follows the container's share, not the processors of the node.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cli.config.workers().max(2))
        // A thread without work lets others run first, especially proxies and clients on this machine. Often there is
        // work again afterwards, and sleeping and waking would cost more than most of the work for a request.
        .on_thread_park(thread::yield_now)
        .enable_all()
        .build();
    let done = runtime.and_then(|runtime| {
        let done = runtime.block_on(serve(cli.config, log.clone()));
        // Clients whose requests have not ended are notified. Nobody waits for the conversions that still run.
        runtime.shutdown_timeout(Duration::from_secs(1));
        done
    });
    if let Err(error) = &done {
        tracing::error!("{error}");
    }
    #[cfg(feature = "otel")]
    if let Some(Err(error)) = traces.map(|traces| traces.shutdown()) {
        tracing::warn!("the last traces were not sent: {error}");
    }
    log.write();
    if done.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn ask(admin: SocketAddr) -> ExitCode {
    match health_command::ask(admin) {
        Ok((true, word)) => {
            println!("{word}");
            ExitCode::SUCCESS
        }
        Ok((false, word)) => {
            eprintln!("pdfmagic-http: not ready: {word}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("pdfmagic-http: no answer from {admin}: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(config: Config, log: Log) -> io::Result<()> {
    // Signal handlers are installed first: in process 1 of a container, an unhandled SIGTERM would be ignored.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (address, admin_address) = (config.listen, config.admin_listen);
    let at =
        |address, error: io::Error| io::Error::new(error.kind(), format!("{address}: {error}"));
    let service = Arc::new(Service::new(config, Some(log.clone())));
    let admin = listen::bind(admin_address)
        .await
        .map_err(|error| at(admin_address, error))?;
    let listener = listen::bind(address)
        .await
        .map_err(|error| at(address, error))?;
    tracing::info!("listening on http://{}", listener.local_addr()?);
    tracing::info!("health and metrics on http://{}", admin.local_addr()?);
    admin::start(admin, &service, Handle::current())?;
    let (tell, told) = oneshot::channel();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        // The other end waits for this as long as it serves.
        let _ = tell.send(());
        // Supervisors may send SIGTERM more than once; a person who sends an interrupt is in a hurry.
        interrupt.recv().await;
        tracing::warn!("interrupted while stopping");
        log.write();
        std::process::exit(1);
    });
    let shutdown = async { told.await.unwrap_or(()) };
    server::serve(listener, &service, shutdown).await;
    Ok(())
}
