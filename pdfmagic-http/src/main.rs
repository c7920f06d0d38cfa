//! `pdfmagic-http`: the service.

use std::process::ExitCode;

fn main() -> ExitCode {
    pdfmagic_http::main()
}
