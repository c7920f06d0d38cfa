//! The service answers any bytes with HTTP/1.1 responses, one after the other. An error response names its error, and
//! is never an internal error of the service. The service runs in this process, on a real socket, with HTTP/2 enabled.
#![no_main]

use std::net::SocketAddr;
use std::sync::LazyLock;

use tokio::net::TcpListener;
use tokio::runtime::Builder;

#[path = "../../pdfmagic-http/tests/service/laws.rs"]
mod laws;

static ADDRESS: LazyLock<SocketAddr> = LazyLock::new(|| {
    let args = ["--http2", "--max-pixels", "262144", "--workers", "1"];
    let config = pdfmagic_http::Config::from_args(&args).expect("the settings make sense");
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("there is a thread");
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
    let listener = listener.expect("there is a port");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        runtime.block_on(pdfmagic_http::run(listener, config, std::future::pending()));
    });
    address
});

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let answer = laws::exchange(*ADDRESS, input);
    // The answer to the preface of HTTP/2 consists of frames, not of HTTP/1.1 responses.
    if let Some(answer) = answer
        && !input.starts_with(b"PRI")
    {
        laws::answers_are_sound(input, &answer);
    }
});
