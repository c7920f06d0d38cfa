//! `pdfmagic-http`: the service.

use std::process::ExitCode;

use clap::Parser;
use pdfmagic_http::{Config, run};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::parse();
    if let Err(reason) = config.check() {
        eprintln!("pdfmagic-http: {reason}");
        return ExitCode::from(2);
    }
    match serve(config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pdfmagic-http: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(config: Config) -> std::io::Result<()> {
    // Listen for signals first: as process 1 of a container, an unhandled SIGTERM would be ignored.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let listener = TcpListener::bind(config.listen).await.map_err(|error| {
        std::io::Error::new(error.kind(), format!("{}: {error}", config.listen))
    })?;
    eprintln!(
        "pdfmagic-http: listening on http://{}",
        listener.local_addr()?
    );
    let mut stop = async move || {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let (tell, told) = oneshot::channel();
    tokio::spawn(async move {
        stop().await;
        // The other end waits for this as long as it serves.
        let _ = tell.send(());
        stop().await;
        eprintln!("pdfmagic-http: told to stop twice");
        std::process::exit(1);
    });
    let shutdown = async { told.await.unwrap_or(()) };
    run(listener, &config, shutdown).await;
    Ok(())
}
