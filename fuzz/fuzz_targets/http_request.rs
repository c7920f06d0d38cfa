//! Answers to any bytes are those of HTTP/1.1, one after the other. Each that tells of an error says which, and none that the
//! service itself has failed. It runs in this process, on a real socket, with HTTP/2.
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
    // HTTP/2 is frames.
    if let Some(answer) = answer
        && !input.starts_with(b"PRI")
    {
        laws::answers_are_sound(input, &answer);
    }
});
