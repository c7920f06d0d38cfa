//! `original`: the service of the practical, rebuilt only to be measured.
//!
//! It writes each upload to a file, and one of ten threads waits for a process that converts the file. Then it
//! redirects the client to the PDF, which is on the disk of the replica that received the upload. It has no limits, and
//! deletes nothing.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Multipart, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use clap::Parser;
use tokio::net::TcpListener;

/// The number of requests that are processed at a time. All others wait in a queue without a metric.
const THREADS: usize = 10;

/// The original service of the practical, rebuilt to be measured.
#[derive(Debug, Parser)]
struct Arguments {
    /// Address and port to listen on.
    #[arg(long)]
    listen: SocketAddr,
    /// Folder for uploads and PDFs.
    #[arg(long)]
    directory: PathBuf,
    /// The command of `ImageMagick`.
    #[arg(long, default_value = "convert")]
    convert: String,
}

#[derive(Debug)]
struct Service {
    arguments: Arguments,
    next: AtomicU32,
}

fn main() -> std::io::Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .max_blocking_threads(THREADS)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(arguments.listen).await?;
        let service = Service {
            arguments,
            next: AtomicU32::new(0),
        };
        let app = Router::new()
            .route("/", get(welcome).post(upload))
            .route("/Download/{id}", get(download))
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::new(service));
        axum::serve(listener, app).await
    })
}

async fn welcome(State(service): State<Arc<Service>>) -> Html<String> {
    let address = service.arguments.listen.ip();
    Html(format!(
        "welcome @{address}<form method=\"POST\" enctype=\"multipart/form-data\">\
         <input type=\"file\" name=\"myfile\"><input type=\"submit\"></form>"
    ))
}

async fn upload(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    mut form: Multipart,
) -> Result<Response, Failure> {
    let field = form.next_field().await?.ok_or("no file")?;
    let jpeg = field.bytes().await?;
    let number = service.next.fetch_add(1, Ordering::Relaxed);
    let id = format!("{:08x}-{number:08x}", std::process::id());
    let location = {
        let host = headers.get(header::HOST).ok_or("no host")?.to_str()?;
        format!("http://{host}/Download/{id}")
    };
    tokio::task::spawn_blocking(move || {
        let directory = &service.arguments.directory;
        let source = directory.join(format!("{id}.jpg"));
        std::fs::write(&source, jpeg)?;
        // The original ignores whether this succeeds.
        Command::new(&service.arguments.convert)
            .arg(source)
            .arg(directory.join(format!("{id}.pdf")))
            .stderr(Stdio::null())
            .status()
    })
    .await??;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response())
}

async fn download(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let replica = service.arguments.listen.to_string();
    let file = service.arguments.directory.join(format!("{id}.pdf"));
    let pdf = tokio::task::spawn_blocking(|| std::fs::read(file)).await??;
    let headers = [
        ("content-type", "application/pdf".to_owned()),
        ("pdfmagic-replica", replica),
    ];
    Ok((headers, pdf).into_response())
}

/// A failure. Every one is an internal error.
struct Failure(Box<dyn std::error::Error>);

impl<E: Into<Box<dyn std::error::Error>>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, self.0.to_string()).into_response()
    }
}
